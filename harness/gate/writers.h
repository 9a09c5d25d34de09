// What a gate found, in the forms that programs and people take it. Pure; every text is of words.h.
#pragma once

#include <string>

#include "harness/base/error.h"
#include "harness/gate/verdict.h"

namespace slmrig::gate {

// {"outcome", "headline", "rows": [...], "coverage", "waivers", "notes"}; gate README.md has the keys. Bounds
// that are not known are null.
std::string gate_json(const GateReport& report);

// A test suite for each budget, a test case for each row: <failure> where it fails, <error> where it could
// not be decided, <skipped> where it is waived or excused. After the schema of Jenkins' xUnit plug-in.
std::string gate_junit(const GateReport& report);

// Workflow commands of GitHub ("::error file=...,title=...::text"), a line for each row that holds back.
std::string gate_github(const GateReport& report);

// GitLab's code quality report: a JSON array of what holds back.
std::string gate_gitlab(const GateReport& report);

// For a merge request: the headline, a table of what holds back, and the rest folded.
std::string gate_markdown(const GateReport& report);

struct ExplainPlace {
  std::string command;  // that made the report, without --explain
};
// One row, at length: samples, formula, limit, q, and how to see it again. `id` is a row's, or the beginning
// of it; kBadInput where none or several have it.
base::Result<std::string> gate_explanation(const GateReport& report, const std::string& id,
                                           const ExplainPlace& place);

}  // namespace slmrig::gate
