#include "harness/campaign/campaign.h"

#include <algorithm>
#include <memory>
#include <set>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "harness/analyse/flips.h"
#include "harness/base/clock.h"
#include "harness/base/uuid.h"
#include "harness/campaign/bench_runner.h"
#include "harness/campaign/host_facts.h"
#include "harness/campaign/prepare.h"
#include "harness/campaign/schedule.h"
#include "harness/campaign/sentinels.h"
#include "harness/plan/estimate.h"
#include "harness/rig/bench_lock.h"
#include "harness/store/captures.h"
#include "harness/store/quarantine.h"
#include "harness/store/queries.h"

namespace slmrig::campaign {
namespace {

using base::Done;
using base::ExpandedPlan;
using base::Result;

constexpr int64_t kNsPerUnit = 1'000'000;  // progress is counted in expected milliseconds

const base::Bench& bench_named(const ExpandedPlan& expanded, const std::string& name) {
  const auto& benches = expanded.rig.benches;
  const auto found =
      std::find_if(benches.begin(), benches.end(), [&](const auto& bench) { return bench.name == name; });
  SLMRIG_CHECK(found != benches.end());
  return *found;
}

// All of them before anything begins, so that nobody is turned away in mid-run. A bench on which nothing is
// measured may be somebody else's meanwhile.
Result<std::vector<rig::BenchLock>> lock_benches(const ExpandedPlan& expanded, const std::vector<Wave>& waves,
                                                 const std::string& reason) {
  std::vector<rig::BenchLock> locks;
  for (const Wave& wave : waves) {
    for (const std::string& bench : wave.benches) {
      const bool works =
          std::any_of(expanded.sessions.begin(), expanded.sessions.end(), [&](const base::Session& session) {
            return session.bench == bench && session.status == base::CellStatus::kOk;
          });
      if (!works) continue;
      SLMRIG_ASSIGN(rig::BenchLock lock, rig::BenchLock::acquire(bench, reason));
      locks.push_back(std::move(lock));
    }
  }
  return locks;
}

base::Provenance run_facts(const CampaignRequest& request) {
  base::Provenance facts = host_facts();
  const base::Plan& plan = request.expanded.plan;
  facts["plan.file"] = plan.file;
  facts["plan.sha256"] = plan.sha256;
  std::size_t cells = 0;
  for (const base::Session& session : request.expanded.sessions) cells += session.cells.size();
  facts["plan.cells"] = fmt::format("{}", cells);  // what a run in progress is measured by
  facts["plan.order_seed"] = fmt::format("{}", plan.order_seed);
  facts["rig.file"] = request.expanded.rig.file;
  facts["rig.sha256"] = request.expanded.rig.sha256;
  for (const base::SuiteRef& ref : plan.suites)
    facts[fmt::format("suite.{}.sha256", ref.name)] = ref.suite.sha256;
  for (const auto& [key, value] : request.provenance) facts[key] = value;
  return facts;
}

Result<std::string> open_run(const CampaignRequest& request, store::Store& store) {
  if (!request.resume_run_id.empty()) {
    SLMRIG_TRY(store.resume_run(request.resume_run_id));
    return request.resume_run_id;
  }
  base::RunStart start;
  start.run_id = base::uuid_v7();
  start.label = request.label;
  start.build = request.build;
  start.plan_name = request.expanded.plan.name;
  start.plan_text = request.expanded.plan.text;
  start.rig_name = request.expanded.rig.name;
  start.started_at_ns = base::utc_now_ns();
  start.provenance = run_facts(request);
  SLMRIG_TRY(store.begin_run(start));
  return start.run_id;
}

uint64_t units_of(int64_t expected_ns, std::size_t at_once) {
  const int64_t share = expected_ns / static_cast<int64_t>(std::max<std::size_t>(at_once, 1));
  return static_cast<uint64_t>(std::max<int64_t>(1, share / kNsPerUnit));
}

// Progress in expected wall time: what runs beside other work counts for less of it.
measure::WorkUnits plan_units(const ExpandedPlan& expanded, const Preparation& preparation,
                              const std::vector<Wave>& waves, bool profile, base::Observer& observer) {
  measure::WorkUnits units;
  uint64_t total = 0;
  for (const Wave& wave : waves) {
    const std::size_t at_once = std::min(wave.benches.size(), emulators_at_once());
    for (const base::Session& session : expanded.sessions) {
      const bool here =
          std::find(wave.benches.begin(), wave.benches.end(), session.bench) != wave.benches.end();
      const auto& variant = preparation.variants.at(variant_key(session));
      if (!here || !variant || session.status != base::CellStatus::kOk) continue;
      const base::Bench& bench = bench_named(expanded, session.bench);
      const base::Board& board = bench.board;
      units.cold_start[session.session_id] = units_of(plan::expected_cold_start_ns(board, *variant), at_once);
      total += units.cold_start[session.session_id] * session.cold_starts;
      for (const base::Cell& cell : session.cells) {
        const base::Suite& suite = base::suite_of(expanded.plan, cell);
        const uint64_t each =
            units_of(plan::expected_generation_ns(board, *variant, suite, cell.settings), at_once);
        units.generation[cell.cell_id] = each;
        const uint64_t passes = cell.settings.repeats + (profile ? 1 : 0);
        total += each * base::prompt_count(cell.settings, suite) * passes;
        if (const int64_t ns = plan::expected_energy_ns(bench, *variant, expanded.plan, cell); ns != 0)
          total += units.energy[cell.cell_id] = units_of(ns, at_once);
      }
      if (const int64_t ns = plan::expected_cold_start_energy_ns(bench, *variant, expanded.plan, session);
          ns != 0) {
        total += units.cold_start_energy[session.session_id] = units_of(ns, at_once);
      }
    }
  }
  observer.total_work(total);
  return units;
}

std::map<std::string, std::string> emulator_versions(const ExpandedPlan& expanded) {
  std::map<std::string, std::string> versions;
  for (const base::Session& session : expanded.sessions) {
    const std::string& program = bench_named(expanded, session.bench).board.emulator.program;
    if (program.empty() || versions.contains(program)) continue;
    if (std::string version = program_version(program); !version.empty()) versions[program] = version;
  }
  return versions;
}

// Why nothing is measured on a bench.
struct Absence {
  base::CellStatus status = base::CellStatus::kOk;  // of its cells
  std::string reason;
};

Absence absence_of(const base::Bench& bench, const std::vector<store::QuarantineRow>& quarantined,
                   const deploy::Workshop& workshop) {
  const auto found = std::find_if(quarantined.begin(), quarantined.end(),
                                  [&](const store::QuarantineRow& row) { return row.bench == bench.name; });
  // Unfit and not "not applicable": a gate misses its figures.
  if (found != quarantined.end()) {
    return {base::CellStatus::kUnfit,
            fmt::format("the bench is in quarantine since {}, by {}: {}; slmrig rig release {}",
                        base::utc_text(found->since_ns), found->who, found->reason, bench.name)};
  }
  const std::string missing = bench.optional ? deploy::missing_tools(bench, workshop) : "";
  if (missing.empty()) return {};
  return {base::CellStatus::kNotApplicable, "the bench is left out: " + missing};
}

// Benches in quarantine, and those that may be left out where this host has not got their programs: the cells
// say so, and nothing fails. All of them left out is a failure.
Done leave_out_benches(ExpandedPlan& expanded, const deploy::Workshop& workshop,
                       const std::string& database) {
  SLMRIG_ASSIGN(const std::vector<store::QuarantineRow> quarantined, store::quarantined_benches(database));
  std::map<std::string, Absence> absences;  // by bench
  std::string reasons;
  bool any_left = false;
  bool any_quarantined = false;
  for (base::Session& session : expanded.sessions) {
    const base::Bench& bench = bench_named(expanded, session.bench);
    const auto [entry, is_new] = absences.try_emplace(bench.name);
    Absence& absence = entry->second;
    if (is_new) {
      absence = absence_of(bench, quarantined, workshop);
      if (!absence.reason.empty()) reasons += fmt::format("; bench {}: {}", bench.name, absence.reason);
      any_quarantined = any_quarantined || absence.status == base::CellStatus::kUnfit;
    }
    if (absence.reason.empty()) {
      any_left = true;
      continue;
    }
    session.status = absence.status;
    session.reason = absence.reason;
  }
  if (any_left) return {};
  return base::fail(any_quarantined ? base::ErrorCode::kUnfit : base::ErrorCode::kUnsupported,
                    "nothing can be measured on this host" + reasons);
}

// Raw samples of the energy pass: their packed size is a small part of what meters send, but a rack sends
// much.
Done check_room_for_samples(const ExpandedPlan& expanded, const std::string& database) {
  constexpr uint64_t kBytesACell = 4'000'000;  // of 10 s at 100,000 samples a second
  uint64_t expected_bytes = 0;
  for (const base::Session& session : expanded.sessions) {
    const bool metered = !bench_named(expanded, session.bench).meter.kind.empty();
    if (metered && session.status == base::CellStatus::kOk)
      expected_bytes += kBytesACell * session.cells.size();
  }
  if (expected_bytes == 0 || expanded.plan.energy.prompts == 0) return {};
  return store::check_capture_room(database, {}, expected_bytes);
}

// Known only when all variants have been measured.
Done put_flip_rates(const std::string& run_id, store::Store& store) {
  SLMRIG_ASSIGN(store::Reader reader, store::open_reader(store.path()));
  SLMRIG_ASSIGN(const std::vector<store::SessionRow> sessions, reader.sessions(run_id));
  const auto is_f32 = [](const store::SessionRow& session) { return session.variant == "f32"; };
  if (std::none_of(sessions.begin(), sessions.end(), is_f32)) return {};
  SLMRIG_ASSIGN(const store::RunData data, reader.run_data(run_id));
  for (const analyse::CellFlips& flips : analyse::flips_of(data)) {
    SLMRIG_TRY(store.add_series_values(flips.session_id,
                                       {{flips.cell_id, "flip_rate", flips.compared, flips.rate()}}));
  }
  return {};
}

WaveTime run_wave(const Wave& wave, SharedRun& run) {
  const int64_t began_ns = base::monotonic_now_ns();
  {
    // All of them before the first begins: they stand in line for the emulators.
    std::vector<std::unique_ptr<BenchRunner>> runners;
    for (const std::string& name : wave.benches)
      runners.push_back(std::make_unique<BenchRunner>(bench_named(run.expanded, name), run));
    std::vector<std::jthread> threads;
    for (const auto& runner : runners) {
      threads.emplace_back([&runner] { runner->run(); });
    }
  }
  WaveTime time;
  time.wall_ns = base::monotonic_now_ns() - began_ns;
  for (const std::string& name : wave.benches) time.busy_ns.push_back(run.busy_ns[name]);
  return time;
}

}  // namespace

Result<CampaignOutcome> run_campaign(const CampaignRequest& request, store::Store& store,
                                     base::Observer& observer, const std::atomic<bool>& stop) {
  const int64_t began_ns = base::monotonic_now_ns();
  ExpandedPlan expanded = request.expanded;
  SLMRIG_TRY(leave_out_benches(expanded, request.workshop, store.path()));
  const std::vector<Wave> waves = waves_of(expanded);
  SLMRIG_ASSIGN(const std::vector<rig::BenchLock> locks,
                lock_benches(expanded, waves, fmt::format("slmrig run {}", expanded.plan.name)));
  SLMRIG_TRY(check_room_for_samples(expanded, store.path()));
  SLMRIG_ASSIGN(const std::string run_id, open_run(request, store));

  std::atomic<bool> broken = false;
  const auto should_stop = [&] { return stop.load() || broken.load(); };
  Preparation preparation;
  deploy::Workshop workshop = request.workshop;
  workshop.stop = should_stop;
  workshop.stand_ins = deploy::make_stand_in_pool();
  provision(expanded, workshop, observer, preparation);
  if (const Done frozen = freeze_sentinels(expanded, workshop, sentinel_folder(workshop), preparation);
      !frozen)
    return tl::unexpected(base::within("sentinels", frozen.error()));
  collect_references(expanded, workshop, observer, should_stop, preparation);
  const measure::WorkUnits units = plan_units(expanded, preparation, waves, request.profile, observer);

  EmulatorPlaces emulators(emulators_at_once());
  const auto deploy_board = [&](const base::Bench& bench, const base::VariantFacts& variant,
                                const rig::UploadProgress& progress) {
    return deploy::deploy_variant(bench, variant, workshop, progress);
  };
  const auto open_meter = [&](const base::Bench& bench, const base::MeterSpec& spec) {
    return deploy::open_bench_meter(bench, spec, workshop);
  };
  SharedRun run{
      .request = request,
      .expanded = expanded,
      .preparation = preparation,
      .units = units,
      .run_id = run_id,
      .store = store,
      .observer = observer,
      .deploy = deploy_board,
      .open_meter = open_meter,
      .release = [&workshop](const std::string& bench) { deploy::release_stand_ins(workshop, bench); },
      .stop = should_stop,
      .broken = broken,
      .emulators = emulators,
      .tool_versions = emulator_versions(expanded),
      .mutex = {},
      .failures = {},
      .fatal = {},
      .busy_ns = {}};
  std::vector<WaveTime> times;
  for (const Wave& wave : waves) {
    for (const std::string& bench : wave.benches) observer.activity(bench, "waiting");
  }
  for (const Wave& wave : waves) {
    if (!should_stop()) times.push_back(run_wave(wave, run));
  }
  if (run.fatal) {
    base::Error error = *run.fatal;
    error.message += fmt::format(
        "; what was stored before is kept, and when the cause is mended this goes on: "
        "slmrig run --resume {}",
        run_id);
    return tl::unexpected(error);
  }

  CampaignOutcome outcome;
  outcome.run_id = run_id;
  outcome.interrupted = stop.load();
  outcome.failures = std::move(run.failures);
  outcome.wall_ns = base::monotonic_now_ns() - began_ns;
  outcome.busy_share = busy_share(times, outcome.wall_ns);
  SLMRIG_TRY(put_flip_rates(run_id, store));
  SLMRIG_TRY(store.end_run({run_id, base::utc_now_ns(), outcome.interrupted, outcome.busy_share}));
  return outcome;
}

}  // namespace slmrig::campaign
