#include "harness/analyse/uncertainty.h"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <numeric>
#include <span>

namespace slmrig::analyse {

namespace {

constexpr double kProbabilityOfTwo = 0.954499736103642;  // of +- 2 sigma
constexpr double kComparativeProbability = 0.95;
constexpr double kManyDegrees = 1e6;
constexpr std::size_t kBaselineBlocks =
    32;  // into which an idle span is divided: longer than what it correlates over
constexpr int64_t kTimedBlocks = 20;
constexpr double kSmallShare = 0.01;

double squared(double value) { return value * value; }

double student_factor(double degrees_of_freedom, double probability) {
  const double degrees = degrees_of_freedom > 0 ? std::min(degrees_of_freedom, kManyDegrees) : kManyDegrees;
  return boost::math::quantile(boost::math::students_t(degrees), (1 + probability) / 2);
}

struct Spread {
  double variance = 0;
  double degrees_of_freedom = 0;
};

// Independent contributions to one sum (Welch and Satterthwaite).
Spread sum_of(const std::vector<Spread>& parts) {
  Spread sum;
  double weight = 0;
  for (const Spread& part : parts) {
    sum.variance += part.variance;
    if (part.degrees_of_freedom > 0) weight += squared(part.variance) / part.degrees_of_freedom;
  }
  if (weight > 0) sum.degrees_of_freedom = squared(sum.variance) / weight;
  return sum;
}

// Variance of the mean of a series, from the means of at most `blocks` blocks of it.
Spread spread_of_mean(const std::vector<float>& values, std::size_t blocks) {
  const std::size_t length = std::max<std::size_t>(1, values.size() / blocks);
  std::vector<double> means;
  for (std::size_t at = 0; at + length <= values.size(); at += length) {
    double sum = 0;
    for (std::size_t i = at; i < at + length; ++i) sum += static_cast<double>(values[i]);
    means.push_back(sum / static_cast<double>(length));
  }
  if (means.size() < 2) return {};
  const auto count = static_cast<double>(means.size());
  const double mean = std::accumulate(means.begin(), means.end(), 0.0) / count;
  double squares = 0;
  for (const double value : means) squares += squared(value - mean);
  return {squares / (count - 1) / count, count - 1};
}

// Of the values in `samples`' blocks, those that tell something of their own, and no more than `most`: the
// same conversion read ten times is one observation.
std::size_t independent_blocks(const PowerSums& samples, std::size_t most) {
  if (samples.repeated == 0 || samples.samples <= 0) return most;
  return std::min(most, static_cast<std::size_t>(std::max<int64_t>(1, samples.samples - samples.repeated)));
}

// What another choice of sampling instants would have given: energies by every kSampleClasses-th sample.
Spread sampling_spread(const Window& window) {
  const PowerSums& sums = window.sums;
  const int64_t samples = std::accumulate(sums.class_samples.begin(), sums.class_samples.end(), int64_t{0});
  if (samples == 0) {
    const Spread mean =
        spread_of_mean(window.block_uw, independent_blocks(sums, static_cast<std::size_t>(kTimedBlocks)));
    return {mean.variance * squared(static_cast<double>(window.duration_ns()) * 1e-9),
            mean.degrees_of_freedom};
  }
  // Each class estimates the whole; those of a short window are few.
  std::vector<double> energies;
  for (std::size_t c = 0; c < kSampleClasses; ++c) {
    if (sums.class_samples[c] == 0) continue;
    energies.push_back(sums.class_uj[c] * static_cast<double>(samples) /
                       static_cast<double>(sums.class_samples[c]));
  }
  if (energies.size() < 2) return {};
  const auto count = static_cast<double>(energies.size());
  const double mean = std::accumulate(energies.begin(), energies.end(), 0.0) / count;
  double squares = 0;
  for (const double energy : energies) squares += squared(energy - mean);
  return {squares / (count - 1) / count, count - 1};
}

// Net energy and net time by range: what was measured there, less the share of idle that was.
struct ByRange {
  std::array<double, kMaxRanges> net_uj = {};
  std::array<double, kMaxRanges> net_s = {};
  double burden_uj = 0;
  std::size_t dominant = 0;
};

ByRange by_range(const PowerSums& sums, double duration_s, const UncertaintyInputs& inputs,
                 bool with_baseline) {
  ByRange result;
  const Baseline& idle = inputs.baseline;
  const bool takes_off = with_baseline && idle.known && idle.sums.duration_s() > 0;
  const double scale = takes_off ? duration_s / idle.sums.duration_s() : 0.0;
  for (std::size_t r = 0; r < kMaxRanges; ++r) {
    result.net_uj[r] = sums.range_uj[r] - scale * idle.sums.range_uj[r];
    result.net_s[r] = sums.range_s[r] - scale * idle.sums.range_s[r];
    result.burden_uj += sums.burden_uj[r] - scale * idle.sums.burden_uj[r];
    if (std::abs(result.net_uj[r]) > std::abs(result.net_uj[result.dominant])) result.dominant = r;
  }
  return result;
}

void add_rectangular(Budget& budget, const char* name, double standard, std::vector<double> comparative) {
  double variance = 0;
  for (const double each : comparative) variance += squared(each);
  budget.terms.push_back({{name, standard, std::sqrt(variance), 0}, false, std::move(comparative)});
}

void add_normal(Budget& budget, const char* name, const Spread& spread) {
  const double standard = std::sqrt(std::max(0.0, spread.variance));
  budget.terms.push_back({{name, standard, standard, spread.degrees_of_freedom}});
}

void add_gain_and_offset(Budget& budget, const ByRange& ranges, const UncertaintyInputs& inputs) {
  double gain = 0;
  double offset = 0;
  double not_dominant_uj = 0;
  std::vector<double> other_gains;
  std::vector<double> offsets;
  const double root_of_three = std::sqrt(3.0);
  for (std::size_t r = 0; r < std::min(kMaxRanges, inputs.meter.ranges.size()); ++r) {
    const base::MeterRange& range = inputs.meter.ranges[r];
    const double gain_uj = range.gain_half_width * std::abs(ranges.net_uj[r]) / root_of_three;
    gain += squared(gain_uj);
    if (r != ranges.dominant) {
      other_gains.push_back(gain_uj);
      not_dominant_uj += ranges.net_uj[r];
    }
    offsets.push_back(range.offset_ua * inputs.supply_mv * 1e-3 * std::abs(ranges.net_s[r]) / root_of_three);
    offset += squared(offsets.back());
  }
  if (ranges.dominant < inputs.meter.ranges.size()) {
    // The common factor is the dominant range's: what was measured elsewhere differs from it by both gains.
    const double common = inputs.meter.ranges[ranges.dominant].gain_half_width;
    other_gains.push_back(common * std::abs(not_dominant_uj) / root_of_three);
  }
  add_rectangular(budget, "gain", std::sqrt(gain), std::move(other_gains));
  add_rectangular(budget, "offset", std::sqrt(offset), std::move(offsets));
}

Spread edges_of(const Measured& measured, double half_width_s) {
  double variance = 0;
  for (const Window& part : measured.parts) {
    // Uniform over twice the half-width: width / sqrt(12).
    variance +=
        (squared(part.step_at_start_uw) + squared(part.step_at_end_uw)) * squared(2 * half_width_s) / 12;
  }
  return {variance, 0};
}

void expand(Budget& budget) {
  double variance = 0;
  double weight = 0;
  Spread normal;
  std::vector<Spread> normals;
  std::vector<double> rectangular;
  for (const Term& each : budget.terms) {
    const base::UncertaintyTerm& term = each.term;
    variance += squared(term.standard_uj);
    if (term.degrees_of_freedom > 0) weight += squared(squared(term.standard_uj)) / term.degrees_of_freedom;
    if (each.is_normal) normals.push_back({squared(term.comparative_uj), term.degrees_of_freedom});
    rectangular.insert(rectangular.end(), each.rectangles.begin(), each.rectangles.end());
  }
  normal = sum_of(normals);
  const double degrees = weight > 0 ? squared(variance) / weight : 0.0;
  const double factor =
      degrees > 0 && degrees < kManyDegrees ? student_factor(degrees, kProbabilityOfTwo) : 2.0;
  budget.expanded_uj = factor * std::sqrt(variance);
  budget.comparative_uj = interval_half_width(std::sqrt(normal.variance), normal.degrees_of_freedom,
                                              rectangular, kComparativeProbability);
}

}  // namespace

std::vector<base::UncertaintyTerm> Budget::published() const {
  std::vector<base::UncertaintyTerm> list;
  for (const Term& each : terms) list.push_back(each.term);
  return list;
}

double Budget::random_variance_uj2() const {
  double variance = 0;
  for (const Term& each : terms) {
    const std::string& name = each.term.name;
    if (name == "edges" || name == "sampling" || name == "gaps") variance += squared(each.term.standard_uj);
  }
  return variance;
}

Baseline baseline_of(const PassWindows& windows) {
  Baseline idle;
  std::vector<double> means;
  std::vector<Spread> spreads;
  const auto take = [&](std::span<const Window> spans) {
    std::vector<float> blocks;
    PowerSums sums;
    for (const Window& span : spans) {
      sums.add(span.sums);
      blocks.insert(blocks.end(), span.block_uw.begin(), span.block_uw.end());
    }
    idle.sums.add(sums);
    if (blocks.empty()) return;
    means.push_back(std::accumulate(blocks.begin(), blocks.end(), 0.0) / static_cast<double>(blocks.size()));
    spreads.push_back(spread_of_mean(blocks, independent_blocks(sums, kBaselineBlocks)));
  };
  take(windows.idle_before);
  for (const Window& between : windows.idle_between) take({&between, 1});
  take(windows.idle_after);
  idle.known = !means.empty();
  if (!idle.known) return idle;
  idle.before_uw = means.front();
  idle.after_uw = means.back();
  // What ran between two idle spans is told by their mean; all that ran, by the mean of those means.
  const std::size_t last = means.size() - 1;
  for (std::size_t i = 0; i <= last; ++i) {
    const double weight = last == 0 ? 1.0 : (i == 0 || i == last ? 0.5 : 1.0) / static_cast<double>(last);
    idle.power_uw += weight * means[i];
    spreads[i].variance *= squared(weight);
    if (i > 0) idle.drift_uw = std::max(idle.drift_uw, std::abs(means[i] - means[i - 1]));
  }
  const Spread all = sum_of(spreads);
  idle.standard_uw = std::sqrt(all.variance);
  idle.degrees_of_freedom = all.degrees_of_freedom;
  return idle;
}

Budget budget_of(const Measured& measured, const UncertaintyInputs& inputs) {
  Budget budget;
  PowerSums sums;
  double duration_s = 0;
  std::vector<Spread> sampling;
  for (const Window& part : measured.parts) {
    sums.add(part.sums);
    duration_s += static_cast<double>(part.duration_ns()) * 1e-9;
    sampling.push_back(sampling_spread(part));
  }
  const Baseline& idle = inputs.baseline;
  const bool takes_off = measured.with_baseline && idle.known;
  budget.gross_uj = sums.energy_uj();
  budget.net_uj = budget.gross_uj - (takes_off ? idle.power_uw * duration_s : 0.0);

  const ByRange ranges = by_range(sums, duration_s, inputs, measured.with_baseline);
  add_gain_and_offset(budget, ranges, inputs);
  const double set_point = inputs.meter.voltage_half_width * std::abs(budget.net_uj);
  add_rectangular(budget, "voltage", std::sqrt((squared(set_point) + squared(ranges.burden_uj)) / 3), {});
  add_rectangular(budget, "time_base", inputs.time_base_half_width * std::abs(budget.net_uj) / std::sqrt(3.0),
                  {});
  add_normal(budget, "edges", edges_of(measured, inputs.edge_half_width_s));
  add_normal(budget, "sampling", sum_of(sampling));
  const double switching = std::abs(sums.filtered_difference_uj) / std::sqrt(3.0);
  add_rectangular(budget, "switching", switching, {switching});
  add_normal(budget, "gaps", {sums.gap_variance_uj2, 0});
  if (takes_off) {
    add_normal(budget, "baseline", {squared(duration_s * idle.standard_uw), idle.degrees_of_freedom});
    const double drift = duration_s * idle.drift_uw / std::sqrt(12.0);
    add_rectangular(budget, "baseline_drift", drift, {drift});
  }
  if (measured.repeats_degrees_of_freedom > 0) {
    add_normal(budget, "repeats", {measured.repeats_variance_uj2, measured.repeats_degrees_of_freedom});
  }
  expand(budget);
  return budget;
}

double interval_half_width(double normal, double degrees_of_freedom, const std::vector<double>& rectangular,
                           double probability) {
  // Few degrees of freedom widen the normal part as Student would.
  const double infinite = student_factor(0, probability);
  const double sigma =
      normal * (degrees_of_freedom > 0 ? student_factor(degrees_of_freedom, probability) / infinite : 1.0);
  double variance = squared(sigma);
  for (const double standard : rectangular) variance += squared(standard);
  if (variance <= 0) return 0;
  const double scale = std::sqrt(variance);
  // Small ones make no difference to the shape.
  std::vector<double> half_widths;  // in units of scale
  double smooth_variance = squared(sigma / scale);
  for (const double standard : rectangular) {
    if (squared(standard) < kSmallShare * variance) {
      smooth_variance += squared(standard / scale);
    } else {
      half_widths.push_back(standard / scale * std::sqrt(3.0));
    }
  }
  if (half_widths.empty()) return infinite * scale;
  // P(|X| <= x) = 2/pi integral of sin(x t)/t phi(t) dt, with the characteristic function phi of the sum. A
  // small normal part makes it converge where there is none. Steps of 0.4 repeat the distribution every
  // 15.7 standard deviations, far beyond its own width.
  constexpr double kStep = 0.4;
  const double smooth = std::sqrt(smooth_variance + squared(0.03));
  std::vector<double> weights;
  for (double t = kStep / 2; t < 6.0 / smooth; t += kStep) {
    double phi = std::exp(-squared(smooth * t) / 2);
    for (const double half_width : half_widths) phi *= std::sin(half_width * t) / (half_width * t);
    weights.push_back(2 / M_PI * kStep * phi / t);
  }
  const auto holds = [&](double x) {
    double sum = 0;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      sum += weights[i] * std::sin(x * kStep * (static_cast<double>(i) + 0.5));
    }
    return sum;
  };
  double low = 0;
  double high = 4;
  for (int i = 0; i < 16; ++i) {
    const double middle = (low + high) / 2;
    (holds(middle) < probability ? low : high) = middle;
  }
  return high * scale;
}

}  // namespace slmrig::analyse
