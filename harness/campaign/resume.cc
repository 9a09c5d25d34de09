#include "harness/campaign/resume.h"

#include <algorithm>

namespace slmrig::campaign {
namespace {

using base::Cell;
using base::Session;

const store::SessionData* find_session(const store::RunData& rows, const Session& session) {
  const auto found = std::find_if(rows.sessions.begin(), rows.sessions.end(), [&](const auto& data) {
    const store::SessionRow& row = data.session;
    return row.bench == session.bench && row.model == session.model && row.variant == session.variant &&
           row.ordinal == session.ordinal;
  });
  return found == rows.sessions.end() ? nullptr : &*found;
}

const store::CellRow* find_cell(const store::SessionData& data, const Cell& cell) {
  const auto found = std::find_if(data.cells.begin(), data.cells.end(), [&](const store::CellData& entry) {
    return entry.cell.suite == cell.suite && entry.cell.settings == cell.settings_text;
  });
  return found == data.cells.end() ? nullptr : &found->cell;
}

bool has_ended(const store::CellRow& row) {
  return row.ended_at_ns.has_value() && row.status != base::CellStatus::kInterrupted;
}

void take_over(const store::SessionData& data, Session& session) {
  session.session_id = data.session.session_id;
  std::vector<Cell> left;
  for (Cell& cell : session.cells) {
    const store::CellRow* row = find_cell(data, cell);
    if (row != nullptr && has_ended(*row)) continue;
    if (row != nullptr) cell.cell_id = row->cell_id;
    left.push_back(std::move(cell));
  }
  session.cells = std::move(left);
}

}  // namespace

Remaining remaining_of(base::ExpandedPlan expanded, const store::RunData& rows) {
  Remaining remaining;
  std::vector<Session> left;
  for (Session& session : expanded.sessions) {
    if (const store::SessionData* data = find_session(rows, session)) {
      take_over(*data, session);
      remaining.attempts[session.session_id] = data->session.attempt;
    }
    if (!session.cells.empty()) left.push_back(std::move(session));
  }
  expanded.sessions = std::move(left);
  remaining.expanded = std::move(expanded);
  return remaining;
}

}  // namespace slmrig::campaign
