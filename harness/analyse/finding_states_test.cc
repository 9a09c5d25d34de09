#include "harness/analyse/finding_states.h"

#include <catch2/catch.hpp>

#include "harness/analyse/history_for_test.h"

namespace slmrig::analyse {
namespace {

using store::FindingLevel;
using store::FindingRow;
using store::FindingState;
using store::FindingUpdate;

// What the database does with updates, by id.
class Book {
 public:
  void keep(const std::vector<FindingUpdate>& updates) {
    for (const FindingUpdate& update : updates) {
      for (const store::FindingEvent& event : update.events)
        events.push_back(event.event + ": " + event.reason);
      if (update.finding.finding_id.empty()) {
        rows.push_back(update.finding);
        rows.back().finding_id = "f" + std::to_string(rows.size());
        continue;
      }
      for (FindingRow& row : rows) {
        if (row.finding_id == update.finding.finding_id) row = update.finding;
      }
    }
  }
  std::vector<FindingRow> rows;
  std::vector<std::string> events;
};

// A lab that is judged after every night. `level` gives a night's value.
Book watch(
    int nights, const std::function<double(int day)>& level,
    const std::function<void(int day, Book&)>& people = [](int, Book&) {},
    const std::function<void(int day, store::HistorySession&)>& change = [](int, auto&) {}) {
  Book book;
  HistoryForTest made;
  NoiseForTest noise(1);
  for (int day = 0; day < nights; ++day) {
    change(day, made.session);
    made.night(day);
    made.add("token_ms_p99", level(day) + noise.next());
    book.keep(update_findings(judge(made.history()), book.rows, day * kDayNs));
    people(day, book);
  }
  return book;
}

double step_at_30(int day) { return day < 30 ? 100 : 110; }

HistoryForTest forty_nights() {
  HistoryForTest made;
  NoiseForTest noise(1);
  for (int day = 0; day < 40; ++day) {
    made.night(day);
    made.add("token_ms_p99", step_at_30(day) + noise.next());
  }
  return made;
}

}  // namespace

TEST_CASE("states: a step is one finding, found once, ongoing since", "[findings]") {
  const Book book = watch(45, step_at_30);
  REQUIRE(book.rows.size() == 1);
  const FindingRow& finding = book.rows.front();
  CHECK(finding.state == FindingState::kOngoing);
  CHECK(finding.level == FindingLevel::kAlert);
  CHECK(finding.onset_at_ns / kDayNs == 30);
  CHECK(finding.first_seen_at_ns / kDayNs <= 34);  // ten sigma, within five nights
  CHECK(finding.last_seen_at_ns / kDayNs == 44);
  CHECK(finding.nights == 45 - finding.first_seen_at_ns / kDayNs);
  REQUIRE(book.events.size() >= 2);
  CHECK_THAT(book.events.front(), Catch::StartsWith("found: +"));
  CHECK(book.events[1] == "confirmed: seen on a second night");
}

TEST_CASE("states: the same night judged twice changes nothing", "[findings]") {
  HistoryForTest made = forty_nights();
  Book book;
  const NightJudgement judgement = judge(made.history());
  book.keep(update_findings(judgement, {}, 1));
  REQUIRE(book.rows.size() == 1);
  CHECK(book.rows.front().state == FindingState::kNew);
  CHECK(update_findings(judgement, book.rows, 2).empty());
}

TEST_CASE("states: what is acknowledged stays so for as long as it lasts", "[findings]") {
  const Book book = watch(45, step_at_30, [](int day, Book& kept) {
    if (day == 38) kept.rows.at(0).state = FindingState::kAcknowledged;
  });
  REQUIRE(book.rows.size() == 1);
  CHECK(book.rows.front().state == FindingState::kAcknowledged);
  CHECK(book.rows.front().last_seen_at_ns / kDayNs == 44);
}

TEST_CASE("states: a level that returned resolves, and a second regression is another finding",
          "[findings]") {
  const Book book = watch(75, [](int day) { return (day >= 30 && day < 45) || day >= 60 ? 110 : 100; });
  REQUIRE(book.rows.size() == 2);
  CHECK(book.rows[0].state == FindingState::kResolved);
  CHECK(book.rows[1].state == FindingState::kOngoing);
  CHECK(book.rows[1].onset_at_ns / kDayNs == 60);
  CHECK(std::any_of(book.events.begin(), book.events.end(), [](const std::string& event) {
    return event.starts_with("resolved: the level returned to 9") ||
           event.starts_with("resolved: the level returned to 1");
  }));
}

TEST_CASE("states: an improvement becomes the normal level, a regression does not", "[findings]") {
  const Book better = watch(55, [](int day) { return day < 30 ? 110 : 100; });
  REQUIRE(better.rows.size() == 1);
  CHECK(better.rows.front().state == FindingState::kResolved);
  CHECK_THAT(better.events.back(), Catch::Contains("is the normal one"));
  const Book worse = watch(55, step_at_30);
  CHECK(worse.rows.front().state == FindingState::kOngoing);
}

TEST_CASE("states: a swapped unit resolves what was found on the old one", "[findings]") {
  const Book book = watch(
      42, step_at_30, [](int, Book&) {},
      [](int day, store::HistorySession& session) { session.unit_id = day < 40 ? "unit-a" : "unit-b"; });
  REQUIRE(book.rows.size() == 1);
  CHECK(book.rows.front().state == FindingState::kResolved);
  CHECK(book.events.back() == "resolved: the unit was swapped: unit-b is there now");
}

TEST_CASE("states: findings of series that tonight did not measure are left alone", "[findings]") {
  HistoryForTest made = forty_nights();
  Book book;
  book.keep(update_findings(judge(made.history()), {}, 1));
  made.night(40);  // reached, and no figure
  CHECK(update_findings(judge(made.history()), book.rows, 2).empty());

  NightJudgement absent = judge(forty_nights().history());
  absent.findings.clear();
  absent.series[0].status = SeriesStatus::kAbsent;
  CHECK(update_findings(absent, book.rows, 2).empty());
  absent.series[0].status = SeriesStatus::kUnchanged;
  CHECK(update_findings(absent, book.rows, 2).size() == 1);
}

TEST_CASE("states: a step down where one up was known is another finding", "[findings]") {
  NightJudgement judgement = judge(forty_nights().history());
  REQUIRE(judgement.findings.size() == 1);
  FindingRow up = judgement.findings[0];
  up.finding_id = "f1";
  up.last_seen_at_ns -= kDayNs;
  up.state = FindingState::kOngoing;
  CHECK(update_findings(judgement, {up}, 1).at(0).finding.finding_id == "f1");
  FindingRow down = up;
  std::swap(down.before, down.after);
  CHECK(update_findings(judgement, {down}, 1).at(0).finding.finding_id.empty());
}

TEST_CASE("states: an alert stays one, and a good change settles after its last night", "[findings]") {
  NightJudgement judgement = judge(forty_nights().history());
  FindingRow known = judgement.findings.at(0);
  known.finding_id = "f1";
  known.state = FindingState::kOngoing;
  known.last_seen_at_ns -= kDayNs;
  judgement.findings[0].level = FindingLevel::kWatch;
  CHECK(update_findings(judgement, {known}, 1).at(0).finding.level == FindingLevel::kAlert);

  judgement.findings[0].direction = store::FindingDirection::kImprovement;
  judgement.findings[0].nights_after = StateOptions().settling_nights;
  CHECK(update_findings(judgement, {known}, 1).at(0).finding.state == FindingState::kOngoing);
  judgement.findings[0].nights_after += 1;
  CHECK(update_findings(judgement, {known}, 1).at(0).finding.state == FindingState::kResolved);
}

}  // namespace slmrig::analyse
