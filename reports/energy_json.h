// What a meter measured, as the page of a report draws it (report.schema.json, "Energy"). Pure.
#pragma once

#include <optional>

#include <nlohmann/json.hpp>

#include "harness/base/records/energy.h"

namespace slmrig::reports {

// null where nothing was measured.
nlohmann::ordered_json energy_json(const std::optional<base::Energy>& energy);

}  // namespace slmrig::reports
