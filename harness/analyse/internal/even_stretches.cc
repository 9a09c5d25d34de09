#include "harness/analyse/internal/even_stretches.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace slmrig::analyse {

namespace {

constexpr double kBlockS = 1e-3;  // of Stretch::block_uw

// From what the meter's lines say to a state.
std::array<uint8_t, 256> states_of(const MarkerLines& lines) {
  std::array<uint8_t, 256> states = {};
  const auto line = [](std::size_t sample, int index) {
    return index >= 0 && index < 8 && ((sample >> static_cast<unsigned>(index)) & 1U) != 0;
  };
  for (std::size_t sample = 0; sample < states.size(); ++sample) {
    uint8_t state = 0;
    if (line(sample, lines.active)) state |= kStateActive;
    if (line(sample, lines.token)) state |= kStateToken;
    if (lines.phase >= 0) {
      if (line(sample, lines.phase)) state |= 1U << kStatePhaseShift;
      if (line(sample, lines.phase + 1)) state |= 2U << kStatePhaseShift;
    }
    states[sample] = state;
  }
  return states;
}

}  // namespace

EvenStretches::EvenStretches(const StretchOptions& options)
    : options_(options),
      period_s_(1.0 / options.meter.sample_rate_hz),
      states_(states_of(options.markers)),
      block_samples_(std::max<int64_t>(1, std::llround(kBlockS * options.meter.sample_rate_hz))) {}

int64_t EvenStretches::ns_at(int64_t index) const {
  return std::llround(static_cast<double>(index) * period_s_ * 1e9);
}

void EvenStretches::add(const base::PowerSamples& block) {
  take(block);
  if (power_uw_.size() < 2) return;
  const std::size_t ready = power_uw_.size() - 1;  // the last one waits for its successor
  clean_states(ready);
  sum_up(ready);
  drop(ready);
}

std::vector<Stretch> EvenStretches::finish() {
  if (!power_uw_.empty()) {
    state_.push_back(state_.back());
    clean_states(1);
    state_.pop_back();
    sum_up(1);
    drop(1);
  }
  close();
  return std::move(done_);
}

// Appends the block's columns, holes and states to what waits.
void EvenStretches::take(const base::PowerSamples& block) {
  const std::size_t count = std::max(block.current_ua.size(), block.power_uw.size());
  if (count == 0) return;
  const std::size_t from = power_uw_.size();
  power_uw_.resize(from + count);
  if (!block.power_uw.empty()) {
    std::copy(block.power_uw.begin(), block.power_uw.end(), power_uw_.begin() + static_cast<ptrdiff_t>(from));
  } else if (!block.voltage_mv.empty()) {
    for (std::size_t i = 0; i < count; ++i) {
      power_uw_[from + i] = block.current_ua[i] * block.voltage_mv[i] * 1e-3F;
    }
  } else {
    const auto volts = static_cast<float>(options_.supply_mv * 1e-3);
    for (std::size_t i = 0; i < count; ++i) power_uw_[from + i] = block.current_ua[i] * volts;
  }
  if (!block.current_ua.empty()) {
    current_ua_.insert(current_ua_.end(), block.current_ua.begin(), block.current_ua.end());
  } else {
    current_ua_.resize(from + count, 0.0F);
  }
  range_.resize(from + count, 0);
  for (std::size_t i = 0; i < block.range.size(); ++i) {
    range_[from + i] = std::min<uint8_t>(block.range[i], kMaxRanges - 1);
  }
  flags_.resize(from + count, 0);
  std::copy(block.flags.begin(), block.flags.end(), flags_.begin() + static_cast<ptrdiff_t>(from));
  filtered_uw_.resize(from + count);
  if (options_.spike_filter && !block.range.empty()) {
    filter_.apply(&power_uw_[from], &range_[from], count, &filtered_uw_[from]);
  } else {
    std::copy(power_uw_.begin() + static_cast<ptrdiff_t>(from), power_uw_.end(),
              filtered_uw_.begin() + static_cast<ptrdiff_t>(from));
  }

  int64_t index = block.first_index;
  std::size_t position = 0;
  if (any_ && index > expected_index_) holes_.push_back({from, index - expected_index_});
  for (const base::SampleGap& gap : block.gaps) {
    const int64_t ahead = gap.index - gap.count - index;
    if (gap.index <= block.first_index || ahead < 0) continue;  // the first one's own; it is in first_index
    position += static_cast<std::size_t>(ahead);
    if (position >= count) break;
    holes_.push_back({from + position, gap.count});
    index = gap.index;
  }
  index += static_cast<int64_t>(count - position);
  take_states(block, from);
  any_ = true;
  expected_index_ = index;
}

