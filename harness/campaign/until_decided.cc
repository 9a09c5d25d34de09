#include "harness/campaign/until_decided.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "harness/base/clock.h"
#include "harness/base/uuid.h"
#include "harness/store/queries.h"

namespace slmrig::campaign {
namespace {

using base::Result;
using base::Session;

bool holds(const std::string& wanted, const std::string& found) { return wanted.empty() || wanted == found; }

bool is_wanted(const std::vector<UndecidedCell>& cells, const Session& session, const std::string& suite) {
  return std::any_of(cells.begin(), cells.end(), [&](const UndecidedCell& cell) {
    return cell.more_would_tell && holds(cell.bench, session.bench) && holds(cell.board, session.board) &&
           holds(cell.model, session.model) && holds(cell.variant, session.variant) &&
           holds(cell.suite, suite);
  });
}

// Greater than all that the run has, also from the rounds of an earlier call.
Result<uint32_t> next_ordinal(const std::string& database, const std::string& run_id) {
  SLMRIG_ASSIGN(store::Reader reader, store::open_reader(database));
  SLMRIG_ASSIGN(const std::vector<store::SessionRow> sessions, reader.sessions(run_id));
  uint32_t next = 0;
  for (const store::SessionRow& session : sessions) next = std::max(next, session.ordinal + 1);
  return next;
}

void add(CampaignOutcome& sum, CampaignOutcome part) {
  sum.run_id = std::move(part.run_id);
  sum.interrupted |= part.interrupted;
  sum.failures.insert(sum.failures.end(), part.failures.begin(), part.failures.end());
  sum.busy_share = part.busy_share;
  sum.wall_ns += part.wall_ns;
}

}  // namespace

std::vector<Session> sessions_for(const base::ExpandedPlan& expanded, const std::vector<UndecidedCell>& cells,
                                  uint32_t ordinal) {
  std::vector<Session> sessions;
  std::set<std::tuple<std::string, std::string, std::string, int>> taken;
  for (Session session : expanded.sessions) {
    std::erase_if(session.cells,
                  [&](const base::Cell& cell) { return !is_wanted(cells, session, cell.suite); });
    if (session.cells.empty()) continue;
    if (!taken.emplace(session.bench, session.model, session.variant, session.supply_mv).second) continue;
    session.session_id = base::uuid_v7();
    session.ordinal = ordinal;
    for (base::Cell& cell : session.cells) cell.cell_id = base::uuid_v7();
    sessions.push_back(std::move(session));
  }
  return sessions;
}

Result<DecidedOutcome> run_until_decided(const CampaignRequest& request, const UntilDecided& how,
                                         store::Store& store, base::Observer& observer,
                                         const std::atomic<bool>& stop) {
  const int64_t began_ns = base::monotonic_now_ns();
  DecidedOutcome outcome;
  if (request.expanded.sessions.empty()) {
    outcome.campaign.run_id = request.resume_run_id;
  } else {
    SLMRIG_ASSIGN(outcome.campaign, run_campaign(request, store, observer, stop));
  }
  CampaignRequest more = request;
  more.resume_run_id = outcome.campaign.run_id;
  for (;;) {
    SLMRIG_ASSIGN(outcome.left, how.undecided(more.resume_run_id));
    const bool is_late = how.time_limit_ns > 0 && base::monotonic_now_ns() - began_ns >= how.time_limit_ns;
    if (outcome.left.empty() || is_late || outcome.rounds >= how.most_rounds || stop.load()) return outcome;
    SLMRIG_ASSIGN(const uint32_t ordinal, next_ordinal(store.path(), more.resume_run_id));
    more.expanded = how.plan;
    more.expanded.sessions = sessions_for(how.plan, outcome.left, ordinal);
    // What cannot be measured here is not decided by trying again.
    if (more.expanded.sessions.empty()) return outcome;
    ++outcome.rounds;
    observer.stage(more.expanded.sessions.front().bench,
                   fmt::format("round {}: {} more session{} to decide", outcome.rounds,
                               more.expanded.sessions.size(), more.expanded.sessions.size() == 1 ? "" : "s"));
    SLMRIG_ASSIGN(CampaignOutcome part, run_campaign(more, store, observer, stop));
    add(outcome.campaign, std::move(part));
  }
}

}  // namespace slmrig::campaign
