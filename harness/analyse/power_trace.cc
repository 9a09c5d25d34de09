#include "harness/analyse/power_trace.h"

#include <algorithm>
#include <cmath>

namespace slmrig::analyse {
namespace {

// Of the samples' noise nothing is left in more digits, and a trace is the longest text of an energy.
double four_digits(double value) {
  if (value == 0 || !std::isfinite(value)) return 0;
  const double scale = std::pow(10.0, 3 - std::floor(std::log10(std::abs(value))));
  return std::round(value * scale) / scale;
}

std::size_t shown_generation(const base::Energy& energy) {
  const auto told = std::find_if(energy.generations.begin(), energy.generations.end(),
                                 [](const auto& each) { return !each.token_net_uj.empty(); });
  return told == energy.generations.end() ? 0 : static_cast<std::size_t>(told - energy.generations.begin());
}

}  // namespace

PowerTraceBuilder::PowerTraceBuilder(const base::MeterFacts& meter, double supply_mv,
                                     const base::Energy& energy)
    : period_ns_(meter.sample_rate_hz > 0 ? 1e9 / meter.sample_rate_hz : 0), supply_mv_(supply_mv) {
  if (energy.generations.empty()) return;
  trace_.generation = shown_generation(energy);
  const base::GenerationEnergy& shown = energy.generations[trace_.generation];
  if (shown.duration_ns <= 0) return;
  const auto duration = static_cast<double>(shown.duration_ns);
  const double lead = kPowerTraceLead * duration;
  double start = std::max(0.0, static_cast<double>(shown.start_ns) - lead);
  double end = static_cast<double>(shown.start_ns) + duration + lead;
  // What lies around it is idle; its neighbours are not.
  for (const base::GenerationEnergy& other : energy.generations) {
    const auto other_start = static_cast<double>(other.start_ns);
    const double other_end = other_start + static_cast<double>(other.duration_ns);
    if (other.start_ns > shown.start_ns) end = std::min(end, other_start);
    if (other.start_ns < shown.start_ns) start = std::max(start, other_end);
  }
  // Edges of neighbours that are wrong must not turn it inside out.
  start = std::min(start, static_cast<double>(shown.start_ns));
  end = std::max(end, static_cast<double>(shown.start_ns) + duration);
  trace_.start_ns = std::llround(start);
  trace_.step_ns = std::llround(std::ceil(std::max((end - start) / kPowerTraceSteps, period_ns_)));
  start_ns_ = static_cast<double>(trace_.start_ns);
  step_ns_ = static_cast<double>(trace_.step_ns);
  // Whole steps alone: what a last one had beyond the end would be the neighbour's.
  steps_.resize(static_cast<std::size_t>(std::max(1.0, std::floor((end - start) / step_ns_))));
}

double PowerTraceBuilder::power_uw(const base::PowerSamples& block, std::size_t at) const {
  if (!block.power_uw.empty()) return static_cast<double>(block.power_uw[at]);
  const double volts =
      (block.voltage_mv.empty() ? supply_mv_ : static_cast<double>(block.voltage_mv[at])) * 1e-3;
  return static_cast<double>(block.current_ua[at]) * volts;
}

void PowerTraceBuilder::add(const base::PowerSamples& block) {
  const std::size_t count = std::max(block.current_ua.size(), block.power_uw.size());
  if (count == 0 || steps_.empty()) return;
  if (period_ns_ > 0)
    add_even(block);
  else if (block.time_ns.size() == count)
    add_timed(block);
  any_ = true;
}

void PowerTraceBuilder::add_even(const base::PowerSamples& block) {
  const std::size_t count = std::max(block.current_ua.size(), block.power_uw.size());
  if (!any_) first_index_ = block.first_index;
  const double end_ns = start_ns_ + step_ns_ * static_cast<double>(steps_.size());
  int64_t index = block.first_index;
  auto gap = block.gaps.begin();
  for (std::size_t at = 0; at < count; ++at, ++index) {
    // What was lost in front of the first sample is in its position already.
    for (; gap != block.gaps.end() && gap->index - gap->count <= index; ++gap) {
      if (gap->index > block.first_index) index += gap->count;
    }
    if (at < block.flags.size() && (block.flags[at] & base::kSampleInvalid) != 0) continue;
    const double from_ns = static_cast<double>(index - first_index_) * period_ns_;
    if (from_ns >= end_ns) return;
    if (from_ns + period_ns_ <= start_ns_) continue;
    const double power = power_uw(block, at);
    add_span(from_ns, from_ns + period_ns_, power, power);
  }
}

void PowerTraceBuilder::add_timed(const base::PowerSamples& block) {
  for (std::size_t at = 0; at < block.time_ns.size(); ++at) {
    if (at < block.flags.size() && (block.flags[at] & base::kSampleInvalid) != 0) continue;
    const double power = power_uw(block, at);
    const int64_t now_ns = block.time_ns[at];
    if (!any_) first_ns_ = now_ns;
    // Power is the mean since the sample before; current is that of a moment.
    if (any_ && now_ns > last_ns_) {
      add_span(static_cast<double>(last_ns_ - first_ns_), static_cast<double>(now_ns - first_ns_),
               block.power_uw.empty() ? last_uw_ : power, power);
    }
    any_ = true;
    last_ns_ = now_ns;
    last_uw_ = power;
  }
}

void PowerTraceBuilder::add_span(double from_ns, double to_ns, double from_uw, double to_uw) {
  const double end_ns = start_ns_ + step_ns_ * static_cast<double>(steps_.size());
  const double begin_ns = std::max(from_ns, start_ns_);
  const double slope = (to_uw - from_uw) / (to_ns - from_ns);
  const double last_ns = std::min(to_ns, end_ns);
  if (begin_ns >= last_ns) return;
  auto at = static_cast<std::size_t>((begin_ns - start_ns_) / step_ns_);
  for (double now = begin_ns; now < last_ns && at < steps_.size(); ++at) {
    const double next = std::min(last_ns, start_ns_ + step_ns_ * static_cast<double>(at + 1));
    const double first = from_uw + slope * (now - from_ns);
    const double last = from_uw + slope * (next - from_ns);
    Step& step = steps_[at];
    const bool fresh = step.weight_ns <= 0;
    step.lowest_uw = fresh ? std::min(first, last) : std::min({step.lowest_uw, first, last});
    step.highest_uw = fresh ? std::max(first, last) : std::max({step.highest_uw, first, last});
    step.sum += (first + last) / 2 * (next - now);
    step.weight_ns += next - now;
    now = std::max(now, next);
  }
}

std::optional<base::PowerTrace> PowerTraceBuilder::finish() {
  const auto is_seen = [](const Step& step) { return step.weight_ns > 0; };
  const auto first = std::find_if(steps_.begin(), steps_.end(), is_seen);
  if (first == steps_.end()) return std::nullopt;
  trace_.start_ns += (first - steps_.begin()) * trace_.step_ns;
  auto before = first;
  for (auto step = first; step != steps_.end(); ++step) {
    if (!is_seen(*step)) continue;
    // Steps of which every sample was lost: a line from neighbour to neighbour.
    const double mean = step->sum / step->weight_ns;
    const double mean_before = before->sum / before->weight_ns;
    const auto distance = static_cast<double>(step - before);
    for (auto hole = before + 1; hole < step; ++hole) {
      const double value = mean_before + (mean - mean_before) * static_cast<double>(hole - before) / distance;
      trace_.lowest_uw.push_back(four_digits(value));
      trace_.mean_uw.push_back(four_digits(value));
      trace_.highest_uw.push_back(four_digits(value));
    }
    trace_.lowest_uw.push_back(four_digits(step->lowest_uw));
    trace_.mean_uw.push_back(four_digits(mean));
    trace_.highest_uw.push_back(four_digits(step->highest_uw));
    before = step;
  }
  return trace_;
}

}  // namespace slmrig::analyse
