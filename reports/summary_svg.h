// The summary of a report as one picture for chat: the sentence, the gate's verdict, and the first findings
// with their lines. Pure SVG without script, link or font of its own; light paper, whatever the reader has.
#pragma once

#include <string>

#include "reports/report.h"

namespace slmrig::reports {

std::string summary_svg(const ReportInput& input);

}  // namespace slmrig::reports
