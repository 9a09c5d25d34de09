// Two builds of the agent on the same benches, session by session in turn, so that neither the hour nor the
// temperature decides between them.
#pragma once

#include <array>
#include <atomic>
#include <filesystem>
#include <string>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/observer.h"
#include "harness/campaign/campaign.h"

namespace slmrig::campaign {

// A run fact: such runs are no nights (analyse/nights.h).
inline constexpr const char* kCampaignFact = "run.campaign";

// An agent, or a folder that holds agents as a build folder does: firmware/<board>/agent.elf and
// bin/slmrig-agent-native, in it or in build/ below it; or <board>.elf.
struct Build {
  std::string name;
  std::filesystem::path place;
};

// Builds by what tells their places apart: "firmware" and "firmware-slow" of build/firmware/m4/agent.elf and
// build/firmware-slow/m4/agent.elf. Pure.
std::array<Build, 2> named_builds(const std::array<std::filesystem::path, 2>& places);

// The agent of a build for a bench. kBadInput: there is none; names the places that were looked at.
base::Result<std::filesystem::path> agent_in(const Build& build, const base::Bench& bench);

struct AbOutcome {
  std::array<std::string, 2> run_ids;
  bool interrupted = false;
  std::vector<Failure> failures;
};

// Each build is a run of its own, whose sessions are those of `request.expanded`; rounds go A B, B A, A B ...
// `request.resume_run_id` is not looked at. Errors as run_campaign's.
base::Result<AbOutcome> run_ab(const CampaignRequest& request, const std::array<Build, 2>& builds,
                               store::Store& store, base::Observer& observer, const std::atomic<bool>& stop);

// The sessions of a plan in rounds: round i has the i-th session of each bench, model and variant. Pure.
std::vector<std::vector<base::Session>> rounds_of(const std::vector<base::Session>& sessions);

}  // namespace slmrig::campaign
