// What a debug probe, its cable or its chip can do wrong, by name.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"

namespace slmrig::rigsim {

enum class ProbeFault {
  kNone,
  kNoAck,         // the chip answers nothing: no power, no wire
  kLocked,        // the access port is switched off, as on a read-protected chip
  kWait,          // the chip answers WAIT, for COUNT transfers on end
  kUnplug,        // the probe leaves the bus
  kHang,          // the probe answers nothing any more, and stays on the bus
  kBusy,          // somebody else has claimed the probe's interface
  kWrongTarget,   // another chip than expected: other core, less memory
  kCorruptWrite,  // one bit of COUNT blocks written to memory is wrong
};

// KIND, KIND@AFTER, KINDxCOUNT or KIND@AFTERxCOUNT: the fault begins after so many transfers on the wire, and
// happens so often where it is an event.
struct ProbeFaultPlan {
  ProbeFault kind = ProbeFault::kNone;
  uint64_t after_transfers = 0;
  uint64_t count = 1;
};

std::vector<std::string> probe_fault_names();
base::Result<ProbeFaultPlan> parse_probe_fault(std::string_view text);

// Counts the transfers and says when it is time. One thread.
class ProbeFaults {
 public:
  void set(const ProbeFaultPlan& plan);

  void count_transfers(uint64_t transfers) { transfers_ += transfers; }
  // Since set().
  uint64_t transfers() const { return transfers_; }
  // Whether the state of that name holds now.
  bool holds(ProbeFault kind) const { return plan_.kind == kind && transfers_ >= plan_.after_transfers; }
  // Whether the event of that name happens now; it is then counted.
  bool happens(ProbeFault kind);

 private:
  ProbeFaultPlan plan_;
  uint64_t transfers_ = 0;
  uint64_t happened_ = 0;
};

}  // namespace slmrig::rigsim
