// Our driver against virtual instruments, each a process of its own.
#include <catch2/catch.hpp>

#include "harness/rigsim/scpi/instrument_for_test.h"

namespace slmrig::rigsim {
namespace {

using base::ErrorCode;
using base::PowerSamples;
using rig::open_scpi;

bool says(const base::Error& error, const std::string& text) {
  INFO(error.text());
  return error.text().find(text) != std::string::npos;
}

// Reads until something goes wrong.
base::Error read_to_error(rig::Meter& meter) {
  PowerSamples block;
  for (;;) {
    const auto got = meter.read(block, kReadMs);
    if (!got) return got.error();
    REQUIRE(*got);
  }
}

}  // namespace

TEST_CASE("every virtual supply is known by what it says, and measured", "[scpi]") {
  struct Case {
    const char* model;
    const char* profile;
    bool has_voltage;
  };
  const Case one =
      GENERATE(Case{"rigol-dp832", "rigol-dp800", true}, Case{"hmc8043", "rs-hmc8043", true},
               Case{"hp-6632b", "hp-66xx", true}, Case{"keysight-34465a", "keysight-dmm", false});
  CAPTURE(one.model);
  const RunningInstrument instrument(one.model, {"--load", "12.5mA"});
  base::MeterSpec spec = one.has_voltage ? instrument.source_spec(3300) : instrument.spec();
  const auto meter = open_scpi(spec);
  REQUIRE(meter);
  CHECK((*meter)->facts().settings.at("profile") == one.profile);
  CHECK((*meter)->facts().measures_voltage == one.has_voltage);
  CHECK((*meter)->facts().sources == one.has_voltage);
  CHECK_FALSE((*meter)->facts().serial.empty());
  REQUIRE((*meter)->start());
  const PowerSamples seen = one_reading(**meter);
  CHECK(seen.current_ua.at(0) == Approx(12'500));
  CHECK(seen.voltage_mv.empty() != one.has_voltage);
  if (one.has_voltage) CHECK(seen.voltage_mv.at(0) == Approx(3300));
  CHECK(seen.time_ns.at(0) > 0);
  REQUIRE((*meter)->stop());
}

TEST_CASE("a supply is set up before it feeds the board, and left as the rig file says", "[scpi]") {
  const RunningInstrument instrument("rigol-dp832", {"--load", "100ohm"});
  base::MeterSpec spec = instrument.source_spec(3300);
  spec.settings["channel"] = "2";
  spec.leave_powered = false;
  {
    const auto meter = open_scpi(spec);
    REQUIRE(meter);
    CHECK(instrument.tell("state") == "off 3.3000 V, limit 0.5000 A, 0.0000 A");
    REQUIRE((*meter)->set_power(true));
    REQUIRE((*meter)->set_voltage(1800));
    CHECK(instrument.tell("state") == "on 1.8000 V, limit 0.5000 A, 0.0180 A");
    const auto high = (*meter)->set_voltage(31'000);
    REQUIRE_FALSE(high);
    CHECK(says(high.error(), "0 to 30000 mV"));
    CHECK(instrument.tell("state") == "on 1.8000 V, limit 0.5000 A, 0.0180 A");
    const auto checks = (*meter)->self_check();
    REQUIRE(checks);
    CHECK(checks->back().name == "supply");
    CHECK(checks->back().good);
  }
  CHECK(instrument.tell("state") == "off 1.8000 V, limit 0.5000 A, 0.0000 A");
}

TEST_CASE("a supply that is only asked is not touched", "[scpi]") {
  const RunningInstrument instrument("rigol-dp832", {"--load", "12mA"});
  const std::string before = instrument.tell("state");
  {
    const auto meter = open_scpi(instrument.spec());
    REQUIRE(meter);
    CHECK_FALSE((*meter)->set_power(true));
    CHECK_FALSE((*meter)->set_voltage(1800));
  }
  CHECK(instrument.tell("state") == before);
}

TEST_CASE("feeding a board takes a voltage and a current limit", "[scpi]") {
  const RunningInstrument instrument("rigol-dp832");
  base::MeterSpec spec = instrument.source_spec(3300);
  spec.settings.clear();
  const auto unlimited = open_scpi(spec);
  REQUIRE_FALSE(unlimited);
  CHECK(says(unlimited.error(), "current_limit_ma"));
  CHECK(instrument.tell("state") == "off 0.0000 V, limit 1.0000 A, 0.0000 A");
  const RunningInstrument ammeter("keysight-34465a");
  const auto not_a_supply = open_scpi(ammeter.source_spec(3300));
  REQUIRE_FALSE(not_a_supply);
  CHECK(not_a_supply.error().code == ErrorCode::kUnsupported);
}

TEST_CASE("an output that does not do as it is told is a fault of the device", "[scpi]") {
  const RunningInstrument instrument("rigol-dp832");
  REQUIRE(instrument.tell("stick on") == "done");
  const auto meter = open_scpi(instrument.source_spec(3300));
  REQUIRE_FALSE(meter);
  CHECK(meter.error().code == ErrorCode::kDeviceFault);
}

TEST_CASE("not-a-number is an invalid reading, an overload a saturated one", "[scpi]") {
  const RunningInstrument instrument("rigol-dp832", {"--load", "12mA"});
  const auto meter = open_scpi(instrument.source_spec(3300));
  REQUIRE(meter);
  const auto first_with = [&](uint8_t flag) {
    for (;;) {
      const PowerSamples seen = one_reading(**meter);
      for (const uint8_t flags : seen.flags) {
        if ((flags & flag) != 0) return;
      }
    }
  };
  REQUIRE((*meter)->start());
  instrument.tell("fault nan");
  first_with(base::kSampleInvalid);
  instrument.tell("fault overload");
  first_with(base::kSampleSaturated);
  REQUIRE((*meter)->stop());
}

TEST_CASE("answers may end in a carriage return", "[scpi]") {
  const RunningInstrument instrument("rigol-dp832", {"--load", "12mA"});
  instrument.tell("fault return");
  const auto meter = open_scpi(instrument.source_spec(3300));
  REQUIRE(meter);
  CHECK((*meter)->facts().version == "00.01.16");
  REQUIRE((*meter)->start());
  CHECK(one_reading(**meter).current_ua.at(0) == Approx(12'000));
}

TEST_CASE("a late answer costs its reading and is taken for no other", "[scpi]") {
  const RunningInstrument instrument("rigol-dp832", {"--load", "12mA"});
  base::MeterSpec spec = instrument.source_spec(3300);
  spec.settings["answer_ms"] = "150";
  const auto meter = open_scpi(spec);
  REQUIRE(meter);
  // Voltage is asked first; the answer of the current comes while voltage is asked anew.
  instrument.tell("fault slow=220@1x1");
  REQUIRE((*meter)->start());
  int64_t invalid = 0;
  int64_t valid = 0;
  while (valid < 3) {
    const PowerSamples seen = one_reading(**meter);
    for (std::size_t i = 0; i < seen.flags.size(); ++i) {
      if ((seen.flags[i] & base::kSampleInvalid) != 0) {
        ++invalid;
        continue;
      }
      ++valid;
      CHECK(seen.voltage_mv[i] == Approx(3300));
      CHECK(seen.current_ua[i] == Approx(12'000));
    }
  }
  CHECK(invalid == 1);
}

TEST_CASE("an instrument that goes silent, sends rubbish, or is unplugged ends the measurement", "[scpi]") {
  struct Case {
    const char* order;
    ErrorCode code;
  };
  const Case one =
      GENERATE(Case{"fault silent", ErrorCode::kTimeout}, Case{"fault junk", ErrorCode::kCorrupt},
               Case{"fault flood", ErrorCode::kCorrupt}, Case{"unplug", ErrorCode::kLinkLost});
  CAPTURE(one.order);
  const RunningInstrument instrument("rigol-dp832", {"--load", "12mA"});
  base::MeterSpec spec = instrument.source_spec(3300);
  spec.settings["answer_ms"] = "100";
  const auto meter = open_scpi(spec);
  REQUIRE(meter);
  REQUIRE((*meter)->start());
  one_reading(**meter);
  REQUIRE(instrument.tell(one.order) == "done");
  CHECK(read_to_error(**meter).code == one.code);
}

TEST_CASE("what is no such instrument is refused with what it says", "[scpi]") {
  const RunningInstrument instrument("rigol-dp832");
  instrument.tell("idn ACME,Toaster 3000,1,2");
  const auto wrong = open_scpi(instrument.spec());
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().code == ErrorCode::kBadInput);
  CHECK(says(wrong.error(), "Toaster 3000"));
  CHECK(says(wrong.error(), "rigol-dp800"));

  instrument.tell("fault silent");
  base::MeterSpec spec = instrument.spec();
  spec.settings["answer_ms"] = "100";
  const auto silent = open_scpi(spec);
  REQUIRE_FALSE(silent);
  CHECK(silent.error().code == ErrorCode::kTimeout);
  CHECK(says(silent.error(), "*IDN?"));

  spec.settings["profile"] = "rigol-dp80";
  const auto unknown = open_scpi(spec);
  REQUIRE_FALSE(unknown);
  CHECK(says(unknown.error(), "did you mean 'rigol-dp800'"));
}

TEST_CASE("two users of one instrument are kept apart", "[scpi]") {
  const RunningInstrument instrument("rigol-dp832");
  const auto first = open_scpi(instrument.spec());
  REQUIRE(first);
  const auto second = open_scpi(instrument.spec());
  REQUIRE_FALSE(second);
  CHECK(second.error().code == ErrorCode::kLocked);
}

TEST_CASE("a Korad on a serial port gets the rests that it needs", "[scpi]") {
  const auto folder = base::TemporaryDirectory::create("korad").value();
  const std::string port = (folder.path() / "port").string();
  const RunningInstrument instrument("korad-ka3005p", {"--terminal", port, "--load", "234mA"});
  base::MeterSpec spec = instrument.source_spec(5000);
  const auto nameless = open_scpi(spec);
  REQUIRE_FALSE(nameless);
  CHECK(says(nameless.error(), "korad-ka"));
  spec.settings["profile"] = "korad-ka";
  {
    const auto meter = open_scpi(spec);
    REQUIRE(meter);
    // Its stray byte is no part of its name.
    CHECK((*meter)->facts().model == "KORADKA3005PV2.0");
    CHECK(instrument.tell("state") == "on 5.0000 V, limit 0.5000 A, 0.2340 A");
    REQUIRE((*meter)->start());
    const PowerSamples seen = one_reading(**meter);
    CHECK(seen.flags.at(0) == 0);
    CHECK(seen.current_ua.at(0) == Approx(234'000));
    CHECK(seen.voltage_mv.at(0) == Approx(5000));
    // Somebody else finds the port taken.
    const auto second = open_scpi(spec);
    CHECK_FALSE(second);
    instrument.tell("unplug");
    CHECK(read_to_error(**meter).code == ErrorCode::kLinkLost);
  }
}

TEST_CASE("a host that nobody serves is a lost link", "[scpi]") {
  RunningInstrument instrument("rigol-dp832");
  const base::MeterSpec spec = instrument.spec();
  instrument.stop();
  const auto meter = open_scpi(spec);
  REQUIRE_FALSE(meter);
  CHECK(meter.error().code == ErrorCode::kLinkLost);
}

}  // namespace slmrig::rigsim
