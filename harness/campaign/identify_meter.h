// Which meter a board hangs on: its load is pulsed in a known order while all meters of the rig record, and
// exactly the one that the rig file names must follow.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/analyse/pulse_match.h"
#include "harness/base/error.h"
#include "harness/base/observer.h"
#include "harness/base/records/rig.h"
#include "harness/deploy/deploy.h"

namespace slmrig::campaign {

// What `variant` is to be provisioned for: boards are small, and the load is short.
inline constexpr uint32_t kIdentifyContextTokens = 128;

struct WatchedMeter {
  std::string bench;    // in whose entry of the rig file it stands; empty: it stands in none
  std::string name;     // kind and address
  std::string problem;  // why it could not be watched to the end; empty: it was
  int64_t samples = 0;
  analyse::PulseMatch match;
};

struct Identification {
  std::vector<WatchedMeter> meters;  // the bench's own first
  std::string board_problem;         // why the load could not be pulsed to the end; empty: it was
};

// Puts `variant` on the board of `bench`, lets it run and sleep by turns, and watches the meters of all
// benches of `rig`; with `all_meters` also those that are plugged into this host and stand in no bench. The
// bench's own meter feeds its board as the rig file says, and so do those of other benches where ours bears
// their voltage, since they may be exchanged; else nothing is set. Benches that somebody else uses are not
// watched, and say so. The caller holds the lock of `bench`. kBadInput: it has no meter.
base::Result<Identification> identify_meter(const base::Rig& rig, const base::Bench& bench,
                                            const base::VariantFacts& variant,
                                            const deploy::Workshop& workshop, bool all_meters,
                                            base::Observer& observer);

// One sentence, and whether the wiring is as the rig file says: exactly the bench's own meter follows.
struct WiringVerdict {
  bool good = false;
  std::string text;
};
WiringVerdict verdict_of(const std::string& bench, const Identification& identification);

}  // namespace slmrig::campaign
