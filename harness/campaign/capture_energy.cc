#include "harness/campaign/capture_energy.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "harness/analyse/arrival.h"
#include "harness/analyse/energy.h"
#include "harness/analyse/power_trace.h"
#include "harness/measure/sample_log.h"

namespace slmrig::campaign {
namespace {

// How late a message may come besides what is seen: buffers of serial adapters.
constexpr int64_t kMessageDelayNs = 16'000'000;

// When the samples of each span were taken, by the host's clock. What lies between two spans is no sample
// time.
class SpanClock {
 public:
  SpanClock(const measure::EnergyCapture& capture, double nominal_rate_hz)
      : starts_(capture.span_starts), nominal_rate_hz_(nominal_rate_hz) {
    if (starts_.empty()) starts_.push_back(0);
    fits_.assign(starts_.size(), analyse::ArrivalFit(nominal_rate_hz));
    ends_ = starts_;
    for (const measure::SampleArrival& arrival : capture.samples->arrivals()) {
      const auto after = std::lower_bound(starts_.begin(), starts_.end(), arrival.end_index);
      const auto span = static_cast<std::size_t>(std::max<ptrdiff_t>(1, after - starts_.begin()) - 1);
      fits_[span].add(arrival.end_index - starts_[span], arrival.received_ns);
      ends_[span] = std::max(ends_[span], arrival.end_index);
    }
  }

  // Of the longest span; 0: not known.
  double rate_hz() const {
    std::size_t longest = 0;
    for (std::size_t i = 1; i < fits_.size(); ++i) {
      if (ends_[i] - starts_[i] > ends_[longest] - starts_[longest]) longest = i;
    }
    return fits_[longest].rate_hz();
  }

  int64_t first_sample_ns() const { return fits_.front().first_sample_ns(); }

  // A time of the host during `span`, as if the spans had followed one another.
  int64_t continuous_ns(int64_t host_ns, std::size_t span) const {
    if (span >= fits_.size()) return host_ns;
    const double since_first_s = static_cast<double>(starts_[span] - starts_.front()) / nominal_rate_hz_;
    return host_ns - fits_[span].first_sample_ns() + first_sample_ns() + std::llround(since_first_s * 1e9);
  }

 private:
  std::vector<int64_t> starts_;
  std::vector<int64_t> ends_;
  std::vector<analyse::ArrivalFit> fits_;
  double nominal_rate_hz_;
};

// Where the meter has no marker lines: what the host's clock knows of a generation, and the board's of its
// tokens.
void add_cuts(const measure::MeteredGeneration& generation, const CaptureMeaning& meaning,
              const std::function<int64_t(int64_t)>& meter_time, uint8_t& level,
              analyse::EnergyInputs& inputs) {
  const int64_t total_ns = meaning.meter_ns(generation.total_ticks);
  const int64_t slack_ns =
      std::max<int64_t>(0, generation.reported_ns - generation.accepted_ns - total_ns) + kMessageDelayNs;
  const int64_t start_ns = meter_time(generation.accepted_ns + (slack_ns - kMessageDelayNs) / 2);
  const auto cut = [&](int64_t since_start_ns, uint8_t phase, bool active) {
    const auto phase_bits = static_cast<uint8_t>(phase << analyse::kStatePhaseShift);
    const uint8_t state = active ? static_cast<uint8_t>(analyse::kStateActive | phase_bits) : uint8_t{0};
    inputs.cuts.push_back({start_ns + since_start_ns, static_cast<uint8_t>(state | level)});
  };
  cut(0, analyse::kPhasePrefill, true);
  uint64_t ticks = 0;
  for (const uint64_t token : generation.token_ticks) {
    ticks += token;
    level ^= analyse::kStateToken;
    cut(meaning.meter_ns(std::min(ticks, generation.total_ticks)), analyse::kPhaseDecode, true);
  }
  cut(total_ns, analyse::kPhaseNone, false);
  inputs.cut_half_width_ns = std::max(inputs.cut_half_width_ns, slack_ns / 2);
}

}  // namespace

base::Result<base::Energy> energy_of_capture(const measure::EnergyCapture& capture,
                                             const CaptureMeaning& meaning) {
  const base::MeterSpec& spec = meaning.spec;
  analyse::EnergyInputs inputs;
  inputs.meter = meaning.meter;
  inputs.tier = spec.modelled_clock ? base::Tier::kModelled : base::Tier::kHardware;
  inputs.supply_mv = meaning.supply_mv;
  inputs.markers = {spec.active_line, spec.token_line, spec.phase_line};
  inputs.windows = meaning.windows;
  const bool by_markers = meaning.has_markers && meaning.meter.marker_lines != 0 && spec.active_line >= 0;
  const bool is_even = !spec.modelled_clock && meaning.meter.sample_rate_hz > 0;
  const SpanClock clock(capture, meaning.meter.sample_rate_hz);
  if (is_even) {
    inputs.arrival_rate_hz = clock.rate_hz();
    inputs.first_sample_ns = clock.first_sample_ns();
  }
  // A capture begins idle.
  if (!by_markers) inputs.cuts.push_back({0, 0});
  uint8_t level = 0;
  for (const measure::MeteredGeneration& generation : capture.generations) {
    inputs.expected.push_back({generation.prompt_id, generation.prompt_sha256, generation.repeat,
                               generation.prompt_tokens, generation.generated_tokens,
                               meaning.meter_ns(generation.total_ticks), generation.span});
    const auto meter_time = [&](int64_t host_ns) {
      return is_even ? clock.continuous_ns(host_ns, generation.span) : host_ns;
    };
    if (!by_markers) add_cuts(generation, meaning, meter_time, level, inputs);
  }
  for (const measure::MeteredColdStart& start : capture.cold_starts)
    inputs.cold_starts.push_back({meaning.meter_ns(start.boot_ticks), meaning.meter_ns(start.load_ticks)});
  analyse::EnergyPass pass(inputs);
  SLMRIG_TRY(capture.samples->for_each([&](const base::PowerSamples& block) { pass.add(block); }));
  base::Energy energy = pass.finish();
  if (energy.generations.empty()) return energy;
  analyse::PowerTraceBuilder trace(inputs.meter, meaning.supply_mv, energy);
  SLMRIG_TRY(capture.samples->for_each([&](const base::PowerSamples& block) { trace.add(block); }));
  energy.trace = trace.finish();
  return energy;
}

}  // namespace slmrig::campaign
