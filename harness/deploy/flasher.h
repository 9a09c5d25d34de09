// How agent and image get onto one kind of board. Internal to deploy; a new way of flashing is a new Flasher.
#pragma once

#include <filesystem>
#include <memory>

#include "harness/base/error.h"
#include "harness/deploy/deploy.h"
#include "harness/deploy/started_board.h"

namespace slmrig::deploy {

class Flasher {
 public:
  virtual ~Flasher() = default;
  // The agent runs and answers; its slot 0 may or may not hold the image yet. `progress` (may be empty) hears
  // of bytes that this way of flashing sends itself and can count.
  virtual base::Result<std::unique_ptr<StartedBoard>> flash(const base::Bench& bench,
                                                            const base::VariantFacts& variant,
                                                            const Workshop& workshop,
                                                            const rig::UploadProgress& progress) = 0;
  // Lays the image into a slot that takes no uploads, and connects to the board again. Only after flash().
  // kUnsupported where this way of flashing cannot, or has done it in flash().
  virtual base::Done lay_image(StartedBoard& board, const base::VariantFacts& variant);
};

// kUnsupported for a way of flashing that this version does not know.
base::Result<std::unique_ptr<Flasher>> make_flasher(const base::Bench& bench);

// "native": the agent is a program of this host, on its stdio, with its slots in a folder of the cache.
std::unique_ptr<Flasher> make_native_flasher();
// "emulator": agent, image and unique id are laid into the emulated memory by the emulator's command line.
std::unique_ptr<Flasher> make_emulator_flasher();

// "pyocd": agent and image are written through a debug probe.
std::unique_ptr<Flasher> make_pyocd_flasher();
// "ssh": they are files on a Linux board, and the agent talks through ssh.
std::unique_ptr<Flasher> make_ssh_flasher();
// "command": the user's own programs write them.
std::unique_ptr<Flasher> make_command_flasher();

// The bench's own agent, or the firmware that was built for its board.
std::filesystem::path agent_of(const base::Bench& bench, const Workshop& workshop);
// Those of the workshop's pool; without a pool, new ones.
base::Result<std::shared_ptr<StandIns>> stand_ins_of(const base::Bench& bench, const Workshop& workshop);
// The bench's link, with what its stand-ins know filled in.
base::LinkSpec filled_link(base::LinkSpec link, const StandIns& stand_ins);
base::MeterSpec filled_meter(base::MeterSpec meter, const StandIns& stand_ins);

}  // namespace slmrig::deploy
