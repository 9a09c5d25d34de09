// How agent and image get onto one kind of board. Internal to deploy; a new way of flashing is a new Flasher.
#pragma once

#include <memory>

#include "harness/base/error.h"
#include "harness/deploy/deploy.h"
#include "harness/deploy/started_board.h"

namespace slmrig::deploy {

class Flasher {
 public:
  virtual ~Flasher() = default;
  // The agent runs and answers; its slot 0 may or may not hold the image yet.
  virtual base::Result<std::unique_ptr<StartedBoard>> flash(const base::Bench& bench,
                                                            const base::VariantFacts& variant,
                                                            const Workshop& workshop) = 0;
};

// kUnsupported for a way of flashing that this version does not know.
base::Result<std::unique_ptr<Flasher>> make_flasher(const base::Bench& bench);

// "native": the agent is a program of this host, on its stdio, with its slots in a folder of the cache.
std::unique_ptr<Flasher> make_native_flasher();
// "emulator": agent, image and unique id are laid into the emulated memory by the emulator's command line.
std::unique_ptr<Flasher> make_emulator_flasher();

}  // namespace slmrig::deploy
