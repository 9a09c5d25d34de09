// A new board of a known family: its folder, from that of a board that is there.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "harness/base/error.h"

namespace slmrig::cli {

// Empty and 0: as the template has it.
struct BoardDraft {
  std::string name;
  std::string like;    // the board to begin from; empty: the first of `family`
  std::string family;  // empty: that of `like`
  std::string description;
  std::string cpu;
  std::string tier;     // "hardware" leaves out what only an emulator has
  std::string flasher;  // of a hardware board whose template is emulated: "pyocd" unless said
  std::string tick_source;
  uint64_t clock_hz = 0;
  uint64_t slot_bytes = 0;
  uint64_t arena_bytes = 0;
};

// Writes <root>/boards/<name>/board.json, and memory.ld where the template has one, and reads them back as a
// run would. The folder appears whole or not at all. kBadInput: the name is taken or no name, nothing is
// known to begin from, or what came out is no board (with the reader's words). Returns the folder.
base::Result<std::filesystem::path> write_board(const BoardDraft& draft, const std::filesystem::path& root);

}  // namespace slmrig::cli
