// An update of a simulated board, broken off in one way or another and taken up again, and what must hold
// meanwhile and afterwards. Tests only.
//
// The agent is the real one on simulated flash; its engine echoes. What the host does is what a deployment
// does: offer the image, send what is missing, let the board check it, make it active, load it, generate.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "tests/faults/faulty_line.h"

namespace slmrig::faults {

constexpr uint8_t kSlotA = 0;
constexpr uint8_t kSlotB = 1;

struct Update {
  Bytes oldest;  // confirmed in slot B, and long replaced
  Bytes before;  // confirmed in slot A, and active
  Bytes after;   // on its way into slot B
  size_t piece_bytes = 1024;
  bool by_copies = false;  // what both images have in common is copied on the board
};

// Images of this size; the last two differ in a tenth, in the middle.
Update make_update(size_t image_bytes, bool by_copies = false, size_t piece_bytes = 1024);

// A board after two updates: slot A holds update.before, slot B update.oldest.
agent::port::SimStorage board_before(const Update& update);

// One life of a board, as a host sees it: powered, with a line to it and a peer that has just begun.
class Life {
 public:
  Life(agent::port::SimStorage& storage, uint32_t epoch, const LineFaults& faults = {});
  // The line is plugged in again, or the host's program starts again; the board stays as it is.
  void reconnect(uint32_t epoch, const LineFaults& faults = {});

  agent::port::SimBoard board;
  std::unique_ptr<FaultyLine> line;
  std::unique_ptr<agent::testing::AgentPeer> peer;
};

struct Attempt {
  bool done = false;        // slot B is active and confirmed
  std::string stopped_at;   // where it was broken off, when it was not done
  std::string broken;       // an invariant, in words
  uint64_t resumed_at = 0;  // what the board had of the image
  uint64_t sent_bytes = 0;  // of the image, over the line
};

// From hello to the first generation, once. What a host would record as the result of a cell (the hash that
// the board told, and its answer) is compared with what really lies in the storage.
Attempt try_update(Life& life, const agent::port::SimStorage& storage, const Update& update);

// What must hold whenever a board gets power: it answers; one slot is active; a confirmed slot holds one of
// the two images, whole; the active one generates. Looks at a copy. Empty, or what did not hold.
std::string broken_at_boot(const agent::port::SimStorage& storage, const Update& update);

// What must hold after a death in the trial of the new image: slot A is active again, slot B bad.
std::string broken_rollback(const agent::port::SimStorage& storage);

// What must hold at the end: slot B active and confirmed with the new image, slot A confirmed with the old
// one, nothing written that was not erased.
std::string broken_at_end(Life& life, const agent::port::SimStorage& storage, const Update& update);

// Further lives and sessions until the update is done, and all of the above. `storage` is as the fault left
// it.
std::string finish_update(agent::port::SimStorage& storage, const Update& update);

}  // namespace slmrig::faults
