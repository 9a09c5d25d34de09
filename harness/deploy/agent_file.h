// What an agent's ELF file says of itself: its build id and static sizes. Pure but for reading the file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "harness/base/error.h"
#include "harness/rig/live_board.h"

namespace slmrig::deploy {

// Compiler and flags are those of the agent's main file (-frecord-gcc-switches); the kernels' own may add to
// them.
//
// kBadInput when the file is missing (with how to build it) or is no ELF with a GNU build id. Sizes as the
// program `size` counts them: text is what is loaded and not written, data what is written and stands in the
// file, bss the rest.
base::Result<rig::AgentFacts> read_agent_file(const std::filesystem::path& file);

// The same from bytes already read; `file` and `sha256` stay empty.
base::Result<rig::AgentFacts> read_elf(std::span<const uint8_t> elf);

// A piece of a board's memory, and what must be in it.
struct MemoryPiece {
  uint64_t address = 0;
  std::vector<uint8_t> bytes;
};

// What a loader writes into the board's memory, by the file's program headers and their physical addresses.
// kBadInput when there is nothing to write.
base::Result<std::vector<MemoryPiece>> read_loaded_pieces(std::span<const uint8_t> elf);

}  // namespace slmrig::deploy
