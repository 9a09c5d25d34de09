// A second engine, outside the tree of engines: proof that the agent measures what a user brings.
//
// It answers a prompt with the prompt in capitals, byte by byte, doing a stated amount of integer work a
// token, so that tests know every id and every size in advance. Its "image" is an EchoImage.
#pragma once

#include <cstdint>

namespace slmrig::echo {

constexpr uint32_t kEchoMagic = 0x4F484345;  // "ECHO"

// Ways in which a user's engine may die.
enum class Crash : uint32_t { kNone = 0, kTrap = 1, kStackOverflow = 2 };

// Little-endian, at the start of a slot.
struct EchoImage {
  uint32_t magic = kEchoMagic;
  uint32_t context_tokens = 256;
  uint32_t arena_bytes = 4096;       // what it asks of the arena
  uint32_t rounds_per_token = 1000;  // of its work loop
  uint32_t crash = 0;                // a Crash: what goes wrong at the first token
  uint32_t limits = 0;               // RooflineEntries that it answers with; it has no room for the second
  uint32_t reserved[2] = {};
};

// An image of the reference runtime is taken too, as one of these with a context of so many tokens: the
// engine keeps what slmrig deploys, and needs nothing in it.
constexpr uint32_t kSlmContextTokens = 1024;

constexpr int32_t kEndToken = 256;  // behind the 256 bytes

}  // namespace slmrig::echo
