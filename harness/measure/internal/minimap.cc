#include "harness/measure/internal/minimap.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

namespace slmrig::measure {

namespace {
constexpr double kLeastNa = 200;
}

void Minimap::add(double current_ua, double time_us) {
  if (samples_in_last_ == 0) {
    spans_.push_back({time_us, std::numeric_limits<double>::max(), std::numeric_limits<double>::lowest()});
  }
  Span& span = spans_.back();
  ++samples_in_last_;
  span.time_us += (time_us - span.time_us) / static_cast<double>(samples_in_last_);
  if (!std::isnan(current_ua)) {
    const double current_na = std::max(kLeastNa, current_ua * 1000);
    span.low_na = std::min(span.low_na, current_na);
    span.high_na = std::max(span.high_na, current_na);
  }
  if (samples_in_last_ == samples_a_span_) samples_in_last_ = 0;
  if (spans_.size() == kMostSpans && samples_in_last_ == 0) fold();
}

void Minimap::fold() {
  for (std::size_t i = 0; i < spans_.size() / 2; ++i) {
    const Span& a = spans_[2 * i];
    const Span& b = spans_[2 * i + 1];
    spans_[i] = {(a.time_us + b.time_us) / 2, std::min(a.low_na, b.low_na), std::max(a.high_na, b.high_na)};
  }
  spans_.resize(spans_.size() / 2);
  samples_a_span_ *= 2;
}

std::string Minimap::json() const {
  nlohmann::json low = nlohmann::json::array();
  nlohmann::json high = nlohmann::json::array();
  for (const Span& span : spans_) {
    low.push_back({{"x", span.time_us}, {"y", span.low_na}});
    high.push_back({{"x", span.time_us}, {"y", span.high_na}});
  }
  const nlohmann::json map = {
      {"lastElementFoldCount", samples_in_last_},
      {"data", {{"length", spans_.size()}, {"min", std::move(low)}, {"max", std::move(high)}}},
      {"maxNumberOfElements", kMostSpans},
      {"numberOfTimesToFold", samples_a_span_}};
  return map.dump();
}

}  // namespace slmrig::measure
