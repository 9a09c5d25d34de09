#include "harness/gate/internal/judge.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/base/records/plan.h"
#include "harness/gate/words.h"

namespace slmrig::gate {
namespace {

constexpr double kInfinite = std::numeric_limits<double>::infinity();
// More than anybody writes for a suite.
constexpr uint64_t kMostPrompts = 100'000;

// Peaks that the operating system counts differ from session to session; all other bytes are laid out.
bool is_counted_by_system(const base::Metric& metric) {
  return metric.name == "memory_process_bytes" || metric.name == "memory_cgroup_bytes";
}

bool is_exact(const Budget& budget) {
  const base::Metric& metric = *budget.metric;
  if (metric.basis == base::MetricBasis::kEnergy) return false;
  if (metric.basis == base::MetricBasis::kTime) return quantile_of_singles(metric) == 1.0;
  if (metric.basis == base::MetricBasis::kInstructions) return true;
  return !is_counted_by_system(metric) && !budget.prompts_are_sample;
}

uint64_t samples_of(const std::vector<Reading>& readings) {
  uint64_t samples = 0;
  for (const Reading& reading : readings) samples += reading.samples;
  return samples;
}

// A prompt that is asked again and again is one prompt: right where most of its answers are.
Estimate share_of_prompts(const std::vector<Reading>& readings, double confidence) {
  std::map<std::string, std::pair<uint64_t, uint64_t>> prompts;
  for (const Reading& reading : readings) {
    for (const auto& [prompt, counts] : reading.prompts) {
      prompts[prompt].first += counts.first;
      prompts[prompt].second += counts.second;
    }
  }
  uint64_t right = 0;
  for (const auto& [prompt, counts] : prompts) right += 2 * counts.first > counts.second ? 1 : 0;
  Estimate estimate = share_estimate(right, prompts.size(), confidence);
  estimate.sessions = static_cast<uint32_t>(readings.size());
  return estimate;
}

// Absolute limits feel all that a meter is wrong by; those against a release what differs between two
// measurements by the same meter.
double systematic_of(const std::vector<Reading>& readings, bool comparative, double value) {
  double worst = 0;
  for (const Reading& reading : readings) {
    if (!reading.energy) continue;
    const double absolute = reading.energy->absolute;
    const double common = std::sqrt(
        std::max(0.0, absolute * absolute - reading.energy->comparative * reading.energy->comparative));
    worst = std::max(worst, comparative ? 0.0 : common);
  }
  return worst * std::abs(value);
}

// What comparing with the release hinders; empty: nothing.
std::string hindrance(const Budget& budget, const std::vector<Reading>& here,
                      const std::vector<Reading>& there) {
  if (is_exact(budget)) return {};
  std::set<std::string> units;
  std::set<std::string> meters;
  for (const auto* readings : {&here, &there}) {
    for (const Reading& reading : *readings) {
      units.insert(reading.session->unit_id);
      if (reading.energy) meters.insert(reading.energy->meter);
    }
  }
  const std::string again = fmt::format("measure the build of {} again on this bench", budget.limit.release);
  if (units.size() > 1) {
    return fmt::format("different boards were behind this bench ({}), which differ by themselves; {}",
                       fmt::join(units, ", "), again);
  }
  if (meters.size() > 1) {
    return fmt::format("different meters measured them ({}), which differ by themselves; {}",
                       fmt::join(meters, ", "), again);
  }
  return {};
}

void note_sessions(const BenchReadings& readings, BenchResult& result) {
  std::set<std::string> units;
  for (const GateSession* session : readings.all) {
    if (!session->unit_id.empty()) units.insert(session->unit_id);
    result.session_ids.push_back(session->session_id);
    if (std::find(result.run_ids.begin(), result.run_ids.end(), session->run_id) == result.run_ids.end()) {
      result.run_ids.push_back(session->run_id);
    }
  }
  result.units.assign(units.begin(), units.end());
}

bool is_answerless(const BenchReadings& readings, BenchResult& result) {
  if (!readings.readings.empty()) return false;
  const bool doubted = !readings.doubts.empty();
  result.verdict = doubted ? Verdict::kUntrusted : Verdict::kMissing;
  result.reason = fmt::format("{}", fmt::join(doubted ? readings.doubts : readings.absences, "; "));
  return true;
}

SessionsWanted wanted_of(const JudgeQuestion& question, const BenchResult& result) {
  SessionsWanted wanted;
  wanted.confidence = question.confidence;
  wanted.standard_deviation = result.estimate->standard_deviation;
  wanted.degrees_of_freedom =
      std::max(0.0, result.estimate->degrees_of_freedom - (result.estimate->sessions - 1.0));
  if (result.release && !result.release->exact) {
    const double error = question.budget->limit.factor * result.release->standard_deviation;
    wanted.other_variance = error * error / result.release->sessions;
  }
  return wanted;
}

// Sessions that the order statistics of a percentile want: their bounds narrow with the root of the samples.
double sessions_for_samples(const JudgeQuestion& question, const Estimate& estimate, double bound,
                            double distance) {
  const auto quantile = quantile_of_singles(*question.budget->metric);
  if (!quantile || estimate.samples == 0) return 0;
  const double each = static_cast<double>(estimate.samples) / estimate.sessions;
  if (std::isinf(bound))
    return std::ceil(static_cast<double>(least_samples(*quantile, question.confidence)) / each);
  const double ratio = std::abs(bound - estimate.value) / distance;
  return std::ceil(estimate.sessions * ratio * ratio);
}

std::string more_text(uint32_t more) {
  return fmt::format("{} more session{} would decide", more, more == 1 ? "" : "s");
}

// The share of right prompts is too near its limit for so few of them.
void explain_prompts(const JudgeQuestion& question, BenchResult& result) {
  const Estimate& estimate = *result.estimate;
  result.reason = fmt::format("{} prompts are too few to tell", estimate.samples);
  if (result.release) return;  // whose share is not known exactly either
  const std::optional<uint64_t> prompts =
      prompts_for(estimate.value, result.limit, question.confidence, kMostPrompts);
  if (!prompts) {
    result.verdict = Verdict::kUnmeasurable;
    result.reason += fmt::format(", and so would {} be", kMostPrompts);
    return;
  }
  result.more_prompts = *prompts - std::min(*prompts - 1, estimate.samples);
  result.reason += fmt::format("; about {} more would decide", result.more_prompts);
}

// The interval straddles the limit: what would decide?
void explain_straddle(const JudgeQuestion& question, const Difference& beyond, BenchResult& result) {
  const Estimate& estimate = *result.estimate;
  const base::Metric& metric = *question.budget->metric;
  result.verdict = Verdict::kInconclusive;
  if (question.budget->prompts_are_sample) return explain_prompts(question, result);
  if (estimate.degrees_of_freedom <= 0 || (result.release && result.release->degrees_of_freedom <= 0)) {
    const bool here = estimate.degrees_of_freedom <= 0;
    const uint32_t sessions = here ? estimate.sessions : result.release->sessions;
    result.more_sessions = base::kSessionsOfGate - std::min(base::kSessionsOfGate - 1, sessions);
    result.reason = fmt::format(
        "{}one session does not tell how sessions differ, nor do fewer than {} nights of "
        "history; {} more sessions{} would",
        here ? "" : question.budget->limit.release + ": ", 8, result.more_sessions, here ? "" : " of it");
    return;
  }
  const SessionsWanted wanted = wanted_of(question, result);
  result.detectable = detectable_distance(estimate.sessions, wanted);
  const double distance = std::abs(beyond.value);
  const std::optional<uint32_t> sessions = sessions_for(distance, wanted, question.most_sessions);
  const double bound =
      question.budget->limit.comparison == Comparison::kAtMost ? estimate.high : estimate.low;
  const double for_samples = sessions_for_samples(question, estimate, bound, distance);
  if (!sessions || for_samples > question.most_sessions) {
    result.verdict = Verdict::kUnmeasurable;
    const double least = detectable_distance(question.most_sessions, wanted);
    result.reason =
        fmt::format("{} from the limit, and {} sessions tell no less than {}", value_text(distance, metric),
                    question.most_sessions, value_text(least, metric));
    return;
  }
  const auto enough = std::max(*sessions, static_cast<uint32_t>(for_samples));
  result.more_sessions = std::max(1U, enough - std::min(enough, estimate.sessions));
  result.reason = more_text(result.more_sessions);
  if (std::isinf(bound) && estimate.samples > 0) {
    const double quantile = quantile_of_singles(metric).value_or(0.5);
    result.reason =
        fmt::format("a bound of this percentile takes {} samples, there are {}; {}",
                    least_samples(quantile, question.confidence), estimate.samples, result.reason);
  }
}

void decide(const JudgeQuestion& question, BenchResult& result) {
  const Limit& limit = question.budget->limit;
  const Estimate& estimate = *result.estimate;
  Estimate bound;
  bound.value = bound.low = bound.high = limit.value;
  const Difference plain = result.release ? difference_of(estimate, *result.release, limit.factor)
                                          : difference_of(estimate, bound, 1);
  const bool at_most = limit.comparison == Comparison::kAtMost;
  const Difference beyond = at_most ? plain : Difference{-plain.value, -plain.high, -plain.low};
  result.limit = result.release ? limit.factor * result.release->value : limit.value;
  if (estimate.exact && (!result.release || result.release->exact)) {
    result.verdict = beyond.value <= 0 ? Verdict::kPass : Verdict::kFail;
    result.p_value = beyond.value <= 0 ? 1 : 0;
    return;
  }
  const SessionsWanted wanted = wanted_of(question, result);
  const double variance =
      estimate.standard_deviation * estimate.standard_deviation / std::max(1U, estimate.sessions) +
      wanted.other_variance;
  result.p_value = chance_of(beyond.value, std::sqrt(variance), estimate.degrees_of_freedom);
  result.detectable = estimate.degrees_of_freedom > 0 ? detectable_distance(estimate.sessions, wanted) : 0;
  const double systematic = estimate.systematic;
  if (beyond.high + systematic <= 0) {
    result.verdict = Verdict::kPass;
  } else if (beyond.low - systematic > 0) {
    result.verdict = Verdict::kFail;
  } else if (systematic > 0 && std::abs(beyond.value) <= systematic) {
    result.verdict = Verdict::kSystematicLimited;
    result.reason = fmt::format(
        "{} from the limit, and the meter itself is known to {}; a limit against a release "
        "on this bench could be decided",
        value_text(std::abs(beyond.value), *question.budget->metric),
        value_text(systematic, *question.budget->metric));
  } else {
    explain_straddle(question, beyond, result);
  }
}

}  // namespace

double distance_beyond(const Limit& limit, double value, double limit_value) {
  return limit.comparison == Comparison::kAtMost ? value - limit_value : limit_value - value;
}

Estimate estimate_of(const Budget& budget, const std::vector<Reading>& readings,
                     const std::optional<KnownSpread>& spread, double confidence) {
  if (budget.prompts_are_sample) return share_of_prompts(readings, confidence);
  std::vector<double> of_sessions;
  for (const Reading& reading : readings) of_sessions.push_back(reading.value);
  if (is_exact(budget)) {
    Estimate estimate = exact_estimate(std::move(of_sessions), budget.metric->better);
    estimate.samples = samples_of(readings);
    return estimate;
  }
  Estimate estimate = mean_estimate(std::move(of_sessions), spread, confidence);
  estimate.samples = samples_of(readings);
  if (const auto quantile = quantile_of_singles(*budget.metric)) {
    std::vector<std::vector<double>> samples;
    for (const Reading& reading : readings) samples.push_back(reading.singles);
    widen_by_order_statistics(samples, *quantile, confidence, estimate);
  }
  estimate.systematic = systematic_of(readings, !budget.limit.release.empty(), estimate.value);
  return estimate;
}

BenchResult judge(const JudgeQuestion& question, const BenchReadings& readings) {
  BenchResult result;
  note_sessions(readings, result);
  if (is_answerless(readings, result)) return result;
  const Budget& budget = *question.budget;
  result.estimate = estimate_of(budget, readings.readings, question.spread, question.confidence);
  if (budget.limit.is_of_drift()) {
    SLMRIG_CHECK(question.stable.has_value());
    if (!question.stable->missing.empty()) {
      result.verdict = Verdict::kMissing;
      result.reason = "no stable level: " + question.stable->missing;
      return result;
    }
    result.release = level_estimate(*question.stable, is_exact(budget), question.confidence);
  } else if (!budget.limit.release.empty()) {
    if (!question.release || question.release->readings.empty()) {
      result.verdict = Verdict::kMissing;
      result.reason = fmt::format("{} has no trusted figure of this on this bench", budget.limit.release);
      return result;
    }
    result.release =
        estimate_of(budget, question.release->readings, question.release_spread, question.confidence);
    result.limit = budget.limit.factor * result.release->value;
    const std::string hinders = hindrance(budget, readings.readings, question.release->readings);
    if (!hinders.empty()) {
      result.verdict = Verdict::kSystematicLimited;
      result.reason = hinders;
      return result;
    }
  }
  decide(question, result);
  const std::size_t silent = readings.all.size() - readings.readings.size();
  if (silent > 0) {
    std::vector<std::string> why = readings.doubts;
    why.insert(why.end(), readings.absences.begin(), readings.absences.end());
    result.reason +=
        fmt::format("{}{} of {} sessions gave no trusted figure: {}", result.reason.empty() ? "" : "; ",
                    silent, readings.all.size(), fmt::join(why, "; "));
  }
  return result;
}

bool is_within(const Limit& ceiling, const BenchResult& result) {
  if (!result.estimate) return false;
  const Estimate& estimate = *result.estimate;
  const double worst = ceiling.comparison == Comparison::kAtMost ? estimate.high + estimate.systematic
                                                                 : estimate.low - estimate.systematic;
  return std::isfinite(worst) && distance_beyond(ceiling, worst, ceiling.value) <= 0;
}

}  // namespace slmrig::gate
