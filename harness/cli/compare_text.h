// A comparison for people and as JSON: the same figures in both. Pure.
#pragma once

#include <optional>
#include <string>

#include "harness/analyse/comparison.h"
#include "harness/base/records/board.h"
#include "harness/gate/acceptance.h"

namespace slmrig::cli {

// A table with a line for each figure and a column for each subject, then the recommendations.
// `board`: that of the comparison, for a modelled time of emulated figures; null: none is given.
std::string comparison_text(const analyse::Comparison& comparison, const base::Board* board,
                            std::size_t width);

// The answers that differ from the reference's, one block each.
std::string flips_text(const analyse::Comparison& comparison, std::size_t most);

// Which subjects are good enough, a line for each. `reference`: the name of the one that is not counted.
std::string acceptance_text(const gate::Acceptance& acceptance, const std::string& reference);

// One object; its keys are named as in comparison.h and acceptance.h. `acceptance`: null where nobody asked.
std::string comparison_json(const analyse::Comparison& comparison, const base::Board* board,
                            const gate::Acceptance* acceptance = nullptr);

// A decode token by the board file's clock and cycles an instruction; nothing where the figures are no
// instructions or the board file states neither.
std::optional<double> modelled_token_ns(const analyse::ComparedSubject& subject, const base::Board* board);

}  // namespace slmrig::cli
