#include "harness/rig/meters/stream_check.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <fmt/format.h>

#include "harness/base/clock.h"

namespace slmrig::rig {
namespace {

constexpr int64_t kBlockMs = 200;
// 100 ppm of clocks, and a few milliseconds of the way through USB at either end.
constexpr double kClockShare = 1e-4;
constexpr double kWaySeconds = 0.01;
constexpr double kMostLost = 0.001;
constexpr int64_t kMostEdges = 20;

// A host that is busy sees samples late, some more than others. What came least late at either end of the
// stream tells the rate.
class ArrivalRate {
 public:
  void add(int64_t end_index, int64_t received_ns) { arrivals_.push_back({end_index, received_ns}); }

  // Sets span and host_seconds; fewer than two arrivals tell nothing.
  void tell(double nominal_hz, StreamSummary& seen) const {
    if (arrivals_.size() < 2 || nominal_hz <= 0) return;
    const std::size_t third = std::max<std::size_t>(1, arrivals_.size() / 3);
    const auto lateness = [&](const Arrival& one) {
      return static_cast<double>(one.received_ns) - static_cast<double>(one.end_index) * 1e9 / nominal_hz;
    };
    const auto less_late = [&](const Arrival& a, const Arrival& b) { return lateness(a) < lateness(b); };
    const auto count = static_cast<std::ptrdiff_t>(third);
    const auto first = std::min_element(arrivals_.begin(), arrivals_.begin() + count, less_late);
    const auto last = std::min_element(arrivals_.end() - count, arrivals_.end(), less_late);
    seen.span = last->end_index - first->end_index;
    seen.host_seconds = static_cast<double>(last->received_ns - first->received_ns) / 1e9;
  }

 private:
  struct Arrival {
    int64_t end_index = 0;
    int64_t received_ns = 0;
  };
  std::vector<Arrival> arrivals_;  // of a second or so
};

class Watcher {
 public:
  void add(const base::PowerSamples& block) {
    const auto count = static_cast<int64_t>(block.current_ua.size());
    if (count == 0) return;
    const int64_t gaps_inside = lost_within(block);
    const int64_t end = block.first_index + count + gaps_inside;
    arrivals_.add(end, block.received_ns);
    if (seen_.samples == 0) {
      last_lines_ = block.markers.empty() ? uint8_t{0} : block.markers.front();
      seen_.lowest_ua = seen_.highest_ua = block.current_ua.front();
    }
    seen_.samples += count;
    for (const base::SampleGap& gap : block.gaps) seen_.lost += gap.count;
    for (int64_t i = 0; i < count; ++i) add_sample(block, static_cast<std::size_t>(i));
  }

  StreamSummary result(double nominal_hz) {
    arrivals_.tell(nominal_hz, seen_);
    if (seen_.samples > 0) seen_.mean_ua = sum_ / static_cast<double>(seen_.samples);
    seen_.range =
        static_cast<uint8_t>(std::max_element(by_range_.begin(), by_range_.end()) - by_range_.begin());
    return seen_;
  }

 private:
  // Gaps before the block's first sample are in its index already.
  static int64_t lost_within(const base::PowerSamples& block) {
    int64_t lost = 0;
    for (const base::SampleGap& gap : block.gaps) lost += gap.index > block.first_index ? gap.count : 0;
    return lost;
  }

  void add_sample(const base::PowerSamples& block, std::size_t i) {
    const double current = block.current_ua[i];
    sum_ += current;
    seen_.lowest_ua = std::min(seen_.lowest_ua, current);
    seen_.highest_ua = std::max(seen_.highest_ua, current);
    if (!block.flags.empty()) {
      seen_.saturated += (block.flags[i] & base::kSampleSaturated) != 0 ? 1 : 0;
      seen_.invalid += (block.flags[i] & base::kSampleInvalid) != 0 ? 1 : 0;
    }
    if (!block.range.empty()) ++by_range_[block.range[i] % by_range_.size()];
    if (block.markers.empty()) return;
    const auto changed = static_cast<uint8_t>(block.markers[i] ^ last_lines_);
    for (std::size_t line = 0; changed != 0 && line < seen_.edges.size(); ++line)
      seen_.edges[line] += changed >> line & 1;
    last_lines_ = block.markers[i];
  }

