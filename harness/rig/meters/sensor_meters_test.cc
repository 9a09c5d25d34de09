// The host's own sensors: hwmon, IIO, RAPL, the Raspberry Pi's power management chip.
#include <sys/stat.h>

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include "harness/rig/meters/hwmon_meter.h"
#include "harness/rig/meters/iio_meter.h"
#include "harness/rig/meters/pi5_meter.h"
#include "harness/rig/meters/rapl_meter.h"
#include "harness/rig/meters/sensor_tree_for_test.h"

namespace slmrig::rig {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::PowerSamples;
using Opened = base::Result<std::unique_ptr<Meter>>;

constexpr int64_t kWaitMs = 5000;

base::MeterSpec spec_of(const std::string& kind, const std::string& address = {}) {
  base::MeterSpec spec;
  spec.kind = kind;
  spec.address = address;
  return spec;
}

// Everything that came until `enough` says so.
template <typename Enough>
PowerSamples read_until(Meter& meter, const Enough& enough) {
  PowerSamples all;
  PowerSamples block;
  while (!enough(all)) {
    const auto got = meter.read(block, kWaitMs);
    REQUIRE(got);
    REQUIRE(*got);
    const auto append = [](auto& to, const auto& from) { to.insert(to.end(), from.begin(), from.end()); };
    append(all.current_ua, block.current_ua);
    append(all.voltage_mv, block.voltage_mv);
    append(all.power_uw, block.power_uw);
    append(all.time_ns, block.time_ns);
    append(all.flags, block.flags);
  }
  return all;
}

void add_ina226(const SensorTree& tree, const std::string& number, const std::string& device) {
  const fs::path chip = tree.add_hwmon(number, "ina226", device);
  SensorTree::write(chip / "in0_input", "2");
  SensorTree::write(chip / "in1_input", "5012");
  SensorTree::write(chip / "curr1_input", "412");
  SensorTree::write(chip / "power1_input", "2065000");
  SensorTree::write(chip / "shunt_resistor", "10000");
  SensorTree::write(chip / "update_interval", "4");
}

void add_orin(const SensorTree& tree) {
  const fs::path chip = tree.add_hwmon("hwmon3", "ina3221", "1-0040");
  int number = 0;
  for (const char* label : {"VDD_IN", "VDD_CPU_GPU_CV", "VDD_SOC"}) {
    ++number;
    SensorTree::write(chip / fmt::format("in{}_label", number), label);
    SensorTree::write(chip / fmt::format("in{}_input", number), "5000");
    SensorTree::write(chip / fmt::format("curr{}_input", number), fmt::format("{}", 1000 / number));
    SensorTree::write(chip / fmt::format("shunt{}_resistor", number), "5000");
    // The shunt's voltage, of which the channels 4 to 6 consist.
    SensorTree::write(chip / fmt::format("in{}_input", number + 3), "40");
  }
  SensorTree::write(chip / "in7_label", "sum of shunt voltages");
  SensorTree::write(chip / "in7_input", "120");
  SensorTree::write(chip / "curr4_input", "1833");
}

}  // namespace

