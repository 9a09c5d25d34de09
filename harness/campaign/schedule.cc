#include "harness/campaign/schedule.h"

#include <algorithm>
#include <numeric>

namespace slmrig::campaign {

bool shares_the_host(const base::Bench& bench) { return base::flasher_kind(bench) == "native"; }

std::vector<Wave> waves_of(const base::ExpandedPlan& expanded) {
  std::vector<Wave> waves;
  Wave together;
  for (const base::Bench& bench : expanded.rig.benches) {
    const bool works = std::any_of(expanded.sessions.begin(), expanded.sessions.end(),
                                   [&](const auto& session) { return session.bench == bench.name; });
    if (!works) continue;
    if (shares_the_host(bench)) {
      waves.push_back({{bench.name}});
    } else {
      together.benches.push_back(bench.name);
    }
  }
  if (!together.benches.empty()) waves.push_back(std::move(together));
  return waves;
}

double busy_share(const std::vector<WaveTime>& waves, int64_t run_wall_ns) {
  if (run_wall_ns <= 0) return 0.0;
  double busy_ns = 0.0;
  for (const WaveTime& wave : waves) {
    if (wave.busy_ns.empty()) continue;
    const auto sum = std::accumulate(wave.busy_ns.begin(), wave.busy_ns.end(), int64_t{0});
    busy_ns += static_cast<double>(sum) / static_cast<double>(wave.busy_ns.size());
  }
  return busy_ns / static_cast<double>(run_wall_ns);
}

}  // namespace slmrig::campaign
