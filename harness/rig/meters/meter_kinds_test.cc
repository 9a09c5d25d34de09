#include "harness/rig/meters/meter_kinds.h"

#include <catch2/catch.hpp>

#include "harness/rig/meters/sensor_tree_for_test.h"

namespace slmrig::rig {

TEST_CASE("a meter on the command line is a kind and an address", "[meters]") {
  const auto scpi = parse_meter("scpi:192.168.1.7:5555");
  REQUIRE(scpi);
  CHECK(scpi->kind == "scpi");
  CHECK(scpi->address == "192.168.1.7:5555");
  CHECK(parse_meter("rapl")->address.empty());
  CHECK(parse_meter("hwmon:ina3221/VDD_IN")->address == "ina3221/VDD_IN");
  const auto nowhere = parse_meter("scpi");
  REQUIRE_FALSE(nowhere);
  CHECK(nowhere.error().message.find("host:port") != std::string::npos);
  CHECK_FALSE(parse_meter("hwmom:ina226"));
}

TEST_CASE("the sensors of a host are found as meters that can be opened", "[meters]") {
  SensorTree tree;
  const auto chip = tree.add_hwmon("hwmon4", "ina226", "1-0041");
  SensorTree::write(chip / "in1_input", "5012");
  SensorTree::write(chip / "curr1_input", "412");
  tree.add_zone("intel-rapl:0", "package-0", "100");
  std::string found;
  for (const FoundMeter& meter : find_meters(tree.roots)) found += meter.kind + ":" + meter.address + " ";
  CHECK(found == "hwmon:ina226/1 rapl:package-0 ");
  // The root of the tree is a setting, too.
  auto spec = parse_meter("hwmon:ina226/1").value();
  spec.settings["sys"] = tree.roots.sys.string();
  const auto meter = open_meter(spec);
  REQUIRE(meter);
  CHECK((*meter)->facts().serial == "1-0041");
}

TEST_CASE("a Joulescope is named, and what its driver would take", "[meters]") {
  const auto meter = open_meter(parse_meter("joulescope").value());
  REQUIRE_FALSE(meter);
  CHECK(meter.error().code == base::ErrorCode::kUnsupported);
  CHECK(meter.error().message.find("joulescope_driver") != std::string::npos);
}

}  // namespace slmrig::rig
