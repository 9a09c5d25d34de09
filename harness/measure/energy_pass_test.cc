#include "harness/measure/energy_pass.h"

#include <catch2/catch.hpp>

#include "harness/measure/energy_bed_for_test.h"

namespace slmrig::measure {
namespace {

using Catch::Matchers::Contains;

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
  CHECK(capture.generations[1].token_ticks == std::vector<uint64_t>{25, 6});
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

TEST_CASE("Windows are rounds of all prompts until each has lasted long enough, and stand in for repeats") {
  Bed bed;
  bed.settings.prompts = 2;
  bed.settings.windows = 3;
  bed.settings.window_s = 0.1;  // an answer takes 31 ms
  REQUIRE(bed.measure());
  REQUIRE(bed.captures.size() == 1);  // one evaluation, of all of them
  const Bed::Seen& capture = bed.captures[0];
  REQUIRE(capture.generations.size() == 3 * 4);
  for (std::size_t i = 0; i < capture.generations.size(); ++i) {
    CHECK(capture.generations[i].span == i / 4);
    CHECK(capture.generations[i].repeat == i / 2);
    CHECK(capture.generations[i].prompt_id == (i % 2 == 0 ? "a" : "b"));
  }
  CHECK(capture.span_starts == std::vector<int64_t>{0, 56, 112});
  CHECK(samples_of(capture) == std::size_t{3} * (5 + 4 * 10 + 3 * 2 + 5));
  CHECK(bed.sink.energies.at(0).doubts.empty());
  CHECK(bed.sink.facts.at(0).provenance.at("energy.s") == "3 windows of at least 0.1 s, 12 answers");
}

TEST_CASE("The pass counts for its share of the progress, however many repeats or windows it takes") {
  using Steps = std::vector<uint64_t>;
  const auto steps_of = [](Bed& bed) {
    bed.units.energy[bed.session.cells.at(0).cell_id] = 11;
    bed.units.cold_start_energy[bed.session.session_id] = 7;
    REQUIRE(bed.measure());
    return bed.steps;
  };
  Bed plain;  // two prompts once, and no cold starts to speak of
  CHECK(steps_of(plain) == Steps{5, 5, 1, 7});
  Bed more;
  more.settings.until_half_width_percent = 1;
  more.half_widths = {3, 0.5};
  CHECK(steps_of(more) == Steps{5, 5, 1, 7});
  Bed windows;
  windows.settings.windows = 3;
  windows.settings.window_s = 0.1;
  CHECK(steps_of(windows) == Steps{3, 3, 3, 2, 7});
  Bed unplugged;
  unplugged.find_meter = [] { return base::fail(base::ErrorCode::kLinkLost, "gone"); };
  CHECK(steps_of(unplugged) == Steps{11, 7});
}

TEST_CASE("A window whose board is too slow for the host's patience ends with a doubt") {
  Bed bed;
  bed.settings.prompts = 1;
  bed.settings.windows = 2;
  bed.settings.window_s = 1;
  bed.settings.window_limit_s = 10;
  bed.board.on_run = [&](const rig::RunRequest&) -> base::Result<rig::RunReply> {
    bed.clock.sleep_ns(6'000'000'000);
    return ScriptedBoard::good_reply();
  };
  REQUIRE(bed.measure());
  REQUIRE(bed.captures.size() == 1);
  CHECK(bed.captures[0].generations.size() == 2 * 2);
  REQUIRE(bed.sink.energies.at(0).doubts.size() == 1);
  CHECK_THAT(bed.sink.energies[0].doubts[0], Contains("0.062 s of 1 s") && Contains("limit of 10 s"));
  CHECK(bed.sink.energies[0].phases.at(0).doubts == bed.sink.energies[0].doubts);
}

}  // namespace slmrig::measure
