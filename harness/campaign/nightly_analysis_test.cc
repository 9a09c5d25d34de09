#include "harness/campaign/nightly_analysis.h"

#include "harness/store/findings.h"
#include "harness/store/records_for_test.h"
#include "harness/store/store.h"

namespace slmrig::campaign {
namespace {

using store::FindingState;
using store::must;

constexpr int64_t kDayNs = 86'400'000'000'000;

// A night in the database, with the instructions of a token on an emulated board.
void measure_night(store::Store& store, int day, double instructions) {
  const std::string name = std::to_string(1000 + day);
  base::RunStart run = store::run_for_test("run-" + name);
  run.build.commit_sha = "c" + std::to_string(day);
  run.started_at_ns = day * kDayNs;
  must(store.begin_run(run));
  base::SessionStart session = store::session_for_test(run.run_id, "session-" + name);
  session.tier = base::Tier::kEmulated;
  session.started_at_ns = day * kDayNs;
  session.agent_build_id = "agent-" + std::to_string(day);
  must(store.begin_session(session));
  for (const char* cell : {"-c0", "-c1"})
    must(store.end_cell({"session-" + name + cell, base::CellStatus::kOk, "", {}, 1, 1}));
  must(store.put_series_values(
      "session-" + name, {{"session-" + name + "-c0", "token_instructions_p99", 31, instructions, {}, {}}}));
  must(store.end_session("session-" + name, day * kDayNs + 1));
  must(store.end_run({run.run_id, day * kDayNs + 2, false, 1.0}));
}

}  // namespace

TEST_CASE("nightly analysis: findings are kept in the database from night to night") {
  const store::TestFolder folder;
  const auto store = must(store::open_store(folder.file()));
  const auto analyse = [&](int64_t day, bool keep = true) {
    return must(analyse_nights({folder.file(), {}, keep, day * kDayNs}));
  };
  for (int day = 1; day <= 4; ++day) measure_night(*store, day, day < 4 ? 1000 : 1100);
  CHECK(analyse(4, false).findings.size() == 1);
  CHECK(must(store::read_findings(folder.file())).empty());  // only looked

  const NightlyAnalysis found = analyse(4);
  REQUIRE(found.findings.size() == 1);
  CHECK(found.findings.front().state == FindingState::kNew);
  CHECK(found.findings.front().last_good_commit == "c3");
  CHECK(found.findings.front().first_bad_commit == "c4");
  CHECK(found.counts.regressions == 1);
  CHECK(analyse::sentence_of(found.counts) ==
        "1 regression, 0 improvements, 0 unchanged, 0 could not be measured");

  measure_night(*store, 5, 1100);
  CHECK(analyse(5).findings.front().state == FindingState::kOngoing);
  const std::string id = must(store::read_findings(folder.file())).front().finding_id;
  must(store::decide_finding(folder.file(), id, {FindingState::kAcknowledged, "kim", "wanted", 5 * kDayNs}));
  measure_night(*store, 6, 1100);
  const NightlyAnalysis known = analyse(6);
  CHECK(known.findings.front().state == FindingState::kAcknowledged);
  CHECK(known.counts.regressions == 0);
  CHECK(known.counts.unchanged == 1);

  measure_night(*store, 7, 1000);
  const NightlyAnalysis over = analyse(7);
  CHECK(over.findings.empty());
  REQUIRE(over.resolved.size() == 1);
  CHECK(over.resolved.front().events.back().reason == "the level returned to 1000");
  CHECK(must(store::finding_events(folder.file(), id)).size() ==
        4);  // found, confirmed, acknowledged, resolved
}

TEST_CASE("nightly analysis: a database without a session that is asked for is bad input") {
  const store::TestFolder folder;
  must(store::open_store(folder.file()));
  const auto nothing = analyse_nights({folder.file(), {}, true, 1});
  REQUIRE_FALSE(nothing);
  CHECK(nothing.error().code == base::ErrorCode::kBadInput);
  CHECK_THAT(nothing.error().message, Catch::Contains("slmrig run"));
}

}  // namespace slmrig::campaign
