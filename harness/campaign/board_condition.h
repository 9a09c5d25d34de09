// The condition of a board around its measurements: clocks, temperatures, throttling as the board tells them
// (rig::Agent::board_facts), before and after a session and between its cells.
#pragma once

#include <string>
#include <string_view>

#include "harness/base/error.h"
#include "harness/base/records/run_record.h"
#include "harness/rig/agent.h"

namespace slmrig::campaign {

// "board.before.cpufreq.policy0.governor": the facts as provenance.
base::Provenance condition_facts(const rig::BoardFacts& facts, std::string_view when);

// Why what was measured between two looks at the board is to be doubted: its processor was slowed down, or
// its frequency limit moved. Empty when there is no reason.
std::string throttling_doubt(const rig::BoardFacts& before, const rig::BoardFacts& after);

// Looks at a board again and again. `agent` outlives it. One thread.
class BoardWatch {
 public:
  explicit BoardWatch(rig::Agent& agent) : agent_(agent) {}

  // The first look; a board that tells nothing is not asked again.
  base::Done begin();
  const rig::BoardFacts& facts() const { return facts_; }
  bool tells() const { return !facts_.empty(); }
  // Looks again: the doubt about what was measured since the look before. A board that does not answer gives
  // none: whatever is asked of it next will say why.
  std::string look();

 private:
  rig::Agent& agent_;
  rig::BoardFacts facts_;
};

}  // namespace slmrig::campaign
