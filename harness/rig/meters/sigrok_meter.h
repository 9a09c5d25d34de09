// Instruments that libsigrok knows, through its command line program: multimeters with cables of their own,
// supplies, loads. libsigrok itself is GPL and is not linked.
//
// MeterSpec::address is what `sigrok-cli -d` takes: "demo", "uni-t-ut61e:conn=1a86.e008",
// "hp-3457a:conn=libgpib/hp3457a". Figures have no time of their own: each is stamped when it comes, unless
// the instrument streams at a rate that is given.
//
// Settings:
//   config    what `sigrok-cli --config` takes: "measured_quantity=current"
//   group     of channels that config is for
//   current, voltage, power   which channel is which (absent: the first in A, V, W)
//   shunt_ohm the channel named in "current" is the voltage over this resistor
//   rate_hz   it streams at this rate, one channel alone; samples then carry no time
//   program   absent: sigrok-cli
//   gain_percent, offset_ua   its accuracy, where it was checked
// "demo" alone is a square wave of 10 V over 1 ohm, at 1000 samples a second.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "harness/rig/meters/meter.h"

namespace slmrig::rig {

// One line of `-O analog`: "I1: 12.0 mA DC".
struct SigrokFigure {
  std::string channel;
  double value = 0;  // in the unit without prefix; may be infinite: an overload
  std::string unit;  // "A"
};
// Nothing where the line is none.
std::optional<SigrokFigure> parse_sigrok_line(const std::string& line);

base::Result<std::unique_ptr<Meter>> open_sigrok(const base::MeterSpec& spec);

}  // namespace slmrig::rig
