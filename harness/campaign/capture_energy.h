// From what an energy pass recorded to its energies: which samples are which generation's, by the board's
// markers or by the host's clock. Stateless.
#pragma once

#include <cstdint>
#include <functional>

#include "harness/base/error.h"
#include "harness/base/records/energy.h"
#include "harness/base/records/power.h"
#include "harness/base/records/rig.h"
#include "harness/measure/energy_pass.h"

namespace slmrig::campaign {

// Of the bench that recorded.
struct CaptureMeaning {
  const base::MeterSpec& spec;
  const base::MeterFacts& meter;
  double supply_mv = 0;
  bool has_markers = false;  // the board raises marker lines
  uint32_t windows = 0;      // that the spans are; 0: they are repeats
  std::function<int64_t(uint64_t board_ticks)> meter_ns;
};

// The error is that of reading the samples. A power trace is of generations alone.
base::Result<base::Energy> energy_of_capture(const measure::EnergyCapture& capture,
                                             const CaptureMeaning& meaning);

}  // namespace slmrig::campaign
