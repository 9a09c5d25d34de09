// The variants of a run side by side, as analyse::compare judges them, for the page. The form is
// report.schema.json's Comparison.
#pragma once

#include <map>
#include <string>

#include <nlohmann/json.hpp>

#include "harness/store/rows.h"
#include "reports/report.h"

namespace slmrig::reports {

// Answers that differ, of each variant, that go into the page.
inline constexpr std::size_t kMostFlips = 30;

// `cell_indices`: by cell id, where the page has it. `acceptances`: null where nobody asked.
nlohmann::ordered_json comparisons_json(const store::RunData& run,
                                        const std::map<std::string, std::size_t>& cell_indices,
                                        const Acceptances* acceptances = nullptr);

}  // namespace slmrig::reports
