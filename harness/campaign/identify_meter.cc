#include "harness/campaign/identify_meter.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/analyse/arrival.h"
#include "harness/base/clock.h"
#include "harness/base/power_model.h"
#include "harness/campaign/bench_meter.h"
#include "harness/measure/meter_recording.h"
#include "harness/rig/bench_lock.h"
#include "harness/rig/meters/meter_kinds.h"

namespace slmrig::campaign {
namespace {

using base::Done;
using base::ErrorCode;
using base::fail;
using base::Result;

// No regular order, so that nothing else that comes and goes on a rack looks like it.
constexpr std::array<bool, 12> kPattern = {false, true, false, true, true, false,
                                           false, true, false, true, true, false};
constexpr int64_t kPulseNs = 1'000'000'000;  // of boards whose time is ours
constexpr int64_t kEdgeNs = 200'000'000;     // how late samples and messages may come
constexpr int64_t kSettleNs = 300'000'000;
constexpr double kModelledEdgeShare = 0.1;
constexpr double kBinSeconds = 1e-3;
constexpr const char* kPrompt = "set a timer for ten minutes";
constexpr uint32_t kTokens = 8;

// Makes short means of what a meter streams. Used by its recording thread, then by ours.
class Readings {
 public:
  Readings(const base::MeterFacts& facts, double supply_mv)
      : rate_hz_(facts.sample_rate_hz),
        supply_v_(supply_mv / 1000),
        bin_samples_(std::max<int64_t>(1, std::llround(rate_hz_ * kBinSeconds))),
        arrivals_(rate_hz_) {}

  void add(const base::PowerSamples& block) {
    const std::size_t count = std::max(block.current_ua.size(), block.power_uw.size());
    auto gap = block.gaps.begin();
    int64_t index = block.first_index;
    for (std::size_t i = 0; i < count; ++i, ++index) {
      while (gap != block.gaps.end() && gap->index <= index + gap->count) {
        if (gap->index > block.first_index) index += gap->count;
        ++gap;
      }
      add_sample(block, i, index);
    }
    samples_ += static_cast<int64_t>(count);
    if (rate_hz_ > 0 && count > 0) arrivals_.add(index, block.received_ns);
  }

  int64_t samples() const { return samples_; }

  // In the host's time, or, of a modelled clock, since its first sample.
  std::vector<analyse::PulseReading> readings(bool modelled_clock) const {
    std::vector<analyse::PulseReading> made = readings_;
    if (rate_hz_ <= 0) return made;
    const int64_t first_ns = modelled_clock ? 0 : arrivals_.first_sample_ns();
    for (analyse::PulseReading& one : made)
      one.time_ns = first_ns + std::llround(static_cast<double>(one.time_ns) * 1e9 / rate_hz_);
    return made;
  }

 private:
  void add_sample(const base::PowerSamples& block, std::size_t i, int64_t index) {
    const bool invalid = !block.flags.empty() && (block.flags[i] & base::kSampleInvalid) != 0;
    if (invalid) return;
    const double volts = block.voltage_mv.empty() ? supply_v_ : block.voltage_mv[i] / 1000.0;
    const double power_uw = block.power_uw.empty() ? block.current_ua[i] * volts : block.power_uw[i];
    if (rate_hz_ <= 0) {
      readings_.push_back({block.time_ns.empty() ? block.received_ns : block.time_ns[i], power_uw});
      return;
    }
    sum_ += power_uw;
    if (++in_bin_ < bin_samples_) return;
    // Its middle, in sample periods until the arrivals tell the time.
    readings_.push_back({index - bin_samples_ / 2, sum_ / static_cast<double>(in_bin_)});
    sum_ = 0;
    in_bin_ = 0;
  }

  double rate_hz_;
  double supply_v_;
  int64_t bin_samples_;
  analyse::ArrivalFit arrivals_;
  std::vector<analyse::PulseReading> readings_;
  double sum_ = 0;
  int64_t in_bin_ = 0;
  int64_t samples_ = 0;
};

// A meter that is watched, with what it needs to stay open.
struct Watch {
  WatchedMeter about;
  base::MeterSpec spec;
  std::optional<rig::BenchLock> lock;
  std::unique_ptr<BenchMeter> own;
  std::unique_ptr<rig::Meter> other;
  rig::Meter* meter = nullptr;  // one of the two; null: it could not be opened
  std::unique_ptr<Readings> readings;
  std::unique_ptr<measure::MeterRecording> recording;
};

std::string name_of(const base::MeterSpec& spec) {
  const std::string& where = spec.usb_serial.empty() ? spec.address : spec.usb_serial;
  return where.empty() ? spec.kind : spec.kind + ":" + where;
}

class Identify {
 public:
  Identify(const base::Rig& rig, const base::Bench& bench, const deploy::Workshop& workshop,
           base::Observer& observer)
      : rig_(rig), bench_(bench), workshop_(workshop), observer_(observer) {}

