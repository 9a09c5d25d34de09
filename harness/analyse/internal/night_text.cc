#include "harness/analyse/internal/night_text.h"

#include <ctime>

#include <cmath>

#include <fmt/format.h>

namespace slmrig::analyse {

std::string night_text(int64_t at_ns) {
  constexpr int64_t kNsPerSecond = 1'000'000'000;
  const std::time_t seconds = at_ns / kNsPerSecond;
  std::tm parts = {};
  if (gmtime_r(&seconds, &parts) == nullptr) return "?";
  return fmt::format("{:04}-{:02}-{:02}", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday);
}

std::string change_text(double before, double after) {
  const std::string levels = fmt::format("{:.6g} to {:.6g}", before, after);
  if (before == 0) return levels;
  return fmt::format("{:+.3g}% ({})", 100 * (after - before) / std::abs(before), levels);
}

}  // namespace slmrig::analyse
