// Values that C++ hands to a page.
#pragma once

#include <cmath>
#include <optional>

#include <nlohmann/json.hpp>

namespace slmrig::reports {

// An absent figure is null, never 0; so is one that is not finite, which JSON cannot say.
inline nlohmann::ordered_json number_or_null(std::optional<double> value) {
  return value && std::isfinite(*value) ? nlohmann::ordered_json(*value) : nlohmann::ordered_json(nullptr);
}

}  // namespace slmrig::reports
