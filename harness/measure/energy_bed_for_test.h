// A session with an energy pass, on a scripted board with a scripted meter. Tests of measure only.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "harness/base/file.h"
#include "harness/base/observer.h"
#include "harness/measure/energy_pass.h"
#include "harness/measure/scripted_board.h"
#include "harness/measure/scripted_meter.h"

namespace slmrig::measure {

// A session of one cell on a scripted board with a scripted meter. Each generation gives 10 samples, each
// idle time its ticks.
class Bed : public base::Observer {
 public:
  Bed() {
    base::Suite suite;
    suite.name = "s";
    for (const char* id : {"a", "b", "c"}) suite.prompts.push_back({id, std::string("text-") + id, {}});
    plan.suites = {{"s", suite}};
    session.session_id = "session";
    session.bench = "scripted";
    session.model = "m";
    session.variant = "int8";
    session.warmup_generations = 0;
    session.cold_starts = 0;
    base::Cell cell;
    cell.cell_id = "cell";
    cell.suite = "s";
    session.cells = {cell};
    board.banner_for_test().has_markers = true;
    board.banner_for_test().has_idle = true;
    board.on_idle = [this](uint64_t ticks) {
      meter.put(ticks, 100, 0);
      return base::Done{};
    };
    board.on_run = [this](const rig::RunRequest& request) -> base::Result<rig::RunReply> {
      if (request.markers) meter.put(10, 1000, 1);
      return ScriptedBoard::good_reply();
    };
  }

  // Comparative uncertainties of decode, in percent, that evaluations tell one after the other.
  std::vector<double> half_widths = {0.1};
  std::function<base::Result<base::CaptureFacts>(SampleLog& log)> keep;
  // What there is of a meter before each cell; nothing: it was lost.
  std::function<base::Result<rig::Meter*>()> find_meter = [this] { return &meter; };
  int meter_failures = 0;
  std::string no_cold_starts;
  uint64_t most_bytes = 0;  // that a cell's samples may take
  uint64_t header_bytes = 0;

  base::Result<std::unique_ptr<SampleLog>> open_log(int64_t started_at_ns) {
    CaptureHeader header;
    header.meter = meter.facts();
    header.started_at_ns = started_at_ns;
    auto log = SampleLog::create(log_file(), header, most_bytes);
    header_bytes = std::filesystem::file_size(log_file());
    return log;
  }

  base::Result<SessionOutcome> measure() {
    const EnergyMeans means{
        .meter = find_meter,
        .meter_failed = [this] { ++meter_failures; },
        .settings = settings,
        .idle_ticks = 5,
        .between_ticks = 2,
        .meter_ns = [](uint64_t ticks) { return static_cast<int64_t>(ticks) * 1'000'000; },
        .open_log = [this](int64_t at_ns) { return open_log(at_ns); },
        .evaluate = [this](const EnergyCapture& capture) { return evaluate(capture); },
        .keep = keep,
        .meter_name = "scripted 1",
        .doubts = [this] { return doubts; },
        .no_cold_starts = no_cold_starts};
    const References references;
    SessionInputs inputs{.session = session,
                         .plan = plan,
                         .references = references,
                         .units = units,
                         .profile = false,
                         .doubts = {},
                         .host_waiting_ns = {},
                         .board_doubt = {},
                         .generation_timeouts_ms = {},
                         .energy = &means};
    return measure_session(board, inputs, {sink, *this, clock, [this] { return stop; }});
  }

  void total_work(uint64_t) override {}
  void advance(const std::string&, uint64_t count) override { steps.push_back(count); }
  void activity(const std::string&, const std::string&) override {}
  void notice(const std::string&, const std::string& text) override { notices.push_back(text); }

  base::Plan plan;
  base::Session session;
  base::EnergySettings settings;
  std::vector<std::string> doubts;
  ScriptedBoard board;
  ScriptedMeter meter;
  MemorySink sink;
  base::ManualClock clock;
  bool stop = false;
  // As evaluations saw it.
  struct Seen {
    std::vector<base::PowerSamples> blocks;
    std::vector<MeteredGeneration> generations;
    std::vector<int64_t> span_starts;
    std::vector<MeteredColdStart> cold_starts;
  };
  std::vector<Seen> captures;
  std::vector<std::string> notices;
  WorkUnits units;
  std::vector<uint64_t> steps;  // of the progress

  std::filesystem::path log_file() const { return folder_.path() / "log"; }

 private:
  base::Result<base::Energy> evaluate(const EnergyCapture& capture) {
    Seen& seen = captures.emplace_back();
    seen.generations = capture.generations;
    seen.span_starts = capture.span_starts;
    seen.cold_starts = capture.cold_starts;
    SLMRIG_TRY(
        capture.samples->for_each([&](const base::PowerSamples& block) { seen.blocks.push_back(block); }));
    base::Energy energy;
    base::PhaseEnergy decode;
    decode.net_uj = 100;
    decode.comparative_uncertainty_uj = half_widths.front();
    if (half_widths.size() > 1) half_widths.erase(half_widths.begin());
    energy.phases = {decode};
    return energy;
  }

  base::TemporaryDirectory folder_ = base::TemporaryDirectory::create("energy").value();
};

inline std::size_t samples_of(const Bed::Seen& capture) {
  std::size_t count = 0;
  for (const base::PowerSamples& block : capture.blocks) count += block.current_ua.size();
  return count;
}

}  // namespace slmrig::measure
