// Deployment through the real pyOCD, whichever is on the PATH, and the virtual debug probe with the board of
// the virtual rig behind it.
#include <catch2/catch.hpp>

#include "harness/base/clock.h"
#include "harness/deploy/stand_in.h"
#include "harness/deploy/test_workshop.h"
#include "harness/rig/rig_file.h"

namespace slmrig::deploy {
namespace {

base::Bench bench_named(const Workshop& workshop, const std::string& name) {
  base::Rig rig = rig::load_rig("virtual", workshop.root).value();
  for (base::Bench& bench : rig.benches) {
    if (bench.name == name) return bench;
  }
  FAIL("the virtual rig has no bench " << name);
  return {};
}

struct ProbeBed : TestWorkshop {
  base::Bench bench = bench_named(workshop, "mps2-an386-pyocd");
  base::VariantFacts int8 = variant("int8");

  ProbeBed() { workshop.stand_ins = make_stand_in_pool(); }

  std::unique_ptr<rig::LiveBoard> deploy(const base::VariantFacts& what) const {
    auto board = deploy_variant(bench, what, workshop, {});
    if (!board) FAIL(board.error().text());
    return std::move(*board);
  }
  // With a fault that the probe has from its beginning.
  base::Error refused(const std::string& fault) {
    const base::Bench sound = bench;
    bench.stand_ins.front().command.insert(bench.stand_ins.front().command.end(), {"--fault", fault});
    const auto board = deploy_variant(bench, int8, workshop, {});
    bench = sound;
    workshop.stand_ins = make_stand_in_pool();
    REQUIRE_FALSE(board);
    return board.error();
  }
};

}  // namespace

TEST_CASE(
    "pyOCD writes agent and image once, the board answers as the emulated one, and keeps what it holds") {
  ProbeBed bed;
  REQUIRE(missing_tools(bed.bench, bed.workshop).empty());  // ./dev setup installs pyOCD
  rig::RunReply first;
  {
    const auto board = bed.deploy(bed.int8);
    const rig::Deployment& deployment = board->deployment();
    CHECK(deployment.flasher == "pyocd");
    CHECK_THAT(deployment.tool, Catch::StartsWith("pyocd "));
    CHECK(deployment.facts.at("probe") == bed.bench.flasher.pyocd.probe);
    CHECK(deployment.agent.written_bytes > 50'000);
    CHECK(deployment.agent.way == "probe");
    CHECK(deployment.image.written_bytes == bed.int8.image_bytes);
    CHECK(deployment.image.way == "probe");
    CHECK(board->banner().unique_id == bed.bench.unit_id);
    first = answer_of(*board);
    REQUIRE(board->reset());
    CHECK(answer_of(*board).token_ticks == first.token_ticks);
  }
  const auto again = bed.deploy(bed.int8);
  CHECK(again->deployment().agent.written_bytes == 0);
  CHECK(again->deployment().agent.skipped_bytes > 50'000);
  CHECK(again->deployment().image.written_bytes == 0);
  CHECK(again->deployment().image.skipped_bytes == bed.int8.image_bytes);
  // The same firmware on the same emulated chip counts the same instructions, however it got there.
  auto emulated = deploy_variant(bench_named(bed.workshop, "mps2-an386"), bed.int8, bed.workshop, {});
  if (!emulated) FAIL(emulated.error().text());
  const rig::RunReply plain = answer_of(**emulated);
  CHECK(plain.token_ids == first.token_ids);
  CHECK(plain.token_ticks == first.token_ticks);
}

TEST_CASE("a probe that is not there, a silent chip and a locked one are told apart") {
  ProbeBed bed;
  CHECK_THAT(bed.refused("locked").message, Catch::Contains("locked against reading"));
  CHECK_THAT(bed.refused("no-ack").message, Catch::Contains("SWD wires"));
  bed.bench.flasher.pyocd.probe = "SLMRIG-PROBE-9999";
  const auto absent = deploy_variant(bed.bench, bed.int8, bed.workshop, {});
  REQUIRE_FALSE(absent);
  CHECK(absent.error().code == base::ErrorCode::kLinkLost);
  CHECK_THAT(absent.error().text(),
             Catch::StartsWith("bench mps2-an386-pyocd: writing the agent: pyocd: no such debug probe") &&
                 Catch::Contains("wanted: SLMRIG-PROBE-9999; connected are SLMRIG-PROBE-0003"));
}

TEST_CASE("a write that arrives corrupted is seen when it is read back, not believed") {
  ProbeBed bed;
  CHECK_THAT(bed.refused("corrupt-write@3000").message, Catch::Contains("reads back differently: at 0x"));
}

TEST_CASE("a probe that hangs is given up after the limit of the rig file") {
  ProbeBed bed;
  bed.bench.flasher.pyocd.timeout_s = 6;
  const int64_t began_ns = base::monotonic_now_ns();
  const base::Error error = bed.refused("hang@500");
  CHECK(error.code == base::ErrorCode::kTimeout);
  CHECK(base::monotonic_now_ns() - began_ns < 40'000'000'000);
}

}  // namespace slmrig::deploy
