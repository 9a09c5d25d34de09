// Looking at one bench by itself: whether its tools are there, whether its probe is, who answers behind its
// link. For `slmrig rig check` and `slmrig board check`.
#pragma once

#include <functional>
#include <string>

#include "harness/base/error.h"
#include "harness/deploy/deploy.h"
#include "harness/rig/agent.h"

namespace slmrig::deploy {

// What lies between this host and the board, without touching the board: "pyocd 0.36.0-2.1, probe 0123 is
// there". kUnsupported: a program is missing. kLinkLost: the probe is not there; the message names those that
// are.
base::Result<std::string> look_for_tools(const base::Bench& bench, const Workshop& workshop);

enum class Manner {
  kLook,   // nothing is written to a board that keeps what it has: whoever is on it answers
  kFlash,  // the bench's agent is put on the board first
};

using Ask = std::function<base::Done(const rig::Banner& banner, rig::Agent& agent)>;

// Starts what the bench needs, and calls `ask` once with the agent that answers, if it is of the board and
// unit that the rig file expects: kWrongBoard otherwise. Boards that are a program of this host (native,
// emulator, ssh) get their agent either way. kTimeout: nobody answers. Errors of `ask` are passed on. The
// bench must be locked by the caller.
base::Done visit_board(const base::Bench& bench, const Workshop& workshop, Manner manner, const Ask& ask);

}  // namespace slmrig::deploy
