// The data of a report's page, in the form of reports/report.schema.json.
#pragma once

#include <nlohmann/json.hpp>

#include "reports/report.h"

namespace slmrig::reports {

// Keys stand in the order in which they are written here, cells and sessions in the order of the rows.
// Figures are analyse::summarise's; one that is absent or not finite is null.
nlohmann::ordered_json report_json(const ReportInput& input);

// The JSON as text that may stand inside a <script> element: ASCII, without '<', '>' or '&' (which only occur
// in strings, and are escaped there). Bytes that are not UTF-8 become U+FFFD.
std::string script_safe_text(const nlohmann::ordered_json& json);

// For text between tags and in quoted attributes.
std::string html_escaped(std::string_view text);

}  // namespace slmrig::reports
