// slmrig rig identify: which meter a board really hangs on.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>

#include <fmt/format.h>

#include "harness/base/interrupt.h"
#include "harness/base/observer.h"
#include "harness/base/paths.h"
#include "harness/base/suggest.h"
#include "harness/campaign/identify_meter.h"
#include "harness/cli/commands.h"
#include "harness/cli/figures.h"
#include "harness/cli/loaded_plan.h"
#include "harness/cli/power_summary.h"
#include "harness/cli/text_table.h"
#include "harness/plan/plan_reader.h"
#include "harness/rig/bench_lock.h"
#include "harness/rig/rig_file.h"

namespace slmrig::cli {
namespace {

using base::Result;
using campaign::Identification;
using campaign::WatchedMeter;

struct IdentifyOptions {
  Places places;
  std::string rig = kDefaultRig;
  std::string bench;
  std::string model = "wrist-nano";
  std::string variant = "int4";
  bool all_meters = false;
};

// What is going on, a line each, beside the results.
class Steps final : public base::Observer {
 public:
  void total_work(uint64_t) override {}
  void advance(const std::string&, uint64_t) override {}
  void activity(const std::string& bench, const std::string& text) override {
    fmt::print(stderr, "{}: {}\n", bench, text);
  }
  void notice(const std::string& bench, const std::string& text) override { activity(bench, text); }
};

Result<base::Bench> bench_named(const base::Rig& rig, const std::string& name) {
  std::vector<std::string> names;
  for (const base::Bench& bench : rig.benches) {
    if (bench.name == name) return bench;
    names.push_back(bench.name);
  }
  return base::fail(base::ErrorCode::kBadInput, base::unknown_name("bench", name, names) + " in " + rig.file);
}

std::string power_text(const WatchedMeter& meter, double power_uw) {
  return meter.match.pulses == 0 ? std::string(kNothing) : quantity_text(power_uw, "W");
}

std::string seen_text(const WatchedMeter& meter) {
  if (meter.match.follows) return "follows";
  // One in modelled time has a sample of its own at the start, and others only as its board works.
  if (meter.samples <= 1 && meter.problem.empty()) return "nothing came";
  return meter.problem.empty() ? "does not follow" : "not watched";
}

void print_meters(const Identification& seen) {
  TextTable table({{"bench"},
                   {"meter"},
                   {"busy", Align::kRight},
                   {"idle", Align::kRight},
                   {"correlation", Align::kRight},
                   {"it"}},
                  2);
  for (const WatchedMeter& meter : seen.meters) {
    table.add_row({meter.bench.empty() ? kNothing : meter.bench, meter.name,
                   power_text(meter, meter.match.busy_uw), power_text(meter, meter.match.idle_uw),
                   meter.match.pulses == 0 ? kNothing : fmt::format("{:.3f}", meter.match.correlation),
                   seen_text(meter)});
    if (!meter.problem.empty()) table.add_note_row({""}, meter.problem);
  }
  constexpr std::size_t kWidest = 1000;  // addresses are there to be copied
  std::fputs(table.text(kWidest).c_str(), stdout);
}

Result<ExitCode> identify(const IdentifyOptions& options) {
  SLMRIG_ASSIGN(const std::filesystem::path root, options.places.root());
  SLMRIG_ASSIGN(const base::Rig rig, rig::load_rig(options.rig, root));
  SLMRIG_ASSIGN(const base::Bench bench, bench_named(rig, options.bench));
  SLMRIG_ASSIGN(const std::string file, plan::find_model_file(options.model, root.string()));
  deploy::Workshop workshop;
  SLMRIG_ASSIGN(workshop.slmforge, base::find_program("slmforge", root));
  workshop.root = root;
  workshop.cache_directory = options.places.output() / base::kCacheDirectory;
  workshop.stand_ins = deploy::make_stand_in_pool();
  base::install_interrupt_handler();
  workshop.stop = [] { return base::interrupt_flag().load(); };
  SLMRIG_ASSIGN(const rig::BenchLock lock, rig::BenchLock::acquire(bench.name, "slmrig rig identify"));
  SLMRIG_ASSIGN(
      const base::VariantFacts variant,
      deploy::provision_variant(
          {std::filesystem::path(file).stem().string(), file}, options.variant,
          {.context_tokens = campaign::kIdentifyContextTokens, .kv = base::KvFormat::kF32}, workshop));
  Steps steps;
  SLMRIG_ASSIGN(const Identification seen,
                campaign::identify_meter(rig, bench, variant, workshop, options.all_meters, steps));
  print_meters(seen);
  const campaign::WiringVerdict verdict = campaign::verdict_of(bench.name, seen);
  fmt::print("\n{}{}\n", verdict.good ? "" : "WRONG: ", verdict.text);
  return verdict.good ? ExitCode::kGood : ExitCode::kUndecided;
}

}  // namespace

void add_rig_identify_command(CLI::App& rig, Action& action) {
  auto options = std::make_shared<IdentifyOptions>();
  CLI::App* command = rig.add_subcommand(
      "identify",
      "Pulses a bench's load (agent and a small model are put on its board) and watches all meters of the "
      "rig; 3 unless exactly its own follows");
  command->add_option("BENCH", options->bench, "Its name in the rig file")->required();
  command->add_option("--rig", options->rig, "Rig: a name under boards/rigs, or a file")
      ->capture_default_str();
  command->add_flag("--all-meters", options->all_meters,
                    "Watch also meters of this host that stand in no bench");
  command->add_option("--model", options->model, "What the board runs")->capture_default_str();
  command->add_option("--variant", options->variant, "Under which recipe")->capture_default_str();
  add_output_option(*command, options->places);
  add_root_option(*command, options->places);
  command->callback([&action, options] { action = [options] { return identify(*options); }; });
}

}  // namespace slmrig::cli
