#include "harness/rigsim/faults.h"

#include <array>
#include <utility>

namespace slmrig::rigsim {
namespace {

constexpr std::array<std::pair<Fault, std::string_view>, 17> kNames = {{
    {Fault::kNone, "none"},
    {Fault::kSilent, "silent"},
    {Fault::kGarbage, "garbage"},
    {Fault::kBootText, "boot-text"},
    {Fault::kOtherLink, "other-link"},
    {Fault::kOtherProtocol, "other-protocol"},
    {Fault::kBadMessage, "bad-message"},
    {Fault::kWrongHash, "wrong-hash"},
    {Fault::kResetInRun, "reset-in-run"},
    {Fault::kResetLoop, "reset-loop"},
    {Fault::kStallInRun, "stall-in-run"},
    {Fault::kLateAnswer, "late-answer"},
    {Fault::kFreezeInRun, "freeze-in-run"},
    {Fault::kExitInRun, "exit-in-run"},
    {Fault::kFailRun, "fail-run"},
    {Fault::kLyingTrace, "lying-trace"},
    {Fault::kEndlessFacts, "endless-facts"},
}};

}  // namespace

std::string_view fault_name(Fault fault) {
  for (const auto& [one, name] : kNames) {
    if (one == fault) return name;
  }
  return "unknown";
}

bool parse_fault(std::string_view name, Fault* fault) {
  for (const auto& [one, known] : kNames) {
    if (known != name) continue;
    *fault = one;
    return true;
  }
  return false;
}

std::vector<std::string> fault_names() {
  std::vector<std::string> names;
  for (const auto& [one, name] : kNames) names.emplace_back(name);
  return names;
}

}  // namespace slmrig::rigsim
