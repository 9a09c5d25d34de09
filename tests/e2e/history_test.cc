// A history of many nights at the command line: what changed, what people decide about it, and what would be
// found in it. The nights come in as Google Benchmark's files, so that a month takes seconds.
#include <cmath>

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include "tests/e2e/sandbox.h"

namespace slmrig::e2e {
namespace {

using Catch::Matchers::Contains;
using nlohmann::json;

constexpr int kNights = 31;
constexpr int kStepNight = 24;

// About 10 ms, give or take 0.1; one more since the step. The noise is that of a sum of waves that have no
// common period: the same on every host.
double milliseconds(int night) {
  const double noise = std::sin(12.9898 * night) + std::sin(78.233 * night) + std::sin(37.719 * night);
  return 10 + 0.08 * noise + (night >= kStepNight ? 1 : 0);
}

std::string night_file(int night, double load_ms) {
  return fmt::format(R"({{"context": {{"date": "2026-03-{:02}T03:00:00+00:00"}}, "benchmarks": [
    {{"name": "load", "run_type": "iteration", "real_time": {}, "time_unit": "ms"}}]}})",
                     night, load_ms);
}

void import_night(const Sandbox& sandbox, int night, double load_ms) {
  const std::string file = sandbox.write(fmt::format("night-{}.json", night), night_file(night, load_ms));
  const Ended imported =
      sandbox.slmrig({"db", "import", file, "--bench", "desk", "--db", sandbox.database()});
  INFO(imported.text());
  REQUIRE(imported.exit_code == 0);
}

}  // namespace

TEST_CASE("a regression of a month's nights is found, acknowledged and reopened", "[e2e]") {
  const Sandbox sandbox;
  const auto slmrig = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--db", sandbox.database()});
    return sandbox.slmrig(std::move(arguments));
  };
  CHECK(slmrig({"analyse"}).exit_code == 2);  // no database yet
  for (int night = 1; night <= kNights - 1; ++night) import_night(sandbox, night, milliseconds(night));

  const Ended looked = slmrig({"analyse", "--look", "--json"});
  INFO(looked.text());
  CHECK(looked.exit_code == 1);
  CHECK(sandbox.count("select count(*) from v_finding") == 0);

  const Ended analysed = slmrig({"analyse", "--json"});
  INFO(analysed.text());
  CHECK(analysed.exit_code == 1);
  const json findings = json::parse(analysed.output)["findings"];
  REQUIRE(findings.size() == 1);
  INFO(findings[0].dump(1));
  CHECK(findings[0]["direction"] == "regression");
  CHECK(findings[0]["level"] == "alert");
  CHECK(findings[0]["after"].get<double>() - findings[0]["before"].get<double>() == Approx(1).margin(0.2));
  const std::string id = findings[0]["finding_id"];

  CHECK(slmrig({"finding", "ack", id}).exit_code == 2);  // why?
  const Ended acknowledged = slmrig({"finding", "ack", id, "--reason", "new sampler, wanted"});
  INFO(acknowledged.text());
  CHECK(acknowledged.exit_code == 0);
  CHECK(slmrig({"finding", "ack", "ffffffff", "--reason", "none such"}).exit_code == 2);
  import_night(sandbox, kNights, milliseconds(kNights));
  CHECK(slmrig({"analyse"}).exit_code == 0);  // known, and still there

  const Ended reopened = slmrig({"finding", "reopen", id, "--reason", "it was the cache after all"});
  INFO(reopened.text());
  CHECK(reopened.exit_code == 0);
  CHECK(slmrig({"analyse"}).exit_code == 1);
  const Ended card = slmrig({"finding", "show", id});
  CHECK_THAT(card.output, Contains("new sampler, wanted") && Contains("it was the cache after all"));
}

TEST_CASE("a gate holds a night against the level of the nights before", "[e2e]") {
  const Sandbox sandbox;
  const std::string budgets = sandbox.write(
      "drift.json", R"({"budgets": [{"metric": "benchmark_ms_p50", "limit": "<= 1.05x stable"}]})");
  const auto gate = [&](std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {"gate", "--budgets", budgets, "--db", sandbox.database()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return sandbox.slmrig(std::move(arguments));
  };
  for (int night = 1; night <= 5; ++night) import_night(sandbox, night, milliseconds(night));
  const Ended young = gate();
  INFO(young.text());
  CHECK(young.exit_code == 3);
  CHECK_THAT(young.output, Contains("learning, 4 of 8 nights"));
  for (int night = 6; night < kStepNight; ++night) import_night(sandbox, night, milliseconds(night));
  const Ended good = gate();
  INFO(good.text());
  CHECK(good.exit_code == 0);
  // Six nights of a regression do not make it the measure.
  for (int night = kStepNight; night < kStepNight + 6; ++night)
    import_night(sandbox, night, milliseconds(night));
  const Ended bad = gate({"--json"});
  INFO(bad.text());
  CHECK(bad.exit_code == 1);
  const json row = json::parse(bad.output)["rows"][0];
  CHECK(row["benches"][0]["release_figure"]["value"].get<double>() == Approx(10).margin(0.1));
  const Ended explained = gate({"--explain", row["id"].get<std::string>()});
  CHECK_THAT(explained.output, Contains("median of the 23 nights since 2026-03-01"));
}

TEST_CASE("a self-test tells what would be found in a history", "[e2e]") {
  const Sandbox sandbox;
  for (int night = 1; night <= kNights; ++night)
    import_night(sandbox, night, milliseconds(night) - (night >= kStepNight ? 1 : 0));
  const Ended tested = sandbox.slmrig({"analyse", "--self-test", "--json", "--db", sandbox.database()});
  INFO(tested.text());
  REQUIRE(tested.exit_code == 0);
  const json series = json::parse(tested.output)["series"];
  REQUIRE(series.size() == 1);
  const json& steps = series[0]["steps"];
  CHECK(steps.size() == 8);
  CHECK(steps[0]["sigma"] == 1);
  CHECK(steps[0]["power"] <= 0.2);
  CHECK(steps[7]["share"] == 0.1);  // ten sigma
  CHECK(steps[7]["power"] == 1);
  CHECK(series[0]["false_alerts"] == 0);
  CHECK(sandbox.count("select count(*) from v_finding") == 0);

  CHECK(sandbox.slmrig({"analyse", "--trials", "3", "--db", sandbox.database()}).exit_code == 2);
  std::string csv = "time,value\n";
  for (int night = 1; night <= 60; ++night)
    csv += fmt::format("{},{}\n", night, 10 + 0.08 * std::sin(12.9898 * night));
  const Ended own = sandbox.slmrig({"analyse", "--self-test", "--series", sandbox.write("own.csv", csv)});
  INFO(own.text());
  CHECK(own.exit_code == 0);
  CHECK_THAT(own.output, Contains("4 sigma") && Contains("10 %") && Contains("series-years"));
}

}  // namespace slmrig::e2e
