// What raising marker lines costs a token: the same prompts on an emulated board without and with them, in
// instructions, which are the same in every run.
#include <algorithm>
#include <cmath>

#include <benchmark/benchmark.h>

#include "harness/base/paths.h"
#include "harness/deploy/deploy.h"
#include "harness/plan/plan_reader.h"
#include "harness/rig/rig_file.h"

namespace slmrig::perf {
namespace {

constexpr std::size_t kPrompts = 4;

struct Worst {
  double share = 0;
  double instructions = 0;
  double tokens = 0;
};

base::Result<Worst> compare(const std::string& bench_name) {
  const std::string root = ".";
  SLMRIG_ASSIGN(const base::Rig rig, rig::load_rig("virtual", root));
  const auto bench = std::find_if(rig.benches.begin(), rig.benches.end(),
                                  [&](const base::Bench& each) { return each.name == bench_name; });
  if (bench == rig.benches.end()) return base::fail(base::ErrorCode::kBadInput, "no bench " + bench_name);
  deploy::Workshop workshop;
  workshop.root = root;
  workshop.cache_directory = "out/cache";
  SLMRIG_ASSIGN(workshop.slmforge, base::find_program("slmforge", root));
  SLMRIG_ASSIGN(const std::string model, plan::find_model_file("wrist-nano", root));
  SLMRIG_ASSIGN(const base::Suite suite, plan::load_suite(root + "/workloads/suites/intents.json"));
  SLMRIG_ASSIGN(
      const base::VariantFacts variant,
      deploy::provision_variant({"wrist-nano", model}, "int4", {256, base::KvFormat::kF32}, workshop));
  // The emulator is this program's own; no one else can reach it, and no lock is needed.
  SLMRIG_ASSIGN(const auto board, deploy::deploy_variant(*bench, variant, workshop, {}));
  rig::LoadRequest load;
  load.context_tokens = 256;
  SLMRIG_TRY(board->agent().load(board->slot(), load));
  Worst worst;
  for (std::size_t i = 0; i < std::min(kPrompts, suite.prompts.size()); ++i) {
    rig::RunRequest request;
    request.prompt = suite.prompts[i].text;
    SLMRIG_ASSIGN(const rig::RunReply plain, board->agent().run(request));
    request.markers = true;
    SLMRIG_ASSIGN(const rig::RunReply marked, board->agent().run(request));
    if (plain.token_ids != marked.token_ids)
      return base::fail(base::ErrorCode::kCorrupt, "markers changed the answer to " + suite.prompts[i].id);
    const base::TickScale& scale = bench->board.ticks;
    for (std::size_t t = 0; t < plain.token_ticks.size(); ++t) {
      const auto without = static_cast<double>(scale.convert(plain.token_ticks[t]));
      const double more = std::abs(static_cast<double>(scale.convert(marked.token_ticks[t])) - without);
      worst.share = std::max(worst.share, more / without);
      worst.instructions = std::max(worst.instructions, more);
      ++worst.tokens;
    }
  }
  return worst;
}

void token_with_markers(benchmark::State& state, const std::string& bench) {
  Worst worst;
  for (auto unused : state) {
    static_cast<void>(unused);
    const auto compared = compare(bench);
    if (!compared) return state.SkipWithError(compared.error().text().c_str());
    worst = *compared;
  }
  state.counters["worst_share"] = worst.share;
  state.counters["worst_instructions"] = worst.instructions;
  state.counters["tokens"] = worst.tokens;
}

BENCHMARK_CAPTURE(token_with_markers, mps2_an386, "mps2-an386")->Iterations(1)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(token_with_markers, mps3_an547, "mps3-an547")->Iterations(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace slmrig::perf

BENCHMARK_MAIN();
