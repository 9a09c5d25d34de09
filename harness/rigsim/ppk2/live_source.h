// Samples by the wall clock, of a load.
#pragma once

#include <algorithm>

#include "harness/rigsim/current_load.h"
#include "harness/rigsim/ppk2/ppk2_device.h"

namespace slmrig::rigsim {

class LiveSource final : public SampleSource {
 public:
  explicit LiveSource(CurrentLoad load) : load_(std::move(load)) {}

  void set_load(CurrentLoad load) { load_ = std::move(load); }
  void set_clock_ppm(double ppm) { rate_hz_ = kNominalHz * (1 + ppm * 1e-6); }
  void set_supply(double supply_v) { supply_v_ = supply_v; }

  void stream_started(int64_t now_ns) override {
    start_ns_ = now_ns;
    made_ = 0;
  }
  bool owes() const override { return false; }
  bool may_lose() const override { return true; }
  void take_due(int64_t now_ns, std::size_t most, std::vector<DueSample>* due) override {
    const auto wanted = static_cast<int64_t>(static_cast<double>(now_ns - start_ns_) * 1e-9 * rate_hz_);
    const int64_t end = std::min(wanted, made_ + static_cast<int64_t>(most));
    for (; made_ < end; ++made_) {
      const LoadPoint& point = load_.at(static_cast<double>(made_) / kNominalHz);
      due->push_back({load_.current_ua(point, supply_v_), point.lines});
    }
  }

 private:
  static constexpr double kNominalHz = 100'000;

  CurrentLoad load_;
  double rate_hz_ = kNominalHz;
  double supply_v_ = 3.3;
  int64_t start_ns_ = 0;
  int64_t made_ = 0;
};

}  // namespace slmrig::rigsim
