// Limits of the agent and sizes of its buffers. A board with little memory lowers them in its build
// (device-agent/core/CMakeLists.txt).
#pragma once

#include <cstddef>
#include <cstdint>

#ifndef SLMRIG_TRACE_TOKENS
#define SLMRIG_TRACE_TOKENS 1024
#endif

namespace slmrig::agent {

constexpr uint32_t kTraceTokens = SLMRIG_TRACE_TOKENS;  // tokens of one generation, at most
constexpr uint32_t kMaxSlots = 2;                       // A and B

// Frames that may be on their way to the host unacknowledged; 2 kB each. Two: the banner of a new session and
// the answer to what was asked with it.
constexpr uint32_t kSendWindowFrames = 2;

// How long the agent waits for a host that is silent in the middle of something before it drops the session.
constexpr uint32_t kHostPatienceMs = 10000;

}  // namespace slmrig::agent
