// The numbers that both sides of the wire agree on. Changing one of them changes the protocol.
#pragma once

#include <cstddef>
#include <cstdint>

namespace slmrig::wire {

// Of the messages (messages.fbs). Raised when the meaning of a field changes; appending a field does not.
constexpr uint16_t kProtocolVersion = 1;

// Of the link layer below them (frame.h, connection.h). A frame of another version is dropped and counted.
constexpr uint8_t kLinkVersion = 1;

// The largest message. 2 kB: a trace message carries over 100 tokens, while a window of eight still fits in
// 16 kB of a microcontroller's RAM.
constexpr size_t kMaxPayloadBytes = 2048;

// Data in one UploadChunk: what remains of kMaxPayloadBytes after the envelope, as a multiple of a flash row.
constexpr size_t kMaxChunkBytes = 1920;

// One UploadCopy: a board reads no other message while it copies, which on flash takes a second for this
// much.
constexpr size_t kMaxCopyBytes = 32768;
// Chunk frames that may lie behind a missing one: a host's window.
constexpr uint32_t kMaxChunksAhead = 16;
constexpr uint32_t kMaxChunkHashes = 224;  // in one ChunkHashes message: 8 bytes each
constexpr uint8_t kActiveSlot = 255;       // in a Load: whichever slot is active

constexpr size_t kMaxFallbackBytes = 256;         // fallback text of one Run
constexpr size_t kMaxPromptBytes = 1536;          // text of one Run
constexpr size_t kMaxOutputBytes = 1536;          // text of one GenerationReport; what is longer is cut
constexpr uint32_t kTraceTokensPerMessage = 128;  // tokens in one Trace message: 12 bytes each

// An agent that has nobody to talk to says hello this often; a host seeks its agent more eagerly.
constexpr uint32_t kAgentHelloIntervalMs = 1000;
constexpr uint32_t kHostHelloIntervalMs = 100;

// First retransmission; doubles up to the maximum. A broken or missing frame is repeated at once, on a nak:
// this is for one that nothing follows. Longer than the largest frame takes where an emulator on a busy host
// reads 1 kB/s (115,200 baud: 190 ms).
constexpr uint32_t kRetransmitMs = 2000;
constexpr uint32_t kRetransmitMaxMs = 4000;
constexpr uint32_t kRetransmitLimit = 8;  // about 34 s without any progress: the link is lost

// For how long an agent tries a new line rate before it goes back: a question, lost once, arrives within.
constexpr uint32_t kRateTrialMs = 3000;

constexpr uint32_t kMaxIdleSeconds = 300;  // of one Idle

// A quiet window opens once the line was silent for this long.
constexpr uint32_t kSettleMs = 3;

}  // namespace slmrig::wire