TEST_CASE("an INA226 is found by its chip's name, under whatever number", "[meters]") {
  SensorTree tree;
  add_ina226(tree, "hwmon10", "1-0041");
  SensorTree::write(tree.roots.sys / "class/hwmon/hwmon2/name", "coretemp");
  const auto sensors = hwmon_sensors(tree.roots);
  REQUIRE(sensors.size() == 1);
  CHECK(sensors[0].address == "ina226/1");

  const Opened meter = open_hwmon(spec_of("hwmon", "ina226"), tree.roots);
  REQUIRE(meter);
  const base::MeterFacts& facts = (*meter)->facts();
  CHECK(facts.sample_rate_hz == 0);
  CHECK(facts.measures_voltage);
  REQUIRE(facts.ranges.size() == 1);
  CHECK(facts.ranges[0].calibrated);
  // 0.1 % of the chip and 1 % of the shunt; 81.92 mV at 10 mohm.
  CHECK(facts.ranges[0].gain_half_width == Approx(0.011));
  CHECK(facts.ranges[0].highest_ua == Approx(8'192'000));
  // Half of 1 mA, and 10 uV with half of 2.5 uV at 10 mohm.
  CHECK(facts.ranges[0].offset_ua == Approx(500 + 1125));
  CHECK(facts.settings.at("asked_hz") == "500");

  REQUIRE((*meter)->start());
  const PowerSamples seen = read_until(**meter, [](const auto& all) { return all.flags.size() >= 3; });
  CHECK(seen.current_ua[0] == 412'000);
  CHECK(seen.voltage_mv[0] == 5012);
  CHECK(seen.power_uw[0] == 2'065'000);
  CHECK(seen.flags[0] == 0);
  CHECK(seen.flags[2] == base::kSampleRepeated);
  CHECK(seen.time_ns[1] > seen.time_ns[0]);
  REQUIRE((*meter)->stop());
}

TEST_CASE("each conversion of a sensor is new once, however often it is asked", "[meters]") {
  SensorTree tree;
  add_ina226(tree, "hwmon1", "1-0041");
  base::MeterSpec spec = spec_of("hwmon", "ina226");
  spec.settings["rate_hz"] = "1000";
  const Opened meter = open_hwmon(spec, tree.roots);
  REQUIRE(meter);
  REQUIRE((*meter)->start());
  constexpr int kConversions = 20;
  int fresh = 0;
  for (int i = 0; i < kConversions; ++i) {
    // The chip converts anew once the reader has seen the last figure at least three times.
    const int milliamperes = 500 + i;
    SensorTree::write(tree.roots.sys / "class/hwmon/hwmon1/curr1_input", fmt::format("{}", milliamperes));
    const auto times_seen = [&](const PowerSamples& all) {
      return std::count(all.current_ua.begin(), all.current_ua.end(),
                        static_cast<float>(1000 * milliamperes)) >= 3;
    };
    const PowerSamples seen = read_until(**meter, times_seen);
    for (std::size_t k = 0; k < seen.flags.size(); ++k) {
      const bool is_new = seen.flags[k] == 0 && seen.current_ua[k] >= 500'000;
      fresh += is_new ? 1 : 0;
    }
  }
  CHECK(fresh == kConversions);
}

TEST_CASE("of several rails one must be named, and a module has a total", "[meters]") {
  SensorTree tree;
  add_orin(tree);
  const Opened vague = open_hwmon(spec_of("hwmon", "ina3221"), tree.roots);
  REQUIRE_FALSE(vague);
  CHECK(vague.error().code == ErrorCode::kBadInput);
  CHECK(vague.error().message.find("ina3221/VDD_IN, ina3221/VDD_CPU_GPU_CV, ina3221/VDD_SOC") !=
        std::string::npos);
  const Opened total = open_hwmon(spec_of("hwmon", "total"), tree.roots);
  REQUIRE(total);
  CHECK((*total)->facts().address == "ina3221/VDD_IN");
  const Opened soc = open_hwmon(spec_of("hwmon", "VDD_SOC"), tree.roots);
  REQUIRE(soc);
  REQUIRE((*soc)->start());
  const PowerSamples seen = read_until(**soc, [](const auto& all) { return !all.flags.empty(); });
  CHECK(seen.current_ua[0] == 333'000);
  CHECK(seen.power_uw.empty());
}

TEST_CASE("a module without a total rail is the sum of its rails, and says so", "[meters]") {
  SensorTree tree;
  for (const char* device : {"1-0040", "1-0041"}) {
    const fs::path chip = tree.add_hwmon(std::string("hwmon") + device[5], "ina3221", device);
    SensorTree::write(chip / "in1_label", std::string("VDD_") + device[5]);
    SensorTree::write(chip / "in1_input", "5000");
    SensorTree::write(chip / "curr1_input", "800");
    SensorTree::write(chip / "in2_label", "NC");
    SensorTree::write(chip / "in2_input", "5000");
    SensorTree::write(chip / "curr2_input", "9999");
  }
  const Opened meter = open_hwmon(spec_of("hwmon", "total"), tree.roots);
  REQUIRE(meter);
  CHECK((*meter)->facts().settings.count("scope") == 1);
  CHECK_FALSE((*meter)->facts().ranges[0].calibrated);  // no shunt was told
  REQUIRE((*meter)->start());
  const PowerSamples seen = read_until(**meter, [](const auto& all) { return !all.flags.empty(); });
  CHECK(seen.current_ua.empty());
  CHECK(seen.power_uw[0] == Approx(2 * 0.8 * 5 * 1e6));
}

TEST_CASE("a USB-C meter's current goes with the voltage of its name, and may be negative", "[meters]") {
  SensorTree tree;
  const fs::path chip = tree.add_hwmon("hwmon5", "powerz", "1-1:1.0");
  SensorTree::write(chip / "in0_label", "VBUS");
  SensorTree::write(chip / "in0_input", "5040");
  SensorTree::write(chip / "in1_label", "CC1");
  SensorTree::write(chip / "in1_input", "1650");
  SensorTree::write(chip / "curr1_label", "IBUS");
  SensorTree::write(chip / "curr1_input", "-250");
  const Opened meter = open_hwmon(spec_of("hwmon", "powerz"), tree.roots);
  REQUIRE(meter);
  CHECK((*meter)->facts().address == "powerz/IBUS");
  CHECK_FALSE((*meter)->facts().ranges[0].calibrated);
  REQUIRE((*meter)->start());
  const PowerSamples seen = read_until(**meter, [](const auto& all) { return !all.flags.empty(); });
  CHECK(seen.voltage_mv[0] == 5040);
  CHECK(seen.current_ua[0] == -250'000);
}

TEST_CASE("two chips of one name are told apart by their device", "[meters]") {
  SensorTree tree;
  add_ina226(tree, "hwmon1", "1-0040");
  add_ina226(tree, "hwmon2", "1-0041");
  const Opened vague = open_hwmon(spec_of("hwmon", "ina226"), tree.roots);
  REQUIRE_FALSE(vague);
  CHECK(vague.error().message.find("1-0040/1, 1-0041/1") != std::string::npos);
  CHECK(open_hwmon(spec_of("hwmon", "1-0041"), tree.roots));
}

TEST_CASE("a sensor that is bound anew goes on; one that is gone is a lost link", "[meters]") {
  SensorTree tree;
  add_ina226(tree, "hwmon1", "1-0040");
  const Opened meter = open_hwmon(spec_of("hwmon", "ina226"), tree.roots);
  REQUIRE(meter);
  REQUIRE((*meter)->start());
  read_until(**meter, [](const auto& all) { return !all.flags.empty(); });
  const fs::path chips = tree.roots.sys / "class/hwmon";
  fs::rename(chips / "hwmon1", chips / "hwmon7");
  SensorTree::write(chips / "hwmon7/curr1_input", "777");
  const PowerSamples seen = read_until(
      **meter, [](const auto& all) { return !all.current_ua.empty() && all.current_ua.back() == 777'000; });
  CHECK(seen.current_ua.back() == 777'000);
  fs::rename(chips / "hwmon7", tree.folder.path() / "unplugged");
  PowerSamples block;
  auto got = (*meter)->read(block, kWaitMs);
  while (got && *got) got = (*meter)->read(block, kWaitMs);
  REQUIRE_FALSE(got);
  CHECK(got.error().code == ErrorCode::kLinkLost);
}

TEST_CASE("a host without sensors, a wrong name and a wrong setting are told", "[meters]") {
  SensorTree tree;
  const Opened none = open_hwmon(spec_of("hwmon", "ina226"), tree.roots);
  REQUIRE_FALSE(none);
  CHECK(none.error().code == ErrorCode::kLinkLost);
  add_ina226(tree, "hwmon1", "1-0040");
  const Opened wrong = open_hwmon(spec_of("hwmon", "ina227"), tree.roots);
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().message.find("there are ina226/1") != std::string::npos);
  base::MeterSpec spec = spec_of("hwmon", "ina226");
  spec.settings["rate_hz"] = "fast";
  const Opened fast = open_hwmon(spec, tree.roots);
  REQUIRE_FALSE(fast);
  CHECK(fast.error().code == ErrorCode::kBadInput);
  spec.settings = {{"rate", "10"}};
  const Opened unknown = open_hwmon(spec, tree.roots);
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().message.find("rate_hz") != std::string::npos);
  CHECK_FALSE((*open_hwmon(spec_of("hwmon"), tree.roots))->set_power(false));
}

TEST_CASE("a self-check tells the true rate of a sensor, and what asking costs", "[meters]") {
  SensorTree tree;
  add_ina226(tree, "hwmon1", "1-0040");
  const Opened meter = open_hwmon(spec_of("hwmon"), tree.roots);
  REQUIRE(meter);
  const auto checks = (*meter)->self_check();
  REQUIRE(checks);
  REQUIRE(checks->size() == 2);
  CHECK((*checks)[0].name == "rate");
  CHECK((*checks)[0].good);
  CHECK((*checks)[1].good);
}

TEST_CASE("an IIO converter's current comes from its shunt", "[meters]") {
  SensorTree tree;
  const fs::path device = tree.roots.sys / "bus/iio/devices/iio:device0";
  SensorTree::write(device / "name", "ina226");
  SensorTree::write(device / "in_shunt_resistor", "0.010000000");
  SensorTree::write(device / "in_voltage0_raw", "1648");
  SensorTree::write(device / "in_voltage0_scale", "0.002500000");
  SensorTree::write(device / "in_voltage1_raw", "4010");
  SensorTree::write(device / "in_voltage1_scale", "1.250000000");
  SensorTree::write(device / "in_power2_raw", "82");
  SensorTree::write(device / "in_current3_raw", "412");
  const Opened meter = open_iio(spec_of("iio", "ina226"), tree.roots);
  REQUIRE(meter);
  REQUIRE((*meter)->start());
  const PowerSamples seen = read_until(**meter, [](const auto& all) { return !all.flags.empty(); });
  CHECK(seen.current_ua[0] == Approx(412'000));  // 1648 x 2.5 uV / 10 mohm
  CHECK(seen.voltage_mv[0] == Approx(5012.5));
  CHECK(seen.power_uw.empty());
}

TEST_CASE("JetPack 4 has its rails under a driver of its own", "[meters]") {
  SensorTree tree;
  const fs::path device = tree.roots.sys / "bus/i2c/drivers/ina3221x/1-0040/iio:device0";
  SensorTree::write(device / "name", "ina3221x");
  SensorTree::write(device / "rail_name_0", "POM_5V_IN");
  SensorTree::write(device / "in_voltage0_input", "5040");
  SensorTree::write(device / "in_current0_input", "600");
  SensorTree::write(device / "in_power0_input", "3024");
  SensorTree::write(device / "rail_name_1", "POM_5V_GPU");
  SensorTree::write(device / "in_voltage1_input", "5040");
  SensorTree::write(device / "in_current1_input", "40");
  const Opened meter = open_iio(spec_of("iio", "total"), tree.roots);
  REQUIRE(meter);
  CHECK((*meter)->facts().address == "ina3221x/POM_5V_IN");
  CHECK((*meter)->facts().serial == "1-0040");
  REQUIRE((*meter)->start());
  const PowerSamples seen = read_until(**meter, [](const auto& all) { return !all.flags.empty(); });
  CHECK(seen.power_uw[0] == Approx(3'024'000));  // told in mW
  CHECK(seen.current_ua[0] == Approx(600'000));
}

TEST_CASE("RAPL energy goes on over the end of its counter", "[meters]") {
  SensorTree tree;
  const fs::path zone = tree.add_zone("intel-rapl:0", "package-0", "262143328000");
  tree.add_zone("intel-rapl:0:0", "core", "1000");
  tree.add_zone("intel-rapl-mmio:0", "package-0", "500");
  const Opened meter = open_rapl(spec_of("rapl"), tree.roots);
  REQUIRE(meter);
  CHECK((*meter)->facts().address == "package-0");
  CHECK_FALSE((*meter)->facts().ranges[0].calibrated);
  REQUIRE((*meter)->start());
  SensorTree::write(zone / "energy_uj", "262143328800");
  PowerSamples block;
  auto got = (*meter)->read(block, kWaitMs);
  REQUIRE(got);
  const int64_t before_ns = block.time_ns.back();
  // 50 uJ to the end of the range, and 9950 beyond it.
  SensorTree::write(zone / "energy_uj", "9950");
  got = (*meter)->read(block, kWaitMs);
  REQUIRE(got);
  REQUIRE(block.power_uw.size() == 1);
  const double seconds = static_cast<double>(block.time_ns[0] - before_ns) * 1e-9;
  CHECK(block.power_uw[0] * seconds == Approx(10'000).epsilon(1e-4));
  // A counter that stands still gives no reading.
  got = (*meter)->read(block, 50);
  REQUIRE(got);
  CHECK_FALSE(*got);
}

TEST_CASE("RAPL adds packages, never a part to its whole", "[meters]") {
  SensorTree tree;
  tree.add_zone("intel-rapl:0", "package-0", "100");
  tree.add_zone("intel-rapl:0:0", "core", "100");
  tree.add_zone("intel-rapl:1", "package-1", "100");
  tree.add_zone("intel-rapl:2", "psys", "100");
  CHECK((*open_rapl(spec_of("rapl"), tree.roots))->facts().address == "package-0 + package-1");
  CHECK((*open_rapl(spec_of("rapl", "package-0/core"), tree.roots))->facts().address == "package-0/core");
  const Opened wrong = open_rapl(spec_of("rapl", "dram"), tree.roots);
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().message.find("package-0, package-0/core, package-1, psys") != std::string::npos);
}

TEST_CASE("counters that only root may read are an error that says how to grant them", "[meters]") {
  SensorTree tree;
  const fs::path zone = tree.add_zone("intel-rapl:0", "package-0", "100");
  fs::permissions(tree.folder.path(), fs::perms(0755));
  fs::permissions(zone / "energy_uj", fs::perms::owner_read);
  // Root reads everything; another user is nobody's owner.
  const bool is_root = ::geteuid() == 0;
  if (is_root) {
    REQUIRE(::seteuid(65534) == 0);
  } else {
    fs::permissions(zone / "energy_uj", fs::perms::none);
  }
  const Opened meter = open_rapl(spec_of("rapl"), tree.roots);
  if (is_root) REQUIRE(::seteuid(0) == 0);
  REQUIRE_FALSE(meter);
  CHECK(meter.error().code == ErrorCode::kBadInput);
  CHECK(meter.error().message.find("chmod o+r") != std::string::npos);
}

TEST_CASE("rails of the Raspberry Pi are paired by name", "[meters]") {
  const auto rails = parse_pmic(
      "   3V3_SYS_A current(1)=0.10000000A\n VDD_CORE_A current(7)=1.50000000A\n"
      "   3V3_SYS_V volt(9)=3.30000000V\n VDD_CORE_V volt(15)=0.80000000V\n EXT5V_V volt(24)=5.10000000V\n");
  REQUIRE(rails);
  CHECK(rails->size() == 3);
  CHECK(rails->at("VDD_CORE").amperes == 1.5);
  CHECK(rails->at("VDD_CORE").volts == 0.8);
  CHECK(rails->at("EXT5V").amperes < 0);
  CHECK_FALSE(parse_pmic("VCHI initialization failed\n"));
}

TEST_CASE("a Raspberry Pi's power is what its program prints", "[meters]") {
  const auto folder = base::TemporaryDirectory::create("vcgencmd").value();
  const fs::path program = folder.path() / "vcgencmd";
  const auto install = [&](const std::string& body) {
    REQUIRE(base::write_file_atomically(program, "#!/bin/sh\n" + body));
    fs::permissions(program, fs::perms(0755));
  };
  install(
      "case $1 in get_throttled) echo throttled=0x50001;; *)\n"
      "printf '  VDD_CORE_A current(7)=1.50A\\n  3V3_SYS_A current(1)=0.10A\\n'\n"
      "printf '  VDD_CORE_V volt(15)=0.80V\\n  3V3_SYS_V volt(9)=3.30V\\n  EXT5V_V volt(24)=5.1V\\n';; "
      "esac\n");
  base::MeterSpec spec = spec_of("pi5");
  spec.settings["program"] = program.string();
  const Opened meter = open_pi5(spec);
  REQUIRE(meter);
  REQUIRE((*meter)->start());
  const PowerSamples seen = read_until(**meter, [](const auto& all) { return !all.flags.empty(); });
  CHECK(seen.power_uw[0] == Approx(1'530'000));
  REQUIRE((*meter)->stop());
  const auto checks = (*meter)->self_check();
  REQUIRE(checks);
  CHECK(checks->back().name == "throttled");
  CHECK_FALSE(checks->back().good);

  spec.address = "EXT5V";
  const Opened no_current = open_pi5(spec);
  REQUIRE_FALSE(no_current);
  CHECK(no_current.error().message.find("3V3_SYS, VDD_CORE") != std::string::npos);
  install("echo 'VCHI initialization failed' >&2; exit 255\n");
  const Opened refused = open_pi5(spec);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("usermod -aG video") != std::string::npos);
  spec.settings["program"] = (folder.path() / "missing").string();
  CHECK_FALSE(open_pi5(spec));
}

}  // namespace slmrig::rig
