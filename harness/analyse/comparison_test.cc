#include "harness/analyse/comparison.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "harness/analyse/comparison_subjects.h"
#include "harness/analyse/internal/comparison_intervals.h"
#include "harness/analyse/rows_for_test.h"

namespace slmrig::analyse {
namespace {

store::GenerationRow answer(const std::string& prompt_id, const std::string& text, bool is_right,
                            int64_t token_cost) {
  store::GenerationRow row = generation_of({5000, token_cost, token_cost, token_cost});
  row.prompt_id = prompt_id;
  row.prompt_text = "what about " + prompt_id;
  row.output_text = text;
  row.token_ids_sha256 = text;
  row.correct = is_right;
  return row;
}

// `right` of the answers to `prompts` prompts are right, each of whose tokens costs `token_cost`.
store::SessionData session(const std::string& variant, int prompts, int right, int64_t token_cost) {
  std::vector<store::GenerationRow> answers;
  for (int i = 0; i < prompts; ++i) {
    const bool is_right = i < right;
    answers.push_back(answer("p-" + std::to_string(100 + i), is_right ? "yes" : "no", is_right, token_cost));
  }
  store::SessionData data = session_of({cell_of(variant + "-c", std::move(answers))});
  data.session.model = "wrist-nano";
  data.session.variant = variant;
  return data;
}

store::RunData run_of(std::vector<store::SessionData> sessions) {
  store::RunData run;
  run.run.run_id = "0192aaaa-0000-run";
  run.sessions = std::move(sessions);
  return run;
}

Comparison compared(const store::RunData& run) {
  const std::vector<ComparedPlace> places = places_of(run);
  REQUIRE(places.size() == 1);
  return compare(variants_at(run, places.front()));
}

ComparedFigure figure_of(const Comparison& comparison, std::size_t subject, const char* metric) {
  const ComparedFigure* figure = comparison.subjects.at(subject).figure(metric);
  REQUIRE(figure != nullptr);
  return *figure;
}

TEST_CASE("Instructions that every session agrees on are compared exactly") {
  const store::RunData run =
      run_of({emulated(session("f32", 4, 4, 1000)), emulated(session("int8", 4, 4, 540))});
  const ComparedFigure figure = figure_of(compared(run), 1, "token_instructions_mean");
  CHECK(*figure.change == Approx(0.54));
  CHECK(figure.is_exact);
  CHECK_FALSE(figure.interval);
  CHECK(figure.judgement == Judgement::kBetter);
}

TEST_CASE("Times of one session each decide nothing") {
  const Comparison comparison = compared(run_of({session("f32", 4, 4, 1000), session("int8", 4, 4, 540)}));
  const ComparedFigure figure = figure_of(comparison, 1, "token_ms_p50");
  CHECK(figure.judgement == Judgement::kUndecided);
  CHECK(figure.reason.find("one session") != std::string::npos);
}

TEST_CASE("Times are compared by how sessions differ, not by how many tokens each has") {
  const store::RunData steady = run_of({session("f32", 40, 40, 1000), session("f32", 40, 40, 1010),
                                        session("int8", 40, 40, 900), session("int8", 40, 40, 909)});
  const ComparedFigure clear = figure_of(compared(steady), 1, "token_ms_p50");
  CHECK(clear.judgement == Judgement::kBetter);
  CHECK(clear.interval->low < 0.9);
  CHECK(clear.interval->high > 0.9);
  CHECK(clear.interval->high < 1);

  // The same means; sessions of one variant differ by 30 %.
  const store::RunData restless = run_of({session("f32", 40, 40, 860), session("f32", 40, 40, 1150),
                                          session("int8", 40, 40, 770), session("int8", 40, 40, 1040)});
  CHECK(figure_of(compared(restless), 1, "token_ms_p50").judgement == Judgement::kUndecided);
}

TEST_CASE("Times are the same where they are known to within 3 percent, and undecided where not") {
  const auto judgement_of = [](int64_t spread) {
    std::vector<store::SessionData> sessions;
    for (const char* variant : {"f32", "int8"}) {
      for (const int64_t off : {-spread, int64_t{0}, spread})
        sessions.push_back(session(variant, 4, 4, 1000 + off));
    }
    return figure_of(compared(run_of(std::move(sessions))), 1, "token_ms_p50").judgement;
  };
  CHECK(judgement_of(5) == Judgement::kSame);        // +-1.1 %
  CHECK(judgement_of(20) == Judgement::kUndecided);  // +-4.5 %
}

TEST_CASE("Welch's interval of a ratio is that of an independent calculation") {
  // Welch by hand: 3.4055 degrees of freedom, t = 2.97846 from the integral of the density.
  const std::optional<Interval> interval = ratio_interval({100, 104, 99}, {90, 93, 91});
  REQUIRE(interval);
  CHECK(interval->low == Approx(0.857577));
  CHECK(interval->high == Approx(0.953803));
}

TEST_CASE("The chance of a difference goes with its interval") {
  // By hand: t = 5.6278 with 3.4055 degrees of freedom, and the integral of the density beyond it.
  CHECK(*ratio_p_value({100, 104, 99}, {90, 93, 91}) == Approx(0.0078267).epsilon(1e-3));
  CHECK_FALSE(ratio_p_value({100}, {90, 93}));
  // A ratio as far from 1 as the half-widths together is just seen at 95 %.
  CHECK(ratio_p_value(1.05, 0.03, 0.04) == Approx(0.05).epsilon(1e-6));
  CHECK(ratio_p_value(1 / 1.05, 0.03, 0.04) == Approx(0.05).epsilon(1e-6));
  CHECK(paired_p_value({100, 5, 5}) == Approx(1));
  CHECK(paired_p_value({100, 20, 0}) < 1e-4);
}

TEST_CASE("Of many figures some are worse by chance, and are not told as worse") {
  Comparison comparison;
  comparison.subjects.resize(2);
  const base::Metric* metric = base::find_metric("token_ms_p50");
  const auto add = [&](std::optional<double> p_value, Judgement judgement) {
    ComparedFigure figure;
    figure.metric = metric;
    figure.is_exact = !p_value;
    figure.p_value = p_value;
    figure.judgement = judgement;
    comparison.subjects[1].figures.push_back(figure);
  };
  for (int i = 0; i < 20; ++i) add(0.5, Judgement::kSame);
  add(0.03, Judgement::kWorse);
  CHECK(worse_figures({&comparison}).empty());
  add(0.001, Judgement::kBetter);
  CHECK(worse_figures({&comparison}).empty());
  add(0.001, Judgement::kWorse);
  CHECK(worse_figures({&comparison}).size() == 1);
  add(std::nullopt, Judgement::kWorse);
  add(std::nullopt, Judgement::kSame);
  CHECK(worse_figures({&comparison, &comparison}).size() == 4);
  CHECK(worse_figures({&comparison}, 0.0001).size() == 1);  // what is exact is no matter of chance
}

TEST_CASE("Few prompts without a disagreement are no proof of equal accuracy") {
  const Comparison few =
      compared(run_of({emulated(session("f32", 6, 6, 1000)), emulated(session("int8", 6, 6, 540))}));
  CHECK(figure_of(few, 1, "accuracy").judgement == Judgement::kUndecided);
  CHECK(few.subjects[1].recommendation.find("ask more prompts") != std::string::npos);

  const Comparison many = compared(
      run_of({emulated(session("f32", 2000, 1900, 1000)), emulated(session("int8", 2000, 1900, 540))}));
  CHECK(figure_of(many, 1, "accuracy").judgement == Judgement::kSame);
  CHECK(many.subjects[1].recommendation.find("no accuracy loss beyond noise") != std::string::npos);
  CHECK(many.subjects[1].recommendation.ends_with(": use it"));
}

TEST_CASE("A variant that is faster and answers worse is not recommended") {
  const Comparison comparison =
      compared(run_of({emulated(session("f32", 400, 390, 1000)), emulated(session("2bit", 400, 300, 300))}));
  const ComparedFigure accuracy = figure_of(comparison, 1, "accuracy");
  CHECK(accuracy.judgement == Judgement::kWorse);
  CHECK(*accuracy.change == Approx(-0.225));
  CHECK(comparison.subjects[1].recommendation.find("costs right answers") != std::string::npos);
  REQUIRE(comparison.subjects[1].flips.size() == 90);
  const Flip& flip = comparison.subjects[1].flips.front();
  CHECK(flip.reference_text == "yes");
  CHECK(flip.text == "no");
  CHECK(*flip.reference_correct);
  CHECK_FALSE(*flip.correct);
}

TEST_CASE("Prompts that nothing checks on one side say nothing of accuracy") {
  const auto interval_of = [](int more, bool reference_checked, bool subject_checked) {
    const auto with_more = [&](store::SessionData data, bool checked) {
      for (int i = 0; i < more; ++i) {
        data.cells[0].generations.push_back(answer("u-" + std::to_string(i), "maybe", true, 1000));
        if (!checked) data.cells[0].generations.back().correct.reset();
      }
      return data;
    };
    const Comparison comparison =
        compared(run_of({with_more(emulated(session("f32", 40, 36, 1000)), reference_checked),
                         with_more(emulated(session("int8", 40, 34, 540)), subject_checked)}));
    return *figure_of(comparison, 1, "accuracy").interval;
  };
  const Interval alone = interval_of(0, true, true);
  for (const bool reference_checked : {false, true}) {
    const Interval beside = interval_of(400, reference_checked, !reference_checked);
    CHECK(beside.low == Approx(alone.low));
    CHECK(beside.high == Approx(alone.high));
  }
}

TEST_CASE("The same words judged otherwise are another answer") {
  store::SessionData judged_otherwise = emulated(session("int8", 4, 4, 540));
  judged_otherwise.cells[0].generations[2].correct = false;
  const Comparison comparison = compared(run_of({emulated(session("f32", 4, 4, 1000)), judged_otherwise}));
  REQUIRE(comparison.subjects[1].flips.size() == 1);
  CHECK(comparison.subjects[1].flips[0].text == comparison.subjects[1].flips[0].reference_text);
}

TEST_CASE("A variant that costs more and gains nothing is to be left") {
  const Comparison comparison = compared(
      run_of({emulated(session("int8", 2000, 1900, 500)), emulated(session("nf4", 2000, 1900, 700))}));
  CHECK(comparison.subjects[1].recommendation.find("not better in anything") != std::string::npos);
}

TEST_CASE("Energies of one session each are compared by what the meter is known to") {
  const auto with_energy = [](store::SessionData data, double uj) {
    const auto part = [](base::EnergyPhase name, double gross_uj) {
      base::PhaseEnergy phase;
      phase.phase = name;
      phase.generations = 2;
      phase.gross_uj = gross_uj;
      phase.comparative_uncertainty_uj = 0.01 * gross_uj;
      return phase;
    };
    base::Energy energy;
    energy.tier = base::Tier::kModelled;
    energy.phases = {part(base::EnergyPhase::kIdle, 5000), part(base::EnergyPhase::kPrefill, 0.5 * uj),
                     part(base::EnergyPhase::kDecode, 1.5 * uj)};
    data.cells[0].energy = energy;
    return data;
  };
  const Comparison comparison = compared(run_of({with_energy(emulated(session("f32", 4, 4, 1000)), 800),
                                                 with_energy(emulated(session("int8", 4, 4, 540)), 600)}));
  const ComparedFigure figure = figure_of(comparison, 1, "energy_uj_per_answer");
  CHECK(figure.tier == base::Tier::kModelled);
  CHECK(figure.value == Approx(600));  // both phases of two answers, without the idle time between them
  CHECK(*figure.change == Approx(0.75));
  CHECK(figure.interval->high == Approx(0.75 * (1 + std::hypot(0.01, 0.01))));
  CHECK(figure.judgement == Judgement::kBetter);
}

TEST_CASE("Runs are compared cell by cell, and never across tiers") {
  store::RunData before = run_of({session("int8", 4, 4, 1000), emulated(session("int4", 4, 4, 700))});
  store::RunData after = run_of({session("int8", 4, 4, 900), session("int4", 4, 4, 700)});
  before.run.build = "watch-1.0";
  after.run.build = "watch-1.1";
  const std::vector<RunPair> pairs = pairs_of(before, after);
  REQUIRE(pairs.size() == 1);
  CHECK(pairs[0].variant == "int8");
  CHECK(pairs[0].subjects[0].name == "watch-1.0");
  CHECK(pairs[0].subjects[1].name == "watch-1.1");
}

}  // namespace
}  // namespace slmrig::analyse
