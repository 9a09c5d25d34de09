// Deployment to the emulated boards of the virtual rig, with the built firmware, in QEMU.
#include <catch2/catch.hpp>

#include "harness/deploy/started_board.h"
#include "harness/deploy/test_workshop.h"
#include "harness/rig/rig_file.h"

namespace slmrig::deploy {
namespace {

// Every emulated bench of the virtual rig.
std::vector<base::Bench> emulated_benches(const Workshop& workshop) {
  std::vector<base::Bench> benches;
  base::Rig rig = rig::load_rig("virtual", workshop.root).value();
  for (base::Bench& bench : rig.benches) {
    if (base::flasher_kind(bench) == "emulator") benches.push_back(std::move(bench));
  }
  return benches;
}

}  // namespace

TEST_CASE(
    "every emulated board holds the image, answers, and repeats itself to the tick, also after a reset") {
  TestWorkshop bed;
  const base::VariantFacts variant = bed.variant("int8");
  for (const base::Bench& bench : emulated_benches(bed.workshop)) {
    INFO(bench.name);
    auto deployed = deploy_variant(bench, variant, bed.workshop, {});
    if (!deployed) FAIL(deployed.error().text());
    rig::LiveBoard& board = **deployed;
    CHECK(board.banner().unique_id == bench.unit_id);
    CHECK(board.image_sha256() == variant.image_sha256);
    const rig::RunReply first = answer_of(board);
    REQUIRE(board.reset());
    CHECK(board.agent().query_slot(board.slot(), true).value().sha256 == variant.image_sha256);
    const rig::RunReply second = answer_of(board);
    CHECK(second.token_ids == first.token_ids);
    CHECK(second.token_ticks == first.token_ticks);
    CHECK(board.banner().has_markers);
    const auto slept = board.agent().idle(bench.board.tick_rate_hz);
    if (!slept) FAIL(slept.error().text());
  }
}

TEST_CASE("an emulator that dies in mid-run is a lost link that says how it ended") {
  TestWorkshop bed;
  auto deployed = deploy_variant(emulated_benches(bed.workshop).at(0), bed.variant("int8"), bed.workshop, {});
  if (!deployed) FAIL(deployed.error().text());
  rig::LiveBoard& board = **deployed;
  REQUIRE(board.agent().load(board.slot(), {64}));
  const base::ExitState ended = dynamic_cast<StartedBoard&>(board).process().stop();
  const auto reply = board.agent().run({.prompt = "hello"});
  REQUIRE_FALSE(reply);
  CHECK(reply.error().code == base::ErrorCode::kLinkLost);
  CHECK_THAT(reply.error().message, Catch::Contains("qemu") && Catch::Contains(ended.text()));
}

TEST_CASE("an image that is larger than an emulated slot is unfit, with both sizes") {
  TestWorkshop bed;
  base::Bench bench = emulated_benches(bed.workshop).at(0);
  base::VariantFacts variant = bed.variant("int8");
  const uint64_t slot_bytes = bench.board.slot_bytes;
  variant.image_bytes = slot_bytes + 1;
  const auto board = deploy_variant(bench, variant, bed.workshop, {});
  REQUIRE_FALSE(board);
  CHECK(board.error().code == base::ErrorCode::kUnfit);
  CHECK_THAT(board.error().text(), Catch::Contains(std::to_string(slot_bytes + 1) + " bytes") &&
                                       Catch::Contains("board has " + std::to_string(slot_bytes)));
}

TEST_CASE("a unit that an emulated bench does not expect is refused") {
  TestWorkshop bed;
  base::Bench bench = emulated_benches(bed.workshop).at(0);
  bench.board.name = "another-board";
  bench.agent = base::firmware_file(bed.workshop.root, emulated_benches(bed.workshop).at(0).board.name);
  const auto board = deploy_variant(bench, bed.variant("int8"), bed.workshop, {});
  REQUIRE_FALSE(board);
  CHECK_THAT(board.error().text(), Catch::Contains("the rig file says 'another-board'"));
}

}  // namespace slmrig::deploy
