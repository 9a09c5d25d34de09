// The driver against a virtual PPK2 in a process of its own.
#include "harness/rig/meters/ppk2.h"

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "harness/rig/meters/stream_check.h"
#include "harness/rig/meters/virtual_instrument_for_test.h"

namespace slmrig::rig {
namespace {

using base::ErrorCode;
using base::PowerSamples;
using Arguments = std::vector<std::string>;

struct VirtualPpk2 : VirtualInstrument {
  explicit VirtualPpk2(Arguments arguments = {})
      : VirtualInstrument("slmrig-virtual-ppk2", patient(std::move(arguments))) {}
  // It runs by the wall clock, and must not lose samples because this machine is busy: it holds a minute of
  // them.
  static Arguments patient(Arguments arguments) {
    arguments.insert(arguments.begin(), {"--buffer", "24000000"});
    return arguments;
  }
  base::MeterSpec spec() const {
    base::MeterSpec meter;
    meter.kind = "ppk2";
    meter.address = port();
    return meter;
  }
  base::MeterSpec source_spec(int millivolts) const {
    base::MeterSpec meter = spec();
    meter.mode = "source";
    meter.voltage_mv = millivolts;
    return meter;
  }
  base::ErrorCode opening_error(const std::string& words) const {
    const auto meter = open_meter(spec());
    REQUIRE_FALSE(meter);
    CHECK_THAT(meter.error().text(), Catch::Contains(words));
    return meter.error().code;
  }
};

struct Recorded {
  int64_t samples = 0;
  int64_t lost = 0;
  double mean_ua = 0;
  int64_t flagged = 0;
  base::Error error;
};

// Until so many samples are there, or it fails.
Recorded record_on(Meter& meter, int64_t samples) {
  Recorded recorded;
  PowerSamples block;
  double sum = 0;
  for (;;) {
    const auto got = meter.read(block, 100);
    if (!got) recorded.error = got.error();
    if (!got || (!*got && recorded.samples >= samples)) break;
    recorded.samples += static_cast<int64_t>(block.current_ua.size());
    for (const base::SampleGap& gap : block.gaps) recorded.lost += gap.count;
    for (const float current : block.current_ua) sum += current;
    for (const uint8_t flag : block.flags) recorded.flagged += flag != 0 ? 1 : 0;
    if (recorded.samples >= samples) CHECK(meter.stop());
  }
  recorded.mean_ua = sum / static_cast<double>(recorded.samples);
  return recorded;
}

Recorded record(Meter& meter, int64_t samples) {
  REQUIRE(meter.start());
  return record_on(meter, samples);
}

}  // namespace

TEST_CASE("a PPK2 is identified and measures what flows") {
  const VirtualPpk2 ppk2({"--load", "constant:12mA", "--switch-spike", "0"});
  const auto meter = open_meter(ppk2.source_spec(3300)).value();
  const base::MeterFacts& facts = meter->facts();
  CHECK(facts.kind == "ppk2");
  CHECK(facts.sample_rate_hz == 100'000);
  CHECK(facts.ranges.size() == 5);
  CHECK(facts.ranges[3].calibrated);
  CHECK(facts.ranges[3].shunt_ohm == Approx(0.9636));
  CHECK(facts.sources);
  CHECK(facts.marker_lines == 8);
  const Recorded recorded = record(*meter, 20'000);
  CHECK(recorded.samples >= 20'000);
  CHECK(recorded.lost == 0);
  CHECK(recorded.flagged == 0);
  CHECK(recorded.mean_ua == Approx(12'000).epsilon(5e-4));
  // Once more, from index 0.
  CHECK(record(*meter, 5'000).mean_ua == Approx(12'000).epsilon(5e-4));
}

TEST_CASE("each range of either calibration gives the current back") {
  for (const char* set : {"A", "B"}) {
    const VirtualPpk2 ppk2({"--calibration", set, "--switch-spike", "0"});
    const auto meter = open_meter(ppk2.source_spec(1800)).value();
    for (const double current_ua : {20.0, 300.0, 2500.0, 30'000.0, 400'000.0}) {
      INFO(set << " " << current_ua);
      CHECK(ppk2.tell("load constant:" + std::to_string(current_ua) + "uA") == "ok");
      CHECK(record(*meter, 6'000).mean_ua == Approx(current_ua).epsilon(1e-3));
    }
  }
}

TEST_CASE("metadata in pieces, or behind stale samples, is read") {
  for (const char* fault : {"metadata-split", "junk=17412"}) {
    const VirtualPpk2 ppk2({"--fault", fault});
    const auto meter = open_meter(ppk2.spec());
    INFO(fault);
    REQUIRE(meter);
    CHECK((*meter)->facts().ranges[0].calibrated);
  }
}

TEST_CASE("constants that are missing leave their range uncalibrated") {
  const VirtualPpk2 ppk2({"--fault", "missing=O0", "--fault", "nan=GI3"});
  const auto meter = open_meter(ppk2.spec()).value();
  CHECK_FALSE(meter->facts().ranges[0].calibrated);
  CHECK(meter->facts().ranges[1].calibrated);
  CHECK_FALSE(meter->facts().ranges[3].calibrated);
  const auto checks = meter->self_check().value();
  CHECK(checks.front().name == "calibration");
  CHECK_FALSE(checks.front().good);
  CHECK_THAT(checks.front().detail, Catch::Contains("O0 GI3"));
}

TEST_CASE("what is no PPK2 is refused as such") {
  CHECK(VirtualPpk2({"--fault", "metadata-none"}).opening_error("is not the measuring port of a PPK2") ==
        ErrorCode::kBadInput);
  CHECK(VirtualPpk2({"--fault", "shell"}).opening_error("uart:~$") == ErrorCode::kBadInput);
  base::MeterSpec nowhere;
  nowhere.kind = "ppk2";
  nowhere.address = "/dev/null";
  const auto meter = open_meter(nowhere);
  REQUIRE_FALSE(meter);
  CHECK_THAT(meter.error().text(), Catch::Contains("/dev/null"));
}

TEST_CASE("a second user is told who has the meter") {
  const VirtualPpk2 ppk2;
  const auto first = open_meter(ppk2.spec()).value();
  CHECK(ppk2.opening_error("is in use by process " + std::to_string(::getpid())) == ErrorCode::kLocked);
  first->close();
  CHECK(open_meter(ppk2.spec()));
}

TEST_CASE("a meter that is unplugged hands out what came before") {
  const VirtualPpk2 ppk2({"--fault", "unplug@30000"});
  const auto meter = open_meter(ppk2.spec()).value();
  const Recorded recorded = record(*meter, 1'000'000);
  CHECK(recorded.error.code == ErrorCode::kLinkLost);
  CHECK(recorded.samples > 10'000);
}

TEST_CASE("a meter that was unplugged is there again once it is plugged in, with the board's power off") {
  const VirtualPpk2 ppk2({"--fault", "replug=100@3000", "--load", "constant:3mA"});
  auto meter = open_meter(ppk2.source_spec(3000)).value();
  CHECK(record(*meter, 1'000'000).error.code == ErrorCode::kLinkLost);
  CHECK_FALSE(meter->start());
  meter->close();
  CHECK_THAT(ppk2.state_with("power=off"), Catch::Contains("streaming=no"));
  auto again = open_meter(ppk2.source_spec(3000));
  for (int i = 0; !again && i < 200; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    again = open_meter(ppk2.source_spec(3000));
  }
  REQUIRE(again);
  CHECK(record(**again, 5'000).mean_ua == Approx(3'000).epsilon(5e-3));
}

TEST_CASE("rubbish and silence are told apart") {
  const VirtualPpk2 rubbish({"--fault", "rubbish"});
  CHECK(record(*open_meter(rubbish.spec()).value(), 1'000'000).error.code == ErrorCode::kCorrupt);
  const VirtualPpk2 silent({"--fault", "silent"});
  CHECK(record(*open_meter(silent.spec()).value(), 1'000'000).error.code == ErrorCode::kTimeout);
  // A pause of this machine looks as if it had stopped; then it does not fall silent for the next recording.
  const VirtualPpk2 deaf({"--fault", "deaf"});
  const auto meter = open_meter(deaf.spec()).value();
  base::Error error;
  for (int i = 0; i < 50 && error.code != ErrorCode::kDeviceFault && error.code != ErrorCode::kTimeout; ++i) {
    const auto started = meter->start();
    error = started ? record_on(*meter, 100).error : started.error();
  }
  CHECK_THAT(error.text(),
             Catch::Contains("after it was told to stop") || Catch::Contains("does not fall silent"));
}

TEST_CASE("losses and odd samples are counted where they are") {
  struct Case {
    Arguments faults;
    int64_t lost, flagged;
  };
  const Case cases[] = {{{"--fault", "counter-skip=1@500"}, 1, 1},
                        {{"--fault", "counter-skip=63@500"}, 63, 1},
                        {{"--fault", "counter-skip=64@500"}, 0, 0},
                        {{"--fault", "counter-skip=100@500"}, 36, 1},
                        {{"--fault", "drop-bytes=1@500"}, 1, 1},
                        {{"--fault", "drop-bytes=2@500"}, 1, 1},
                        {{"--fault", "drop-bytes=3@500"}, 1, 1},
                        {{"--fault", "range=5@500"}, 0, 1},
                        {{"--fault", "range=7@500"}, 0, 1},
                        {{"--fault", "range=6@500", "--fault", "saturate@900"}, 0, 2},
                        {{"--fault", "odd-counter@500"}, 0, 1}};
  for (const Case& one : cases) {
    const VirtualPpk2 ppk2(one.faults);
    const auto meter = open_meter(ppk2.spec()).value();
    INFO(one.faults[1]);
    const Recorded recorded = record(*meter, 5'000);
    CHECK(recorded.lost == one.lost);
    CHECK(recorded.flagged == one.flagged);
  }
}

TEST_CASE("a tail behind the stop and a stream left running do no harm") {
  const VirtualPpk2 ppk2({"--fault", "tail=5", "--load", "constant:3mA"});
  {
    const int fd = ::open(ppk2.port().c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC);
    REQUIRE(fd >= 0);
    const char start = 0x06;
    CHECK(::write(fd, &start, 1) == 1);
    ::close(fd);  // as when a client is killed
  }
  const auto meter = open_meter(ppk2.source_spec(3000)).value();
  for (int i = 0; i < 2; ++i) {
    const Recorded recorded = record(*meter, 2'000);
    CHECK(recorded.lost == 0);
    CHECK(recorded.mean_ua == Approx(3'000).epsilon(5e-3));
  }
}

TEST_CASE("voltage and power are set within the instrument's limits, and left as the rig file says") {
  const VirtualPpk2 ppk2({"--mode", "1", "--voltage", "5000"});
  base::MeterSpec spec = ppk2.source_spec(1800);
  spec.leave_powered = false;
  {
    const auto meter = open_meter(spec).value();
    CHECK_THAT(ppk2.state_with("power=off mode=source voltage_mv=1800"),
               Catch::Contains("power=off mode=source voltage_mv=1800"));
    REQUIRE(meter->set_power(true));
    const auto refused = meter->set_voltage(5500);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::kBadInput);
    REQUIRE(meter->start());
    PowerSamples block;
    REQUIRE(meter->read(block, 1000).value());
    CHECK_THAT(ppk2.state_with("power=on mode=source voltage_mv=1800"),
               Catch::Contains("power=on mode=source voltage_mv=1800"));
    CHECK(meter->facts().settings.at("voltage_mv") == "1800");
  }
  CHECK_THAT(ppk2.state_with("power=off"), Catch::Contains("power=off"));
  spec.mode = "ampere";
  const auto meter = open_meter(spec).value();
  CHECK(meter->set_voltage(3000).error().code == ErrorCode::kUnsupported);
  CHECK_FALSE(meter->facts().sources);
  spec.mode = "source";
  spec.voltage_mv = 0;
  meter->close();
  CHECK_THAT(open_meter(spec).error().text(), Catch::Contains("must be told its \"voltage_mv\""));
}

TEST_CASE("a PPK2 checks itself") {
  const VirtualPpk2 ppk2({"--load", "resistor:1000"});
  base::MeterSpec spec = ppk2.source_spec(3000);
  spec.settings["known_load_ohm"] = "1000";
  const auto names = [](const std::vector<MeterCheck>& checks, bool good) {
    std::string text;
    for (const MeterCheck& check : checks) text += check.good == good ? check.name + " " : "";
    return text;
  };
  // The rate is compared with the host's clock, which a machine that pauses for most of the second upsets.
  const auto checked = [&](bool good, const std::string& expected) {
    std::string seen;
    for (int i = 0; i < 5 && seen != expected; ++i)
      seen = names(open_meter(spec).value()->self_check().value(), good);
    return seen;
  };
  const std::string all = "calibration rate losses markers known_load ";
  CHECK(checked(true, all) == all);
  spec.leave_powered = false;
  const std::string unpowered = "calibration rate losses zero_offset markers ";
  CHECK(checked(true, unpowered) == unpowered);
  spec.leave_powered = true;
  spec.settings["known_load_ohm"] = "2000";
  CHECK(ppk2.tell("fault clock-ppm=40000") == "ok");
  CHECK(ppk2.tell("load square:1mA:2mA:2000") == "ok");
  CHECK(checked(false, "rate markers ") == "rate markers ");
}

}  // namespace slmrig::rig
