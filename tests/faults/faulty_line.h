// The line to a simulated board, with the faults that lines have. Tests only.
//
// Deterministic: what goes wrong is drawn from a seed. Time is the board's, and runs faster while nothing
// crosses the line.
#pragma once

#include <cstdint>
#include <deque>
#include <random>
#include <vector>

#include "device-agent/ports/host_sim/sim_board.h"
#include "device-agent/testing/agent_peer.h"

namespace slmrig::faults {

using Bytes = std::vector<uint8_t>;

enum Direction { kToBoard = 0, kToHost = 1 };

// Probabilities, of a bit or of a frame.
struct LineFaults {
  double bit_error = 0;
  double drop = 0;
  double duplicate = 0;
  double swap = 0;   // with the frame behind it
  double stall = 0;  // nothing crosses for stall_ms
  uint32_t stall_ms = 0;
};

class FaultyLine final : public agent::testing::ByteStream {
 public:
  FaultyLine(agent::port::SimBoard& board, const LineFaults& faults, uint32_t seed)
      : board_(&board), faults_(faults), random_(seed) {}

  size_t read(uint8_t* data, size_t capacity) override;
  void write(const uint8_t* data, size_t size_bytes) override;
  uint32_t now_ms() override { return static_cast<uint32_t>(board_->now_ns / 1'000'000); }
  // Nobody waits at a line that was cut, or at a board without power.
  bool ended() override { return is_cut() || !board_->powered(); }

  // Once so many bytes crossed in that direction, nothing more does, in either.
  void cut_after(Direction direction, uint64_t bytes) { cut_at_[direction] = bytes; }
  bool is_cut() const {
    return crossed_[kToBoard] >= cut_at_[kToBoard] || crossed_[kToHost] >= cut_at_[kToHost];
  }
  // The board loses power once it has been handed so many frames.
  void lose_power_after_frames(uint64_t frames) { power_cut_frame_ = frames; }

  // Bits turned; frames lost, repeated, swapped or stalled.
  uint64_t injected() const { return injected_; }
  uint64_t crossed_bytes(Direction direction) const { return crossed_[direction]; }
  // Where frames ended so far, counted in bytes that crossed.
  const std::vector<uint64_t>& frame_ends(Direction direction) const { return frame_ends_[direction]; }

 private:
  struct Lane {
    Bytes frame;  // the one that is coming in
    Bytes held;   // waits to be overtaken
    std::deque<Bytes> ready;
    uint64_t stalled_until_ns = 0;
  };

  void take(Direction direction, uint8_t byte);
  void pass(Direction direction, const Bytes& frame);
  void queue(Direction direction, Bytes frame);
  bool move(Direction direction);
  bool chance(double probability);

  agent::port::SimBoard* board_;
  LineFaults faults_;
  std::mt19937 random_;
  Lane lanes_[2];
  std::deque<uint8_t> arrived_;  // at the host
  uint64_t crossed_[2] = {0, 0};
  uint64_t cut_at_[2] = {~uint64_t{0}, ~uint64_t{0}};
  uint64_t power_cut_frame_ = ~uint64_t{0};
  std::vector<uint64_t> frame_ends_[2];
  uint64_t injected_ = 0;
  uint64_t step_ns_ = 0;
};

}  // namespace slmrig::faults
