#include "harness/analyse/findings.h"

#include <algorithm>

#include <catch2/catch.hpp>

#include "harness/analyse/history_for_test.h"

namespace slmrig::analyse {
namespace {

using store::FindingCause;
using store::FindingDirection;
using store::FindingLevel;

constexpr int kNights = 40;
constexpr int kStep = 30;

// One series with normal noise of 1 % around 100 and a step in percent at kStep.
struct Story {
  std::string metric = "token_ms_p99";
  double step_percent = 0;
  uint32_t seed = 1;
  std::function<void(int day, store::HistorySession&)> change = [](int, store::HistorySession&) {};
};

void tell(const Story& story, HistoryForTest& made) {
  NoiseForTest noise(story.seed);
  for (int day = 0; day < kNights; ++day) {
    story.change(day, made.session);
    made.night(day);
    const double level = day < kStep ? 100 : 100 * (1 + story.step_percent / 100);
    made.add(story.metric, level + noise.next());
  }
}

NightJudgement judged(const Story& story) {
  HistoryForTest made;
  tell(story, made);
  return judge(made.history());
}

store::HistorySession& code_changes(int day, store::HistorySession& session) {
  session.commit_sha = "c" + std::to_string(day);
  session.agent_build_id = "agent-" + std::to_string(day);
  return session;
}

}  // namespace

TEST_CASE("findings: a quiet series is unchanged, with the effect that would be found", "[findings]") {
  const NightJudgement judgement = judged({});
  CHECK(judgement.findings.empty());
  REQUIRE(judgement.series.size() == 1);
  CHECK(judgement.series.front().status == SeriesStatus::kUnchanged);
  REQUIRE(judgement.series.front().detectable);
  // 1.87 sigma at 40 nights before and 5 after (facts: 1.9); sigma itself is estimated from 40 nights.
  CHECK(*judgement.series.front().detectable == Approx(1.87).epsilon(0.35));
  CHECK(sentence_of(count_judgement(judgement, {})) ==
        "0 regressions, 0 improvements, 1 unchanged, 0 could not be measured");
}

TEST_CASE("findings: a step up of a time is a regression of the code, with its commits", "[findings]") {
  Story story;
  story.step_percent = 8;
  story.change = code_changes;
  const NightJudgement judgement = judged(story);
  REQUIRE(judgement.findings.size() == 1);
  const store::FindingRow& finding = judgement.findings.front();
  CHECK(finding.direction == FindingDirection::kRegression);
  CHECK(finding.level == FindingLevel::kAlert);
  CHECK(finding.cause == FindingCause::kCode);
  CHECK(finding.onset_at_ns / kDayNs == kStep);
  CHECK_THAT(finding.last_good_commit, Catch::Matches("c2[789]"));
  CHECK_THAT(finding.first_bad_commit, Catch::Matches("c3[012]"));
  CHECK(finding.effect_low < 8);
  CHECK(finding.effect_high > 8);
  CHECK(finding.q_value <= 0.05);
  CHECK(finding.nights_after == kNights - kStep);
  CHECK(finding.samples_before.size() == 20);
  CHECK(finding.samples_after.size() == 10);
  CHECK(judgement.series.front().status == SeriesStatus::kRegression);
}

TEST_CASE("findings: a step down of a time is an improvement, and one up of a rate too", "[findings]") {
  Story faster;
  faster.step_percent = -8;
  CHECK(judged(faster).findings.at(0).direction == FindingDirection::kImprovement);
  Story rate;
  rate.metric = "decode_tokens_per_s";
  rate.step_percent = 8;
  const NightJudgement judgement = judged(rate);
  CHECK(judgement.findings.at(0).direction == FindingDirection::kImprovement);
  CHECK(judgement.findings.at(0).cause == FindingCause::kUnknown);  // nothing that is recorded changed
}

TEST_CASE("findings: a spike is none, and a swapped unit begins to be learnt", "[findings]") {
  HistoryForTest spiky;
  NoiseForTest noise(3);
  for (int day = 0; day < kNights; ++day) {
    spiky.night(day);
    spiky.add("token_ms_p99", 100 + noise.next() + (day == 20 ? 60 : 0));
  }
  CHECK(judge(spiky.history()).findings.empty());

  Story swapped;
  swapped.step_percent = 8;
  swapped.change = [](int day, store::HistorySession& session) {
    session.unit_id = day < kStep + 7 ? "unit-a" : "unit-b";
  };
  // The step itself is long past when the unit is swapped: unit-b was never any faster.
  const NightJudgement judgement = judged(swapped);
  CHECK(judgement.findings.empty());
  CHECK(judgement.series.front().status == SeriesStatus::kLearning);
  CHECK_THAT(judgement.series.front().note,
             Catch::Contains("unit-a to unit-b") && Catch::Contains("learning, 3 of 8 nights"));
}

TEST_CASE("findings: a step of an energy that no meter can tell from none is none", "[findings]") {
  // A virtual meter's noise can be the same every night: then nothing scatters but rounding.
  const auto judged_energy = [](double step_percent) {
    HistoryForTest made;
    NoiseForTest noise(1);
    for (int day = 0; day < kNights; ++day) {
      made.night(day);
      const double level = day < kStep ? 100 : 100 + step_percent;
      made.add("energy_uj_per_answer", level + 1e-12 * noise.next(), base::Tier::kModelled);
    }
    return judge(made.history());
  };
  const NightJudgement small = judged_energy(0.05);
  CHECK(small.findings.empty());
  CHECK(small.series.front().detectable.value() > 0.05);
  const NightJudgement large = judged_energy(0.5);
  REQUIRE(large.findings.size() == 1);
  CHECK(large.findings.front().direction == FindingDirection::kRegression);
}

TEST_CASE("findings: a step with another meter is the rig's", "[findings]") {
  Story story;
  story.step_percent = 8;
  story.change = [](int day, store::HistorySession& session) {
    code_changes(day, session).conditions["meter.serial"] = day < kStep ? "A1" : "B2";
  };
  const NightJudgement judgement = judged(story);
  REQUIRE(judgement.findings.size() == 1);
  CHECK(judgement.findings.front().cause == FindingCause::kRig);
  CHECK(judgement.findings.front().changes.front().name == "meter.serial");
}

TEST_CASE("findings: a regression that was mended leaves neither it nor an improvement", "[findings]") {
  HistoryForTest made;
  NoiseForTest noise(9);
  for (int day = 0; day < 60; ++day) {
    made.night(day);
    made.add("token_ms_p99", (day >= 20 && day < 40 ? 110 : 100) + noise.next());
  }
  const NightJudgement judgement = judge(made.history());
  CHECK(judgement.findings.empty());
  CHECK(judgement.series.front().changes.size() == 2);
}

TEST_CASE("findings: any change of an emulated count is one, on its first night, with its size",
          "[findings]") {
  HistoryForTest made;
  for (int day = 0; day < 3; ++day) {
    made.session.agent_build_id = "agent-" + std::to_string(day);
    made.night(day);
    made.add("token_instructions_p99", day < 2 ? 1000 : 1100, base::Tier::kEmulated);
    made.add("token_instructions_p50", day < 2 ? 1'000'000 : 1'000'001, base::Tier::kEmulated);
  }
  const NightJudgement judgement = judge(made.history());
  REQUIRE(judgement.findings.size() == 2);
  CHECK(judgement.findings[0].effect() == 100);
  CHECK(judgement.findings[0].level == FindingLevel::kAlert);
  CHECK(judgement.findings[0].cause == FindingCause::kCode);
  CHECK(judgement.findings[0].exact);
  CHECK(judgement.findings[1].effect() == 1);
  CHECK(judgement.findings[1].level == FindingLevel::kWatch);  // one in a million: told, not rung
}

TEST_CASE("findings: faster with worse answers is a trade and no improvement", "[findings]") {
  HistoryForTest made;
  NoiseForTest noise(5);
  for (int day = 0; day < kNights; ++day) {
    made.session.agent_build_id = day < kStep ? "agent-1" : "agent-2";
    made.night(day);
    made.add("token_ms_p99", (day < kStep ? 100 : 80) + noise.next());
    made.add("accuracy", day < kStep ? 0.95 : 0.85);
  }
  const NightJudgement judgement = judge(made.history());
  REQUIRE(judgement.findings.size() == 2);
  CHECK(judgement.findings[0].series.metric == "accuracy");
  CHECK(judgement.findings[0].direction == FindingDirection::kRegression);
  CHECK(judgement.findings[1].direction == FindingDirection::kTrade);
  CHECK_THAT(judgement.findings[1].notes.front(), Catch::Contains("accuracy of intents got worse"));
  const JudgementCounts counts = count_judgement(judgement, judgement.findings);
  CHECK(counts.improvements == 0);
  CHECK(counts.regressions == 1);
  CHECK(counts.trades == 1);
}

TEST_CASE("findings: what moves in the sentinel is taken out of the others", "[findings]") {
  const auto rig = [](bool with_sentinel) {
    HistoryForTest made;
    NoiseForTest noise(7);
    for (int day = 0; day < kNights; ++day) {
      const double drift = day < kStep ? 1.0 : 1.06;
      code_changes(day, made.session);
      made.session.model = "wrist";
      made.night(day);
      made.add("token_ms_p99", drift * (200 + noise.next()));
      if (!with_sentinel) continue;
      made.session.model = "sentinel-wrist";
      made.session.agent_build_id = "frozen";
      made.night(day);
      made.add("token_ms_p99", drift * (100 + noise.next()));
    }
    return judge(made.history());
  };
  const NightJudgement alone = rig(false);
  REQUIRE(alone.findings.size() == 1);
  CHECK(alone.findings.front().cause == FindingCause::kCode);  // which is wrong, and cannot be known

  const NightJudgement watched = rig(true);
  REQUIRE(watched.findings.size() == 1);
  CHECK(watched.findings.front().series.model == "sentinel-wrist");
  CHECK(watched.findings.front().direction == FindingDirection::kChange);
  CHECK(watched.findings.front().cause == FindingCause::kRig);
  CHECK(watched.sentinels.series == 1);
  CHECK(watched.sentinels.alerts == 1);
  CHECK(watched.sentinels.realised_rate() == Approx(100.0 * 365 / kNights));
}

TEST_CASE("findings: a sentinel whose agent changed is none before that night", "[findings]") {
  HistoryForTest made;
  made.session.model = "sentinel-wrist";
  for (int day = 0; day < 12; ++day) {
    made.session.agent_build_id = day < 2 ? "frozen" : "thawed";
    made.night(day);
    made.add("token_instructions_p99", day < 2 ? 100 : 200, base::Tier::kEmulated);
  }
  const NightJudgement judgement = judge(made.history());
  CHECK(judgement.findings.empty());
  CHECK(judgement.sentinels.nights == 10);
  CHECK(judgement.sentinels.not_frozen == std::vector<std::string>{"desk-1 token_instructions_p99"});
}

TEST_CASE("findings: a variant that gave no figure tonight could not be measured", "[findings]") {
  HistoryForTest made;
  NoiseForTest noise(11);
  for (int day = 0; day < 12; ++day) {
    made.session.variant = "int8";
    made.night(day);
    if (day < 11) made.add("token_ms_p99", 100 + noise.next());
    made.session.variant = "int4";
    if (day < 5) made.night(day);  // left the plan since
    if (day < 5) made.add("token_ms_p99", 100 + noise.next());
  }
  const NightJudgement judgement = judge(made.history());
  CHECK(judgement.series[0].status == SeriesStatus::kUnmeasured);
  CHECK(judgement.series[1].status == SeriesStatus::kAbsent);
  CHECK(count_judgement(judgement, {}).unmeasured == 1);
  CHECK(judgement.last_run == "run-1011");
}

TEST_CASE("findings: runs that compare two builds are no nights", "[findings]") {
  HistoryForTest made;
  for (int day = 0; day < 6; ++day) {
    if (day == 5) made.session.conditions["run.campaign"] = "ab";
    made.night(day);
    made.add("token_instructions_p99", day < 5 ? 1000 : 2000, base::Tier::kEmulated);
  }
  const NightJudgement judgement = judge(made.history());
  CHECK(judgement.findings.empty());
  CHECK(judgement.last_run == "run-1004");
  CHECK(judgement.series.front().status == SeriesStatus::kUnchanged);
}

TEST_CASE("findings: histories of nothing, one point and doubtful points are no findings", "[findings]") {
  CHECK(judge({}).findings.empty());
  HistoryForTest made;
  made.night(1);
  made.add("token_ms_p99", 5);
  CHECK(judge(made.history()).series.front().status == SeriesStatus::kLearning);
  CHECK(judge(made.history()).series.front().note == "learning, 1 of 8 nights");
  made.night(2);
  made.add("token_ms_p99", 9, base::Tier::kHardware, "intents", false);
  CHECK(judge(made.history()).series.front().status == SeriesStatus::kUnmeasured);
}

TEST_CASE("findings: many quiet series beside one that moved leave one finding", "[findings]") {
  HistoryForTest made;
  std::vector<NoiseForTest> noises;
  for (uint32_t i = 0; i < 100; ++i) noises.emplace_back(100 + i);
  for (int day = 0; day < 60; ++day) {
    code_changes(day, made.session);
    made.night(day);
    for (std::size_t i = 0; i < noises.size(); ++i) {
      const bool moved = i == 42 && day >= 50;
      made.add("token_ms_p99", 100 + noises[i].next() + (moved ? 6 : 0), base::Tier::kHardware,
               "suite-" + std::to_string(i));
    }
  }
  const NightJudgement judgement = judge(made.history());
  std::vector<std::string> alerts;
  for (const store::FindingRow& finding : judgement.findings) {
    if (finding.level == FindingLevel::kAlert) alerts.push_back(finding.series.suite);
  }
  CHECK(alerts == std::vector<std::string>{"suite-42"});
  CHECK(judgement.findings.size() <= 3);  // one of two methods may see more in six thousand figures
}

TEST_CASE("findings: what began together on a bench is one group", "[findings]") {
  HistoryForTest made;
  for (int day = 0; day < 4; ++day) {
    made.session.agent_build_id = "agent-" + std::to_string(day);
    for (const char* variant : {"int4", "int8"}) {
      made.session.variant = variant;
      made.night(day);
      made.add("token_instructions_p99", day < 3 ? 1000 : 1100, base::Tier::kEmulated);
      made.add("token_instructions_p50", day < 2 ? 900 : 800, base::Tier::kEmulated);
    }
  }
  const NightJudgement judgement = judge(made.history());
  CHECK(judgement.findings.size() == 4);
  CHECK(group_findings(judgement.findings).size() == 2);
  const JudgementCounts counts = count_judgement(judgement, judgement.findings);
  CHECK(sentence_of(counts) == "1 regression, 1 improvement, 0 unchanged, 0 could not be measured");
}

}  // namespace slmrig::analyse
