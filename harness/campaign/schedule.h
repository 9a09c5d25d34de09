// Which benches work at the same time, and what a run is expected to cost. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "harness/base/records/plan.h"

namespace slmrig::campaign {

// Benches that run at once; waves run one after the other.
struct Wave {
  std::vector<std::string> benches;
};

// True when the board is this host, so that anything else that runs here disturbs its times.
bool shares_the_host(const base::Bench& bench);

// A wave for each bench that shares the host, in the order of the rig, then one for all others. Benches
// without a session are left out.
std::vector<Wave> waves_of(const base::ExpandedPlan& expanded);

// True when a bench's board is a program of this host, which shares its cores with other such.
bool is_emulated(const base::Bench& bench);

// How many emulators may run at once here: one on each core.
std::size_t emulators_at_once();

// Wall time of all waves, by what each bench is expected to take: the longest of a wave decides, or what all
// its emulators share. Benches that are not in `bench_ns` cost nothing.
int64_t expected_run_ns(const base::ExpandedPlan& expanded, const std::map<std::string, int64_t>& bench_ns,
                        std::size_t emulators);

// Time in which agents measured over the run's wall time, mean over the benches that could run at once: each
// wave's mean over its benches, weighted by the wave's share of the whole run. What no wave covers
// (provisioning) counts as idle.
struct WaveTime {
  int64_t wall_ns = 0;
  std::vector<int64_t> busy_ns;  // [benches of the wave]
};
double busy_share(const std::vector<WaveTime>& waves, int64_t run_wall_ns);

}  // namespace slmrig::campaign
