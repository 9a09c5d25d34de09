// Where a token's time goes: a cell's profile with the layers added up. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/records/run_record.h"
#include "harness/store/rows.h"

namespace slmrig::analyse {

// Sums over the layers and over the generations of the profile pass. Costs as in store/rows.h.
struct OperatorSum {
  std::string name;
  uint64_t calls = 0;
  int64_t cost = 0;
  uint64_t macs = 0;
  uint64_t bytes = 0;
  // What these MACs would cost at the best rate of their kernels on this board; absent: no weights, or no
  // roofline.
  std::optional<double> limit_cost;
};

struct PhaseProfile {
  base::Phase phase = base::Phase::kDecode;
  uint32_t generations = 0;
  uint64_t tokens = 0;
  int64_t cost = 0;  // of all operators: what the phase takes without looking at the clock
  int64_t subtracted_cost = 0;
  std::vector<OperatorSum> operators;  // the costliest first
};

// Decode first; phases without a token or an operator are left out. Empty: the cell was not profiled.
// `roofline` is the session's. In decode a kernel multiplies one token; in prefill the best of its rates
// counts.
std::vector<PhaseProfile> profile_by_operator(const store::ProfileRows& rows,
                                              const std::vector<store::RooflineRow>& roofline);

}  // namespace slmrig::analyse
