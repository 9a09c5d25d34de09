// Speed, size and energy are judged together with the answers. Part of findings.cc.
#pragma once

#include <vector>

#include "harness/store/finding_rows.h"

namespace slmrig::analyse {

// Of the value before; infinite where that was 0.
double relative_effect(const store::FindingRow& finding);

// An improvement that came with worse answers of the same bench, model and variant becomes a trade, and says
// so.
void judge_jointly(std::vector<store::FindingRow>& findings);

// Whether their onsets may be the same night.
bool onsets_overlap(const store::FindingRow& a, const store::FindingRow& b);

}  // namespace slmrig::analyse
