#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>

#include <fmt/format.h>

#include "harness/campaign/prepare.h"
#include "harness/campaign/schedule.h"
#include "harness/cli/commands.h"
#include "harness/cli/figures.h"
#include "harness/cli/loaded_plan.h"
#include "harness/cli/text_table.h"
#include "harness/plan/estimate.h"

namespace slmrig::cli {
namespace {

using base::Session;

const base::Bench& bench_of(const base::ExpandedPlan& expanded, const Session& session) {
  const auto& benches = expanded.rig.benches;
  return *std::find_if(benches.begin(), benches.end(),
                       [&](const base::Bench& bench) { return bench.name == session.bench; });
}

uint64_t generations_of(const base::ExpandedPlan& expanded, const Session& session) {
  uint64_t count = 0;
  for (const base::Cell& cell : session.cells) {
    count += uint64_t{base::prompt_count(cell.settings, base::suite_of(expanded.plan, cell))} *
             cell.settings.repeats;
  }
  return count;
}

struct Totals {
  std::size_t cells = 0;
  uint64_t generations = 0;
  std::map<base::CellStatus, std::size_t> unmeasured_cells;  // known beforehand: unfit, not applicable
  std::map<std::string, int64_t> bench_ns;
  ExitCode worst = ExitCode::kGood;
};

void add_session(const base::ExpandedPlan& expanded, const Session& session,
                 const base::Result<base::VariantFacts>& variant, TextTable& table, Totals& totals) {
  const std::vector<std::string> names = {session.bench, session.model, session.variant,
                                          fmt::format("{}", session.ordinal + 1)};
  totals.cells += session.cells.size();
  if (!variant && session.status == base::CellStatus::kOk) {
    totals.worst = exit_code_of(variant.error().code);
    table.add_note_row(names, "cannot be prepared: " + variant.error().text());
    return;
  }
  if (session.status != base::CellStatus::kOk) {
    totals.unmeasured_cells[session.status] += session.cells.size();
    table.add_note_row(names, fmt::format("{}: {}", base::to_string(session.status), session.reason));
    return;
  }
  const uint64_t generations = generations_of(expanded, session);
  const int64_t expected_ns =
      plan::expected_session_ns(bench_of(expanded, session), *variant, expanded.plan, session);
  totals.generations += generations;
  totals.bench_ns[session.bench] += expected_ns;
  std::vector<std::string> row = names;
  row.push_back(fmt::format("{}", session.cells.size()));
  row.push_back(fmt::format("{}", generations));
  row.push_back(bytes_text(static_cast<double>(variant->image_bytes)));
  row.push_back(bytes_text(static_cast<double>(variant->arena_total_bytes)));
  row.push_back(duration_text(expected_ns));
  table.add_row(std::move(row));
}

base::Result<ExitCode> show_plan(const PlanOptions& options) {
  SLMRIG_ASSIGN(LoadedPlan loaded, load_and_expand(options));
  base::SilentObserver silent;
  campaign::Preparation preparation;
  campaign::provision(loaded.expanded, loaded.workshop, silent, preparation);

  const Align right = Align::kRight;
  TextTable table({{"bench"},
                   {"model"},
                   {"variant"},
                   {"session", right},
                   {"cells", right},
                   {"generations", right},
                   {"image", right},
                   {"arena", right},
                   {"about", right}},
                  2);
  Totals totals;
  for (const Session& session : loaded.expanded.sessions) {
    add_session(loaded.expanded, session, preparation.variants.at(campaign::variant_key(session)), table,
                totals);
  }
  fmt::print("plan {} ({}) on rig {} ({})\n\n", loaded.expanded.plan.name, loaded.expanded.plan.file,
             loaded.expanded.rig.name, loaded.expanded.rig.file);
  std::fputs(table.text().c_str(), stdout);
  std::string unmeasured;
  for (const auto& [status, cells] : totals.unmeasured_cells) {
    unmeasured += fmt::format("{}{} {}", unmeasured.empty() ? "" : ", ", cells, base::to_string(status));
  }
  fmt::print("\n{} sessions, {} cells{}, {} generations; about {}, estimated from the models' sizes\n",
             loaded.expanded.sessions.size(), totals.cells, unmeasured.empty() ? "" : " (" + unmeasured + ")",
             totals.generations,
             duration_text(
                 campaign::expected_run_ns(loaded.expanded, totals.bench_ns, campaign::emulators_at_once())));
  return totals.worst;
}

}  // namespace

void add_plan_command(CLI::App& app, Action& action) {
  auto options = std::make_shared<PlanOptions>();
  CLI::App* command =
      app.add_subcommand("plan", "What a plan would run: cells, time, bytes, and what does not fit");
  command->add_option("PLAN", options->plan, "A plan under workloads/plans, or a file")->required();
  add_plan_options(*command, *options);
  command->callback([&action, options] { action = [options] { return show_plan(*options); }; });
}

}  // namespace slmrig::cli
