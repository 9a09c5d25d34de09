// A comparison for people and as JSON: the same figures in both. Pure.
#pragma once

#include <optional>
#include <string>

#include "harness/analyse/comparison.h"
#include "harness/base/records/board.h"

namespace slmrig::cli {

// A table with a line for each figure and a column for each subject, then the recommendations.
// `board`: that of the comparison, for a modelled time of emulated figures; null: none is given.
std::string comparison_text(const analyse::Comparison& comparison, const base::Board* board,
                            std::size_t width);

// The answers that differ from the reference's, one block each.
std::string flips_text(const analyse::Comparison& comparison, std::size_t most);

// One object; its keys are named as in comparison.h.
std::string comparison_json(const analyse::Comparison& comparison, const base::Board* board);

// A decode token by the board file's clock and cycles an instruction; nothing where the figures are no
// instructions or the board file states neither.
std::optional<double> modelled_token_ns(const analyse::ComparedSubject& subject, const base::Board* board);

}  // namespace slmrig::cli
