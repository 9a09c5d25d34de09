#include "harness/base/paths.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>

namespace slmrig::base {
namespace {

namespace fs = std::filesystem;

bool is_root(const fs::path& folder) {
  std::error_code ignored;
  return fs::is_directory(folder / "boards", ignored) && fs::is_directory(folder / "workloads", ignored);
}

Result<fs::path> named_root(const fs::path& folder, std::string_view from) {
  std::error_code ignored;
  const fs::path absolute = fs::weakly_canonical(folder, ignored);
  if (is_root(absolute)) return absolute;
  return fail(ErrorCode::kBadInput,
              fmt::format("{} names {}, which does not hold boards/ and workloads/; name the "
                          "folder of slmrig's source tree",
                          from, folder.string()));
}

}  // namespace

Result<fs::path> find_project_root(const std::string& option) {
  if (!option.empty()) return named_root(option, "--root");
  if (const char* configured = std::getenv("SLMRIG_ROOT"); configured != nullptr && *configured != 0) {
    return named_root(configured, "SLMRIG_ROOT");
  }
  std::error_code ignored;
  for (fs::path folder = fs::current_path(ignored); !folder.empty(); folder = folder.parent_path()) {
    if (is_root(folder)) return folder;
    if (folder == folder.parent_path()) break;
  }
  if (is_root(SLMRIG_SOURCE_DIRECTORY)) return fs::path(SLMRIG_SOURCE_DIRECTORY);
  return fail(
      ErrorCode::kBadInput,
      "no folder with boards/ and workloads/ here or above; go into slmrig's source tree, or name it with "
      "--root or SLMRIG_ROOT");
}

Result<fs::path> find_program(std::string_view name, const fs::path& root) {
  std::error_code ignored;
  const fs::path beside = fs::read_symlink("/proc/self/exe", ignored).parent_path() / name;
  if (fs::exists(beside, ignored)) return beside;
  // Test programs lie in <build>/test-bin, beside <build>/bin.
  const fs::path sibling = beside.parent_path().parent_path() / "bin" / name;
  if (fs::exists(sibling, ignored)) return sibling;
  const fs::path built = root / "build" / "bin" / name;
  if (fs::exists(built, ignored)) return built;
  return fail(ErrorCode::kBadInput,
              fmt::format("the program {} is neither in {} nor in {}; build it with ./dev build", name,
                          beside.parent_path().string(), built.parent_path().string()));
}

fs::path program_in_path(std::string_view name) {
  const char* path = std::getenv("PATH");
  std::string_view folders = path == nullptr ? "" : path;
  while (!folders.empty()) {
    const std::size_t end = std::min(folders.find(':'), folders.size());
    fs::path file = fs::path(folders.substr(0, end)) / name;
    if (end != 0 && ::access(file.c_str(), X_OK) == 0) return file;
    folders.remove_prefix(std::min(end + 1, folders.size()));
  }
  return {};
}

std::vector<std::string> bundled_names(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored)) {
    const fs::path& path = entry.path();
    if (path.extension() == ".json" && path.stem().extension() != ".schema")
      names.push_back(path.stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

fs::path firmware_file(const fs::path& root, std::string_view board) {
  return root / "build" / "firmware" / board / "agent.elf";
}

}  // namespace slmrig::base
