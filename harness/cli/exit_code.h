// The one place where outcomes become exit codes.
//
// 0 good; 1 the measured thing is bad; 2 bad input or usage; 3 the rig could not decide; 4 a waiver lapsed.
// Where several hold: 2, then 1, then 4, then 3.
#pragma once

#include <span>

#include "harness/base/error.h"

namespace slmrig::cli {

enum class ExitCode : int { kGood = 0, kBadResult = 1, kBadInput = 2, kUndecided = 3, kWaiverLapsed = 4 };

ExitCode exit_code_of(base::ErrorCode code);

// kGood for none.
ExitCode worst_of(std::span<const ExitCode> codes);

}  // namespace slmrig::cli
