#include "harness/plan/battery_curve.h"

#include <catch2/catch.hpp>

#include "harness/base/file.h"
#include "harness/base/paths.h"

namespace slmrig::plan {
namespace {

using Catch::Matchers::Contains;

TEST_CASE("Between two points of a battery its voltage lies on a line, beyond them at the ends") {
  const BatteryCurve curve = {"b", {{90, 3000}, {50, 2800}, {10, 2000}}};
  CHECK(curve.mv_at(100) == 3000);
  CHECK(curve.mv_at(90) == 3000);
  CHECK(curve.mv_at(70) == Approx(2900));
  CHECK(curve.mv_at(50) == Approx(2800));
  CHECK(curve.mv_at(20) == Approx(2200));
  CHECK(curve.mv_at(0) == 2000);
}

TEST_CASE("A battery is read by name or path, and one that does not empty is refused") {
  const std::string root = base::find_project_root().value().string();
  const BatteryCurve bundled = load_battery("cr2032", root).value();
  CHECK(bundled.mv_at(100) > bundled.mv_at(0));
  CHECK_THAT(load_battery("cr2023", root).error().text(), Contains("did you mean 'cr2032'?"));
  const auto folder = base::TemporaryDirectory::create("battery").value();
  const std::string file = folder.path() / "mine.json";
  const auto error_of = [&](const std::string& curve) {
    REQUIRE(base::write_file_atomically(
        file, std::string(R"({"name": "mine", "source": "me", "curve": )") + curve + "}"));
    const auto battery = load_battery(file, root);
    return battery ? std::string("read") : battery.error().text();
  };
  CHECK(error_of(R"([{"remaining_percent": 100, "mv": 3000}, {"remaining_percent": 0, "mv": 2000}])") ==
        "read");
  CHECK_THAT(error_of(R"([{"remaining_percent": 100, "mv": 3000}])"), Contains("two or more points"));
  CHECK_THAT(error_of(R"([{"remaining_percent": 50, "mv": 3000}, {"remaining_percent": 60, "mv": 2000}])"),
             Contains("curve[1]") && Contains("from full to empty"));
  CHECK_THAT(error_of(R"([{"remaining_percent": 50, "mv": 3000}, {"remaining_percent": 40, "mv": 3001}])"),
             Contains("curve[1]"));
}

}  // namespace
}  // namespace slmrig::plan
