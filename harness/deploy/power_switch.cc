#include "harness/deploy/power_switch.h"

#include <chrono>
#include <thread>

#include <fmt/format.h>

#include "harness/base/child_process.h"

namespace slmrig::deploy {
namespace {

using base::Done;

constexpr int64_t kSwitchMs = 30'000;

Done run(const std::vector<std::string>& command, const std::function<bool()>& stop) {
  base::ChildOptions options;
  options.arguments = command;
  base::CaptureLimits limits;
  limits.timeout_ms = kSwitchMs;
  limits.stop = stop;
  SLMRIG_ASSIGN(const base::CapturedRun ended, base::run_captured(options, limits));
  if (ended.exit.ok()) return {};
  const std::string& words = ended.errors.empty() ? ended.output : ended.errors;
  return base::fail(base::ErrorCode::kIo, fmt::format("{} failed ({}): {}", base::command_text(command),
                                                      ended.exit.text(), words.substr(0, words.find('\n'))));
}

}  // namespace

Done power_cycle(const base::PowerSwitchSpec& power, const std::function<bool()>& stop) {
  const Done off = run(power.off, stop);
  if (off) std::this_thread::sleep_for(std::chrono::milliseconds(power.off_ms));
  const Done on = run(power.on, {});  // also when the user wants to stop: a board stays powered
  return off ? on : off;
}

}  // namespace slmrig::deploy
