#include "harness/serve/live_json.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "harness/base/records/plan.h"
#include "reports/json_values.h"

namespace slmrig::serve {
namespace {

using Json = nlohmann::ordered_json;
using store::LiveCell;

constexpr int64_t kNsPerMs = 1'000'000;

Json ms_or_null(std::optional<int64_t> ns) { return ns ? Json(*ns / kNsPerMs) : Json(nullptr); }

std::string_view unit_text(store::CostUnit unit) {
  switch (unit) {
    case store::CostUnit::kNanoseconds: return "ns";
    case store::CostUnit::kInstructions: return "instructions";
    case store::CostUnit::kNone: break;
  }
  return "none";
}

Json run_json(const store::RunRow& run) {
  return {{"run_id", run.run_id},
          {"label", run.label},
          {"plan", run.plan_name},
          {"rig", run.rig_name},
          {"build", run.build},
          {"commit_sha", run.commit_sha},
          {"started_at_ms", run.started_at_ns / kNsPerMs},
          {"ended_at_ms", ms_or_null(run.ended_at_ns)},
          {"interrupted", run.interrupted},
          {"cells",
           {{"ok", run.cells_ok},
            {"failed", run.cells_failed},
            {"unfit", run.cells_unfit},
            {"not_applicable", run.cells_not_applicable},
            // Of an open run these are the cells that go on, too: `open` has them apart.
            {"interrupted", run.ended_at_ns ? run.cells_interrupted : 0}}}};
}

int64_t newest_ns(const LiveCell& cell) {
  return std::max({cell.session.started_at_ns, cell.cell.ended_at_ns.value_or(0),
                   cell.so_far.newest_at_ns.value_or(0), cell.session.ended_at_ns.value_or(0)});
}

// The first cell of the bench's newest session that has begun and not ended; nullptr: none. A session's cells
// are measured in their order.
const LiveCell* current_cell(const std::vector<const LiveCell*>& cells) {
  const std::string& session = cells.back()->session.session_id;
  for (const LiveCell* cell : cells) {
    if (cell->session.session_id == session && !cell->cell.ended_at_ns) return cell;
  }
  return nullptr;
}

Json bench_json(const std::vector<const LiveCell*>& cells) {
  std::map<base::CellStatus, std::size_t> ended;
  int64_t newest = 0;
  for (const LiveCell* cell : cells) {
    newest = std::max(newest, newest_ns(*cell));
    if (cell->cell.ended_at_ns) ++ended[cell->cell.status];
  }
  const store::SessionRow& session = cells.back()->session;
  const LiveCell* current = current_cell(cells);
  Json cell = nullptr;
  if (current != nullptr) {
    cell = {{"suite", current->cell.suite},
            {"settings", current->cell.settings},
            {"generations", current->so_far.generations}};
  }
  return {{"bench", session.bench},
          {"board", session.board},
          {"unit_id", session.unit_id},
          {"tier", base::to_string(session.tier)},
          {"model", session.model},
          {"variant", session.variant},
          {"attempt", session.attempt},
          {"session_ended", session.ended_at_ns.has_value()},
          {"cell", std::move(cell)},
          {"cells_begun", cells.size()},
          {"cells",
           {{"ok", ended[base::CellStatus::kOk]},
            {"failed", ended[base::CellStatus::kFailed]},
            {"unfit", ended[base::CellStatus::kUnfit]},
            {"not_applicable", ended[base::CellStatus::kNotApplicable]},
            {"interrupted", ended[base::CellStatus::kInterrupted]}}},
          {"newest_at_ms", newest / kNsPerMs}};
}

Json open_run_json(const OpenRun& open) {
  std::map<std::string, std::vector<const LiveCell*>> benches;
  int64_t newest = open.run.started_at_ns;
  std::size_t ended = 0;
  for (const LiveCell& cell : open.cells) {
    benches[cell.session.bench].push_back(&cell);
    newest = std::max(newest, newest_ns(cell));
    if (cell.cell.ended_at_ns) ++ended;
  }
  Json list = Json::array();
  for (const auto& [name, cells] : benches) list.push_back(bench_json(cells));
  return {{"run_id", open.run.run_id},
          {"label", open.run.label},
          {"plan", open.run.plan_name},
          {"build", open.run.build},
          {"started_at_ms", open.run.started_at_ns / kNsPerMs},
          {"newest_at_ms", newest / kNsPerMs},
          {"cells_ended", ended},
          {"cells_begun", open.cells.size()},
          {"cells_planned", open.planned_cells ? Json(*open.planned_cells) : Json(nullptr)},
          {"benches", std::move(list)}};
}

Json result_json(const LiveCell& live) {
  const bool costs = live.session.cost_unit != store::CostUnit::kNone;
  const auto cost = [&](std::optional<double> value) {
    return costs ? reports::number_or_null(value) : Json(nullptr);
  };
  return {{"cell_id", live.cell.cell_id},
          {"run_id", live.session.run_id},
          {"bench", live.session.bench},
          {"board", live.session.board},
          {"model", live.session.model},
          {"variant", live.session.variant},
          {"suite", live.cell.suite},
          {"settings", live.cell.settings},
          {"tier", base::to_string(live.session.tier)},
          {"unit", unit_text(live.session.cost_unit)},
          {"status", base::to_string(live.cell.status)},
          {"reason", live.cell.reason},
          {"doubts", live.cell.doubts},
          {"ended_at_ms", ms_or_null(live.cell.ended_at_ns)},
          {"generations", live.so_far.generations},
          {"checked", live.so_far.checked},
          {"correct", live.so_far.correct},
          {"ttft_mean", cost(live.so_far.ttft_cost_mean)},
          {"token_mean", cost(live.so_far.token_cost_mean)}};
}

}  // namespace

Json live_json(const LiveInput& input) {
  Json runs = Json::array();
  for (const store::RunRow& run : input.runs) {
    if (runs.size() < kListedRuns) runs.push_back(run_json(run));
  }
  Json open = Json::array();
  for (const OpenRun& run : input.open_runs) {
    if (open.size() < kShownOpenRuns) open.push_back(open_run_json(run));
  }
  Json newest = Json::array();
  for (const LiveCell& cell : input.newest) newest.push_back(result_json(cell));
  return {{"format", 1},
          {"database", input.database},
          {"runs", std::move(runs)},
          {"runs_left_out", input.runs.size() - std::min(input.runs.size(), kListedRuns)},
          {"open", std::move(open)},
          {"open_left_out", input.open_runs.size() - std::min(input.open_runs.size(), kShownOpenRuns)},
          {"newest", std::move(newest)}};
}

}  // namespace slmrig::serve
