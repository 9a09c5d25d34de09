// From night to night: which of tonight's findings are known, and which known ones are over. Pure.
//
// The identity of a finding is its series, its unit and its onset; the onset may move by some nights when
// more of them come in. What somebody acknowledged stays acknowledged, and what was resolved is not found
// again.
#pragma once

#include <cstdint>
#include <vector>

#include "harness/analyse/findings.h"
#include "harness/store/finding_rows.h"

namespace slmrig::analyse {

struct StateOptions {
  // How far an onset may lie from the one that was stored, in nights of its series.
  std::size_t nights_apart = 3;
  // An improvement, or a change that the rig explains, is the new normal after so many nights.
  std::size_t settling_nights = 14;
};

// What is to be stored: new findings without an id, known ones with what changed. Known findings of series
// that the night did not measure are left as they are.
//
// new -> ongoing when a later night shows it again; a watch becomes an alert (event "alerted"). Resolved,
// with the reason as an event: the level returned; the statistics do not support it any more; it settled; or
// the unit was swapped. Nothing changes when the same night is judged twice.
std::vector<store::FindingUpdate> update_findings(const NightJudgement& judgement,
                                                  const std::vector<store::FindingRow>& known, int64_t now_ns,
                                                  const StateOptions& options = {});

}  // namespace slmrig::analyse
