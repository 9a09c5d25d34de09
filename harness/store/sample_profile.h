// The profile pass of a cell of the sample run (sample_data.h). Tests only.
#pragma once

#include <cstdint>
#include <string>

#include "harness/base/records/run_record.h"

namespace slmrig::store {

struct SampleCosts {
  uint32_t generations = 0;
  uint64_t prompt_tokens = 0;
  uint64_t decode_tokens = 0;
  double ticks_per_token = 0;
  uint64_t macs_per_token = 0;
  uint64_t bytes_per_token = 0;
};

// Two layers of the operators that a small transformer has, in believable shares.
base::Profile sample_profile(const std::string& cell_id, const SampleCosts& costs);

// Of the session: a kernel that none of these operators reaches, and two memories. `costs` of one of its
// cells.
base::Roofline sample_roofline(const std::string& session_id, const SampleCosts& costs);

}  // namespace slmrig::store
