#include "harness/cli/exit_code.h"

#include <algorithm>
#include <array>

namespace slmrig::cli {

ExitCode exit_code_of(base::ErrorCode code) {
  switch (code) {
    case base::ErrorCode::kBadInput:
    case base::ErrorCode::kUnsupported: return ExitCode::kBadInput;
    case base::ErrorCode::kDeviceFault:
    case base::ErrorCode::kCorrupt: return ExitCode::kBadResult;
    case base::ErrorCode::kTimeout:
    case base::ErrorCode::kLinkLost:
    case base::ErrorCode::kUnfit:
    case base::ErrorCode::kLocked:
    case base::ErrorCode::kWrongBoard:
    case base::ErrorCode::kIo: return ExitCode::kUndecided;
  }
  return ExitCode::kBadResult;
}

ExitCode worst_of(std::span<const ExitCode> codes) {
  constexpr std::array kWorstFirst = {ExitCode::kBadInput, ExitCode::kBadResult, ExitCode::kWaiverLapsed,
                                      ExitCode::kUndecided};
  for (const ExitCode code : kWorstFirst) {
    if (std::find(codes.begin(), codes.end(), code) != codes.end()) return code;
  }
  return ExitCode::kGood;
}

}  // namespace slmrig::cli
