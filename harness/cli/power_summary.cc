#include "harness/cli/power_summary.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

namespace slmrig::cli {

std::string quantity_text(double micro, const char* unit) {
  struct Prefix {
    double factor;
    const char* name;
  };
  constexpr std::array<Prefix, 4> kPrefixes = {{{1e6, ""}, {1e3, "m"}, {1, "u"}, {1e-3, "n"}}};
  const double size = std::abs(micro);
  const auto* best = std::find_if(kPrefixes.begin(), kPrefixes.end() - 1,
                                  [&](const Prefix& prefix) { return size >= prefix.factor; });
  return fmt::format("{:.4g} {}{}", micro / best->factor, best->name, unit);
}

// Gaps first: their periods passed before the sample that they precede.
void PowerSummary::add(const base::PowerSamples& block) {
  const double period_s = facts_.sample_rate_hz > 0 ? 1 / facts_.sample_rate_hz : 0;
  const std::size_t count = std::max({block.current_ua.size(), block.power_uw.size()});
  auto gap = block.gaps.begin();
  int64_t index = block.first_index;
  for (std::size_t i = 0; i < count; ++i, ++index) {
    double dt_s = period_s;
    // A block's first index lies behind a gap at its beginning.
    if (gap != block.gaps.end() && (i == 0 ? gap->index == index : gap->index == index + gap->count)) {
      lost_ += gap->count;
      if (i > 0) index += gap->count;
      const double lost_s = static_cast<double>(gap->count) * period_s;
      const double now_ua = block.current_ua.empty() ? 0 : block.current_ua[i];
      const double between_ua = has_any_ ? (last_ua_ + now_ua) / 2 : now_ua;
      seconds_ += lost_s;
      charge_uc_ += between_ua * lost_s;
      energy_uj_ += between_ua * supply_v_ * lost_s;
      ++gap;
    }
    if (!block.time_ns.empty()) {
      dt_s = last_time_ns_ > 0 ? static_cast<double>(block.time_ns[i] - last_time_ns_) * 1e-9 : 0;
      last_time_ns_ = block.time_ns[i];
    }
    add_sample(block, i, dt_s);
  }
}

void PowerSummary::add_sample(const base::PowerSamples& block, std::size_t i, double dt_s) {
  ++samples_;
  const uint8_t flags = block.flags.empty() ? uint8_t{0} : block.flags[i];
  saturated_ += (flags & base::kSampleSaturated) != 0 ? 1 : 0;
  if ((flags & base::kSampleInvalid) != 0) {
    // Time passed all the same, at what was seen last.
    ++invalid_;
    seconds_ += dt_s;
    charge_uc_ += last_ua_ * dt_s;
    energy_uj_ += last_uw_ * dt_s;
    return;
  }
  has_current_ |= !block.current_ua.empty();
  const double current_ua = block.current_ua.empty() ? 0 : block.current_ua[i];
  const double volts = block.voltage_mv.empty() ? supply_v_ : block.voltage_mv[i] / 1000.0;
  const double power_uw = block.power_uw.empty() ? current_ua * volts : block.power_uw[i];
  lowest_ua_ = has_any_ ? std::min(lowest_ua_, current_ua) : current_ua;
  highest_ua_ = has_any_ ? std::max(highest_ua_, current_ua) : current_ua;
  has_any_ = true;
  last_ua_ = current_ua;
  last_uw_ = power_uw;
  seconds_ += dt_s;
  charge_uc_ += current_ua * dt_s;
  energy_uj_ += power_uw * dt_s;
}

std::vector<std::string> PowerSummary::lines() const {
  std::vector<std::string> lines;
  if (has_current_) {
    lines.push_back(fmt::format("mean     {:.6f} mA", mean_ua() / 1000));
    lines.push_back(fmt::format("min      {:.6f} mA", lowest_ua_ / 1000));
    lines.push_back(fmt::format("max      {:.6f} mA", highest_ua_ / 1000));
    lines.push_back(fmt::format("charge   {}", quantity_text(charge_uc_, "C")));
  }
  lines.push_back(fmt::format("energy   {}", energy_uj_ == 0 && supply_v_ == 0
                                                 ? "not known: the supply's voltage was not told"
                                                 : quantity_text(energy_uj_, "J")));
  lines.push_back(fmt::format("samples  {} in {:.3f} s", samples_, seconds_));
  lines.push_back(fmt::format("lost     {}", lost_));
  if (saturated_ > 0) lines.push_back(fmt::format("at full scale  {}: the true current is more", saturated_));
  if (invalid_ > 0) lines.push_back(fmt::format("invalid  {}", invalid_));
  return lines;
}

}  // namespace slmrig::cli
