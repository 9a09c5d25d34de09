#include "tests/tidy/source_file.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace slmrig::tidy {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 12> kWrittenByPeople = {
    ".cc", ".h", ".ts", ".mjs", ".js", ".css", ".html", ".sql", ".fbs", ".cmake", ".ld", ".py"};
constexpr std::array<std::string_view, 4> kWrittenByPeopleNames = {"CMakeLists.txt", "dev", "run",
                                                                   "README.md"};
constexpr std::array<std::string_view, 4> kSkippedFolders = {"build", "out", "node_modules", ".git"};

template <std::size_t kCount>
bool contains(const std::array<std::string_view, kCount>& list, std::string_view item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace

Language language_of(std::string_view path) {
  const std::string extension = fs::path(path).extension().string();
  if (extension == ".cc" || extension == ".h") return Language::kCpp;
  if (extension == ".ts" || extension == ".mjs" || extension == ".js") return Language::kTypeScript;
  return Language::kOther;
}

bool is_test_code(std::string_view path) {
  const std::string stem = fs::path(path).stem().string();
  const auto ends_with = [&](std::string_view tail) { return std::string_view(stem).ends_with(tail); };
  const bool helper = path.find("/testing/") != std::string_view::npos || stem == "sample_data";
  return helper || path.starts_with("tests/") || ends_with("_test") || ends_with("_bench") ||
         ends_with("_fuzz");
}

std::vector<SourceFile> read_tree(const std::string& root) {
  std::vector<SourceFile> files;
  auto entry = fs::recursive_directory_iterator(root);
  for (const auto end = fs::recursive_directory_iterator(); entry != end; ++entry) {
    const std::string name = entry->path().filename().string();
    if (entry->is_directory()) {
      if (contains(kSkippedFolders, name)) entry.disable_recursion_pending();
      continue;
    }
    if (!entry->is_regular_file()) continue;
    if (contains(kWrittenByPeople, entry->path().extension().string()) ||
        contains(kWrittenByPeopleNames, name)) {
      files.push_back({fs::relative(entry->path(), root).generic_string(), read(entry->path())});
    }
  }
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  return files;
}

std::size_t line_of(std::string_view text, std::size_t offset) {
  return 1 + static_cast<std::size_t>(
                 std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(offset), '\n'));
}

std::size_t line_count(std::string_view text) {
  const auto newlines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  return newlines + (text.empty() || text.back() == '\n' ? 0 : 1);
}

}  // namespace slmrig::tidy
