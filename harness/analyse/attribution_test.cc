#include "harness/analyse/attribution.h"

#include <catch2/catch.hpp>

#include "harness/analyse/history_for_test.h"

namespace slmrig::analyse {
namespace {

using store::FindingCause;

// Twenty nights; `change` is called before each of them.
HistoryForTest nights(const std::function<void(int day, store::HistorySession&)>& change) {
  HistoryForTest made;
  for (int day = 0; day < 20; ++day) {
    change(day, made.session);
    made.night(day);
    made.add("token_ms_p99", day < 10 ? 1 : 2);
  }
  return made;
}

std::vector<store::ConditionChange> changes_in(const HistoryForTest& made) {
  const store::Series& series = made.history().series.front();
  const SeriesNights nights = nights_of(series, made.history());
  return changes_at(nights.segments.back(), {10, 9, 11}, series.key, made.history());
}

}  // namespace

TEST_CASE("attribution: another meter is asked before the code that changed in the same night",
          "[findings]") {
  const HistoryForTest made = nights([](int day, store::HistorySession& session) {
    session.commit_sha = "c" + std::to_string(day);
    session.agent_build_id = day < 10 ? "agent-1" : "agent-2";
    session.conditions["meter.serial"] = day < 10 ? "A1" : "B2";
  });
  const auto changes = changes_in(made);
  REQUIRE(changes.size() == 3);
  CHECK(changes.front().name == "meter.serial");
  CHECK(changes.front().before == "A1");
  CHECK(changes.front().after == "B2");
  CHECK(cause_of(changes) == FindingCause::kRig);
}

TEST_CASE("attribution: the code alone, the model before the code, and nothing at all", "[findings]") {
  const auto code = changes_in(nights([](int day, store::HistorySession& session) {
    session.agent_build_id = day < 10 ? "agent-1" : "agent-2";
  }));
  CHECK(cause_of(code) == FindingCause::kCode);
  const auto model = changes_in(nights([](int day, store::HistorySession& session) {
    session.agent_build_id = day < 10 ? "agent-1" : "agent-2";
    session.model_sha256 = day < 10 ? "model-1" : "model-2";
  }));
  CHECK(cause_of(model) == FindingCause::kModel);
  CHECK(cause_of(changes_in(nights([](int, store::HistorySession&) {}))) == FindingCause::kUnknown);
}

TEST_CASE("attribution: what changes elsewhere, every night, or in another suite explains nothing",
          "[findings]") {
  const auto changes = changes_in(nights([](int day, store::HistorySession& session) {
    session.conditions["meter.serial"] = day < 4 ? "A1" : "B2";           // elsewhere
    session.conditions["host.kernel"] = day % 2 == 0 ? "6.1" : "6.2";     // every night
    session.conditions["meter.address"] = "/tmp/" + std::to_string(day);  // a path
    session.conditions["suite.other.sha256"] = day < 10 ? "1" : "2";      // of another cell
    session.conditions["emulator.version"] = day < 10 ? "" : "QEMU 8";    // not known before
  }));
  CHECK(changes.empty());
  const auto own = changes_in(nights([](int day, store::HistorySession& session) {
    session.conditions["suite.intents.sha256"] = day < 10 ? "1" : "2";
  }));
  REQUIRE(own.size() == 1);
  CHECK(own.front().cause == FindingCause::kModel);
}

TEST_CASE("attribution: a temperature counts when it moved by more than it ever does", "[findings]") {
  const auto warm = changes_in(nights([](int day, store::HistorySession& session) {
    const int degrees = (day < 10 ? 25 : 38) + day % 3;
    session.conditions["board.before.thermal.zone0.soc_mc"] = std::to_string(degrees * 1000);
  }));
  REQUIRE(warm.size() == 1);
  CHECK(warm.front().cause == FindingCause::kRig);
  const auto usual = changes_in(nights([](int day, store::HistorySession& session) {
    session.conditions["board.before.thermal.zone0.soc_mc"] = std::to_string((25 + day % 5) * 1000);
  }));
  CHECK(usual.empty());
}

}  // namespace slmrig::analyse
