#include "reports/fleet_json.h"

#include <catch2/catch.hpp>

#include "reports/testing/sample_history.h"

namespace slmrig::reports {
namespace {

using Json = nlohmann::ordered_json;

constexpr int64_t kDayNs = 86'400'000'000'000;

// Two benches of one board and an emulated one, ten nights; the second bench is 5 % slower.
store::History three_benches() {
  store::History history;
  const std::vector<std::string> benches = {"left", "right", "virtual"};
  for (const std::string& bench : benches) {
    store::Series series;
    series.key = {bench, "slm", "wrist-nano", "int8", "intents", "", "token_ms_p99", base::Tier::kHardware};
    if (bench == "virtual") series.key.tier = base::Tier::kModelled;
    series.unit = "ms";
    history.series.push_back(series);
  }
  for (int64_t night = 0; night < 10; ++night) {
    for (std::size_t at = 0; at < benches.size(); ++at) {
      if (benches[at] == "right" && night > 7) continue;  // taken away two nights ago
      store::HistorySession session;
      session.run_id = "run-" + std::to_string(night);
      session.session_id = session.run_id + benches[at];
      session.started_at_ns = night * kDayNs;
      session.bench = benches[at];
      session.board = benches[at] == "virtual" ? "virtual" : "nucleo";
      session.unit_id = benches[at] == "left" && night < 3 ? "unit-0" : "unit-" + benches[at];
      session.conditions["board.before.temperature_mc"] = "21000";
      if (benches[at] == "left") session.conditions["board.after.temperature_mc"] = "23500";
      if (benches[at] == "virtual") session.conditions.clear();
      store::SeriesPoint point;
      point.session = static_cast<uint32_t>(history.sessions.size());
      point.value = (at == 1 ? 1.05 : 1.0) + 0.001 * static_cast<double>(night % 3);
      history.sessions.push_back(session);
      history.series[at].points.push_back(point);
    }
  }
  return history;
}

Json bench_named(const Json& fleet, const std::string& name) {
  for (const Json& bench : fleet) {
    if (bench["bench"] == name) return bench;
  }
  return nullptr;
}

TEST_CASE("the fleet tells health, unit, temperature and how far boards of a kind are apart") {
  store::History history = three_benches();
  for (const std::size_t at : {0, 1}) {  // in this figure both boards are alike
    store::Series alike = history.series[at];
    alike.key.metric = "token_ms_p50";
    for (store::SeriesPoint& point : alike.points) point.value = 1;
    history.series.push_back(alike);
  }
  const auto judgement = analyse::judge(history);
  ReportHistory input;
  input.history = &history;
  input.judgement = &judgement;
  const Json fleet = fleet_json(input);
  REQUIRE(fleet.size() == 3);

  const Json left = bench_named(fleet, "left");
  CHECK(left["health"] == "well");
  CHECK(left["unit_id"] == "unit-left");
  CHECK(left["units"] == 2);
  CHECK(left["nights"] == 10);
  CHECK(left["temperature_c"] == 23.5);  // after the session, where both are told
  REQUIRE(left["spread"].is_object());
  CHECK(left["spread"]["share"].get<double>() == Approx(0.05).margin(0.005));
  CHECK(left["spread"]["benches"] == 2);
  CHECK(left["spread"]["series"] == 0);

  const Json right = bench_named(fleet, "right");
  CHECK(right["health"] == "away");
  CHECK(right["temperature_c"] == 21.0);

  const Json lone = bench_named(fleet, "virtual");
  CHECK(lone["temperature_c"].is_null());
  CHECK(lone["spread"].is_null());
}

TEST_CASE("a bench in quarantine is shown as that, whatever else is with it") {
  const store::History history = three_benches();
  const auto judgement = analyse::judge(history);
  const std::vector<store::QuarantineRow> quarantined = {{"right", 0, "kim", "its fan rattles"}};
  ReportHistory input;
  input.history = &history;
  input.judgement = &judgement;
  input.quarantined = quarantined;
  const Json fleet = fleet_json(input);
  CHECK(bench_named(fleet, "right")["health"] == "quarantined");
  CHECK(bench_named(fleet, "right")["why"] ==
        "out of service since 1970-01-01 00:00 UTC, by kim: its fan rattles");
  CHECK(bench_named(fleet, "left")["health"] == "well");
}

TEST_CASE("a bench whose series gave no figure is troubled") {
  const SampleHistory sample = sample_history();
  const Json fleet = fleet_json(sample.input());
  const Json native = bench_named(fleet, "native");
  CHECK(native["health"] == "troubled");
  CHECK(native["unmeasured"] == 10);
  // A faster kernel there is no fault of the bench.
  CHECK(bench_named(fleet, "mps2-an386")["health"] == "well");
}

}  // namespace
}  // namespace slmrig::reports
