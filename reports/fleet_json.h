// The benches of a history for the page: how each fared on its newest night, which board is there, how far
// boards of one kind are apart. The form is report.schema.json's FleetBench. Pure.
#pragma once

#include <nlohmann/json.hpp>

#include "reports/history_json.h"

namespace slmrig::reports {

// By bench.
nlohmann::ordered_json fleet_json(const ReportHistory& input);

}  // namespace slmrig::reports
