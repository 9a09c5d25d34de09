#include "harness/measure/energy_pass.h"

#include <catch2/catch.hpp>

#include "harness/base/file.h"
#include "harness/base/observer.h"
#include "harness/measure/scripted_board.h"
#include "harness/measure/scripted_meter.h"

namespace slmrig::measure {
namespace {

using Catch::Matchers::Contains;

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
    const EnergyMeans means{.meter = find_meter,
                            .meter_failed = [this] { ++meter_failures; },
                            .settings = settings,
                            .idle_ticks = 5,
                            .between_ticks = 2,
                            .open_log = [this](int64_t at_ns) { return open_log(at_ns); },
                            .evaluate = [this](const EnergyCapture& capture) { return evaluate(capture); },
                            .keep = keep,
                            .meter_name = "scripted 1",
                            .doubts = [this] { return doubts; }};
    const References references;
    const WorkUnits units;
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
  void advance(const std::string&, uint64_t) override {}
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
  };
  std::vector<Seen> captures;
  std::vector<std::string> notices;

  std::filesystem::path log_file() const { return folder_.path() / "log"; }

 private:
  base::Result<base::Energy> evaluate(const EnergyCapture& capture) {
    Seen& seen = captures.emplace_back();
    seen.generations = capture.generations;
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

std::size_t samples_of(const Bed::Seen& capture) {
  std::size_t count = 0;
  for (const base::PowerSamples& block : capture.blocks) count += block.current_ua.size();
  return count;
}

}  // namespace

TEST_CASE("The energy pass records idle, the first prompts with markers, and idle, after all other passes") {
  Bed bed;
  bed.doubts = {"the self-check failed"};
  REQUIRE(bed.measure());
  CHECK(bed.board.events == std::vector<std::string>{"load 256", "run text-a 32", "run text-b 32",
                                                     "run text-c 32", "memory", "idle 5", "run text-a 32",
                                                     "idle 2", "run text-b 32", "idle 5"});
  CHECK(bed.meter.events == std::vector<std::string>{"start", "stop"});
  REQUIRE(bed.captures.size() == 1);
  const Bed::Seen& capture = bed.captures[0];
  CHECK(samples_of(capture) == 5 + 10 + 2 + 10 + 5);
  REQUIRE(capture.generations.size() == 2);
  CHECK(capture.generations[1].prompt_id == "b");
  CHECK(capture.generations[1].generated_tokens == 2);
  CHECK(capture.generations[1].first_token_ticks == 25);
  CHECK(capture.generations[1].total_ticks == 31);
  REQUIRE(bed.sink.energies.size() == 1);
  const base::Energy& energy = bed.sink.energies[0];
  CHECK(energy.session_id == "session");
  CHECK(energy.cell_id == "cell");
  CHECK(energy.meter == "scripted 1");
  CHECK(energy.doubts == std::vector<std::string>{"the self-check failed"});
  CHECK(energy.phases.at(0).doubts == energy.doubts);
  REQUIRE(bed.sink.facts.size() == 1);
  CHECK(bed.sink.facts[0].provenance.at("energy.s") == "2 prompts, 1 repeats");
}

TEST_CASE("Repeats are one capture, without a hole where the meter was started anew") {
  Bed bed;
  bed.settings.repeats = 3;
  bed.settings.prompts = 1;
  REQUIRE(bed.measure());
  const Bed::Seen& capture = bed.captures.back();
  CHECK(samples_of(capture) == std::size_t{3} * (5 + 10 + 5));
  int64_t next = 0;
  for (const base::PowerSamples& block : capture.blocks) {
    CHECK(block.first_index == next);
    next += static_cast<int64_t>(block.current_ua.size());
  }
  REQUIRE(capture.generations.size() == 3);
  CHECK(capture.generations[2].repeat == 2);
  CHECK(bed.sink.energies.size() == 1);
}

TEST_CASE("Repeats go on until the comparative uncertainty is small enough, or a limit, and it says which") {
  Bed bed;
  bed.settings.until_half_width_percent = 1;
  bed.settings.most_repeats = 5;
  bed.half_widths = {3, 2, 0.5};
  REQUIRE(bed.measure());
  CHECK(bed.captures.size() == 3);
  CHECK_THAT(bed.sink.facts.at(0).provenance.at("energy.s"),
             Contains("3 repeats: the comparative uncertainty of decode is 0.5 %"));
  Bed endless;
  endless.settings.until_half_width_percent = 1;
  endless.settings.most_repeats = 4;
  endless.half_widths = {3};
  REQUIRE(endless.measure());
  CHECK(endless.captures.size() == 4);
  CHECK_THAT(endless.sink.facts.at(0).provenance.at("energy.s"), Contains("4 repeats, the limit"));
}

TEST_CASE("A meter that is unplugged in mid-run costs the energy, and nothing else") {
  Bed bed;
  int runs = 0;
  bed.board.on_run = [&](const rig::RunRequest& request) -> base::Result<rig::RunReply> {
    if (request.markers && ++runs == 2) bed.meter.unplug();
    return ScriptedBoard::good_reply();
  };
  const auto outcome = bed.measure();
  REQUIRE(outcome);
  CHECK_FALSE(outcome->broken);
  CHECK(outcome->ended_cells.size() == 1);
  CHECK(bed.sink.energies.empty());
  REQUIRE(bed.notices.size() == 1);
  CHECK_THAT(bed.notices[0], Contains("m int8 s has no energy") && Contains("unplugged"));
  REQUIRE(bed.sink.facts.size() == 1);
  CHECK_THAT(bed.sink.facts[0].provenance.at("energy.missing"), Contains("s: the meter was unplugged"));
  CHECK_FALSE(std::filesystem::exists(bed.log_file()));
  CHECK(bed.meter_failures == 1);
}

TEST_CASE("A meter is asked for anew before each cell: one that came back measures the cells after it") {
  Bed bed;
  base::Cell second;
  second.cell_id = "later";
  second.suite = "s";
  bed.session.cells.push_back(second);
  int asked = 0;
  bed.find_meter = [&]() -> base::Result<rig::Meter*> {
    if (++asked == 1) return base::fail(base::ErrorCode::kLinkLost, "no such port");
    return &bed.meter;
  };
  REQUIRE(bed.measure());
  CHECK(asked == 2);
  REQUIRE(bed.sink.energies.size() == 1);
  CHECK(bed.sink.energies[0].cell_id == "later");
  CHECK_THAT(bed.sink.facts.at(0).provenance.at("energy.s"), Contains("none: no such port"));
}

TEST_CASE(
    "A disk that fills up while samples are recorded costs this cell's energy, and leaves the meter clean") {
  Bed bed;
  // The header and next to nothing.
  REQUIRE(bed.open_log(0));
  bed.most_bytes = bed.header_bytes + 20;
  const auto outcome = bed.measure();
  REQUIRE(outcome);
  CHECK_FALSE(outcome->broken);
  CHECK(outcome->ended_cells.size() == 1);
  CHECK(bed.sink.energies.empty());
  CHECK(bed.meter.events == std::vector<std::string>{"start", "stop"});
  CHECK_THAT(bed.notices.at(0),
             Contains("has no energy") && Contains(bed.log_file().string()) && Contains("free"));
  CHECK_FALSE(std::filesystem::exists(bed.log_file()));
}

TEST_CASE("Raw samples are kept once, and a disk that is full costs them alone") {
  Bed bed;
  bed.settings.repeats = 2;
  int kept = 0;
  bed.keep = [&](SampleLog& log) {
    ++kept;
    return log.finish();
  };
  REQUIRE(bed.measure());
  CHECK(kept == 1);
  CHECK(bed.sink.energies.at(0).capture.samples == 2 * (5 + 10 + 2 + 10 + 5));
  Bed full;
  full.keep = [](SampleLog&) -> base::Result<base::CaptureFacts> {
    return base::fail(base::ErrorCode::kIo, "no space left on /captures");
  };
  REQUIRE(full.measure());
  CHECK(full.sink.energies.size() == 1);
  CHECK_THAT(full.notices.at(0), Contains("not kept") && Contains("no space left"));
}

TEST_CASE("A board that fails in the energy pass leaves the meter stopped and the cell without energy") {
  Bed bed;
  bed.board.on_run = [&](const rig::RunRequest& request) -> base::Result<rig::RunReply> {
    if (request.markers) return base::fail(base::ErrorCode::kTimeout, "silent");
    return ScriptedBoard::good_reply();
  };
  REQUIRE(bed.measure());
  CHECK(bed.meter.events == std::vector<std::string>{"start", "stop"});
  CHECK(bed.sink.energies.empty());
  CHECK_THAT(bed.notices.at(0), Contains("silent"));
}

TEST_CASE("A stop in the energy pass stores none") {
  Bed bed;
  bed.board.on_run = [&](const rig::RunRequest& request) -> base::Result<rig::RunReply> {
    if (request.markers) bed.stop = true;
    return ScriptedBoard::good_reply();
  };
  REQUIRE(bed.measure());
  CHECK(bed.sink.energies.empty());
  CHECK(bed.meter.events == std::vector<std::string>{"start", "stop"});
}

TEST_CASE(
    "No prompts, no energy; a meter without lines gets no markers; a board that cannot sleep is left alone") {
  Bed none;
  none.settings.prompts = 0;
  REQUIRE(none.measure());
  CHECK(none.meter.events.empty());
  CHECK(none.sink.energies.empty());
  Bed plain;
  plain.meter.facts_for_test().marker_lines = 0;
  plain.board.banner_for_test().has_idle = false;
  bool marked = false;
  plain.board.on_run = [&](const rig::RunRequest& request) -> base::Result<rig::RunReply> {
    marked |= request.markers;
    return ScriptedBoard::good_reply();
  };
  const int64_t before_ns = plain.clock.monotonic_ns();
  REQUIRE(plain.measure());
  CHECK_FALSE(marked);
  CHECK(plain.clock.monotonic_ns() - before_ns == 5 + 2 + 5);  // ticks are nanoseconds here
}

}  // namespace slmrig::measure
