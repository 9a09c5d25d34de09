#include "harness/analyse/comparison.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "harness/analyse/false_discovery.h"
#include "harness/analyse/internal/comparison_intervals.h"
#include "harness/analyse/internal/recommendation.h"
#include "harness/analyse/series.h"
#include "harness/base/error.h"

namespace slmrig::analyse {
namespace {

// What people compare variants by; the other metrics are parts of these. Of a session's unit, those that it
// has.
constexpr std::array<std::string_view, 13> kComparedMetrics = {"cold_start_ms_p50",
                                                               "cold_start_instructions_p50",
                                                               "ttft_ms_p50",
                                                               "token_ms_p50",
                                                               "token_ms_p99",
                                                               "decode_tokens_per_s",
                                                               "ttft_instructions_p50",
                                                               "token_instructions_p50",
                                                               "token_instructions_p99",
                                                               "token_instructions_mean",
                                                               "memory_peak_bytes",
                                                               "image_bytes",
                                                               "accuracy"};
constexpr std::string_view kEnergyMetric = "energy_uj_per_answer";
constexpr std::string_view kAccuracyMetric = "accuracy";

// Intervals wider than this that hold "no change" decide nothing: neither a difference nor its absence.
constexpr double kWidestSameRatio = 0.03;  // half-width
constexpr double kWidestSameShare = 0.02;

bool is_compared(std::string_view metric) {
  return std::find(kComparedMetrics.begin(), kComparedMetrics.end(), metric) != kComparedMetrics.end();
}

// One value a session.
using SessionValues = std::map<std::string, std::vector<double>, std::less<>>;

SessionValues session_values_of(const Subject& subject) {
  SessionValues values;
  for (const MeasuredSession& measured : subject.sessions) {
    for (const store::SeriesValue& value : series_values(*measured.session)) {
      const bool belongs = value.cell_id.empty() || value.cell_id == measured.cell->cell.cell_id;
      if (belongs && is_compared(value.metric)) values[value.metric].push_back(value.value);
    }
  }
  return values;
}

double mean_of(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

bool all_equal(const std::vector<double>& values) {
  return std::all_of(values.begin(), values.end(), [&](double value) { return value == values.front(); });
}

// An answer's gross energy, as a mean of the sessions' means.
struct AnswerEnergy {
  std::vector<double> values_uj;  // by session
  double relative_half_width = 0;
  base::Tier tier = base::Tier::kHardware;
};

AnswerEnergy answer_energy_of(const Subject& subject) {
  AnswerEnergy answer;
  for (const MeasuredSession& measured : subject.sessions) {
    if (!measured.cell->energy) continue;
    const base::Energy& energy = *measured.cell->energy;
    double gross_uj = 0;
    double half_width_uj = 0;
    uint32_t generations = 0;
    for (const base::PhaseEnergy& phase : energy.phases) {
      if (phase.phase != base::EnergyPhase::kPrefill && phase.phase != base::EnergyPhase::kDecode) continue;
      gross_uj += phase.gross_uj;
      half_width_uj += phase.comparative_uncertainty_uj;  // of one meter: their errors are shared
      generations = std::max(generations, phase.generations);
    }
    if (generations == 0 || gross_uj <= 0) continue;
    answer.values_uj.push_back(gross_uj / generations);
    answer.relative_half_width = std::max(answer.relative_half_width, half_width_uj / gross_uj);
    answer.tier = energy.tier;
  }
  return answer;
}

// How often a prompt was answered right, and the text of its first answer.
struct PromptAnswers {
  uint32_t checked = 0;
  uint32_t correct = 0;
  const store::GenerationRow* first = nullptr;
};

using AnswersByPrompt = std::map<std::string, PromptAnswers>;

AnswersByPrompt answers_of(const Subject& subject) {
  AnswersByPrompt answers;
  for (const MeasuredSession& measured : subject.sessions) {
    for (const store::GenerationRow& generation : measured.cell->generations) {
      PromptAnswers& prompt = answers[generation.prompt_id];
      if (prompt.first == nullptr) prompt.first = &generation;
      if (generation.correct) {
        ++prompt.checked;
        if (*generation.correct) ++prompt.correct;
      }
    }
  }
  return answers;
}

PairedAnswers paired(const AnswersByPrompt& reference, const AnswersByPrompt& subject) {
  PairedAnswers pairs;
  for (const auto& [prompt_id, left] : reference) {
    const auto found = subject.find(prompt_id);
    if (found == subject.end() || left.checked == 0 || found->second.checked == 0) continue;
    ++pairs.prompts;
    const double before = static_cast<double>(left.correct) / left.checked;
    const double after = static_cast<double>(found->second.correct) / found->second.checked;
    pairs.only_reference_right += std::max(0.0, before - after);
    pairs.only_subject_right += std::max(0.0, after - before);
  }
  return pairs;
}

bool is_other_answer(const store::GenerationRow& reference, const store::GenerationRow& row) {
  return reference.token_ids_sha256 != row.token_ids_sha256 || reference.correct != row.correct;
}

std::vector<Flip> flips_of(const AnswersByPrompt& reference, const AnswersByPrompt& subject) {
  std::vector<Flip> flips;
  for (const auto& [prompt_id, left] : reference) {
    const auto found = subject.find(prompt_id);
    if (found == subject.end() || !is_other_answer(*left.first, *found->second.first)) continue;
    const store::GenerationRow& row = *found->second.first;
    flips.push_back({prompt_id, row.prompt_text, left.first->output_text, row.output_text,
                     left.first->correct, row.correct});
  }
  return flips;
}

// No change is `neutral`: 1 for a ratio, 0 for a difference.
Judgement judged(const base::Metric& metric, double neutral, const Interval& interval, double widest_same) {
  const bool is_higher = interval.low > neutral;
  const bool is_lower = interval.high < neutral;
  if (is_higher || is_lower) {
    return is_higher == (metric.better == base::Better::kHigher) ? Judgement::kBetter : Judgement::kWorse;
  }
  return (interval.high - interval.low) / 2 <= widest_same ? Judgement::kSame : Judgement::kUndecided;
}

void judge_exact(ComparedFigure& figure) {
  figure.is_exact = true;
  if (*figure.change == 1) {
    figure.judgement = Judgement::kSame;
  } else {
    const bool is_higher = *figure.change > 1;
    figure.judgement = is_higher == (figure.metric->better == base::Better::kHigher) ? Judgement::kBetter
                                                                                     : Judgement::kWorse;
  }
}

void judge_ratio(ComparedFigure& figure, std::optional<Interval> interval) {
  figure.interval = interval;
  if (!interval) {
    figure.judgement = Judgement::kUndecided;
    figure.reason = "one session tells nothing of the spread between sessions; measure two or more of each";
    return;
  }
  figure.judgement = judged(*figure.metric, 1, *interval, kWidestSameRatio);
  if (figure.judgement == Judgement::kUndecided) {
    figure.reason = fmt::format("known to within {:.1f} %, which more sessions would narrow",
                                50 * (interval->high - interval->low));
  }
}

void judge_share(ComparedFigure& figure, const PairedAnswers& pairs) {
  figure.interval = paired_interval(pairs);
  figure.p_value = paired_p_value(pairs);
  figure.judgement = judged(*figure.metric, 0, *figure.interval, kWidestSameShare);
  if (figure.judgement == Judgement::kUndecided) {
    figure.reason =
        fmt::format("known to within {:.1f} points over {} prompts; about {} would tell {:.0f} points",
                    50 * (figure.interval->high - figure.interval->low), pairs.prompts,
                    prompts_for(pairs, kWidestSameShare), 100 * kWidestSameShare);
  }
}

// Compares one subject with the reference, which may be itself.
class SubjectComparison {
 public:
  SubjectComparison(const Subject& reference, const Subject& subject)
      : is_reference_(&reference == &subject),
        reference_values_(session_values_of(reference)),
        values_(session_values_of(subject)),
        reference_energy_(answer_energy_of(reference)),
        energy_(answer_energy_of(subject)),
        reference_answers_(answers_of(reference)),
        answers_(answers_of(subject)),
        tier_(subject.sessions.front().session->session.tier) {
    result_.name = subject.name;
  }

  ComparedSubject result() {
    for (const base::Metric& metric : base::metrics()) {
      if (metric.name == kEnergyMetric) {
        add_energy(metric);
      } else if (values_.contains(metric.name)) {
        add(metric);
      }
    }
    for (const auto& [prompt_id, answers] : answers_) {
      if (reference_answers_.contains(prompt_id)) ++result_.answers;
    }
    if (!is_reference_) result_.flips = flips_of(reference_answers_, answers_);
    return std::move(result_);
  }

 private:
  void add(const base::Metric& metric) {
    const std::vector<double>& values = values_.find(metric.name)->second;
    ComparedFigure figure;
    figure.metric = &metric;
    figure.value = mean_of(values);
    figure.sessions = static_cast<uint32_t>(values.size());
    figure.tier = tier_;
    const auto reference = reference_values_.find(metric.name);
    if (!is_reference_ && reference != reference_values_.end()) {
      compare_values(reference->second, values, figure);
    }
    result_.figures.push_back(std::move(figure));
  }

  void compare_values(const std::vector<double>& reference, const std::vector<double>& values,
                      ComparedFigure& figure) const {
    const double before = mean_of(reference);
    if (figure.metric->name == kAccuracyMetric) {
      figure.change = figure.value - before;
      judge_share(figure, paired(reference_answers_, answers_));
      return;
    }
    if (before <= 0) return;
    figure.change = figure.value / before;
    const bool counts = figure.metric->unit == "instructions" || figure.metric->unit == "bytes";
    if (counts && all_equal(reference) && all_equal(values)) return judge_exact(figure);
    figure.p_value = ratio_p_value(reference, values);
    judge_ratio(figure, ratio_interval(reference, values));
  }

  void add_energy(const base::Metric& metric) {
    if (energy_.values_uj.empty()) return;
    ComparedFigure figure;
    figure.metric = &metric;
    figure.value = mean_of(energy_.values_uj);
    figure.sessions = static_cast<uint32_t>(energy_.values_uj.size());
    figure.tier = energy_.tier;
    if (!is_reference_ && !reference_energy_.values_uj.empty() && reference_energy_.tier == energy_.tier) {
      figure.change = figure.value / mean_of(reference_energy_.values_uj);
      figure.p_value =
          ratio_p_value(*figure.change, reference_energy_.relative_half_width, energy_.relative_half_width);
      Interval interval =
          ratio_interval(*figure.change, reference_energy_.relative_half_width, energy_.relative_half_width);
      if (const auto sessions = ratio_interval(reference_energy_.values_uj, energy_.values_uj)) {
        interval = {std::min(interval.low, sessions->low), std::max(interval.high, sessions->high)};
        figure.p_value =
            std::max(*figure.p_value, *ratio_p_value(reference_energy_.values_uj, energy_.values_uj));
      }
      judge_ratio(figure, interval);
    }
    result_.figures.push_back(std::move(figure));
  }

  bool is_reference_;
  SessionValues reference_values_;
  SessionValues values_;
  AnswerEnergy reference_energy_;
  AnswerEnergy energy_;
  AnswersByPrompt reference_answers_;
  AnswersByPrompt answers_;
  base::Tier tier_;
  ComparedSubject result_;
};

}  // namespace

std::vector<const ComparedFigure*> worse_figures(const std::vector<const Comparison*>& comparisons,
                                                 double false_share) {
  std::vector<const ComparedFigure*> worse;
  std::vector<const ComparedFigure*> uncertain;
  std::vector<double> p_values;
  for (const Comparison* comparison : comparisons) {
    for (const ComparedFigure& figure : comparison->subjects.back().figures) {
      if (figure.is_exact && figure.judgement == Judgement::kWorse) worse.push_back(&figure);
      if (!figure.p_value) continue;
      uncertain.push_back(&figure);
      p_values.push_back(*figure.p_value);
    }
  }
  const std::vector<double> q_values = adjusted_p_values(p_values);
  for (std::size_t i = 0; i < uncertain.size(); ++i) {
    if (uncertain[i]->judgement == Judgement::kWorse && q_values[i] <= false_share)
      worse.push_back(uncertain[i]);
  }
  return worse;
}

std::string_view to_string(Judgement judgement) {
  switch (judgement) {
    case Judgement::kReference: return "reference";
    case Judgement::kBetter: return "better";
    case Judgement::kWorse: return "worse";
    case Judgement::kSame: return "same";
    case Judgement::kUndecided: return "undecided";
  }
  return "";
}

const ComparedFigure* ComparedSubject::figure(std::string_view metric) const {
  const auto found = std::find_if(figures.begin(), figures.end(),
                                  [&](const ComparedFigure& each) { return each.metric->name == metric; });
  return found == figures.end() ? nullptr : &*found;
}

Comparison compare(const std::vector<Subject>& subjects) {
  SLMRIG_CHECK(subjects.size() >= 2);
  const MeasuredSession& first = subjects.front().sessions.front();
  const store::SessionRow& about = first.session->session;
  Comparison comparison;
  comparison.bench = about.bench;
  comparison.board = about.board;
  comparison.model = about.model;
  comparison.suite = first.cell->cell.suite;
  comparison.settings = first.cell->cell.settings;
  comparison.tier = about.tier;
  comparison.cost_unit = about.cost_unit;
  for (const Subject& subject : subjects) {
    comparison.subjects.push_back(SubjectComparison(subjects.front(), subject).result());
  }
  for (std::size_t i = 1; i < comparison.subjects.size(); ++i) {
    comparison.subjects[i].recommendation = recommendation(comparison.subjects[i]);
  }
  return comparison;
}

}  // namespace slmrig::analyse
