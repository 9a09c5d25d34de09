// A generation as large as those of real runs, for benchmarks of the database.
#pragma once

#include <cstdint>
#include <random>
#include <string>

#include <fmt/format.h>

#include "harness/base/records/run_record.h"
#include "harness/base/sha256.h"

namespace slmrig::store {

inline constexpr uint32_t kTokensOfBench = 32;

// Durations as a board has them (six to seven digits), ids of a vocabulary of 512, 96 characters of text.
// `index` is the prompt's.
inline base::Generation generation_for_bench(const std::string& cell_id, uint32_t index,
                                             std::mt19937_64& random) {
  base::Generation generation;
  generation.cell_id = cell_id;
  generation.prompt_id = fmt::format("intent-{:04}", index);
  generation.prompt_sha256 = base::sha256_hex(generation.prompt_id);
  generation.prompt_text = "set a timer for twelve minutes please";
  generation.prompt_tokens = 24;
  generation.generated_tokens = kTokensOfBench;
  generation.finish = base::Finish::kLength;
  generation.prefill_ticks = 5'000'000;
  for (uint32_t token = 0; token < kTokensOfBench; ++token) {
    generation.token_ids.push_back(static_cast<int32_t>(random() % 512));
    generation.token_ticks.push_back(900'000 + random() % 1'200'000);
  }
  generation.token_ids_sha256 = base::sha256_hex(fmt::format("{}", index));
  generation.output_text = std::string(96, 'a');
  generation.correct = true;
  generation.matches_reference = true;
  generation.started_at_ns = 1'767'225'600'000'000'000 + index;
  return generation;
}

}  // namespace slmrig::store
