#include "harness/base/clock.h"

#include <chrono>
#include <ctime>
#include <thread>

#include <fmt/chrono.h>

namespace slmrig::base {

int64_t utc_now_ns() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
}

int64_t monotonic_now_ns() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
}

std::string utc_text(int64_t utc_ns) {
  const auto seconds = static_cast<std::time_t>(utc_ns / 1'000'000'000);
  std::tm parts = {};
  gmtime_r(&seconds, &parts);
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", parts);
}

int64_t SystemClock::utc_ns() { return utc_now_ns(); }
int64_t SystemClock::monotonic_ns() { return monotonic_now_ns(); }
void SystemClock::sleep_ns(int64_t duration_ns) {
  std::this_thread::sleep_for(std::chrono::nanoseconds(duration_ns));
}

}  // namespace slmrig::base
