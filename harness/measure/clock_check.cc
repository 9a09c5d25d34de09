#include "harness/measure/clock_check.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace slmrig::measure {

base::Result<ClockCheck> check_clock(rig::Agent& agent, const base::TickScale& ticks, base::Clock& clock) {
  SLMRIG_ASSIGN(const rig::ClockReading first, agent.clock());
  clock.sleep_ns(kClockCheckNs);
  SLMRIG_ASSIGN(const rig::ClockReading second, agent.clock());

  ClockCheck check;
  if (second.ticks <= first.ticks) {
    check.difference = -1.0;
    check.text = check.doubt = "the device's ticks do not advance";
    return check;
  }
  const int64_t device_ns = ticks.convert(second.ticks - first.ticks);
  // Each reading happened somewhere between question and answer: the host's time between them is known to
  // within half of both round trips.
  const double host_ns = static_cast<double>(second.before_ns + second.after_ns) / 2.0 -
                         static_cast<double>(first.before_ns + first.after_ns) / 2.0;
  const double uncertain_ns =
      static_cast<double>((second.after_ns - second.before_ns) + (first.after_ns - first.before_ns)) / 2.0;
  if (host_ns <= 0.0 || uncertain_ns / host_ns > kMostClockDifference / 2.0) {
    check.text = fmt::format("not checked: the answers took up to {:.1f} ms", uncertain_ns / 1e6);
    return check;
  }
  check.difference = static_cast<double>(device_ns) / host_ns - 1.0;
  check.text = fmt::format("device and host clock differ by {:.4f} % over {:.1f} s",
                           *check.difference * 100.0, host_ns / 1e9);
  if (std::abs(*check.difference) > kMostClockDifference) {
    check.doubt = fmt::format("{}, more than {:.1f} %", check.text, kMostClockDifference * 100.0);
  }
  return check;
}

}  // namespace slmrig::measure
