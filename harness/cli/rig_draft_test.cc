#include "harness/cli/rig_draft.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "harness/base/file.h"
#include "harness/rig/rig_file.h"

namespace slmrig::cli {
namespace {

rig::SerialPort port_of(const std::string& device, const std::string& serial, const std::string& place) {
  rig::SerialPort port;
  port.device = device;
  port.by_path = "/dev/serial/by-path/" + place;
  if (!serial.empty()) port.by_id = "/dev/serial/by-id/usb-" + serial;
  port.usb.serial = serial;
  port.usb.place = place;
  port.usb.product = "adapter";
  return port;
}

base::Result<base::Rig> loaded(const std::string& text) {
  const auto folder = base::TemporaryDirectory::create("draft").value();
  REQUIRE(base::write_file_atomically(folder.path() / "rig.json", text));
  return rig::load_rig((folder.path() / "rig.json").string(), std::filesystem::current_path());
}

}  // namespace

TEST_CASE("a rig is drafted from probes, their ports and other ports") {
  FoundHardware found;
  found.probes = {{"A1", "DAPLink"}, {"B2", "J-Link"}};
  found.ports = {port_of("/dev/ttyACM0", "A1", "1-1"), port_of("/dev/ttyUSB0", "", "1-2"),
                 port_of("/dev/ttyACM1", "PPK", "1-3")};
  found.meters = {found.ports[2].usb};
  found.sensors = {{"hwmon", "ina226, rail 1", "ina226/1"}};
  const auto rig = nlohmann::json::parse(draft_rig(found, "desk", ""));
  REQUIRE(rig["benches"].size() == 4);
  CHECK(rig["benches"][1]["link"]["usb_serial"] == "A1");
  CHECK(rig["benches"][1]["flasher"]["probe"] == "A1");
  CHECK(rig["benches"][1]["board"] == kFillIn);
  CHECK(rig["benches"][2]["link"]["address"] == kFillIn);
  CHECK(rig["benches"][3]["link"]["address"] == "/dev/serial/by-path/1-2");
  CHECK(rig["benches"][3]["unit_id"] == kFillIn);
  CHECK_THAT(rig["$comment"].get<std::string>(), Catch::Contains("Meter:") && Catch::Contains("FILL-IN"));
  CHECK_THAT(rig["$comment"].get<std::string>(),
             Catch::Contains(R"("meter": {"kind": "hwmon", "address": "ina226/1"})"));
  const auto refused = loaded(draft_rig(found, "desk", ""));
  REQUIRE_FALSE(refused);
  CHECK_THAT(refused.error().text(), Catch::Contains("FILL-IN"));
}

TEST_CASE("a draft with a known board can be read, and so can that of a host without hardware") {
  FoundHardware found;
  CHECK(loaded(draft_rig(found, "bare", "")).value().benches.size() == 1);
  found.probes = {{"A1", "DAPLink"}};
  found.ports = {port_of("/dev/ttyACM0", "A1", "1-1"), port_of("/dev/ttyACM1", "A1", "1-1")};
  const auto rig = loaded(draft_rig(found, "desk", "mps2-an386"));
  REQUIRE(rig);
  CHECK(rig->benches.at(1).link.address == "/dev/serial/by-id/usb-A1");  // two ports of one adapter
}

}  // namespace slmrig::cli