void EvenStretches::take_states(const base::PowerSamples& block, std::size_t from) {
  const std::size_t count = power_uw_.size() - from;
  state_.resize(from + count, 0);
  if (!options_.cuts.empty()) {
    // What the host knows of when; the holes of the block were lost somewhere in it and do not matter here.
    for (std::size_t i = 0; i < count; ++i) {
      const int64_t now_ns = options_.first_sample_ns + ns_at(block.first_index + static_cast<int64_t>(i));
      while (next_cut_ < options_.cuts.size() && options_.cuts[next_cut_].time_ns <= now_ns) ++next_cut_;
      state_[from + i] = next_cut_ == 0 ? kStateOther : options_.cuts[next_cut_ - 1].state;
    }
    return;
  }
  if (!options_.markers.any()) return;
  for (std::size_t i = 0; i < block.markers.size(); ++i) state_[from + i] = states_[block.markers[i]];
}

// A line has changed where two samples agree on it. [count] states have a successor.
void EvenStretches::clean_states(std::size_t count) {
  uint8_t clean = clean_;
  for (std::size_t i = 0; i < count; ++i) {
    const auto unsettled = static_cast<uint8_t>(state_[i] ^ state_[i + 1]);
    clean = static_cast<uint8_t>((clean & unsettled) | (state_[i] & ~unsettled));
    state_[i] = clean;
  }
  clean_ = clean;
}

std::size_t EvenStretches::run_end(std::size_t begin, std::size_t end) const {
  const uint8_t state = state_[begin];
  const uint8_t range = range_[begin];
  std::size_t at = begin;
  while (at < end && state_[at] == state && range_[at] == range && (flags_[at] & base::kSampleInvalid) == 0) {
    ++at;
  }
  return at;
}

void EvenStretches::sum_up(std::size_t count) {
  std::size_t hole = 0;
  std::size_t at = 0;
  while (at < count) {
    if (hole < holes_.size() && holes_[hole].before == at) {
      if (!is_open_) enter(state_[at]);
      const std::size_t next = hole + 1 < holes_.size() ? holes_[hole + 1].before : power_uw_.size();
      const int64_t lost = holes_[hole++].count;
      // An edge within a hole is taken to be in its middle.
      const int64_t before = state_[at] != current_.state ? lost / 2 : lost;
      fill(before, at, next);
      if (before < lost) {
        enter(state_[at]);
        fill(lost - before, at, next);
      }
      current_.sums.lost += lost;
    }
    enter(state_[at]);
    const std::size_t limit = std::min(count, hole < holes_.size() ? holes_[hole].before : count);
    const std::size_t end = run_end(at, limit);
    if (end == at) {  // an invalid one: as if it were lost
      ++current_.sums.invalid;
      fill(1, at + 1, limit);
      ++at;
      continue;
    }
    sum_run(at, end);
    at = end;
  }
  holes_.erase(holes_.begin(), holes_.begin() + static_cast<ptrdiff_t>(hole));
}

void EvenStretches::drop(std::size_t count) {
  const auto n = static_cast<ptrdiff_t>(count);
  power_uw_.erase(power_uw_.begin(), power_uw_.begin() + n);
  filtered_uw_.erase(filtered_uw_.begin(), filtered_uw_.begin() + n);
  current_ua_.erase(current_ua_.begin(), current_ua_.begin() + n);
  range_.erase(range_.begin(), range_.begin() + n);
  state_.erase(state_.begin(), state_.begin() + n);
  flags_.erase(flags_.begin(), flags_.begin() + n);
  for (Hole& hole : holes_) hole.before -= count;
}

