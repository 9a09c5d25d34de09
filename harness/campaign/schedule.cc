#include "harness/campaign/schedule.h"

#include <algorithm>
#include <numeric>
#include <thread>

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

bool is_emulated(const base::Bench& bench) { return bench.board.flasher == "emulator"; }

std::size_t emulators_at_once() { return std::max(1U, std::thread::hardware_concurrency()); }

int64_t expected_run_ns(const base::ExpandedPlan& expanded, const std::map<std::string, int64_t>& bench_ns,
                        std::size_t emulators) {
  int64_t sum_ns = 0;
  for (const Wave& wave : waves_of(expanded)) {
    int64_t longest_ns = 0;
    int64_t emulated_ns = 0;
    for (const base::Bench& bench : expanded.rig.benches) {
      const auto found = bench_ns.find(bench.name);
      const bool works_here = std::count(wave.benches.begin(), wave.benches.end(), bench.name) != 0;
      if (found == bench_ns.end() || !works_here) continue;
      longest_ns = std::max(longest_ns, found->second);
      if (is_emulated(bench)) emulated_ns += found->second;
    }
    sum_ns += std::max(longest_ns, emulated_ns / static_cast<int64_t>(emulators));
  }
  return sum_ns;
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
