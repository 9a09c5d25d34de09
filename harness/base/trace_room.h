// What an agent sets aside of a board's arena while a model is loaded, beside what the engine needs.
#pragma once

#include <cstdint>

namespace slmrig::base {

// The trace of a generation in a context of so many tokens, as device-agent/core/generation.h lays it out:
// ticks and id of each token and one more, the texts of prompt and fallback, and what aligns the engine's
// part. Boards whose marker lines are no pins note edges there, too; others have that to spare. A
// microcontroller's trace ends with 1024 tokens, and a prompt then has room of its own.
constexpr uint64_t trace_room_bytes(uint32_t context_tokens) {
  constexpr uint64_t kTextBytes = 1536 + 256;
  constexpr uint64_t kMarkerEdgesBytes = 4 * (288 + 16);
  constexpr uint64_t kFixedBytes = kTextBytes + kMarkerEdgesBytes + 32;  // 32: alignment
  constexpr uint64_t kTokenBytes = 12;
  constexpr uint32_t kMostTokens = 1024;
  constexpr uint64_t kPromptBytes = 4 * (1536 + 64);
  if (context_tokens > kMostTokens) return kMostTokens * kTokenBytes + kPromptBytes + kFixedBytes;
  return (uint64_t{context_tokens} + 1) * kTokenBytes + kFixedBytes;
}

}  // namespace slmrig::base
