// Findings for people (a card each, a line each) and for scripts (JSON). Pure.
#pragma once

#include <string>
#include <vector>

#include "harness/campaign/nightly_analysis.h"
#include "harness/store/finding_rows.h"

namespace slmrig::cli {

// The last characters of a finding's id: those found in one night begin alike. "-" without one.
std::string finding_short_id(const std::string& finding_id);

// "token_ms_p99 +10.2% (100 to 110 ms)": what moved, and by how much.
std::string finding_headline(const store::FindingRow& finding);

// The findings that began together as one paragraph: the worst one's series, how many others, since when,
// which commits, and why.
std::string finding_groups_text(const std::vector<store::FindingRow>& findings);

// The "why" of one finding: samples, interval, p and q, causes, and the command that reproduces it.
std::string finding_card(const store::FindingRow& finding, const std::vector<store::FindingEvent>& events,
                         const std::string& place_options);

// A line a finding.
std::string finding_table(const std::vector<store::FindingRow>& findings);

std::string findings_json(const std::vector<store::FindingRow>& findings);
std::string finding_json(const store::FindingRow& finding, const std::vector<store::FindingEvent>& events);

// All that `slmrig analyse` has to say.
std::string analysis_text(const campaign::NightlyAnalysis& night);
std::string analysis_json(const campaign::NightlyAnalysis& night);

}  // namespace slmrig::cli
