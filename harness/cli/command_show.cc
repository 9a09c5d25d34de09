#include <algorithm>
#include <cstdio>
#include <memory>

#include <fmt/format.h>

#include "harness/analyse/profile.h"
#include "harness/analyse/summary.h"
#include "harness/base/clock.h"
#include "harness/cli/commands.h"
#include "harness/cli/energy_tables.h"
#include "harness/cli/figures.h"
#include "harness/cli/summary.h"
#include "harness/cli/text_table.h"
#include "harness/store/queries.h"

namespace slmrig::cli {
namespace {

using base::Result;

struct ShowOptions {
  Places places;
  std::string selector;
  bool log = false;
};

void print_facts(const base::Provenance& facts, const char* indent) {
  std::size_t widest = 0;
  for (const auto& [key, value] : facts) widest = std::max(widest, key.size());
  for (const auto& [key, value] : facts) {
    std::string line = value;
    std::replace(line.begin(), line.end(), '\n', ' ');
    fmt::print("{}{:<{}}  {}\n", indent, key, widest, line);
  }
}

void print_run_head(const store::RunRow& run) {
  fmt::print("run      {}{}\n", run.run_id, run.label.empty() ? "" : fmt::format(" ({})", run.label));
  fmt::print("plan     {} on rig {}\n", run.plan_name, run.rig_name);
  if (!run.build.empty() || !run.commit_sha.empty())
    fmt::print("build    {} {}\n", run.build, run.commit_sha);
  fmt::print("started  {}\n", base::utc_text(run.started_at_ns));
  if (run.ended_at_ns) {
    fmt::print("took     {}{}\n", duration_text(*run.ended_at_ns - run.started_at_ns),
               run.interrupted ? ", interrupted" : "");
  } else {
    fmt::print("took     unfinished: it runs still, or its process died\n");
  }
  if (run.busy_share) fmt::print("busy     {}\n", share_text(run.busy_share));
  fmt::print("\n");
}

void print_sessions(const store::RunData& run) {
  fmt::print("cells (slmrig show CELL shows one)\n");
  TextTable table({{"cell"},
                   {"bench"},
                   {"model"},
                   {"variant"},
                   {"suite"},
                   {"status"},
                   {"n", Align::kRight},
                   {"attempt", Align::kRight}});
  for (const store::SessionData& session : run.sessions) {
    for (const store::CellData& cell : session.cells) {
      table.add_row({cell.cell.cell_id, session.session.bench, session.session.model, session.session.variant,
                     cell.cell.suite, std::string(base::to_string(cell.cell.status)),
                     fmt::format("{}", cell.generations.size()), fmt::format("{}", session.session.attempt)});
    }
  }
  std::fputs(table.text(120).c_str(), stdout);
}

Result<ExitCode> show_run(store::Reader& reader, const std::string& run_id) {
  SLMRIG_ASSIGN(const store::RunData run, reader.run_data(run_id));
  print_run_head(run.run);
  std::fputs(summary_text(analyse::summarise(run)).c_str(), stdout);
  std::fputs(energy_summary_text(run).c_str(), stdout);
  print_sessions(run);
  fmt::print("\nprovenance\n");
  print_facts(run.provenance, "  ");
  return ExitCode::kGood;
}

// "3 of 40 answers are the suite's fallback text: 2 over its budget, 1 not of its form".
void print_fallbacks(const analyse::CellSummary& summary) {
  if (summary.fallbacks() == 0) return;
  std::vector<std::string> reasons;
  if (summary.fallback_late > 0) reasons.push_back(fmt::format("{} over its budget", summary.fallback_late));
  if (summary.fallback_form > 0) reasons.push_back(fmt::format("{} not of its form", summary.fallback_form));
  fmt::print("{} of {} {} the suite's fallback text: {}\n", summary.fallbacks(), summary.generations,
             summary.fallbacks() == 1 ? "answers is" : "answers are", fmt::join(reasons, ", "));
}

void print_generations(const store::CellData& cell, store::CostUnit unit) {
  const Align right = Align::kRight;
  const bool with_fallbacks = std::any_of(
      cell.generations.begin(), cell.generations.end(),
      [](const store::GenerationRow& row) { return row.fallback != base::FallbackReason::kNone; });
  std::vector<Column> columns = {{"prompt"},        {"rep", right}, {"tokens", right}, {"ttft", right},
                                 {"decode", right}, {"ok"},         {"=host"},         {"answer"}};
  if (with_fallbacks) columns.push_back({"instead"});
  TextTable table(std::move(columns));
  const auto yes_no = [](const std::optional<bool>& value) {
    return !value ? std::string(kNothing) : *value ? std::string("yes") : std::string("no");
  };
  for (const store::GenerationRow& row : cell.generations) {
    std::string answer = row.output_text;
    std::replace_if(
        answer.begin(), answer.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20U; }, ' ');
    const auto ttft =
        row.ttft_cost ? std::optional<double>(static_cast<double>(*row.ttft_cost)) : std::nullopt;
    std::vector<std::string> cells = {row.prompt_id,
                                      fmt::format("{}", row.repeat),
                                      fmt::format("{}+{}", row.prompt_tokens, row.generated_tokens),
                                      cost_text(ttft, unit),
                                      cost_text(static_cast<double>(row.decode_cost), unit),
                                      yes_no(row.correct),
                                      yes_no(row.matches_reference),
                                      answer};
    if (row.fallback != base::FallbackReason::kNone) cells.emplace_back(base::to_string(row.fallback));
    table.add_row(std::move(cells));
  }
  std::fputs(table.text().c_str(), stdout);
}

// Where a token goes, by operator.
void print_profile(const store::CellData& cell, const std::vector<store::RooflineRow>& roofline,
                   store::CostUnit unit) {
  const Align right = Align::kRight;
  for (const analyse::PhaseProfile& phase : analyse::profile_by_operator(cell.profile, roofline)) {
    const auto tokens = static_cast<double>(phase.tokens);
    fmt::print("\nprofile of {}: {} a token over {} tokens; looking at the clock is taken off ({})\n",
               base::to_string(phase.phase), cost_text(static_cast<double>(phase.cost) / tokens, unit),
               phase.tokens, cost_text(static_cast<double>(phase.subtracted_cost) / tokens, unit));
    TextTable table({{"operator"},
                     {"a token", right},
                     {"share", right},
                     {"calls", right},
                     {"MACs", right},
                     {"a MAC", right},
                     {"of limit", right},
                     {"bytes", right}});
    for (const analyse::OperatorSum& sum : phase.operators) {
      const auto cost = static_cast<double>(sum.cost);
      const auto macs = static_cast<double>(sum.macs);
      table.add_row({sum.name, cost_text(cost / tokens, unit),
                     share_text(phase.cost == 0 ? 0.0 : cost / static_cast<double>(phase.cost)),
                     count_text(static_cast<double>(sum.calls) / tokens),
                     sum.macs == 0 ? kNothing : count_text(macs / tokens),
                     sum.macs == 0 ? kNothing : cost_text(cost / macs, unit),
                     sum.limit_cost && sum.cost > 0 ? share_text(*sum.limit_cost / cost) : kNothing,
                     sum.bytes == 0 ? kNothing : bytes_text(static_cast<double>(sum.bytes) / tokens)});
    }
    std::fputs(table.text().c_str(), stdout);
  }
}

Result<ExitCode> print_logs(store::Reader& reader, const std::string& session_id) {
  SLMRIG_ASSIGN(const std::vector<store::LogRow> logs, reader.logs(session_id));
  for (const store::LogRow& log : logs) {
    fmt::print("--- {}, attempt {}\n{}\n", log.name, log.attempt, log.text);
  }
  if (logs.empty()) fmt::print("no log\n");
  return ExitCode::kGood;
}

Result<ExitCode> show_cell(store::Reader& reader, const store::CellRow& row, bool with_log) {
  SLMRIG_ASSIGN(const store::SessionData session, reader.session_data(row.session_id));
  const auto found = std::find_if(session.cells.begin(), session.cells.end(),
                                  [&](const auto& cell) { return cell.cell.cell_id == row.cell_id; });
  SLMRIG_CHECK(found != session.cells.end());
  const store::SessionRow& about = session.session;
  fmt::print("cell     {}\nsession  {} (attempt {})\nrun      {}\n", row.cell_id, row.session_id,
             about.attempt, about.run_id);
  fmt::print("what     {} on {} ({}), {} {}, {}\n", row.suite, about.bench, about.board, about.model,
             about.variant, row.settings);
  fmt::print("status   {}{}{}\n", base::to_string(row.status), row.reason.empty() ? "" : ": ", row.reason);
  for (const std::string& doubt : row.doubts) fmt::print("doubt    {}\n", doubt);
  for (const std::string& reason : about.retry_reasons) fmt::print("retried  {}\n", reason);
  fmt::print("\n");
  if (!found->generations.empty()) {
    const auto at = static_cast<std::size_t>(found - session.cells.begin());
    print_fallbacks(analyse::summarise(session, "")[at]);
    print_generations(*found, about.cost_unit);
  }
  print_profile(*found, session.roofline, about.cost_unit);
  if (found->energy) fmt::print("\n{}", cell_energy_text(*found->energy));
  if (session.cold_start_energy)
    fmt::print("\ncold starts of the session, by a reset\n{}", cell_energy_text(*session.cold_start_energy));
  fmt::print("\n");
  for (const store::MemoryRow& memory : session.memory) {
    fmt::print("memory   {:<12}{:>12} bytes\n", memory.name, memory.bytes);
  }
  fmt::print("\nprovenance\n");
  print_facts(session.provenance, "  ");
  if (!with_log) {
    fmt::print("\nThe device transcript: slmrig show {} --log\n", row.cell_id);
    return ExitCode::kGood;
  }
  fmt::print("\n");
  return print_logs(reader, row.session_id);
}

// A cell's id is as good as a run's: what names a run is one, everything else is looked for among the cells.
Result<ExitCode> show(const ShowOptions& options) {
  SLMRIG_ASSIGN(store::Reader reader, store::open_reader(options.places.database()));
  const Result<store::RunRow> run = reader.find_run(options.selector);
  if (run) return show_run(reader, run->run_id);
  const Result<store::CellRow> cell = reader.find_cell(options.selector);
  if (cell) return show_cell(reader, *cell, options.log);
  return tl::unexpected(
      base::Error{run.error().code,
                  fmt::format("no run and no cell: {}; {}", run.error().text(), cell.error().text()),
                  {}});
}

}  // namespace

void add_show_command(CLI::App& app, Action& action) {
  auto options = std::make_shared<ShowOptions>();
  CLI::App* command = app.add_subcommand("show", "A run or a cell: figures, record, log");
  command->add_option("RUN|CELL", options->selector, "'latest', a label, or the beginning of an id")
      ->required();
  command->add_flag("--log", options->log, "Of a cell: also the device transcript and the emulator's words");
  add_output_option(*command, options->places);
  add_database_option(*command, options->places);
  command->callback([&action, options] { action = [options] { return show(*options); }; });
}

}  // namespace slmrig::cli
