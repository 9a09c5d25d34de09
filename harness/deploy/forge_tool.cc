#include "harness/deploy/forge_tool.h"

#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <tuple>

#include <fmt/format.h>

#include "harness/base/child_process.h"
#include "harness/base/file.h"
#include "harness/base/sha256.h"
#include "harness/base/utf8.h"

namespace slmrig::deploy {
namespace {

namespace fs = std::filesystem;
using base::Done;
using base::Error;
using base::ErrorCode;
using base::fail;
using base::Result;

// The last lines: a tool says what went wrong at its end.
std::string last_words(const std::string& text) {
  constexpr std::size_t kMaxBytes = 1000;
  std::string words = base::make_valid_utf8(text.substr(text.size() - std::min(text.size(), kMaxBytes)));
  while (!words.empty() && (words.back() == '\n' || words.back() == ' ')) words.pop_back();
  constexpr std::string_view kOwnName = "slmforge: ";  // our context says so already
  if (words.starts_with(kOwnName)) words.erase(0, kOwnName.size());
  return words.empty() ? "it said nothing" : words;
}

// What slmforge says of a recipe that cannot apply to a model, or nothing when it ended for another reason.
std::string not_applicable_reason(const base::CapturedRun& run) {
  constexpr int kNotApplicable = 3;
  if (run.exit.signal != 0 || run.exit.code != kNotApplicable) return {};
  const nlohmann::json json = nlohmann::json::parse(run.output, nullptr, /*allow_exceptions=*/false);
  const nlohmann::json::json_pointer kind("/error/kind");
  const nlohmann::json::json_pointer message("/error/message");
  if (!json.contains(kind) || json[kind] != "not_applicable") return {};
  if (!json.contains(message) || !json[message].is_string()) return {};
  return base::make_valid_utf8(json[message].get<std::string>());
}

}  // namespace

Result<nlohmann::json> run_forge(const fs::path& slmforge, const std::vector<std::string>& arguments,
                                 int64_t timeout_ms, const std::function<bool()>& stop) {
  base::ChildOptions options;
  options.arguments = {slmforge.string()};
  options.arguments.insert(options.arguments.end(), arguments.begin(), arguments.end());
  base::CaptureLimits limits;
  limits.timeout_ms = timeout_ms;
  limits.stop = stop;
  SLMRIG_ASSIGN(const base::CapturedRun run, base::run_captured(options, limits));
  const std::string command = "slmforge " + arguments.front();
  if (const std::string reason = not_applicable_reason(run); !reason.empty()) {
    return fail(ErrorCode::kUnsupported, reason);
  }
  if (!run.exit.ok()) {
    const bool refused = run.exit.signal == 0 && run.exit.code == 2;
    const std::string ended = refused ? "" : fmt::format("ended with {}: ", run.exit.text());
    return fail(refused ? ErrorCode::kBadInput : ErrorCode::kIo, ended + last_words(run.errors), command);
  }
  nlohmann::json json = nlohmann::json::parse(run.output, nullptr, /*allow_exceptions=*/false);
  if (json.is_object()) return json;
  return fail(
      ErrorCode::kCorrupt,
      fmt::format("printed no JSON object, but {}; slmforge and slmrig were built from different sources",
                  last_words(run.output)),
      command);
}

Result<uint64_t> forge_number(const nlohmann::json& json, const char* pointer) {
  const nlohmann::json::json_pointer place(pointer);
  if (json.contains(place) && json[place].is_number_unsigned()) return json[place].get<uint64_t>();
  return fail(ErrorCode::kCorrupt,
              fmt::format("slmforge's answer has no number at {}; slmforge and slmrig were built "
                          "from different sources",
                          pointer));
}

Result<std::string> remembered_sha256(const fs::path& file) {
  using Stamp = std::tuple<ino_t, off_t, time_t, long>;
  static std::mutex mutex;
  static std::map<std::string, std::pair<Stamp, std::string>> known;
  struct stat status = {};
  if (::stat(file.c_str(), &status) != 0) return tl::unexpected(base::file_error("reading", file, errno));
  const Stamp stamp = {status.st_ino, status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
  {
    const std::lock_guard lock(mutex);
    const auto found = known.find(file.string());
    if (found != known.end() && found->second.first == stamp) return found->second.second;
  }
  SLMRIG_ASSIGN(std::string hash, base::sha256_hex_of_file(file));
  const std::lock_guard lock(mutex);
  known[file.string()] = {stamp, hash};
  return hash;
}

Done make_once(const fs::path& entry, const std::function<Done()>& make) {
  static std::mutex mutex;
  static std::map<std::string, std::shared_ptr<std::mutex>> makers;
  std::shared_ptr<std::mutex> maker;
  {
    const std::lock_guard lock(mutex);
    auto& slot = makers[entry.string()];
    if (!slot) slot = std::make_shared<std::mutex>();
    maker = slot;
  }
  const std::lock_guard lock(*maker);
  std::error_code ignored;
  if (fs::exists(entry, ignored)) return {};
  return make();
}

}  // namespace slmrig::deploy
