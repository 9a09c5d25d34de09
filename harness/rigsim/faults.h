// What the simulated agent can do wrong, by name.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace slmrig::rigsim {

enum class Fault {
  kNone,
  kSilent,         // not one byte, ever
  kGarbage,        // noise, as of a wrong baud rate
  kBootText,       // another program: the prompt of a boot loader
  kOtherLink,      // frames of another link version
  kOtherProtocol,  // a banner of another protocol version
  kBadMessage,     // intact frames that hold no message
  kWrongHash,      // a slot that does not hold what was sent
  kResetInRun,     // restarts after it accepted a run, and tells of an assertion
  kResetLoop,      // restarts at every hello
  kStallInRun,     // accepts a run, goes on acknowledging, and never answers
  kLateAnswer,     // answers a run only when the next question arrives, before answering that
  kFreezeInRun,    // accepts a run and does nothing more
  kExitInRun,      // accepts a run and ends with exit status 3
  kFailRun,        // answers a run with a failure
  kLyingTrace,     // a trace with other tokens than the report announced
  kEndlessFacts,   // facts of the board that never end
};

// "reset-in-run", ...; kNone is "none".
std::string_view fault_name(Fault fault);
// False when there is no such fault.
bool parse_fault(std::string_view name, Fault* fault);
std::vector<std::string> fault_names();

}  // namespace slmrig::rigsim
