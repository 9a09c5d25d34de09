// What was measured, when, and how it ended, in one sentence: a report's heading and its title.
#pragma once

#include <span>
#include <string>

#include "harness/store/rows.h"

namespace slmrig::reports {

// Of the newest run: "Plan demo on 3 boards, 2026-11-22 08:44 UTC: 24 cells, 22 ok, 2 unfit; 5,120 tokens
// measured." Says so where it was interrupted, never ended, or where nothing was measured at all.
std::string report_sentence(std::span<const store::RunData> runs);

// "slmrig: demo, 2026-11-22": for the browser's tab.
std::string report_title(std::span<const store::RunData> runs);

// "2026-11-22 08:44 UTC"
std::string utc_text(int64_t utc_ns);

}  // namespace slmrig::reports
