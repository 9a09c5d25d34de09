#include "harness/campaign/ab.h"

#include <algorithm>
#include <map>
#include <system_error>
#include <tuple>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/base/uuid.h"

namespace slmrig::campaign {
namespace {

namespace fs = std::filesystem;
using base::Bench;
using base::Done;
using base::ErrorCode;
using base::fail;
using base::Result;
using base::Session;

std::vector<fs::path> places_of(const Build& build, const Bench& bench) {
  const std::string& board = bench.board.agent_build.empty() ? bench.board.name : bench.board.agent_build;
  std::vector<fs::path> places;
  for (const fs::path& folder : {build.place, build.place / "build"}) {
    if (base::flasher_kind(bench) == "native") places.push_back(folder / "bin" / "slmrig-agent-native");
    places.push_back(folder / "firmware" / board / "agent.elf");
  }
  places.push_back(build.place / (board + ".elf"));
  return places;
}

bool is_file(const fs::path& path) {
  std::error_code problem;
  return fs::is_regular_file(path, problem);
}

// A build may be relative to the current folder, and an agent is started from elsewhere.
Done choose_agents(const Build& build, base::ExpandedPlan& expanded) {
  for (Bench& bench : expanded.rig.benches) {
    const bool works = std::any_of(expanded.sessions.begin(), expanded.sessions.end(),
                                   [&](const Session& session) { return session.bench == bench.name; });
    if (!works) continue;
    SLMRIG_ASSIGN(const fs::path agent, agent_in(build, bench));
    bench.agent = fs::absolute(agent).string();
  }
  return {};
}

// The same round for the other run: with ids of its own.
std::vector<Session> with_new_ids(std::vector<Session> sessions) {
  for (Session& session : sessions) {
    session.session_id = base::uuid_v7();
    for (base::Cell& cell : session.cells) cell.cell_id = base::uuid_v7();
  }
  return sessions;
}

}  // namespace

Result<fs::path> agent_in(const Build& build, const Bench& bench) {
  if (is_file(build.place)) return build.place;
  const std::vector<fs::path> places = places_of(build, bench);
  const auto found = std::find_if(places.begin(), places.end(), is_file);
  if (found != places.end()) return *found;
  std::vector<std::string> names;
  for (const fs::path& place : places) names.push_back(place.string());
  return fail(ErrorCode::kBadInput,
              fmt::format("no agent for the board {} of bench {}: neither a file itself, nor is there {}",
                          bench.board.name, bench.name, fmt::join(names, ", ")),
              fmt::format("build {}", build.place.string()));
}

std::array<Build, 2> named_builds(const std::array<fs::path, 2>& places) {
  std::array<std::vector<std::string>, 2> parts;
  for (std::size_t i = 0; i < places.size(); ++i) {
    for (const fs::path& part : places[i].lexically_normal()) {
      if (!part.empty()) parts[i].push_back(part.string());
    }
  }
  auto& [left, right] = parts;
  const std::string same = left == right && !left.empty() ? left.back() : "";
  while (!left.empty() && !right.empty() && left.front() == right.front()) {
    left.erase(left.begin());
    right.erase(right.begin());
  }
  while (left.size() > 1 && right.size() > 1 && left.back() == right.back()) {
    left.pop_back();
    right.pop_back();
  }
  const auto name = [&](std::size_t side) {
    if (!same.empty()) return fmt::format("{} ({})", same, side == 0 ? "first" : "second");
    fs::path rest;
    for (const std::string& part : parts[side]) rest /= part;
    // One lies within the other: nothing is left of its name.
    return rest.empty() ? places[side].filename().string() : rest.string();
  };
  return {Build{name(0), places[0]}, Build{name(1), places[1]}};
}

std::vector<std::vector<Session>> rounds_of(const std::vector<Session>& sessions) {
  std::vector<std::vector<Session>> rounds;
  std::map<std::tuple<std::string, std::string, std::string>, std::size_t> turns;
  for (const Session& session : sessions) {
    const std::size_t round = turns[{session.bench, session.model, session.variant}]++;
    if (rounds.size() <= round) rounds.resize(round + 1);
    rounds[round].push_back(session);
  }
  return rounds;
}

Result<AbOutcome> run_ab(const CampaignRequest& request, const std::array<Build, 2>& builds,
                         store::Store& store, base::Observer& observer, const std::atomic<bool>& stop) {
  std::array<CampaignRequest, 2> sides = {request, request};
  for (std::size_t side = 0; side < sides.size(); ++side) {
    SLMRIG_TRY(choose_agents(builds[side], sides[side].expanded));
    sides[side].resume_run_id.clear();
    sides[side].build.name = builds[side].name;
    sides[side].provenance[kCampaignFact] = "ab";
    sides[side].provenance["run.ab_build"] = fs::absolute(builds[side].place).string();
  }
  AbOutcome outcome;
  const std::vector<std::vector<Session>> rounds = rounds_of(request.expanded.sessions);
  for (std::size_t round = 0; round < rounds.size() && !stop.load(); ++round) {
    for (std::size_t turn = 0; turn < sides.size() && !stop.load(); ++turn) {
      const std::size_t side = round % 2 == 0 ? turn : 1 - turn;
      CampaignRequest& mine = sides[side];
      mine.expanded.sessions = with_new_ids(rounds[round]);
      observer.stage(mine.expanded.sessions.front().bench,
                     fmt::format("round {} of {}: {}", round + 1, rounds.size(), builds[side].name));
      SLMRIG_ASSIGN(CampaignOutcome part, run_campaign(mine, store, observer, stop));
      mine.resume_run_id = outcome.run_ids[side] = part.run_id;
      outcome.interrupted |= part.interrupted;
      outcome.failures.insert(outcome.failures.end(), part.failures.begin(), part.failures.end());
    }
  }
  outcome.interrupted |= stop.load();
  return outcome;
}

}  // namespace slmrig::campaign
