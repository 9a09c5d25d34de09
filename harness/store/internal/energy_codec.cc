#include "harness/store/internal/energy_codec.h"

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <span>

#include <fmt/format.h>

#include "harness/store/internal/codec.h"

namespace slmrig::store {

using base::Done;
using base::ErrorCode;
using base::Result;

Done check_finite(std::string_view what, std::initializer_list<double> values) {
  for (const double value : values) {
    if (!std::isfinite(value)) {
      return base::fail(ErrorCode::kBadInput, fmt::format("{} holds {}; expected a number", what, value));
    }
  }
  return {};
}

std::string json_of(const std::vector<base::UncertaintyTerm>& terms) {
  nlohmann::json array = nlohmann::json::array();
  for (const base::UncertaintyTerm& term : terms) {
    array.push_back({term.name, term.standard_uj, term.comparative_uj, term.degrees_of_freedom});
  }
  return array.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Result<std::vector<base::UncertaintyTerm>> terms_of(const std::string& json) {
  const nlohmann::json parsed = nlohmann::json::parse(json, nullptr, false);
  const auto corrupt = [&] {
    return base::fail(
        ErrorCode::kCorrupt,
        fmt::format("expected the terms of an uncertainty budget, found '{}'", json.substr(0, 40)));
  };
  if (!parsed.is_array()) return corrupt();
  std::vector<base::UncertaintyTerm> terms;
  for (const nlohmann::json& item : parsed) {
    const bool good = item.is_array() && item.size() == 4 && item[0].is_string() && item[1].is_number() &&
                      item[2].is_number() && item[3].is_number();
    if (!good) return corrupt();
    terms.push_back(
        {item[0].get<std::string>(), item[1].get<double>(), item[2].get<double>(), item[3].get<double>()});
  }
  return terms;
}

Result<std::string> json_of(const base::PowerTrace& trace) {
  const std::size_t steps = trace.mean_uw.size();
  if (trace.step_ns <= 0 || steps == 0 || trace.lowest_uw.size() != steps ||
      trace.highest_uw.size() != steps) {
    return base::fail(
        ErrorCode::kBadInput,
        fmt::format("a power trace has {} lowest, {} mean and {} highest values in steps of {} ns; expected "
                    "as many of each, and steps",
                    trace.lowest_uw.size(), steps, trace.highest_uw.size(), trace.step_ns));
  }
  std::string json = "[";
  for (std::size_t at = 0; at < steps; ++at) {
    const std::array<double, 3> point = {trace.lowest_uw[at], trace.mean_uw[at], trace.highest_uw[at]};
    SLMRIG_TRY(check_finite("a power trace", {point[0], point[1], point[2]}));
    if (at > 0) json += ',';
    json += json_array_of(std::span<const double>(point));
  }
  return json + ']';
}

Done add_points(const std::string& json, base::PowerTrace& trace) {
  const nlohmann::json points = nlohmann::json::parse(json, nullptr, false);
  if (!points.is_array())
    return base::fail(ErrorCode::kCorrupt, "the steps of a power trace are not a JSON array");
  for (std::size_t at = 0; at < points.size(); ++at) {
    const nlohmann::json& point = points[at];
    if (!point.is_array() || point.size() != 3 || !point[0].is_number() || !point[1].is_number() ||
        !point[2].is_number()) {
      return base::fail(ErrorCode::kCorrupt,
                        fmt::format("step {} of a power trace is not three numbers", at));
    }
    trace.lowest_uw.push_back(point[0].get<double>());
    trace.mean_uw.push_back(point[1].get<double>());
    trace.highest_uw.push_back(point[2].get<double>());
  }
  return {};
}

}  // namespace slmrig::store
