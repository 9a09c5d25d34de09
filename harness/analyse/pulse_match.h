// Whether what a meter saw is a load that was pulsed on purpose. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace slmrig::analyse {

// A stretch in which the load was busy or idle, in the meter's time; without its edges, where neither is
// sure.
struct Pulse {
  int64_t start_ns = 0;
  int64_t end_ns = 0;
  bool is_busy = false;
};

// The mean power of a short while.
struct PulseReading {
  int64_t time_ns = 0;
  double power_uw = 0;
};

struct PulseMatch {
  bool follows = false;
  std::size_t pulses = 0;  // that the meter has readings of
  double busy_uw = 0;      // mean over the busy ones of them
  double idle_uw = 0;
  double correlation = 0;  // of power with being busy, over pulses; 0: it cannot be told
};

// From here on a meter follows. A load of its own does so by chance once in some hundred times where a dozen
// pulses are busy in no regular order.
inline constexpr double kLeastCorrelation = 0.9;

// `readings` rise in time. A meter that has no readings of some pulse does not follow.
PulseMatch match_pulses(std::span<const Pulse> pulses, std::span<const PulseReading> readings);

}  // namespace slmrig::analyse
