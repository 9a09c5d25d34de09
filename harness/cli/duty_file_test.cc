#include "harness/cli/duty_file.h"

#include <catch2/catch.hpp>

#include "harness/base/paths.h"

namespace slmrig::cli {
namespace {

using Catch::Matchers::Contains;

constexpr const char* kLeast =
    R"({"name": "d", "queries_per_day": 10, "battery": {"capacity_mah": 100, "nominal_mv": 3600}})";

std::string error_of(const std::string& text) {
  const auto duty = parse_duty(text, "duty.json");
  REQUIRE_FALSE(duty.has_value());
  CHECK(duty.error().code == base::ErrorCode::kBadInput);
  return duty.error().text();
}

std::string with(const std::string& more) {
  return R"({"name": "d", "queries_per_day": 10, "battery": {"capacity_mah": 100, "nominal_mv": 3600}, )" +
         more + "}";
}

TEST_CASE("A duty is its queries and a battery; everything else has a harmless default") {
  const analyse::Duty duty = parse_duty(kLeast, "duty.json").value();
  CHECK(duty.wake_ups_per_day == 10);
  CHECK(duty.wake_by == analyse::WakeBy::kColdStart);
  CHECK(duty.converter_efficiency == 1);
  CHECK(duty.battery.energy_uj() == Approx(1296e6));
}

TEST_CASE("What is stated comes with its source") {
  const analyse::Duty duty = parse_duty(with(R"("wake_ups_per_day": 30, "wake_by": "retained_memory",
                         "wake_uj": {"value": 50, "half_width": 5, "source": "data sheet"})"),
                                        "duty.json")
                                 .value();
  CHECK(duty.wake_uj.figure.half_width == 5);
  CHECK(duty.wake_uj.source == "data sheet");
  CHECK_THAT(error_of(with(R"("sleep_uw": {"value": 5})")), Contains("sleep_uw") && Contains("source"));
  CHECK_THAT(error_of(with(R"("sleep_uw": {"value": 0, "source": "x"})")), Contains("sleep_uw.value: is 0"));
  CHECK_THAT(error_of(with(R"("wake_by": "retained_memory")")), Contains("wake_uj: is missing"));
}

TEST_CASE("A duty that makes no sense is refused with its key") {
  CHECK_THAT(error_of(with(R"("wake_ups_per_day": 5)")),
             Contains("wake_ups_per_day: is 5, less than the 10 queries"));
  CHECK_THAT(error_of(with(R"("wakeups_per_day": 50)")), Contains("did you mean 'wake_ups_per_day'?"));
  CHECK_THAT(error_of(with(R"("converter_efficiency_percent": 120)")),
             Contains("converter_efficiency_percent"));
  CHECK_THAT(
      error_of(R"({"name": "d", "queries_per_day": 10, "battery": {"capacity_mah": -1, "nominal_mv": 1}})"),
      Contains("battery.capacity_mah"));
  CHECK_THAT(error_of(R"({"name": "d", "battery": {"capacity_mah": 1, "nominal_mv": 1}})"),
             Contains("queries_per_day: is missing"));
}

TEST_CASE("Bundled duties are read by their name, and an unknown one is told the nearest") {
  const auto root = base::find_project_root().value();
  CHECK(load_duty("watch", root).value().name == "watch");
  const auto unknown = load_duty("wach", root);
  REQUIRE_FALSE(unknown.has_value());
  CHECK_THAT(unknown.error().text(), Contains("did you mean 'watch'?"));
  CHECK_FALSE(load_duty("./nothing.json", root).has_value());
}

}  // namespace
}  // namespace slmrig::cli
