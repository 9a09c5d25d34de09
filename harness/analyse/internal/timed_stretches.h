// Stretches of a meter that is asked now and then and whose samples carry their own time. Not for users:
// make_stretch_builder.
#pragma once

#include <cstdint>
#include <vector>

#include "harness/analyse/stretches.h"

namespace slmrig::analyse {

class TimedStretches final : public StretchBuilder {
 public:
  explicit TimedStretches(const StretchOptions& options) : options_(options) {}
  void add(const base::PowerSamples& block) override;
  std::vector<Stretch> finish() override;
  double update_period_s() const override;

 private:
  void add_sample(int64_t time_ns, double power_uw, double current_ua, uint8_t flags, bool is_mean);
  void enter(uint8_t state, int64_t time_ns, double power_uw);
  void close(int64_t time_ns, double power_uw);

  StretchOptions options_;
  bool any_ = false;
  bool is_open_ = false;
  int64_t first_ns_ = 0;
  int64_t last_ns_ = 0;
  double last_uw_ = 0;
  double last_ua_ = 0;
  int64_t last_new_ns_ = 0;          // of the last sample that was a conversion of its own
  std::vector<int64_t> updates_ns_;  // times from one such to the next
  std::size_t next_cut_ = 0;
  Stretch current_;
  std::vector<Stretch> done_;
};

}  // namespace slmrig::analyse
