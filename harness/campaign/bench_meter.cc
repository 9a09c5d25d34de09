#include "harness/campaign/bench_meter.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "harness/base/power_model.h"
#include "harness/campaign/capture_energy.h"
#include "harness/measure/sample_log.h"
#include "harness/store/captures.h"

namespace slmrig::campaign {
namespace {

using base::Done;
using base::ErrorCode;
using base::fail;
using base::Result;

constexpr int64_t kBetweenPromptsNs = 10'000'000;
constexpr int64_t kRailFallsNs = 1'000'000'000;
constexpr int64_t kRailRisesNs = 200'000'000;
constexpr int kResetAttempts = 3;

Done check_voltage(int millivolts, const base::Board& board) {
  const base::SafeVoltages& safe = board.voltages;
  if (safe.maximum_mv == 0) {
    return fail(
        ErrorCode::kBadInput,
        fmt::format("{} does not say which voltages the board bears, so that none is applied; give it "
                    "\"safe_voltages_mv\"",
                    board.file));
  }
  if (millivolts >= safe.minimum_mv && millivolts <= safe.maximum_mv) return {};
  return fail(ErrorCode::kBadInput,
              fmt::format("{} mV are asked for, but {} bears {} to {} mV ({}); nothing was applied",
                          millivolts, board.name, safe.minimum_mv, safe.maximum_mv, board.file));
}

}  // namespace

Result<std::unique_ptr<BenchMeter>> BenchMeter::open(const base::MeterSpec& spec, const base::Board& board,
                                                     const OpenMeter& open) {
  std::unique_ptr<BenchMeter> self(new BenchMeter(spec, board, open));
  const bool is_modelled = board.power_model.cycles_per_instruction > 0;
  if (board.ticks.counts_instructions && !(spec.modelled_clock && is_modelled)) {
    return fail(
        ErrorCode::kUnsupported,
        fmt::format("{} is emulated and draws no current that a meter could see; a virtual meter needs "
                    "\"modelled_clock\" in the rig file and a \"power_model\" in {}",
                    board.name, board.file));
  }
  const int millivolts = spec.voltage_mv != 0 ? spec.voltage_mv : board.voltages.nominal_mv;
  if (spec.mode == "source") SLMRIG_TRY(check_voltage(millivolts, board));
  self->own_mv_ = millivolts;
  SLMRIG_TRY(self->open_at(millivolts));
  return self;
}

Done BenchMeter::open_at(int millivolts) {
  base::MeterSpec filled = spec_;
  filled.voltage_mv = millivolts;
  SLMRIG_ASSIGN(std::unique_ptr<rig::Meter> meter, open_(filled));
  const base::MeterFacts& facts = meter->facts();
  if (!meter_facts_.serial.empty() && facts.serial != meter_facts_.serial) {
    return fail(ErrorCode::kBadInput,
                fmt::format("the meter {} is where {} was when the run began", facts.serial, name_));
  }
  if (facts.sources) {
    SLMRIG_TRY(check_voltage(millivolts, board_));
    SLMRIG_TRY(meter->set_voltage(millivolts));
    SLMRIG_TRY(meter->set_power(true));
  }
  if (!facts.sources && !facts.measures_voltage && millivolts == 0) {
    return fail(
        ErrorCode::kBadInput,
        fmt::format("the meter {} sees current alone: the rig file must say the supply's \"voltage_mv\"",
                    facts.kind));
  }
  supply_mv_ = millivolts;
  meter_facts_ = facts;
  name_ = facts.kind;
  if (!facts.model.empty()) name_ += " " + facts.model;
  if (!facts.serial.empty()) name_ += " " + facts.serial;
  meter_ = std::move(meter);
  is_lost_ = false;
  return {};
}

BenchMeter::~BenchMeter() {
  // One that came back is told all the same; one that is gone cannot be.
  if (is_lost_) static_cast<void>(open_anew(own_mv_));
  if (!meter_) return;
  static_cast<void>(set_supply(0));
  if (feeds_the_board()) static_cast<void>(meter_->set_power(spec_.leave_powered));
  meter_->close();
}

Result<rig::Meter*> BenchMeter::there() const {
  if (meter_) return meter_.get();
  return fail(ErrorCode::kLinkLost, fmt::format("the meter {} was lost, and did not come back", name_));
}

Done BenchMeter::open_anew(int millivolts) {
  // Its port is ours as long as it is open.
  if (meter_) meter_->close();
  meter_.reset();
  return open_at(millivolts);
}

Done BenchMeter::ensure() {
  if (!is_lost_) return {};
  if (const Done opened = open_anew(supply_mv_); !opened) {
    return tl::unexpected(
        base::within(fmt::format("the meter {} was lost, and did not come back", name_), opened.error()));
  }
  ++losses_;
  check();
  return {};
}

Result<rig::Meter*> BenchMeter::ready() {
  SLMRIG_TRY(ensure());
  return there();
}

Done BenchMeter::set_supply(int millivolts) {
  const int wanted_mv = millivolts != 0 ? millivolts : own_mv_;
  if (wanted_mv == supply_mv_) return {};
  if (!feeds_the_board()) {
    return fail(
        ErrorCode::kUnsupported,
        fmt::format("{} mV are asked for, but the meter {} does not feed the board", wanted_mv, name_));
  }
  SLMRIG_TRY(check_voltage(wanted_mv, board_));
  SLMRIG_ASSIGN(rig::Meter* const meter, there());
  SLMRIG_TRY(meter->set_voltage(wanted_mv));
  supply_mv_ = wanted_mv;
  return {};
}

void BenchMeter::check() {
  const base::MeterFacts& facts = meter_facts();
  facts_ = {{"meter.kind", facts.kind},       {"meter.model", facts.model},
            {"meter.serial", facts.serial},   {"meter.version", facts.version},
            {"meter.address", facts.address}, {"meter.clock", spec_.modelled_clock ? "modelled" : "own"}};
  for (const auto& [key, value] : facts.settings) facts_["meter.setting." + key] = value;
  for (const auto& [key, value] : board_.power_model.sources) {
    if (spec_.modelled_clock) facts_["meter.source." + key] = value;
  }
  if (losses_ > 0) facts_["meter.reopened"] = fmt::format("{} times in this run", losses_);
  std::erase_if(facts_, [](const auto& fact) { return fact.second.empty(); });
  doubts_.clear();
  const auto checks = there().and_then([](rig::Meter* meter) { return meter->self_check(); });
  if (!checks) {
    is_lost_ = true;
    doubts_.push_back("the meter's self-check failed: " + checks.error().text());
    facts_["meter.check"] = checks.error().text();
    return;
  }
  for (const rig::MeterCheck& check : *checks) {
    facts_["meter.check." + check.name] = (check.good ? "good: " : "bad: ") + check.detail;
    if (!check.good)
      doubts_.push_back(fmt::format("the meter's self-check of {}: {}", check.name, check.detail));
  }
}

Done BenchMeter::power_cycle(rig::LiveBoard& board, base::Clock& clock) {
  SLMRIG_ASSIGN(rig::Meter* const meter, there());
  SLMRIG_TRY(meter->set_power(false));
  clock.sleep_ns(kRailFallsNs);
  const bool still_answers = board.agent().clock().has_value();
  SLMRIG_TRY(meter->set_power(true));
  clock.sleep_ns(kRailRisesNs);
  if (still_answers) {
    doubts_.push_back(
        "the board goes on answering with its supply cut: it is fed through another line, such as its UART; "
        "energy and cold starts are not those of a board that its meter feeds alone (slmrig rig wiring)");
  }
  facts_["meter.power_cycle"] = still_answers ? "bad: the rail does not fall" : "good: silent without power";
  // The first answer may still be of the life before, or tell that it is over.
  for (int attempt = 1;; ++attempt) {
    const auto banner = board.reset();
    if (banner) return {};
    if (attempt == kResetAttempts)
      return tl::unexpected(base::within("after its supply was cut and given back", banner.error()));
  }
}

// Ticks of the board for a time of the meter. On an emulated board that is modelled: cycles / clock an
// instruction.
uint64_t BenchMeter::ticks_of(int64_t meter_ns) const {
  const double seconds = static_cast<double>(meter_ns) * 1e-9;
  if (!spec_.modelled_clock)
    return static_cast<uint64_t>(std::llround(seconds * static_cast<double>(board_.tick_rate_hz)));
  const double instructions =
      seconds * static_cast<double>(board_.clock_hz) / board_.power_model.cycles_per_instruction;
  return static_cast<uint64_t>(std::llround(instructions * static_cast<double>(board_.ticks.denominator) /
                                            static_cast<double>(board_.ticks.numerator)));
}

int64_t BenchMeter::meter_ns(uint64_t board_ticks) const {
  if (!spec_.modelled_clock) return board_.ticks.convert(board_ticks);
  return std::llround(1e9 *
                      base::modelled_seconds(board_ticks, board_.ticks, board_.power_model, board_.clock_hz));
}

measure::EnergyMeans BenchMeter::means(const base::EnergySettings& settings, bool has_markers,
                                       const std::string& database) {
  const auto keep = [database](measure::SampleLog& log) -> Result<base::CaptureFacts> {
    SLMRIG_ASSIGN(base::CaptureFacts facts, log.finish());
    SLMRIG_ASSIGN(facts.file, store::keep_capture(database, log.file(), facts.sha256));
    return facts;
  };
  const auto evaluate = [this, has_markers, windows = settings.windows](const auto& capture) {
    return energy_of_capture(capture, {.spec = spec_,
                                       .meter = meter_facts(),
                                       .supply_mv = static_cast<double>(supply_mv_),
                                       .has_markers = has_markers,
                                       .windows = windows,
                                       .meter_ns = [this](uint64_t ticks) { return meter_ns(ticks); }});
  };
  const bool tells_phases = spec_.active_line >= 0 && spec_.phase_line >= 0 &&
                            meter_facts().marker_lines > static_cast<uint32_t>(spec_.phase_line) + 1;
  return measure::EnergyMeans{
      .meter = [this] { return ready(); },
      .meter_failed = [this] { is_lost_ = true; },
      .settings = settings,
      .idle_ticks = ticks_of(int64_t{settings.idle_ms} * 1'000'000),
      .between_ticks = ticks_of(kBetweenPromptsNs),
      .meter_ns = [this](uint64_t ticks) { return meter_ns(ticks); },
      .open_log = [this, database](int64_t started_at_ns) { return open_log(database, started_at_ns); },
      .evaluate = evaluate,
      .keep = keep,
      .meter_name = name_,
      .doubts = [this] { return doubts_; },
      .no_cold_starts =
          tells_phases ? "" : "the meter has no marker lines of the phase, which would tell boot and load"};
}

Result<std::unique_ptr<measure::SampleLog>> BenchMeter::open_log(const std::string& database,
                                                                 int64_t started_at_ns) const {
  SLMRIG_ASSIGN(const uint64_t room_bytes, store::capture_room(database, {}));
  SLMRIG_ASSIGN(const std::filesystem::path file, store::new_capture_file(database));
  measure::CaptureHeader header;
  header.meter = meter_facts();
  header.supply_mv = supply_mv_;
  header.started_at_ns = started_at_ns;
  header.modelled_clock = spec_.modelled_clock;
  header.notes = {{"board", board_.name}};
  return measure::SampleLog::create(file, header, room_bytes);
}

}  // namespace slmrig::campaign
