// A report for people who read mail or a merge request: Markdown of the sentence, the gate, the findings and
// what could not be measured. Pure; nothing that a board or a model is called can end a cell or become a
// link.
#pragma once

#include <string>

#include "reports/report.h"

namespace slmrig::reports {

std::string report_markdown(const ReportInput& input);

}  // namespace slmrig::reports
