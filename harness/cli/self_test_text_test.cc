#include "harness/cli/self_test_text.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "harness/analyse/night_simulation.h"

namespace slmrig::cli {
namespace {

using Catch::Matchers::Contains;

std::vector<TestedSeries> two_series() {
  analyse::SelfTrial one;
  one.nights = 100;
  one.level = 50;
  one.sigma = 0.5;
  one.steps = {{4, false, 10, {4, 4, 5, 5, 5, 6, 6, 6, 9}}, {0.01, true, 10, {}}};
  one.alerts = 1;
  one.nights_reordered = 365;
  one.false_alerts = 1;
  analyse::SelfTrial young;
  young.nights = 7;
  young.learning = true;
  return {{"rack-1 nano int8 intents token_ms_p50", "ms", one}, {"rack-2", "ms", young}};
}

TEST_CASE("A self-test is a line a series, with what was not tested and why") {
  const std::string text = self_test_text(two_series(), {});
  CHECK_THAT(text, Contains("4 sigma") && Contains("90 % in 5") && Contains("1 %"));
  CHECK_THAT(text, Contains("learning, 7 of 24 nights"));
  CHECK_THAT(text, Contains("1 in 365 nights, 100.0 a hundred series-years"));
  CHECK_THAT(self_test_text({two_series()[1]}, {}), Contains("nothing to test"));
}

TEST_CASE("A self-test in JSON names each height, and null where nothing was found") {
  const auto json = nlohmann::json::parse(self_test_json(two_series(), {}));
  CHECK(json["within_nights"] == 20);
  const auto& steps = json["series"][0]["steps"];
  CHECK(steps[0]["sigma"] == 4);
  CHECK(steps[0]["found"] == 9);
  CHECK(steps[0]["power"] == 0.9);
  CHECK(steps[0]["median_delay_nights"] == 5);
  CHECK(steps[1]["share"] == 0.01);
  CHECK(steps[1]["median_delay_nights"].is_null());
  CHECK(json["series"][1]["not_tested"] == "learning, 7 of 24 nights");
  CHECK(json["together"]["steps"].size() == 2);
  CHECK(json["together"]["false_alerts"] == 1);
}

}  // namespace
}  // namespace slmrig::cli