  Identification run(const base::VariantFacts& variant, bool all_meters) {
    Identification outcome;
    observer_.activity(bench_.name, "opening meters");
    watch_own();
    watch_others();
    if (all_meters) watch_strangers();
    if (const Done pulsed = deploy_and_pulse(variant); !pulsed) outcome.board_problem = pulsed.error().text();
    for (Watch& watch : watches_) outcome.meters.push_back(conclude(watch));
    return outcome;
  }

 private:
  void watch_own() {
    Watch& watch = watches_.emplace_back();
    watch.about = {bench_.name, name_of(bench_.meter), {}, 0, {}};
    open_feeding(watch, bench_);
  }

  // As in a run of `bench`: its board is fed as the rig file says, and left so.
  void open_feeding(Watch& watch, const base::Bench& bench) {
    watch.spec = bench.meter;
    auto opened = BenchMeter::open(bench.meter, bench.board, [this, &bench](const base::MeterSpec& spec) {
      return deploy::open_bench_meter(bench, spec, workshop_);
    });
    if (!opened) {
      watch.about.problem = opened.error().text();
      return;
    }
    watch.own = std::move(*opened);
    if (const auto meter = watch.own->ready()) watch.meter = *meter;
  }

  // The meters may be exchanged: then another bench's feeds our board, which must bear what it gives.
  bool may_feed_ours(const base::Bench& other) const {
    const int millivolts =
        other.meter.voltage_mv != 0 ? other.meter.voltage_mv : other.board.voltages.nominal_mv;
    const base::SafeVoltages& safe = bench_.board.voltages;
    return other.meter.mode == "source" && millivolts >= safe.minimum_mv && millivolts <= safe.maximum_mv;
  }

  void watch_others() {
    for (const base::Bench& other : rig_.benches) {
      if (other.name == bench_.name || other.meter.kind.empty()) continue;
      Watch& watch = watches_.emplace_back();
      watch.about = {other.name, name_of(other.meter), {}, 0, {}};
      auto lock = rig::BenchLock::acquire(other.name, "slmrig rig identify " + bench_.name);
      if (!lock) {
        watch.about.problem = lock.error().text();
        continue;
      }
      watch.lock.emplace(std::move(*lock));
      if (may_feed_ours(other)) {
        open_feeding(watch, other);
      } else {
        open_as_it_stands(watch, other, other.meter);
      }
    }
  }

  void watch_strangers() {
    const std::vector<Watch>& known = watches_;
    std::vector<rig::FoundMeter> strangers;
    for (rig::FoundMeter& found : rig::find_meters()) {
      const auto is_it = [&](const Watch& watch) {
        return watch.spec.kind == found.kind && watch.spec.address == found.address;
      };
      if (std::none_of(known.begin(), known.end(), is_it)) strangers.push_back(std::move(found));
    }
    for (const rig::FoundMeter& found : strangers) {
      Watch& watch = watches_.emplace_back();
      base::MeterSpec spec;
      spec.kind = found.kind;
      spec.address = found.address;
      watch.about = {"", name_of(spec), {}, 0, {}};
      open_as_it_stands(watch, bench_, spec);
    }
  }

  void open_as_it_stands(Watch& watch, const base::Bench& where, base::MeterSpec spec) {
    spec.mode.clear();
    watch.spec = spec;
    auto opened = deploy::open_bench_meter(where, spec, workshop_);
    if (!opened) {
      watch.about.problem = opened.error().text();
      return;
    }
    watch.other = std::move(*opened);
    watch.meter = watch.other.get();
  }

  Done deploy_and_pulse(const base::VariantFacts& variant) {
    observer_.activity(bench_.name, fmt::format("deploying {} {}", variant.model, variant.variant));
    SLMRIG_ASSIGN(const auto board, deploy::deploy_variant(bench_, variant, workshop_, {}));
    const uint32_t context_tokens = std::min(kIdentifyContextTokens, variant.context_tokens);
    SLMRIG_TRY(
        board->agent().load(board->slot(), {.context_tokens = context_tokens, .kv = base::KvFormat::kF32}));
    rig::RunRequest request;
    request.prompt = kPrompt;
    request.max_new_tokens = kTokens;
    request.ignore_end = true;
    request.markers = board->banner().has_markers;
    SLMRIG_ASSIGN(const rig::RunReply first, board->agent().run(request));
    for (Watch& watch : watches_) start(watch);
    for (std::size_t i = 0; i < kPattern.size(); ++i) {
      observer_.activity(bench_.name, fmt::format("pulse {} of {}: {}", i + 1, kPattern.size(),
                                                  kPattern[i] ? "busy" : "asleep"));
      SLMRIG_TRY(counts_instructions() ? pulse_modelled(*board, request, first.total_ticks, kPattern[i])
                                       : pulse(*board, request, kPattern[i]));
    }
    if (!counts_instructions()) clock_.sleep_ns(kSettleNs);
    return {};
  }

  bool counts_instructions() const { return bench_.board.ticks.counts_instructions; }