// Samples of one state and one range.
void EvenStretches::sum_run(std::size_t begin, std::size_t end) {
  const std::size_t count = end - begin;
  const float* power = &power_uw_[begin];
  const float* filtered = &filtered_uw_[begin];
  const float* current = &current_ua_[begin];
  std::array<double, kSampleClasses> lanes = {};
  std::array<float, kSampleClasses> peaks;
  peaks.fill(std::numeric_limits<float>::lowest());
  std::array<double, kSampleClasses> squares = {};
  std::array<double, kSampleClasses> charges = {};
  std::array<float, kSampleClasses> differences = {};
  std::size_t i = 0;
  for (; i + kSampleClasses <= count; i += kSampleClasses) {
    for (std::size_t lane = 0; lane < kSampleClasses; ++lane) {
      const float value = power[i + lane];
      const double amperes = current[i + lane];
      lanes[lane] += static_cast<double>(value);
      peaks[lane] = value > peaks[lane] ? value : peaks[lane];
      charges[lane] += amperes;
      squares[lane] += amperes * amperes;
      differences[lane] += filtered[i + lane] - value;
    }
  }
  for (std::size_t lane = 0; i < count; ++i, ++lane) {
    lanes[lane] += static_cast<double>(power[i]);
    peaks[lane] = std::max(peaks[lane], power[i]);
    charges[lane] += static_cast<double>(current[i]);
    squares[lane] += static_cast<double>(current[i]) * static_cast<double>(current[i]);
    differences[lane] += filtered[i] - power[i];
  }

  PowerSums& sums = current_.sums;
  const uint8_t range = range_[begin];
  double total = 0;
  double square = 0;
  for (std::size_t lane = 0; lane < kSampleClasses; ++lane) {
    const auto place = static_cast<std::size_t>(next_index_ + static_cast<int64_t>(lane)) % kSampleClasses;
    sums.class_uj[place] += lanes[lane] * period_s_;
    sums.class_samples[place] +=
        static_cast<int64_t>(count / kSampleClasses + (lane < count % kSampleClasses));
    sums.filtered_difference_uj += static_cast<double>(differences[lane]) * period_s_;
    sums.charge_uc += charges[lane] * period_s_;
    sums.peak_uw = std::max(sums.peak_uw, static_cast<double>(peaks[lane]));
    total += lanes[lane];
    square += squares[lane];
  }
  sums.range_uj[range] += total * period_s_;
  sums.range_s[range] += static_cast<double>(count) * period_s_;
  if (range < options_.meter.ranges.size()) {
    // (uA)^2 ohm = 1e-12 W = 1e-6 uW
    sums.burden_uj[range] += square * options_.meter.ranges[range].shunt_ohm * 1e-6 * period_s_;
  }
  sums.samples += static_cast<int64_t>(count);
  if (next_index_ > 0 && range != last_range_) ++sums.switches;
  last_range_ = range;
  sums.saturated += std::count_if(flags_.begin() + static_cast<ptrdiff_t>(begin),
                                  flags_.begin() + static_cast<ptrdiff_t>(end),
                                  [](uint8_t flags) { return (flags & base::kSampleSaturated) != 0; });
  if ((current_.state & kStateActive) == 0) add_to_blocks(power, count);
  for (std::size_t at = begin; at < end && first_count_ < kEdgeSamples; ++at, ++first_count_) {
    first_sum_uw_ += static_cast<double>(power_uw_[at]);
  }
  next_index_ += static_cast<int64_t>(count);
  remember(begin, end);
}

