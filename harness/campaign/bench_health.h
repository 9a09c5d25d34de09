// How a bench is, by one look at it: tools, link, board, unit, clock, slots, lock.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "harness/base/error.h"
#include "harness/deploy/deploy.h"
#include "harness/deploy/visit.h"

namespace slmrig::campaign {

enum class BenchState {
  kGood,
  kBusy,        // somebody holds its lock; nothing was looked at
  kLeftOut,     // an optional bench whose programs are not on this host
  kNoAgent,     // tools and link are well, but no agent of ours answers: a run puts one there
  kWrongBoard,  // another board or unit than the rig file says
  kBad,         // anything else
};

// Texts are empty where a look did not get so far.
struct BenchHealth {
  BenchState state = BenchState::kBad;
  std::string bench;
  std::string tools;  // "pyocd 0.36.0-2.1, probe 0123 is there"
  std::string board;  // as the banner says
  std::string unit;
  std::string agent_build_id;
  std::string engine;
  std::string clock;  // "differs by 0.0012 % over 2.1 s", or why it is not compared
  std::string slots;  // "0: ready 1.2 MB, 1: empty"
  std::string problem;
};

const char* to_string(BenchState state);

// Takes the bench's lock for as long as it looks, and writes to no board that keeps what it has.
BenchHealth check_bench(const base::Bench& bench, const deploy::Workshop& workshop);

// All of them, several at a time; in the order of the rig.
std::vector<BenchHealth> check_benches(const std::vector<base::Bench>& benches,
                                       const deploy::Workshop& workshop);

// One step of the climb to a bench that measures. The first that failed is the last.
struct ClimbStep {
  enum class Outcome { kDone, kSkipped, kFailed };
  std::string name;  // "probe", "flash", "banner", "clock", "markers", "meter"
  Outcome outcome = Outcome::kFailed;
  std::string seen;
  std::string remedy;  // of a failed one
};

// Puts the agent on the board and looks at each step; `report` hears of each as it ends. The bench must be
// locked by the caller.
std::vector<ClimbStep> climb_bench(const base::Bench& bench, const deploy::Workshop& workshop,
                                   const std::function<void(const ClimbStep&)>& report);

}  // namespace slmrig::campaign
