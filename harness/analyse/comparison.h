// Variants of a model, or builds of a product, side by side: what differs, by how much, and whether that is
// more than noise. Pure: the terminal, the JSON and the page show these numbers.
//
// Of each subject everything was measured in the same way: one bench, model, suite and settings. The session
// is the unit of independence; repetitions within one do not narrow an interval.
//
// | figure | interval of its change, 95 % |
// |---|---|
// | instructions, bytes | none where all sessions of a subject agree: they are exact |
// | times, rates | of the ratio: Welch's t on the sessions' logarithms; nothing from a single session |
// | energy | of the ratio: the meter's comparative uncertainty, and the sessions' where that is more |
// | shares of answers | of the difference: paired by prompt, Agresti and Min (2005) |
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/metrics.h"
#include "harness/base/records/tier.h"
#include "harness/store/rows.h"

namespace slmrig::analyse {

// A session with the cell of it that is compared. Both outlive the call that they are given to.
struct MeasuredSession {
  const store::SessionData* session = nullptr;
  const store::CellData* cell = nullptr;
};

struct Subject {
  std::string name;  // a variant, or a build
  std::vector<MeasuredSession> sessions;
};

struct Interval {
  double low = 0;
  double high = 0;
};

enum class Judgement {
  kReference,  // of the first subject: the others are compared with it
  kBetter,
  kWorse,
  kSame,       // exactly, or no difference beyond noise
  kUndecided,  // the data cannot tell; `reason` says why
};
std::string_view to_string(Judgement judgement);

struct ComparedFigure {
  const base::Metric* metric = nullptr;
  double value = 0;  // mean of the sessions; shares: of all answers together
  uint32_t sessions = 0;
  base::Tier tier = base::Tier::kHardware;  // an energy's is its own
  // To the reference: value / reference, and for shares value - reference. Absent for the reference itself
  // and where it has no such figure.
  std::optional<double> change;
  std::optional<Interval> interval;  // of `change`; absent: exact, or not known (then undecided)
  bool is_exact = false;
  // That so much of a change is seen where there is none; absent: exact, or not known.
  std::optional<double> p_value;
  Judgement judgement = Judgement::kReference;
  std::string reason;
};

// A prompt that a subject answered otherwise than the reference, or right where that was wrong.
struct Flip {
  std::string prompt_id;
  std::string prompt_text;  // empty where the suite does not store texts; likewise the answers
  std::string reference_text;
  std::string text;
  std::optional<bool> reference_correct;
  std::optional<bool> correct;
};

struct ComparedSubject {
  std::string name;
  std::vector<ComparedFigure> figures;  // in the order of base::metrics(), those that were measured
  uint32_t answers = 0;                 // prompts that this subject and the reference both answered
  std::vector<Flip> flips;              // by prompt; the first session's answer stands for all
  std::string recommendation;           // in words; empty for the reference

  const ComparedFigure* figure(std::string_view metric) const;  // nullptr: not measured
};

struct Comparison {
  std::string bench;
  std::string board;
  std::string model;
  std::string suite;
  std::string settings;
  base::Tier tier = base::Tier::kHardware;
  store::CostUnit cost_unit = store::CostUnit::kNanoseconds;
  std::vector<ComparedSubject> subjects;  // the reference first
};

// `subjects` [2 or more], each with a session whose cell ended ok; the first is the reference. Subjects of
// another tier than the reference's must not come here: their figures are never compared.
Comparison compare(const std::vector<Subject>& subjects);

// Figures of the last subject that are worse, judged together: where many are compared, some differ by
// chance. Of those named here that are not exact, `false_share` or less are such (Benjamini and Hochberg).
std::vector<const ComparedFigure*> worse_figures(const std::vector<const Comparison*>& comparisons,
                                                 double false_share = 0.05);

}  // namespace slmrig::analyse
