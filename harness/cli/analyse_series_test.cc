#include "harness/cli/analyse_series.h"

#include <cmath>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace slmrig::cli {
namespace {

TEST_CASE("Numbers are read with and without a header, time, or commas") {
  for (const std::string text :
       {"time,value\n1,10\n2,11.5\n",
        "\xEF\xBB\xBF"
        "1,10\r\n2,11.5\r\n",
        "value;time\n10;1\n11.5;2\n", "10\n11.5", "# mine\n\n1 10\n2   11.5\n",
        "night\tms\n1\t10\n2\t+11.5\n", "\"time\",\"value\"\n\"1\",\"10\"\n\"2\",\"11.5\"\n",
        "time,host,value\n1,x,10\n2,y,11.5\n"}) {
    INFO(text);
    const auto series = parse_series(text);
    REQUIRE(series);
    CHECK(series->values == std::vector<double>{10, 11.5});
    CHECK(series->missing == 0);
    CHECK(series->steps_back == 0);
  }
}

TEST_CASE("Missing values keep their row") {
  const auto series =
      parse_series("time,value\n2026-01-01,1\n2026-01-02,\n2026-01-03,NaN\n2026-01-04,inf\n2026-01-05\n");
  REQUIRE(series);
  CHECK(series->values.size() == 5);
  CHECK(series->missing == 4);
  CHECK(series->times[3] == "2026-01-04");
  CHECK(std::isnan(series->values[3]));
}

TEST_CASE("A clock that jumped is counted, and moves nothing") {
  const auto series = parse_series("10,1\n11,2\n5,3\n12,4\n");
  REQUIRE(series);
  CHECK(series->steps_back == 1);
  CHECK(series->values == std::vector<double>{1, 2, 3, 4});
}

TEST_CASE("What is no series says where") {
  CHECK(parse_series("time,value\n1,2\n2,fast\n").error().text() ==
        "line 3: \"fast\" is no number; expected is a value like 12.5, or nothing where it is missing");
  CHECK(parse_series("").error().message.find("no number") != std::string::npos);
  CHECK(parse_series("time,value\n1,\n").error().code == base::ErrorCode::kBadInput);
  CHECK(analyse_series_file("/nowhere/x.csv", true, false).error().code == base::ErrorCode::kBadInput);
}

TEST_CASE("A change is told as text and as JSON") {
  std::string text = "time,value\n";
  for (int i = 0; i < 40; ++i)
    text += std::to_string(1000 + i) + "," + std::to_string((i < 25 ? 50 : 60) + i * 7 % 5) + "\n";
  const NumberSeries series = parse_series(text).value();
  const auto changes = analyse::find_change_points(series.values);
  const auto json = nlohmann::json::parse(series_json(series, changes));
  REQUIRE(json.at("change_points").size() == 1);
  CHECK(json["change_points"][0].at("index") == 25);
  CHECK(json["change_points"][0].at("level") == "alert");
  CHECK(json["change_points"][0].at("time") == "1025");
  CHECK(series_text(series, changes).find("alert") != std::string::npos);
  const NumberSeries two = parse_series("1\n2\n").value();
  CHECK(nlohmann::json::parse(series_json(two, {})).at("change_points").empty());
  CHECK(series_text(two, {}).find("learning, 2 of 8 points") != std::string::npos);
}

}  // namespace
}  // namespace slmrig::cli
