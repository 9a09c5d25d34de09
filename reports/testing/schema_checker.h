// Checks JSON against a JSON Schema: the part of it that report.schema.json uses, as the page's own checker
// (web/schema_check.ts) does. For tests of what we write.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace slmrig::reports {

// The first problem as "report.cells[3].status: ...", or "" where there is none.
std::string schema_problem(const nlohmann::json& value, const nlohmann::json& schema);

}  // namespace slmrig::reports
