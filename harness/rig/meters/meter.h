// A power meter: what measures the current that a board draws.
//
// Life: open_meter -> facts, self_check -> start -> read ... -> stop -> read until it is drained -> close.
// One thread at a time uses a meter. Every wait has a limit. Errors: kBadInput (what the rig file names is
// not such a meter, a voltage that it cannot make), kLocked (somebody else has it), kLinkLost (unplugged),
// kTimeout (silent), kCorrupt (streams what is no sample), kUnsupported, kIo.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/records/power.h"
#include "harness/base/records/rig.h"

namespace slmrig::rig {

// One thing that a meter was asked before a session.
struct MeterCheck {
  std::string name;  // "zero_offset", "rate", "losses", "markers", "known_load"
  bool good = false;
  std::string detail;  // what was seen, with its unit, and what was expected
};

class Meter {
 public:
  virtual ~Meter() = default;

  virtual const base::MeterFacts& facts() const = 0;

  // Takes at most about two seconds; the meter is stopped before and after. What one meter cannot be asked is
  // left out.
  virtual base::Result<std::vector<MeterCheck>> self_check() = 0;

  // The board's supply, where the meter feeds it or switches it. kUnsupported elsewhere; kBadInput out of its
  // limits. Voltages are checked against the board's own limits by the caller, before.
  virtual base::Done set_voltage(int millivolts) = 0;
  virtual base::Done set_power(bool on) = 0;

  // Samples are taken from here on, numbered from 0.
  virtual base::Done start() = 0;
  // Replaces *block by what arrived, waiting at most timeout_ms for the first sample; false: none came. After
  // stop() it hands out what was under way and is then false for ever.
  virtual base::Result<bool> read(base::PowerSamples& block, int64_t timeout_ms) = 0;
  virtual base::Done stop() = 0;

  // Where the meter feeds or switches the board, its power is left as MeterSpec::leave_powered says, as far
  // as the instrument lets it; opening does the same, so that a run that was killed is put right by the next.
  virtual void close() = 0;
};

// Opens and identifies what `spec` names.
base::Result<std::unique_ptr<Meter>> open_meter(const base::MeterSpec& spec);

// "ppk2:/dev/serial/by-id/...", "lpm01a:PATH", "scpi:HOST:PORT", "hwmon:NAME", "sigrok:demo": a meter on the
// command line.
base::Result<base::MeterSpec> parse_meter(const std::string& text);

}  // namespace slmrig::rig
