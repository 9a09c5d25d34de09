#include "harness/cli/exit_code.h"

#include <vector>

#include <catch2/catch.hpp>

namespace slmrig::cli {
namespace {

TEST_CASE("Of several outcomes bad input wins, then a bad result, a lapsed waiver, an undecided rig") {
  using enum ExitCode;
  CHECK(worst_of(std::vector<ExitCode>{}) == kGood);
  CHECK(worst_of(std::vector{kGood, kUndecided}) == kUndecided);
  CHECK(worst_of(std::vector{kUndecided, kWaiverLapsed}) == kWaiverLapsed);
  CHECK(worst_of(std::vector{kWaiverLapsed, kBadResult, kUndecided}) == kBadResult);
  CHECK(worst_of(std::vector{kBadResult, kBadInput}) == kBadInput);
}

TEST_CASE(
    "A rig that is silent, locked or out of disk is undecided; what the board did wrong is a bad result") {
  CHECK(exit_code_of(base::ErrorCode::kBadInput) == ExitCode::kBadInput);
  CHECK(exit_code_of(base::ErrorCode::kDeviceFault) == ExitCode::kBadResult);
  CHECK(exit_code_of(base::ErrorCode::kTimeout) == ExitCode::kUndecided);
  CHECK(exit_code_of(base::ErrorCode::kLocked) == ExitCode::kUndecided);
  CHECK(exit_code_of(base::ErrorCode::kWrongBoard) == ExitCode::kUndecided);
  CHECK(exit_code_of(base::ErrorCode::kIo) == ExitCode::kUndecided);
}

}  // namespace
}  // namespace slmrig::cli
