// When samples of a meter with a fixed rate were taken, by the host's clock: it only sees when they arrive,
// which is later, by an amount that varies. What arrived least late at both ends of a capture tells offset
// and rate. For plots, coarse cuts and the check of the rate; edges of markers need none of it.
//
// Pure; one object for each capture.
#pragma once

#include <cstdint>

namespace slmrig::analyse {

class ArrivalFit {
 public:
  explicit ArrivalFit(double nominal_rate_hz) : nominal_rate_hz_(nominal_rate_hz) {}

  // After the sample `index` - 1 came; rising.
  void add(int64_t index, int64_t received_ns);

  // 0: less than two seconds were seen.
  double rate_hz() const;
  // Of the sample 0. 0: none came.
  int64_t first_sample_ns() const;

 private:
  struct Arrival {
    int64_t index = 0;
    int64_t received_ns = 0;
  };
  // The least late of each second, against the nominal rate.
  double lateness_ns(const Arrival& arrival) const;

  double nominal_rate_hz_;
  Arrival least_late_first_;
  Arrival least_late_last_;
  Arrival least_late_now_;
  int64_t second_ends_ns_ = 0;
  int64_t seconds_ = 0;
};

}  // namespace slmrig::analyse
