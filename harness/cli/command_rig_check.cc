// slmrig rig check and slmrig board check: how benches are, and where a new one fails.
#include <algorithm>
#include <cstdio>
#include <memory>

#include <fmt/format.h>

#include "harness/base/clock.h"
#include "harness/base/paths.h"
#include "harness/base/suggest.h"
#include "harness/campaign/bench_health.h"
#include "harness/cli/commands.h"
#include "harness/cli/figures.h"
#include "harness/cli/loaded_plan.h"
#include "harness/cli/text_table.h"
#include "harness/rig/bench_lock.h"
#include "harness/rig/rig_file.h"
#include "harness/store/quarantine.h"

namespace slmrig::cli {
namespace {

using base::Result;
using campaign::BenchHealth;
using campaign::BenchState;
using campaign::ClimbStep;

struct CheckOptions {
  Places places;
  std::string rig = kDefaultRig;
  std::vector<std::string> benches;  // none: all of the rig
};

Result<std::vector<base::Bench>> chosen_benches(const base::Rig& rig, const std::vector<std::string>& names) {
  if (names.empty()) return rig.benches;
  std::vector<std::string> known;
  for (const base::Bench& bench : rig.benches) known.push_back(bench.name);
  std::vector<base::Bench> chosen;
  for (const std::string& name : names) {
    const auto bench = std::find(known.begin(), known.end(), name);
    if (bench == known.end()) {
      return base::fail(base::ErrorCode::kBadInput,
                        base::unknown_name("bench", name, known) + " in " + rig.file);
    }
    chosen.push_back(rig.benches[static_cast<std::size_t>(bench - known.begin())]);
  }
  return chosen;
}

deploy::Workshop workshop_of(const CheckOptions& options, const std::filesystem::path& root) {
  deploy::Workshop workshop;
  workshop.root = root;
  workshop.cache_directory = options.places.output() / base::kCacheDirectory;
  workshop.stand_ins = deploy::make_stand_in_pool();
  return workshop;
}

std::string or_nothing(const std::string& text) { return text.empty() ? std::string(kNothing) : text; }

std::string link_text(const base::LinkSpec& link) {
  const std::string& where = link.usb_serial.empty() ? link.address : link.usb_serial;
  return where.empty() ? link.kind : fmt::format("{} {}", link.kind, where);
}

// Somebody who uses a bench says nothing against it.
bool is_trouble(BenchState state) { return state == BenchState::kWrongBoard || state == BenchState::kBad; }

Result<ExitCode> check(const CheckOptions& options) {
  SLMRIG_ASSIGN(const std::filesystem::path root, options.places.root());
  SLMRIG_ASSIGN(const base::Rig rig, rig::load_rig(options.rig, root));
  SLMRIG_ASSIGN(const std::vector<base::Bench> benches, chosen_benches(rig, options.benches));
  SLMRIG_ASSIGN(const std::vector<store::QuarantineRow> quarantined,
                store::quarantined_benches(options.places.database()));
  const auto quarantine_of = [&](const std::string& bench) {
    return std::find_if(quarantined.begin(), quarantined.end(),
                        [&](const store::QuarantineRow& row) { return row.bench == bench; });
  };
  const std::vector<BenchHealth> all = campaign::check_benches(benches, workshop_of(options, root));
  TextTable table({{"bench"}, {"health"}, {"link"}, {"board"}, {"unit"}, {"engine"}}, 2);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const BenchHealth& one = all[i];
    table.add_row({one.bench, to_string(one.state), link_text(benches[i].link), or_nothing(one.board),
                   or_nothing(one.unit), or_nothing(one.engine)});
    if (!one.tools.empty()) table.add_note_row({""}, "through " + one.tools);
    if (!one.slots.empty()) table.add_note_row({""}, "slots: " + one.slots);
    if (!one.clock.empty()) table.add_note_row({""}, "clock: " + one.clock);
    if (!one.problem.empty()) table.add_note_row({""}, one.problem);
    if (const auto row = quarantine_of(one.bench); row != quarantined.end()) {
      table.add_note_row({""}, fmt::format("in quarantine since {}, by {}: {}", base::utc_text(row->since_ns),
                                           row->who, row->reason));
    }
  }
  fmt::print("rig {} ({})\n\n{}", rig.name, rig.file, table.text());
  // What is in quarantine is known.
  const auto troubled = std::count_if(all.begin(), all.end(), [&](const BenchHealth& one) {
    return is_trouble(one.state) && quarantine_of(one.bench) == quarantined.end();
  });
  if (troubled == 0) return ExitCode::kGood;
  fmt::print("\n{} of {} benches cannot be measured on. Step by step: slmrig board check BENCH --rig {}\n",
             troubled, all.size(), options.rig);
  return ExitCode::kUndecided;
}

const char* mark_of(ClimbStep::Outcome outcome) {
  switch (outcome) {
    case ClimbStep::Outcome::kDone: return "good ";
    case ClimbStep::Outcome::kSkipped: return "  -  ";
    case ClimbStep::Outcome::kFailed: return "FAILS";
  }
  return "FAILS";
}

Result<ExitCode> climb(const CheckOptions& options) {
  SLMRIG_ASSIGN(const std::filesystem::path root, options.places.root());
  SLMRIG_ASSIGN(const base::Rig rig, rig::load_rig(options.rig, root));
  SLMRIG_ASSIGN(const std::vector<base::Bench> benches, chosen_benches(rig, options.benches));
  const base::Bench& bench = benches.front();
  SLMRIG_ASSIGN(const rig::BenchLock lock, rig::BenchLock::acquire(bench.name, "slmrig board check"));
  fmt::print("bench {}: a {} by {} over {}\n", bench.name, bench.board.name, base::flasher_kind(bench),
             link_text(bench.link));
  const auto report = [](const ClimbStep& step) {
    fmt::print("{} {}: {}\n", mark_of(step.outcome), step.name, step.seen);
    if (!step.remedy.empty()) fmt::print("        {}\n", step.remedy);
    std::fflush(stdout);
  };
  const std::vector<ClimbStep> steps = campaign::climb_bench(bench, workshop_of(options, root), report);
  const bool failed = std::any_of(steps.begin(), steps.end(), [](const ClimbStep& step) {
    return step.outcome == ClimbStep::Outcome::kFailed;
  });
  return failed ? ExitCode::kUndecided : ExitCode::kGood;
}

void add_shared_options(CLI::App& command, CheckOptions& options) {
  command.add_option("--rig", options.rig, "Rig: a name under boards/rigs, or a file")->capture_default_str();
  add_output_option(command, options.places);
  add_root_option(command, options.places);
  add_database_option(command, options.places);
}

}  // namespace

void add_rig_check_command(CLI::App& rig, Action& action) {
  auto options = std::make_shared<CheckOptions>();
  CLI::App* command = rig.add_subcommand(
      "check", "Looks at every bench, without writing to its board; 3 when one is not as it should be");
  command->add_option("BENCH", options->benches, "Only these benches");
  add_shared_options(*command, *options);
  command->callback([&action, options] { action = [options] { return check(*options); }; });
}

void add_board_check_command(CLI::App& board, Action& action) {
  auto options = std::make_shared<CheckOptions>();
  CLI::App* command = board.add_subcommand(
      "check", "Climbs a bench: probe, flash, banner, clock, markers, meter; says what to do where it fails");
  command->add_option("BENCH", options->benches, "The bench; its agent is put on its board")
      ->required()
      ->expected(1);
  add_shared_options(*command, *options);
  command->callback([&action, options] { action = [options] { return climb(*options); }; });
}

}  // namespace slmrig::cli
