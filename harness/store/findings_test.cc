#include "harness/store/findings.h"

#include <fmt/format.h>

#include "harness/store/queries.h"
#include "harness/store/records_for_test.h"
#include "harness/store/sql_query.h"

namespace slmrig::store {
namespace {

FindingRow finding_for_test(const std::string& metric = "token_ms_p99") {
  FindingRow finding;
  finding.series = {"desk-1", "slm", "wrist", "int8", "intents", "ctx=256", metric, base::Tier::kModelled};
  finding.unit = "ms";
  finding.better = base::Better::kHigher;
  finding.board = "board-x";
  finding.unit_id = "unit-a";
  finding.level = FindingLevel::kAlert;
  finding.direction = FindingDirection::kTrade;
  finding.cause = FindingCause::kModel;
  finding.onset_session = "session-30";
  finding.onset_at_ns = 30;
  finding.onset_low_at_ns = 29;
  finding.onset_high_at_ns = 31;
  finding.last_good_commit = "c28";
  finding.first_bad_commit = "c31";
  finding.last_good_build = "b28";
  finding.first_bad_build = "b31";
  finding.before = 100.25;
  finding.after = 110.5;
  finding.effect_low = 9.5;
  finding.effect_high = 10.75;
  finding.p_value = 1e-5;
  finding.q_value = 2e-4;
  finding.nights_after = 4;
  finding.nights = 1;
  finding.first_seen_at_ns = 33;
  finding.last_seen_at_ns = 33;
  finding.changes = {{FindingCause::kModel, "model.sha256", "a'b", "c\"d"}};
  finding.notes = {"a note; with 'quotes' and <tags>"};
  finding.samples_before = {100, 100.5};
  finding.samples_after = {110, 111};
  finding.exact = true;
  return finding;
}

std::vector<FindingUpdate> update_of(FindingRow finding, const std::string& event) {
  return {{std::move(finding), {{0, 5, event, "slmrig analyse", "because"}}}};
}

struct EmptyDatabase : TestFolder {
  EmptyDatabase() { must(open_store(file())); }
};

}  // namespace

TEST_CASE("findings: what was kept is read as it was") {
  const EmptyDatabase database;
  CHECK(must(read_findings(database.file())).empty());
  auto updates = update_of(finding_for_test(), "found");
  must(keep_findings(database.file(), updates));
  const FindingRow kept = must(find_finding(database.file(), updates.front().finding.finding_id));
  const FindingRow made = finding_for_test();
  CHECK(kept.series == made.series);
  CHECK(kept.unit == made.unit);
  CHECK(kept.better == made.better);
  CHECK(kept.board == made.board);
  CHECK(kept.unit_id == made.unit_id);
  CHECK(kept.state == FindingState::kNew);
  CHECK(kept.level == made.level);
  CHECK(kept.direction == made.direction);
  CHECK(kept.cause == made.cause);
  CHECK(kept.onset_session == made.onset_session);
  CHECK(kept.onset_at_ns == 30);
  CHECK(kept.onset_low_at_ns == 29);
  CHECK(kept.onset_high_at_ns == 31);
  CHECK(kept.last_good_commit == "c28");
  CHECK(kept.first_bad_commit == "c31");
  CHECK(kept.last_good_build == "b28");
  CHECK(kept.first_bad_build == "b31");
  CHECK(kept.effect() == 10.25);
  CHECK(kept.effect_low == 9.5);
  CHECK(kept.effect_high == 10.75);
  CHECK(kept.p_value == 1e-5);
  CHECK(kept.q_value == 2e-4);
  CHECK(kept.nights_after == 4);
  CHECK(kept.nights == 1);
  CHECK(kept.first_seen_at_ns == 33);
  CHECK(kept.notes == made.notes);
  CHECK(kept.samples_before == made.samples_before);
  CHECK(kept.samples_after == made.samples_after);
  CHECK(kept.exact);
  REQUIRE(kept.changes.size() == 1);
  CHECK(kept.changes.front().before == "a'b");
  CHECK(kept.changes.front().after == "c\"d");
  CHECK(must(run_query(database.file(), "select state, metric from v_finding")).rows.size() == 1);
}

TEST_CASE("findings: two analyses of one night leave a finding once") {
  const EmptyDatabase database;
  auto one = update_of(finding_for_test(), "found");
  auto other = update_of(finding_for_test(), "found");
  must(keep_findings(database.file(), one));
  must(keep_findings(database.file(), other));
  CHECK(other.front().finding.finding_id == one.front().finding.finding_id);
  CHECK(must(read_findings(database.file())).size() == 1);
  CHECK(must(finding_events(database.file(), one.front().finding.finding_id)).size() == 1);
}

TEST_CASE("findings: people acknowledge and reopen, with a reason that is kept, and once") {
  const EmptyDatabase database;
  auto updates = update_of(finding_for_test(), "found");
  must(keep_findings(database.file(), updates));
  const std::string id = updates.front().finding.finding_id;
  must(decide_finding(database.file(), id,
                      {FindingState::kAcknowledged, "kim", "the new kernel is safer", 7}));
  CHECK(must(find_finding(database.file(), id)).state == FindingState::kAcknowledged);
  const auto again = decide_finding(database.file(), id, {FindingState::kAcknowledged, "kim", "again", 8});
  REQUIRE_FALSE(again);
  CHECK(again.error().code == base::ErrorCode::kBadInput);

  // An analysis that had read it before somebody acknowledged it does not take that back.
  updates.front().finding.state = FindingState::kOngoing;
  updates.front().finding.nights = 2;
  updates.front().events.front().event = "confirmed";
  must(keep_findings(database.file(), updates));
  CHECK(must(find_finding(database.file(), id)).state == FindingState::kAcknowledged);
  CHECK(must(find_finding(database.file(), id)).nights == 2);

  must(decide_finding(database.file(), id, {FindingState::kOngoing, "sam", "it hurts after all", 9}));
  CHECK(must(find_finding(database.file(), id)).state == FindingState::kOngoing);
  std::vector<std::string> story;
  for (const FindingEvent& event : must(finding_events(database.file(), id)))
    story.push_back(fmt::format("{} {} {} {}", event.sequence, event.event, event.who, event.reason));
  CHECK(story == std::vector<std::string>{
                     "1 found slmrig analyse because", "2 acknowledged kim the new kernel is safer",
                     "3 confirmed slmrig analyse because", "4 reopened sam it hurts after all"});
}

TEST_CASE("findings: an id is told by its beginning or its end, and by nothing that fits several") {
  const EmptyDatabase database;
  auto one = update_of(finding_for_test(), "found");
  auto other = update_of(finding_for_test("token_ms_p50"), "found");
  must(keep_findings(database.file(), one));
  must(keep_findings(database.file(), other));
  const std::string id = one.front().finding.finding_id;
  CHECK(must(find_finding(database.file(), id.substr(id.size() - 12))).finding_id == id);
  CHECK_THAT(find_finding(database.file(), "0").error().message, Catch::Contains("fits 2 findings"));
  CHECK_THAT(find_finding(database.file(), "xyz").error().message, Catch::Contains("slmrig finding list"));
  CHECK_THAT(find_finding(database.file(), "").error().message, Catch::Contains("no finding"));
  CHECK_THAT(read_findings(database.file() + ".not").error().message, Catch::Contains("no such file"));
  CHECK_FALSE(decide_finding(database.file(), "nobody", {FindingState::kOngoing, "kim", "why not", 1}));
}

}  // namespace slmrig::store
