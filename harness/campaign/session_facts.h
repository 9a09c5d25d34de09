// The provenance of a session: what board, agent and image it was measured with. Pure.
#pragma once

#include "harness/base/records/run_record.h"
#include "harness/rig/live_board.h"

namespace slmrig::campaign {

// What is known before the board answers.
base::Provenance variant_facts(const base::Bench& bench, const base::VariantFacts& variant);

// "agent 78 kB there already; image 319 kB written in 3.1 s (103 kB/s)": how agent and image got onto the
// board, in a line; empty where nothing is worth a line (a program of this host, an emulator).
std::string deployment_text(const rig::Deployment& deployment);

// By what, and how often, a board that went silent was reset so far. More may come until the session ends.
base::Provenance reset_facts(const rig::Deployment& deployment);

// What the board said of itself takes the place of what the plan expected.
void describe_board(const rig::LiveBoard& board, base::SessionStart& start);

}  // namespace slmrig::campaign
