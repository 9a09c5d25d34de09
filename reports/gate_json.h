// What a gate said, for the page: report.schema.json's Gate. Pure.
#pragma once

#include <nlohmann/json.hpp>

#include "harness/gate/verdict.h"

namespace slmrig::reports {

// Rows that hold back come first, the worst of them before the others.
nlohmann::ordered_json gate_json(const gate::GateReport& report);

}  // namespace slmrig::reports
