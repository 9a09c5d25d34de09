// What a meter's self-check looks at in a second of its stream.
#pragma once

#include <array>
#include <cstdint>

#include "harness/base/records/power.h"
#include "harness/rig/meters/meter.h"

namespace slmrig::rig {

inline constexpr int64_t kCheckStreamMs = 1000;

// Forgets the samples and keeps the memory.
void clear(base::PowerSamples& block);

struct StreamSummary {
  int64_t samples = 0;
  int64_t lost = 0;
  int64_t saturated = 0;
  int64_t invalid = 0;
  double mean_ua = 0;
  double lowest_ua = 0;
  double highest_ua = 0;
  int64_t span = 0;                   // sample periods from an early block's end to a late one's
  double host_seconds = 0;            // the same, by the host's clock
  std::array<int64_t, 8> edges = {};  // by line
  uint8_t range = 0;                  // of most samples
};

// Starts the meter, reads for `duration_ms`, and stops it.
base::Result<StreamSummary> watch_stream(Meter& meter, int64_t duration_ms);

// The samples' rate by the host's clock. Even the blocks that come least late come some milliseconds late.
MeterCheck check_rate(const StreamSummary& seen, double nominal_hz);
MeterCheck check_losses(const StreamSummary& seen);
// With the board's power off, nothing may flow.
MeterCheck check_zero(const StreamSummary& seen, const base::MeterRange& most_sensitive);
// Lines that carry markers stand still while the board does nothing; they toggle where the logic reference
// is not connected.
MeterCheck check_lines(const StreamSummary& seen, const base::MeterSpec& spec);
MeterCheck check_load(const StreamSummary& seen, double expected_ua, const base::MeterFacts& facts);

}  // namespace slmrig::rig
