// A simulated board with the echo engine, its line, and the host's end of it. Tests only.
#pragma once

#include <algorithm>
#include <cstring>
#include <numeric>
#include <vector>

#include "device-agent/core/agent.h"
#include "device-agent/ports/host_sim/sim_board.h"
#include "device-agent/testing/agent_peer.h"
#include "tests/foreign_engine/echo_engine.h"

namespace slmrig::agent::testing {

using port::SimBoard;
using port::SimStorage;

inline std::vector<uint8_t> echo_image(size_t size_bytes = 4096, uint32_t arena_bytes = 4096,
                                       uint32_t limits = 0) {
  std::vector<uint8_t> bytes(size_bytes);
  std::iota(bytes.begin(), bytes.end(), uint8_t{1});
  echo::EchoImage head;
  head.limits = limits;
  head.arena_bytes = arena_bytes;
  head.rounds_per_token = 1;
  std::memcpy(bytes.data(), &head, sizeof head);
  return bytes;
}

inline bool slot_holds(const SimStorage& storage, size_t slot, const std::vector<uint8_t>& image) {
  return std::equal(image.begin(), image.end(), storage.slots[slot].begin());
}

inline void run_the_agent() { run_agent(0, nullptr); }

// The line to a simulated board. Reading lets the board run; it can be cut after a number of bytes.
class SimStream final : public ByteStream {
 public:
  explicit SimStream(SimBoard& board) : board_(board) {}

  size_t read(uint8_t* data, size_t capacity) override {
    board_.now_ns += 100'000;
    board_.run();
    const size_t count = std::min(capacity, board_.from_agent.size());
    std::copy_n(board_.from_agent.begin(), count, data);
    board_.from_agent.erase(board_.from_agent.begin(),
                            board_.from_agent.begin() + static_cast<std::ptrdiff_t>(count));
    return count;
  }
  void write(const uint8_t* data, size_t size_bytes) override {
    for (size_t i = 0; i < size_bytes; ++i) {
      if (bytes_written++ < cut_after_bytes) board_.to_agent.push_back(data[i]);
    }
  }
  uint32_t now_ms() override { return static_cast<uint32_t>(board_.now_ns / 1'000'000); }
  bool ended() override { return !board_.powered(); }

  uint64_t cut_after_bytes = ~uint64_t{0};
  uint64_t bytes_written = 0;

 private:
  SimBoard& board_;
};

struct Bench {
  explicit Bench(SimStorage& storage, uint32_t epoch = 1, size_t arena_bytes = 65536,
                 size_t slot_bytes = 65536)
      : board(storage, run_the_agent, slot_bytes, arena_bytes), stream(board), peer(stream, epoch) {}
  SimBoard board;
  SimStream stream;
  AgentPeer peer;
};

}  // namespace slmrig::agent::testing
