#include "harness/measure/cold_start_pass.h"

#include <catch2/catch.hpp>

#include "harness/measure/energy_bed_for_test.h"

namespace slmrig::measure {
namespace {

using Catch::Matchers::Contains;
using Events = std::vector<std::string>;

// A bed whose session has cold starts; those before the energy pass are not looked at here.
struct ColdBed : Bed {
  ColdBed() {
    session.cold_starts = 1;
    settings.prompts = 1;
    settings.cold_starts = 2;
    board.held_sha256 = "aa";
  }
  // What the board was asked after the answers of the energy pass.
  Events last_events(std::size_t count) const {
    return Events(board.events.end() - static_cast<ptrdiff_t>(count), board.events.end());
  }
  const base::Energy* cold_start_energy() const {
    for (const base::Energy& energy : sink.energies) {
      if (energy.cell_id.empty()) return &energy;
    }
    return nullptr;
  }
  std::string fact() const {
    for (const base::SessionFacts& each : sink.facts) {
      if (const auto found = each.provenance.find("energy.cold_start"); found != each.provenance.end())
        return found->second;
    }
    return {};
  }
};

}  // namespace

TEST_CASE("A session ends with cold starts under the meter, each reset and load between two idle times") {
  ColdBed bed;
  bed.doubts = {"the self-check failed"};
  REQUIRE(bed.measure());
  CHECK(bed.last_events(8) == Events{"idle 5", "reset", "load 256 marked", "idle 5",  //
                                     "idle 5", "reset", "load 256 marked", "idle 5"});
  REQUIRE(bed.captures.size() == 2);
  const Bed::Seen& capture = bed.captures.back();
  CHECK(capture.generations.empty());
  REQUIRE(capture.cold_starts.size() == 2);
  CHECK(capture.cold_starts[1].boot_ticks == 100);
  CHECK(capture.cold_starts[1].load_ticks == 50);
  CHECK(capture.span_starts == std::vector<int64_t>{0, 10});
  REQUIRE(bed.cold_start_energy() != nullptr);
  CHECK(bed.cold_start_energy()->session_id == "session");
  CHECK(bed.cold_start_energy()->meter == "scripted 1");
  CHECK(bed.cold_start_energy()->doubts == bed.doubts);
  CHECK(bed.fact() == "2 cold starts by a reset");
}

TEST_CASE("No cold start is measured where a plan wants none, or nothing would tell boot and load") {
  ColdBed bed;
  SECTION("the energy pass wants none") { bed.settings.cold_starts = 0; }
  SECTION("the plan wants no resets") { bed.session.cold_starts = 0; }
  SECTION("the meter") {
    bed.no_cold_starts = "no phase lines";
    REQUIRE(bed.measure());
    CHECK(bed.fact() == "none: no phase lines");
  }
  SECTION("the board") {
    bed.board.banner_for_test().has_markers = false;
    REQUIRE(bed.measure());
    CHECK_THAT(bed.fact(), Contains("none: the board has no marker lines"));
  }
  if (bed.captures.empty()) REQUIRE(bed.measure());
  CHECK(bed.captures.size() == 1);
  CHECK(bed.cold_start_energy() == nullptr);
}

TEST_CASE("A board that does not come back costs the energy of the cold starts, and is said") {
  ColdBed bed;
  bed.board.on_idle = [&](uint64_t ticks) {
    bed.meter.put(ticks, 100, 0);
    bed.board.on_reset = [] {
      return base::Result<rig::Banner>(base::fail(base::ErrorCode::kTimeout, "the board is silent"));
    };
    return base::Done{};
  };
  const auto outcome = bed.measure();
  REQUIRE(outcome);
  CHECK(outcome->ended_cells.size() == 1);
  CHECK(bed.sink.energies.size() == 1);
  CHECK(bed.cold_start_energy() == nullptr);
  CHECK_THAT(bed.fact(), Contains("none: ") && Contains("silent"));
  REQUIRE(bed.notices.size() == 1);
  CHECK_THAT(bed.notices[0], Contains("m int8 has no energy of its cold starts"));
  CHECK(bed.meter.events.back() == "stop");
}

}  // namespace slmrig::measure
