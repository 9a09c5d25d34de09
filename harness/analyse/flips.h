// How often quantization turned a right answer into a wrong one, or the reverse: the metric flip_rate. Two
// variants may be right equally often and yet on different prompts, which accuracy alone does not show. Pure.
//
// The reference of a cell is the f32 cell of the same run with the same model, suite and settings: that of
// the same bench where it has one, else of the first bench by name that has (answers do not depend on the
// board as far as reference_agreement is 1). Generations are matched by prompt and repeat (session by
// session: that with the same ordinal, else the first); those without checks do not count.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/store/rows.h"

namespace slmrig::analyse {

struct CellFlips {
  std::string session_id;
  std::string cell_id;
  std::string reference_cell_id;
  uint32_t compared = 0;
  uint32_t to_wrong = 0;
  uint32_t to_right = 0;
  std::vector<std::string> prompt_ids;  // that flipped, in the order in which they were measured

  double rate() const { return compared == 0 ? 0 : static_cast<double>(to_wrong + to_right) / compared; }
};

// Of every cell that ended ok, is not f32 and has a reference with which at least one answer can be compared.
std::vector<CellFlips> flips_of(const store::RunData& run);

}  // namespace slmrig::analyse