  Done pulse(rig::LiveBoard& board, const rig::RunRequest& request, bool is_busy) {
    const int64_t start_ns = clock_.monotonic_ns();
    if (is_busy) {
      while (clock_.monotonic_ns() - start_ns < kPulseNs) SLMRIG_TRY(board.agent().run(request));
    } else {
      clock_.sleep_ns(kPulseNs);
    }
    host_pulses_.push_back({start_ns + kEdgeNs, clock_.monotonic_ns() - kEdgeNs, is_busy});
    return {};
  }

  // Time passes for its meter alone, as the board's instructions say.
  Done pulse_modelled(rig::LiveBoard& board, const rig::RunRequest& request, uint64_t idle_ticks,
                      bool is_busy) {
    uint64_t ticks = idle_ticks;
    if (is_busy) {
      SLMRIG_ASSIGN(const rig::RunReply reply, board.agent().run(request));
      ticks = reply.total_ticks;
    } else {
      SLMRIG_TRY(board.agent().idle(ticks));
    }
    const base::Board& kind = bench_.board;
    const auto length_ns = static_cast<int64_t>(
        1e9 * base::modelled_seconds(ticks, kind.ticks, kind.power_model, kind.clock_hz));
    const auto edge_ns = static_cast<int64_t>(static_cast<double>(length_ns) * kModelledEdgeShare);
    modelled_pulses_.push_back({modelled_ns_ + edge_ns, modelled_ns_ + length_ns - edge_ns, is_busy});
    modelled_ns_ += length_ns;
    return {};
  }

  void start(Watch& watch) {
    if (watch.meter == nullptr) return;
    const base::MeterFacts& facts = watch.meter->facts();
    const int millivolts =
        watch.spec.voltage_mv != 0 ? watch.spec.voltage_mv : bench_.board.voltages.nominal_mv;
    // A meter of unknown supply is watched by its current.
    watch.readings = std::make_unique<Readings>(facts, millivolts != 0 ? millivolts : 1000);
    auto recording = measure::MeterRecording::start(
        *watch.meter, [readings = watch.readings.get()](const base::PowerSamples& block) {
          readings->add(block);
          return Done{};
        });
    if (recording) {
      watch.recording = std::move(*recording);
    } else {
      watch.about.problem = recording.error().text();
    }
  }

  WatchedMeter conclude(Watch& watch) {
    if (!watch.recording) return std::move(watch.about);
    if (const Done recorded = watch.recording->finish(); !recorded)
      watch.about.problem = recorded.error().text();
    const bool modelled = watch.spec.modelled_clock;
    watch.about.samples = watch.readings->samples();
    watch.about.match =
        analyse::match_pulses(modelled ? modelled_pulses_ : host_pulses_, watch.readings->readings(modelled));
    return std::move(watch.about);
  }

  const base::Rig& rig_;
  const base::Bench& bench_;
  const deploy::Workshop& workshop_;
  base::Observer& observer_;
  base::SystemClock clock_;
  std::vector<Watch> watches_;
  std::vector<analyse::Pulse> host_pulses_;
  std::vector<analyse::Pulse> modelled_pulses_;
  int64_t modelled_ns_ = 0;
};

std::string whose(const WatchedMeter& meter) {
  if (meter.bench.empty()) return fmt::format("{} (in no bench of the rig file)", meter.name);
  return fmt::format("{} (bench {})", meter.name, meter.bench);
}

}  // namespace

Result<Identification> identify_meter(const base::Rig& rig, const base::Bench& bench,
                                      const base::VariantFacts& variant, const deploy::Workshop& workshop,
                                      bool all_meters, base::Observer& observer) {
  if (bench.meter.kind.empty()) {
    return fail(
        ErrorCode::kBadInput,
        fmt::format("bench {} has no \"meter\" in {}: there is nothing to identify", bench.name, rig.file));
  }
  return Identify(rig, bench, workshop, observer).run(variant, all_meters);
}

WiringVerdict verdict_of(const std::string& bench, const Identification& identification) {
  std::vector<std::string> followers;
  for (const WatchedMeter& meter : identification.meters) {
    if (meter.bench != bench && meter.match.follows) followers.push_back(whose(meter));
  }
  const WatchedMeter& own = identification.meters.front();
  const std::string others = fmt::format("{}", fmt::join(followers, ", "));
  if (own.match.follows && followers.empty())
    return {true, fmt::format("{} sees the load of {}, and no other meter does", own.name, bench)};
  if (own.match.follows) {
    return {false, fmt::format("{} sees the load of {}, but so does {}: two meters lie in one supply, or one "
                               "board feeds the other",
                               own.name, bench, others)};
  }
  if (!followers.empty()) {
    return {false, fmt::format("the load of {} is seen by {}, and not by {}, which the rig file names: "
                               "exchange the wires, or the addresses in the rig file",
                               bench, others, own.name)};
  }
  if (!identification.board_problem.empty()) {
    return {false,
            fmt::format("the load of {} could not be pulsed: {}", bench, identification.board_problem)};
  }
  return {false,
          fmt::format("no meter that was watched sees the load of {}: is it in the board's supply?", bench)};
}

}  // namespace slmrig::campaign
