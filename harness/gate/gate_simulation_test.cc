#include "harness/gate/gate_simulation.h"

#include <catch2/catch.hpp>

namespace slmrig::gate {
namespace {

// `./dev bench analyse` has 10,000 with a seed of its own.
TEST_CASE("Simulated gates are seldom wrong, and decided where they were planned to be") {
  const GateErrors errors = simulate_gates(1, 1000);
  CHECK(errors.gates == 1000);
  CHECK(errors.should_pass > 400);
  CHECK(errors.planned > 300);
  CHECK(errors.false_fails * 100 <= errors.should_pass);
  CHECK(errors.false_passes * 100 <= errors.gates - errors.should_pass);
  CHECK(errors.decided * 10 >= errors.planned * 9);
}

}  // namespace
}  // namespace slmrig::gate
