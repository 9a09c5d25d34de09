#include "harness/analyse/internal/last_nights.h"

#include <algorithm>
#include <cmath>

#include "harness/analyse/nights.h"

namespace slmrig::analyse::internal {
namespace {

using store::HistorySession;

std::string plan_of(const HistorySession& session) {
  const auto found = session.conditions.find("plan.file");
  return found == session.conditions.end() ? std::string() : found->second;
}

}  // namespace

LastNights::LastNights(const store::History& history) : history_(history) {
  for (const HistorySession& session : history.sessions) {
    if (!is_of_a_night(session)) continue;
    run_of_plan_[{session.bench, plan_of(session)}] = session.run_id;
    reached_.emplace(session.run_id, session.bench, session.model, session.variant);
    const auto [began, is_new] = began_ns_.try_emplace(session.run_id, session.started_at_ns);
    if (!is_new) began->second = std::min(began->second, session.started_at_ns);
    if (session.started_at_ns < last_session_at_ns_) continue;
    last_session_at_ns_ = session.started_at_ns;
    last_run_ = session.run_id;
  }
}

LastNights::Status LastNights::status_of(const store::Series& series) const {
  const store::SeriesPoint* newest = nullptr;
  for (const store::SeriesPoint& point : series.points) {
    if (!is_of_a_night(history_.sessions[point.session])) continue;
    if (newest == nullptr ||
        history_.sessions[point.session].started_at_ns >= history_.sessions[newest->session].started_at_ns)
      newest = &point;
  }
  if (newest == nullptr) return {SeriesStatus::kAbsent, {}};
  const HistorySession& session = history_.sessions[newest->session];
  const std::string& last = run_of_plan_.at({session.bench, plan_of(session)});
  if (session.run_id != last) {
    if (!reached_.contains({last, session.bench, series.key.model, series.key.variant}))
      return {SeriesStatus::kAbsent, "not in the last night's run"};
    return {SeriesStatus::kUnmeasured, "no figure on the last night"};
  }
  if (!newest->trusted) return {SeriesStatus::kUnmeasured, "the last night's figure is in doubt"};
  if (!std::isfinite(newest->value))
    return {SeriesStatus::kUnmeasured, "the last night's figure is not a number"};
  return {SeriesStatus::kUnchanged, {}};
}

}  // namespace slmrig::analyse::internal
