#include "harness/campaign/bench_meter.h"

#include <catch2/catch.hpp>

#include "harness/base/file.h"
#include "harness/base/power_model.h"
#include "harness/measure/capture_file.h"
#include "harness/measure/sample_log.h"
#include "harness/measure/scripted_board.h"
#include "harness/measure/scripted_meter.h"
#include "harness/store/captures.h"

namespace slmrig::campaign {
namespace {

using base::ErrorCode;
using Catch::Matchers::Contains;
using measure::ScriptedMeter;

base::Board emulated_board() {
  base::Board board;
  board.name = "tiny";
  board.file = "boards/tiny/board.json";
  board.tier = base::Tier::kEmulated;
  board.ticks = {true, 5, 16};
  board.clock_hz = 25'000'000;
  board.tick_rate_hz = 25'000'000;
  board.voltages = {1800, 3600, 3300};
  board.power_model.cycles_per_instruction = 1.4;
  return board;
}

base::Board real_board() {
  base::Board board;
  board.name = "desk";
  board.file = "boards/desk/board.json";
  board.ticks = {false, 10, 1};
  board.tick_rate_hz = 100'000'000;
  board.voltages = {1800, 3600, 3300};
  return board;
}

base::MeterSpec modelled_spec() {
  base::MeterSpec spec;
  spec.kind = "scripted";
  spec.modelled_clock = true;
  return spec;
}

// Opens a meter for the board; `meter` is it, also after a refusal.
struct Opened {
  explicit Opened(const base::Board& board, const base::MeterSpec& spec, bool sources = false) {
    auto made = std::make_unique<ScriptedMeter>();
    meter = made.get();
    made->facts_for_test().sources = sources;
    made->facts_for_test().model = "Model";
    made->facts_for_test().serial = "42";
    result = BenchMeter::open(spec, board,
                              [&](const base::MeterSpec& asked) -> base::Result<std::unique_ptr<rig::Meter>> {
                                was_opened = true;
                                asked_mv = asked.voltage_mv;
                                return std::move(made);
                              });
  }
  ScriptedMeter* meter = nullptr;
  bool was_opened = false;
  int asked_mv = 0;
  base::Result<std::unique_ptr<BenchMeter>> result;
};

}  // namespace

TEST_CASE(
    "A meter that feeds the board gets the board's nominal voltage, and leaves it as the rig file says") {
  const base::Board board = real_board();
  base::MeterSpec spec;
  spec.kind = "scripted";
  spec.mode = "source";
  spec.leave_powered = false;
  std::vector<std::string> events;
  {
    Opened opened(board, spec, true);
    REQUIRE(opened.result);
    CHECK(opened.asked_mv == 3300);
    CHECK(opened.meter->events == std::vector<std::string>{"voltage 3300", "power on"});
    CHECK((*opened.result)->feeds_the_board());
    opened.meter->outliving_events = &events;
  }
  CHECK(events == std::vector<std::string>{"power off", "close"});
}

TEST_CASE("A voltage that the board does not bear is refused before a meter is even opened") {
  base::Board board = real_board();
  base::MeterSpec spec;
  spec.kind = "scripted";
  spec.mode = "source";
  spec.voltage_mv = 5000;
  Opened high(board, spec, true);
  REQUIRE_FALSE(high.result);
  CHECK(high.result.error().code == ErrorCode::kBadInput);
  CHECK_THAT(high.result.error().text(), Contains("5000 mV are asked for, but desk bears 1800 to 3600 mV"));
  CHECK_FALSE(high.was_opened);
  board.voltages = {};
  Opened unknown(board, spec, true);
  REQUIRE_FALSE(unknown.result);
  CHECK_THAT(unknown.result.error().text(), Contains("does not say which voltages the board bears"));
}

TEST_CASE("A board that its meter feeds is cut off and starts anew; one that goes on answering is doubted") {
  const base::Board kind = real_board();
  base::MeterSpec spec;
  spec.kind = "scripted";
  spec.mode = "source";
  Opened opened(kind, spec, true);
  BenchMeter& meter = **opened.result;
  base::ManualClock clock;
  measure::ScriptedBoard board;
  board.on_clock = []() -> base::Result<rig::ClockReading> {
    return base::fail(ErrorCode::kTimeout, "silent");
  };
  int resets = 0;
  board.on_reset = [&]() -> base::Result<rig::Banner> {
    if (++resets == 1) return base::fail(ErrorCode::kDeviceFault, "the agent restarted");
    return rig::Banner{};
  };
  REQUIRE(meter.power_cycle(board, clock));
  CHECK(opened.meter->events ==
        std::vector<std::string>{"voltage 3300", "power on", "power off", "power on"});
  CHECK(resets == 2);
  CHECK(meter.doubts().empty());
  CHECK(meter.facts().at("meter.power_cycle") == "good: silent without power");
  board.on_clock = []() -> base::Result<rig::ClockReading> { return rig::ClockReading{}; };
  REQUIRE(meter.power_cycle(board, clock));
  REQUIRE(meter.doubts().size() == 1);
  CHECK_THAT(meter.doubts()[0], Contains("fed through another line"));
  board.on_reset = []() -> base::Result<rig::Banner> { return base::fail(ErrorCode::kTimeout, "silent"); };
  const auto dead = meter.power_cycle(board, clock);
  REQUIRE_FALSE(dead);
  CHECK_THAT(dead.error().text(), Contains("after its supply was cut and given back"));
}

TEST_CASE("An emulated board takes a meter of modelled time alone") {
  base::MeterSpec spec = modelled_spec();
  CHECK(Opened(emulated_board(), spec).result);
  spec.modelled_clock = false;
  const Opened real(emulated_board(), spec);
  REQUIRE_FALSE(real.result);
  CHECK(real.result.error().code == ErrorCode::kUnsupported);
  CHECK_FALSE(real.was_opened);
}

TEST_CASE("A self-check is kept for the provenance, and what is not good is a doubt") {
  const base::Board board = emulated_board();
  Opened opened(board, modelled_spec());
  BenchMeter& meter = **opened.result;
  opened.meter->checks = {{"rate", true, "100 kS/s"}, {"losses", false, "12 of 1000 samples"}};
  meter.check();
  CHECK(meter.facts().at("meter.check.rate") == "good: 100 kS/s");
  CHECK(meter.facts().at("meter.check.losses") == "bad: 12 of 1000 samples");
  CHECK(meter.facts().at("meter.serial") == "42");
  CHECK(meter.facts().at("meter.clock") == "modelled");
  REQUIRE(meter.doubts().size() == 1);
  CHECK_THAT(meter.doubts()[0], Contains("losses: 12 of 1000"));
  opened.meter->checks = {};
  meter.check();
  CHECK(meter.doubts().empty());
}

TEST_CASE("Idle time is told in the board's ticks, of modelled or of real time") {
  base::EnergySettings settings;
  settings.idle_ms = 100;
  const base::Board emulated = emulated_board();
  Opened modelled(emulated, modelled_spec());
  const measure::EnergyMeans means = (*modelled.result)->means(settings, true, "");
  // 0.1 s of 25 MHz are 1,785,714 instructions of 1.4 cycles, of 3.2 ticks each.
  CHECK(means.idle_ticks == 5'714'286);
  CHECK(base::modelled_seconds(means.idle_ticks, emulated.ticks, emulated.power_model, emulated.clock_hz) ==
        Approx(0.1).epsilon(1e-6));
  CHECK(means.meter_name == "scripted Model 42");
  const base::Board desk = real_board();
  base::MeterSpec spec;
  spec.kind = "scripted";
  Opened real(desk, spec);
  CHECK((*real.result)->means(settings, true, "").idle_ticks == 10'000'000);
}

TEST_CASE("Samples between marker edges become energy of the board's phases, of the tier of their source") {
  const base::Board board = emulated_board();
  Opened opened(board, modelled_spec());
  opened.meter->facts_for_test().sample_rate_hz = 100'000;
  const auto folder = base::TemporaryDirectory::create("meter").value();
  const std::string database = (folder.path() / "db").string();
  const measure::EnergyMeans means = (*opened.result)->means({}, true, database);
  measure::EnergyCapture capture;
  base::PowerSamples block;
  const auto put = [&](std::size_t count, float current_ua, uint8_t lines) {
    block.current_ua.insert(block.current_ua.end(), count, current_ua);
    block.markers.insert(block.markers.end(), count, lines);
  };
  put(20000, 100, 0);
  put(5000, 1100, 0x01 | (1 << 2));         // prefill and the first token: 50 ms
  put(2000, 2100, 0x01 | 0x02 | (2 << 2));  // a token: 20 ms
  put(2000, 2100, 0x01 | (2 << 2));         // another
  put(20000, 100, 0x02);
  const auto log = means.open_log(42).value();
  REQUIRE(log->add(block));
  capture.samples = log.get();
  measure::MeteredGeneration generation;
  generation.prompt_id = "p";
  generation.prompt_tokens = 7;
  generation.generated_tokens = 3;
  capture.generations = {generation};
  const base::Energy energy = means.evaluate(capture).value();
  CHECK(energy.tier == base::Tier::kModelled);
  CHECK(energy.trace.has_value());
  const base::CaptureFacts kept = means.keep(*log).value();
  CHECK(kept.samples == block.current_ua.size());
  const auto reader = measure::CaptureReader::open(store::capture_folder(database) / kept.file).value();
  CHECK(reader->header().modelled_clock);
  CHECK(reader->header().started_at_ns == 42);
  base::PowerSamples read;
  CHECK(reader->next(read).value());
  CHECK(read.current_ua.front() == 100);
  double prefill_uj = 0;
  double decode_uj = 0;
  for (const base::PhaseEnergy& phase : energy.phases) {
    if (phase.phase == base::EnergyPhase::kPrefill) prefill_uj = phase.net_uj;
    if (phase.phase == base::EnergyPhase::kDecode) decode_uj = phase.net_uj;
  }
  CHECK(prefill_uj == Approx(1000 * 3.3 * 0.05).epsilon(0.01));
  CHECK(decode_uj == Approx(2000 * 3.3 * 0.04).epsilon(0.01));
}

TEST_CASE("A meter that was lost is opened anew at the supply that was set, and not taken for another one") {
  const base::Board board = real_board();
  base::MeterSpec spec;
  spec.kind = "scripted";
  spec.mode = "source";
  int openings = 0;
  std::string serial = "42";
  std::vector<std::string> events;
  const auto open = [&](const base::MeterSpec&) -> base::Result<std::unique_ptr<rig::Meter>> {
    ++openings;
    if (serial.empty()) return base::fail(ErrorCode::kLinkLost, "no such port");
    auto meter = std::make_unique<ScriptedMeter>();
    meter->facts_for_test().sources = true;
    meter->facts_for_test().serial = serial;
    meter->outliving_events = &events;
    return meter;
  };
  const auto meter = BenchMeter::open(spec, board, open).value();
  REQUIRE(meter->set_supply(2400));
  const measure::EnergyMeans means = meter->means({}, true, "");
  REQUIRE(means.meter());
  CHECK(openings == 1);
  events.clear();
  means.meter_failed();
  serial.clear();
  const auto gone = means.meter();
  REQUIRE_FALSE(gone);
  CHECK_THAT(gone.error().text(), Contains("was lost") && Contains("no such port"));
  CHECK(events == std::vector<std::string>{"close"});
  CHECK(meter->feeds_the_board());
  CHECK(meter->set_supply(3000).error().code == ErrorCode::kLinkLost);
  serial = "43";
  CHECK_THAT(means.meter().error().text(), Contains("the meter 43 is where scripted 42 was"));
  serial = "42";
  events.clear();
  REQUIRE(means.meter());
  CHECK(events == std::vector<std::string>{"voltage 2400", "power on"});
  CHECK(meter->facts().at("meter.reopened") == "1 times in this run");
  REQUIRE(means.meter());
  CHECK(openings == 4);
}

}  // namespace slmrig::campaign
