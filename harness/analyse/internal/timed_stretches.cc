#include "harness/analyse/internal/timed_stretches.h"

#include <algorithm>

namespace slmrig::analyse {

void TimedStretches::add(const base::PowerSamples& block) {
  for (std::size_t i = 0; i < block.time_ns.size(); ++i) {
    const double current = i < block.current_ua.size() ? static_cast<double>(block.current_ua[i]) : 0.0;
    const double volts =
        (i < block.voltage_mv.size() ? static_cast<double>(block.voltage_mv[i]) : options_.supply_mv) * 1e-3;
    const bool is_mean = i < block.power_uw.size();
    const double power = is_mean ? static_cast<double>(block.power_uw[i]) : current * volts;
    add_sample(block.time_ns[i], power, current, i < block.flags.size() ? block.flags[i] : uint8_t{0},
               is_mean);
  }
  // A sample that never came: what lies around it is joined by a line, and it is counted.
  for (const base::SampleGap& gap : block.gaps) current_.sums.lost += gap.count;
}

void TimedStretches::add_sample(int64_t time_ns, double power_uw, double current_ua, uint8_t flags,
                                bool is_mean) {
  if ((flags & base::kSampleInvalid) != 0) {
    ++current_.sums.invalid;
    return;
  }
  if (!any_) {
    any_ = true;
    first_ns_ = last_ns_ = time_ns;
    while (next_cut_ < options_.cuts.size() && options_.cuts[next_cut_].time_ns <= time_ns) ++next_cut_;
    const uint8_t before = options_.cuts.empty() ? uint8_t{0} : kStateOther;
    enter(next_cut_ == 0 ? before : options_.cuts[next_cut_ - 1].state, time_ns, power_uw);
  } else if (time_ns > last_ns_) {
    const double span = static_cast<double>(time_ns - last_ns_);
    const double from_uw = is_mean ? power_uw : last_uw_;
    const double from_ua = is_mean ? current_ua : last_ua_;
    const auto power_at = [&](int64_t at) {
      return from_uw + (power_uw - from_uw) * static_cast<double>(at - last_ns_) / span;
    };
    const auto add_between = [&](int64_t from, int64_t to) {
      const double middle = static_cast<double>(from - last_ns_ + to - last_ns_) / 2 / span;
      const double time_s = static_cast<double>(to - from) * 1e-9;
      current_.sums.range_uj[0] += (from_uw + (power_uw - from_uw) * middle) * time_s;
      current_.sums.range_s[0] += time_s;
      current_.sums.charge_uc += (from_ua + (current_ua - from_ua) * middle) * time_s;
    };
    int64_t from = last_ns_;
    while (next_cut_ < options_.cuts.size() && options_.cuts[next_cut_].time_ns <= time_ns) {
      const HostCut& cut = options_.cuts[next_cut_++];
      const int64_t at = std::max(cut.time_ns, from);
      add_between(from, at);
      if (cut.state != current_.state) {
        close(at, power_at(at));
        enter(cut.state, at, power_at(at));
      }
      from = at;
    }
    add_between(from, time_ns);
  }
  PowerSums& sums = current_.sums;
  ++sums.samples;
  sums.peak_uw = std::max(sums.peak_uw, power_uw);
  if ((flags & base::kSampleSaturated) != 0) ++sums.saturated;
  if ((flags & base::kSampleRepeated) != 0) {
    ++sums.repeated;
  } else {
    if (last_new_ns_ != 0) updates_ns_.push_back(time_ns - last_new_ns_);
    last_new_ns_ = time_ns;
  }
  current_.block_uw.push_back(static_cast<float>(power_uw));
  last_ns_ = time_ns;
  last_uw_ = power_uw;
  last_ua_ = current_ua;
}

std::vector<Stretch> TimedStretches::finish() {
  if (is_open_) close(last_ns_, last_uw_);
  return std::move(done_);
}

// The median: a load that stays the same looks like a meter that does not convert, and a pause between two
// captures like one that is slow.
double TimedStretches::update_period_s() const {
  if (updates_ns_.empty()) return 0;
  std::vector<int64_t> sorted = updates_ns_;
  const auto middle = sorted.begin() + static_cast<ptrdiff_t>(sorted.size() / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  return static_cast<double>(*middle) * 1e-9;
}

void TimedStretches::enter(uint8_t state, int64_t time_ns, double power_uw) {
  current_ = Stretch();
  current_.state = state;
  current_.start_ns = time_ns - first_ns_;
  current_.first_uw = power_uw;
  current_.sums.peak_uw = power_uw;
  is_open_ = true;
}

void TimedStretches::close(int64_t time_ns, double power_uw) {
  current_.end_ns = time_ns - first_ns_;
  current_.last_uw = power_uw;
  done_.push_back(std::move(current_));
  is_open_ = false;
}

}  // namespace slmrig::analyse
