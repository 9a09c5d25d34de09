// What a power meter saw of a cell of the sample run (sample_data.h): modelled, as beside an emulated board.
// Tests only.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/base/records/energy.h"

namespace slmrig::store {

struct SampleGeneration {
  std::string prompt_id;
  std::string prompt_sha256;
  uint32_t prompt_tokens = 0;
  uint32_t generated_tokens = 0;
};

struct SampleEnergyCosts {
  double token_s = 0;  // modelled time of a token
  int64_t started_at_ns = 0;
  // Of as many answers as are given, each a little above or below their sum; 0: the plan asked for none.
  uint32_t windows = 0;
};

// Idle at 590 uW, prefill at 22 mW and decode at 20 mW more, of a meter that is good to 10 %.
base::Energy sample_energy(const std::string& session_id, const std::string& cell_id,
                           const std::vector<SampleGeneration>& generations, const SampleEnergyCosts& costs);

// Two cold starts of a session.
base::Energy sample_cold_start_energy(const std::string& session_id, const SampleEnergyCosts& costs);

}  // namespace slmrig::store