// Lost samples are filled in by a line from what was before to what comes after.
void EvenStretches::fill(int64_t count, std::size_t after, std::size_t end) {
  if (count <= 0) return;
  double sum_before = 0;
  double sum_after = 0;
  double low = std::numeric_limits<double>::max();
  double high = std::numeric_limits<double>::lowest();
  const auto see = [&](double power, double& sum) {
    sum += power;
    low = std::min(low, power);
    high = std::max(high, power);
  };
  for (std::size_t i = 0; i < recent_count_; ++i) see(static_cast<double>(recent_uw_[i]), sum_before);
  std::size_t seen = 0;
  for (std::size_t at = after; at < end && seen < kEdgeSamples; ++at) {
    if ((flags_[at] & base::kSampleInvalid) != 0) break;
    see(static_cast<double>(power_uw_[at]), sum_after);
    ++seen;
  }
  if (recent_count_ == 0 && seen == 0) {
    add_fill(count, 0, 0);
    return;
  }
  const double before = recent_count_ > 0 ? sum_before / static_cast<double>(recent_count_)
                                          : sum_after / static_cast<double>(seen);
  const double behind = seen > 0 ? sum_after / static_cast<double>(seen) : before;
  add_fill(count, (before + behind) / 2, high - low);
}

void EvenStretches::add_fill(int64_t count, double power_uw, double spread_uw) {
  PowerSums& sums = current_.sums;
  const double time_s = static_cast<double>(count) * period_s_;
  sums.range_uj[last_range_] += power_uw * time_s;
  sums.range_s[last_range_] += time_s;
  if (options_.supply_mv > 0) sums.charge_uc += power_uw * time_s / (options_.supply_mv * 1e-3);
  sums.gap_variance_uj2 += time_s * time_s * spread_uw * spread_uw / 12;
  next_index_ += count;
}

void EvenStretches::add_to_blocks(const float* power_uw, std::size_t count) {
  for (std::size_t i = 0; i < count;) {
    const auto wanted = static_cast<std::size_t>(block_samples_ - block_count_);
    const std::size_t taken = std::min(wanted, count - i);
    double sum = 0;
    for (std::size_t k = i; k < i + taken; ++k) sum += static_cast<double>(power_uw[k]);
    block_sum_uw_ += sum;
    block_count_ += static_cast<int64_t>(taken);
    i += taken;
    if (block_count_ == block_samples_) {
      current_.block_uw.push_back(static_cast<float>(block_sum_uw_ / static_cast<double>(block_samples_)));
      block_sum_uw_ = 0;
      block_count_ = 0;
    }
  }
}

void EvenStretches::remember(std::size_t begin, std::size_t end) {
  const std::size_t count = end - begin;
  if (count >= kEdgeSamples) {
    std::copy(power_uw_.begin() + static_cast<ptrdiff_t>(end - kEdgeSamples),
              power_uw_.begin() + static_cast<ptrdiff_t>(end), recent_uw_.begin());
    recent_count_ = kEdgeSamples;
    return;
  }
  const std::size_t kept = std::min(recent_count_, kEdgeSamples - count);
  std::move(recent_uw_.begin() + static_cast<ptrdiff_t>(recent_count_ - kept),
            recent_uw_.begin() + static_cast<ptrdiff_t>(recent_count_), recent_uw_.begin());
  std::copy(power_uw_.begin() + static_cast<ptrdiff_t>(begin),
            power_uw_.begin() + static_cast<ptrdiff_t>(end),
            recent_uw_.begin() + static_cast<ptrdiff_t>(kept));
  recent_count_ = kept + count;
}

void EvenStretches::enter(uint8_t state) {
  if (is_open_ && current_.state == state) return;
  close();
  current_ = Stretch();
  current_.state = state;
  current_.start_ns = ns_at(next_index_);
  current_.block_ns = ns_at(block_samples_);
  is_open_ = true;
  first_sum_uw_ = 0;
  first_count_ = 0;
  block_sum_uw_ = 0;
  block_count_ = 0;
}

void EvenStretches::close() {
  if (!is_open_) return;
  current_.end_ns = ns_at(next_index_);
  if (first_count_ > 0) current_.first_uw = first_sum_uw_ / static_cast<double>(first_count_);
  double last = 0;
  // What is remembered may reach back beyond a very short stretch, as the power beside its end does.
  for (std::size_t i = 0; i < recent_count_; ++i) last += static_cast<double>(recent_uw_[i]);
  if (recent_count_ > 0) current_.last_uw = last / static_cast<double>(recent_count_);
  done_.push_back(std::move(current_));
  is_open_ = false;
}

}  // namespace slmrig::analyse
