#include "harness/analyse/arrival.h"

#include <cmath>

namespace slmrig::analyse {

namespace {
constexpr int64_t kSecondNs = 1'000'000'000;
}

double ArrivalFit::lateness_ns(const Arrival& arrival) const {
  return static_cast<double>(arrival.received_ns) -
         static_cast<double>(arrival.index) / nominal_rate_hz_ * 1e9;
}

void ArrivalFit::add(int64_t index, int64_t received_ns) {
  const Arrival arrival{index, received_ns};
  if (second_ends_ns_ == 0 || received_ns >= second_ends_ns_) {
    if (second_ends_ns_ != 0) {
      least_late_last_ = least_late_now_;
      if (seconds_ == 0) least_late_first_ = least_late_now_;
      ++seconds_;
    }
    second_ends_ns_ = received_ns + kSecondNs;
    least_late_now_ = arrival;
    return;
  }
  if (lateness_ns(arrival) < lateness_ns(least_late_now_)) least_late_now_ = arrival;
}

double ArrivalFit::rate_hz() const {
  if (seconds_ < 2 || least_late_last_.received_ns <= least_late_first_.received_ns) return 0;
  return static_cast<double>(least_late_last_.index - least_late_first_.index) /
         (static_cast<double>(least_late_last_.received_ns - least_late_first_.received_ns) * 1e-9);
}

int64_t ArrivalFit::first_sample_ns() const {
  if (second_ends_ns_ == 0) return 0;
  const Arrival& arrival = seconds_ > 0 ? least_late_first_ : least_late_now_;
  const double rate = rate_hz() > 0 ? rate_hz() : nominal_rate_hz_;
  return arrival.received_ns - std::llround(static_cast<double>(arrival.index) / rate * 1e9);
}

}  // namespace slmrig::analyse