  StreamSummary seen_;
  double sum_ = 0;
  ArrivalRate arrivals_;
  uint8_t last_lines_ = 0;
  std::array<int64_t, 16> by_range_ = {};
};

}  // namespace

void clear(base::PowerSamples& block) {
  block.first_index = 0;
  block.received_ns = 0;
  block.current_ua.clear();
  block.voltage_mv.clear();
  block.power_uw.clear();
  block.time_ns.clear();
  block.range.clear();
  block.markers.clear();
  block.flags.clear();
  block.gaps.clear();
}

base::Result<StreamSummary> watch_stream(Meter& meter, int64_t duration_ms) {
  SLMRIG_TRY(meter.start());
  Watcher watcher;
  base::PowerSamples block;
  const int64_t end_ns = base::monotonic_now_ns() + duration_ms * 1'000'000;
  base::Done problem;
  while (problem && base::monotonic_now_ns() < end_ns) {
    const base::Result<bool> got = meter.read(block, kBlockMs);
    if (!got) problem = tl::unexpected(got.error());
    if (got && *got) watcher.add(block);
  }
  const base::Done stopped = meter.stop();
  SLMRIG_TRY(problem);
  SLMRIG_TRY(stopped);
  for (;;) {
    SLMRIG_ASSIGN(const bool more, meter.read(block, kBlockMs));
    if (!more) break;
  }
  return watcher.result(meter.facts().sample_rate_hz);
}

MeterCheck check_rate(const StreamSummary& seen, double nominal_hz) {
  if (seen.host_seconds <= 0) return {"rate", false, "no samples came"};
  const double rate = static_cast<double>(seen.span) / seen.host_seconds;
  const double allowed = kClockShare + kWaySeconds / seen.host_seconds;
  const double off = rate / nominal_hz - 1;
  return {"rate", std::abs(off) <= allowed,
          fmt::format("{:.0f} samples a second by the host's clock, {:.0f} expected within {:.2f} %", rate,
                      nominal_hz, 100 * allowed)};
}

MeterCheck check_losses(const StreamSummary& seen) {
  const double all = static_cast<double>(seen.samples + seen.lost);
  const double share = all > 0 ? static_cast<double>(seen.lost) / all : 1;
  return {"losses", share <= kMostLost,
          fmt::format("{} of {:.0f} samples lost, at most 0.1 % expected", seen.lost, all)};
}

MeterCheck check_zero(const StreamSummary& seen, const base::MeterRange& most_sensitive) {
  const double allowed = most_sensitive.offset_ua;
  return {
      "zero_offset", std::abs(seen.mean_ua) <= allowed,
      fmt::format("{:.3f} uA with the board's power off, {:.1f} uA at most expected", seen.mean_ua, allowed)};
}

MeterCheck check_lines(const StreamSummary& seen, const base::MeterSpec& spec) {
  std::string restless;
  for (const int line : {spec.active_line, spec.token_line, spec.phase_line, spec.phase_line + 1}) {
    const bool wired = line >= 0 && line < static_cast<int>(seen.edges.size());
    if (wired && seen.edges[static_cast<std::size_t>(line)] > kMostEdges)
      restless += fmt::format("{}D{} ({} edges)", restless.empty() ? "" : ", ", line,
                              seen.edges[static_cast<std::size_t>(line)]);
  }
  if (restless.empty()) return {"markers", true, "the marker lines stand still while the board does nothing"};
  return {"markers", false,
          fmt::format("{} in {:.1f} s while the board does nothing: is the VCC pin of the logic port at the "
                      "board's supply?",
                      restless, seen.host_seconds)};
}

MeterCheck check_load(const StreamSummary& seen, double expected_ua, const base::MeterFacts& facts) {
  const base::MeterRange& range = facts.ranges.at(std::min<std::size_t>(seen.range, facts.ranges.size() - 1));
  const double allowed = range.gain_half_width * expected_ua + range.offset_ua;
  return {"known_load", std::abs(seen.mean_ua - expected_ua) <= allowed,
          fmt::format("{:.1f} uA through the known load, {:.1f} uA expected within {:.1f} uA", seen.mean_ua,
                      expected_ua, allowed)};
}

}  // namespace slmrig::rig
