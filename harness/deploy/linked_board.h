// What flashers of boards that are there by themselves, behind a link, have in common: ask first, write only
// what is not there. Internal to deploy.
#pragma once

#include <functional>
#include <memory>

#include "harness/base/error.h"
#include "harness/deploy/started_board.h"

namespace slmrig::deploy {

// Writes the agent that start.agent speaks of, leaves the board running, and notes in the deployment what it
// took.
using WriteAgent = std::function<base::Done(rig::Deployment& deployment)>;

// Opens the bench's link and asks who is there. Another board or unit than the rig file says is refused
// before anything is written to it. Where the agent is another, or nobody answers, it is written, and where
// nobody answers even then the board is reset by the means that there are: the bench's reset line first, then
// those of `start`, its power switch last. `stop` (may be empty) ends the switching.
base::Result<std::unique_ptr<StartedBoard>> bring_up(StartedBoard::Start start, const WriteAgent& write_agent,
                                                     const std::function<bool()>& stop);

}  // namespace slmrig::deploy
