// The words of a gate, in one place: every output says the same.
#pragma once

#include <string>

#include "harness/gate/verdict.h"

namespace slmrig::gate {

// "12.3 ms", "1.2 MB", "93.3 %", "1,234,567 instructions".
std::string value_text(double value, const base::Metric& metric);

// "mps2-an386 wrist-nano int8 intents token_instructions_p99".
std::string row_name(const Row& row);

// The figure with its bounds: "12.3 ms (12.1 to 12.5)"; "-" where there is none.
std::string figure_text(const Row& row);

// "<= 80 ms", or "<= 1.03x release-1.2 = 82.4 ms".
std::string limit_text(const GateReport& report, const Row& row);

// How far the figure is from the limit: "3.2 % within", "1.0 % beyond"; empty where there is none.
std::string distance_text(const Row& row, const Limit& limit);

// "pass", "fail (waived: ...)", "missing (excused: ...)".
std::string verdict_text(const GateReport& report, const Row& row);

// One sentence on all of it: "fail: 1 of 12 rows fails, 9 pass, 2 are inconclusive".
std::string headline(const GateReport& report);

// Lines on what is no row: coverage that was not met, waivers unused or lapsed, notes.
std::vector<std::string> remarks(const GateReport& report);

}  // namespace slmrig::gate
