#include "harness/deploy/stand_in.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include <fmt/format.h>

#include "harness/base/clock.h"
#include "harness/base/paths.h"
#include "harness/base/placeholders.h"

namespace slmrig::deploy {
namespace {

namespace fs = std::filesystem;
using base::Done;
using base::ErrorCode;
using base::fail;
using base::Result;

constexpr int64_t kReadyMs = 20'000;
constexpr auto kLookEvery = std::chrono::milliseconds(10);

std::string last_words(const std::string& text) {
  constexpr std::size_t kMaxBytes = 600;
  const std::size_t end = text.find_last_not_of('\n');
  if (end == std::string::npos) return {};
  const std::string words = text.substr(0, end + 1);
  return words.size() > kMaxBytes ? "..." + words.substr(words.size() - kMaxBytes) : words;
}

}  // namespace

Result<std::unique_ptr<StandIns>> StandIns::start(const base::Bench& bench, const fs::path& root) {
  SLMRIG_ASSIGN(base::TemporaryDirectory folder, base::TemporaryDirectory::create("bench"));
  std::unique_ptr<StandIns> stand_ins(new StandIns(std::move(folder)));
  stand_ins->values_ = {{"{folder}", stand_ins->folder_.path().string()},
                        {"{programs}", (root / "build" / "bin").string()},
                        {"{root}", root.string()},
                        {"{unit}", bench.unit_id}};
  for (const base::StandInSpec& spec : bench.stand_ins) {
    if (const Done started = stand_ins->start_one(spec, root); !started) {
      return tl::unexpected(base::within(fmt::format("bench {}: stand-in", bench.name), started.error()));
    }
  }
  return stand_ins;
}

StandIns::~StandIns() {
  while (!running_.empty()) running_.pop_back();
}

Done StandIns::start_one(const base::StandInSpec& spec, const fs::path& root) {
  base::ChildOptions options;
  for (const std::string& argument : spec.command) options.arguments.push_back(filled(argument));
  // One of this project's own programs, or else one of the system's.
  const bool plain_name = options.arguments.front().find('/') == std::string::npos;
  if (const auto own = base::find_program(options.arguments.front(), root); plain_name && own) {
    options.arguments.front() = own->string();
    values_["{programs}"] = own->parent_path().string();
  } else if (plain_name && base::program_in_path(options.arguments.front()).empty()) {
    return fail(own.error().code, own.error().message + ", or put it into PATH where it is none of slmrig's");
  }
  for (const std::string& setting : spec.environment) {
    const std::size_t equals = setting.find('=');
    environment_[setting.substr(0, equals)] = filled(setting.substr(equals + 1));
  }
  SLMRIG_ASSIGN(base::ChildProcess child, base::ChildProcess::spawn(options));
  Running& running = running_.emplace_back();
  running.program = spec.command.front();
  running.child = std::make_unique<base::ChildProcess>(std::move(child));
  running.log = std::make_unique<ProcessLog>(*running.child, true);
  return spec.ready_file.empty() ? Done{} : await_ready(running, filled(spec.ready_file));
}

Done StandIns::await_ready(Running& running, const fs::path& ready_file) {
  const int64_t deadline_ns = base::monotonic_now_ns() + kReadyMs * 1'000'000;
  std::error_code ignored;
  while (!fs::exists(ready_file, ignored)) {
    running.log->drain();
    if (const std::string end = ended(); !end.empty()) return fail(ErrorCode::kLinkLost, end);
    if (base::monotonic_now_ns() > deadline_ns) {
      return fail(ErrorCode::kTimeout,
                  fmt::format("{} did not make {} within {} ms; it said: {}", running.program,
                              ready_file.string(), kReadyMs, last_words(running.log->text())));
    }
    // A file of any kind, a socket too, appears here: there is nothing to wait on but the folder itself.
    std::this_thread::sleep_for(kLookEvery);
  }
  return {};
}

std::string StandIns::filled(std::string text) const { return base::filled_in(std::move(text), values_); }

std::map<std::string, std::string> StandIns::environment() const { return environment_; }

std::string StandIns::ended() {
  for (Running& running : running_) {
    if (const auto state = running.child->poll()) {
      const std::string words = last_words(running.log->text());
      return fmt::format("{} ended ({}){}{}", running.program, state->text(), words.empty() ? "" : ": ",
                         words);
    }
  }
  return {};
}

void StandIns::drain() {
  for (Running& running : running_) running.log->drain();
}

std::string StandIns::log() {
  std::string text;
  for (Running& running : running_) {
    const std::string words = running.log->text();
    if (!words.empty())
      text += fmt::format("{}:\n{}{}", running.program, words, words.ends_with('\n') ? "" : "\n");
  }
  return text;
}

Result<std::shared_ptr<StandIns>> StandInPool::of(const base::Bench& bench, const fs::path& root) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = running_.find(bench.name);
    if (found != running_.end() && found->second->ended().empty()) return found->second;
    running_.erase(bench.name);
  }
  SLMRIG_ASSIGN(std::unique_ptr<StandIns> started, StandIns::start(bench, root));
  std::shared_ptr<StandIns> shared = std::move(started);
  const std::lock_guard lock(mutex_);
  running_[bench.name] = shared;
  return shared;
}

void StandInPool::release(const std::string& bench) {
  const std::lock_guard lock(mutex_);
  running_.erase(bench);
}

}  // namespace slmrig::deploy
