// What a stretch of samples adds up to, for the command line: plain sums, without phases or uncertainty.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/base/records/power.h"

namespace slmrig::cli {

// Of a whole recording, block by block. A gap's current is the mean of what was seen on either side of it.
class PowerSummary {
 public:
  PowerSummary(const base::MeterFacts& facts, double supply_v) : facts_(facts), supply_v_(supply_v) {}

  void add(const base::PowerSamples& block);

  int64_t samples() const { return samples_; }
  int64_t lost() const { return lost_; }
  int64_t saturated() const { return saturated_; }
  int64_t invalid() const { return invalid_; }
  double seconds() const { return seconds_; }
  double mean_ua() const { return seconds_ > 0 ? charge_uc_ / seconds_ : 0; }
  double charge_uc() const { return charge_uc_; }
  double energy_uj() const { return energy_uj_; }
  bool measures_current() const { return has_current_; }

  // "mean 12.0 mA", "min ...", one line each: what `slmrig power record` ends with.
  std::vector<std::string> lines() const;

 private:
  void add_sample(const base::PowerSamples& block, std::size_t i, double dt_s);

  base::MeterFacts facts_;
  double supply_v_;
  int64_t samples_ = 0;
  int64_t lost_ = 0;
  int64_t saturated_ = 0;
  int64_t invalid_ = 0;
  double seconds_ = 0;
  double charge_uc_ = 0;
  double energy_uj_ = 0;
  double lowest_ua_ = 0;
  double highest_ua_ = 0;
  double last_ua_ = 0;
  double last_uw_ = 0;
  int64_t last_time_ns_ = 0;
  bool has_current_ = false;
  bool has_any_ = false;
};

// "12.3 mA", "450 uA", "12.3 uC", "1.23 mJ": three figures and the prefix that fits. `micro` is in
// millionths.
std::string quantity_text(double micro, const char* unit);

}  // namespace slmrig::cli
