// What a virtual board draws while nobody models it: a constant, a wave, a resistor, or a file.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/base/error.h"

namespace slmrig::rigsim {

struct LoadPoint {
  double seconds = 0;  // since the load began; holds until the next point
  double current_ua = 0;
  uint8_t lines = 0;  // of the logic port
};

// Repeats itself after its period.
class CurrentLoad {
 public:
  //   constant:12mA
  //   square:LOW:HIGH:HZ   half a period each; line D0 is high with HIGH
  //   resistor:OHM         at the supply that is set
  //   FILE.csv             lines of seconds,microamperes[,lines]; the last point's time is the period
  static base::Result<CurrentLoad> parse(const std::string& text);

  const LoadPoint& at(double seconds);
  // In microamperes; of `point` at the supply.
  double current_ua(const LoadPoint& point, double supply_v) const {
    return ohm_ > 0 ? 1e6 * supply_v / ohm_ : point.current_ua;
  }

 private:
  std::vector<LoadPoint> points_;
  double period_s_ = 0;  // 0: it never changes
  double ohm_ = 0;
  std::size_t last_ = 0;
};

// "12mA", "350uA", "0.4A", "80nA".
base::Result<double> parse_current_ua(const std::string& text);

}  // namespace slmrig::rigsim
