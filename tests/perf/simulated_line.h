// A board in memory behind a line of a stated rate and bit error rate, as the harness sees it: a rig::Link.
//
// Bytes leave each end one after the other at baud / 10 a second (8N1); the host may have 4 kB under way that
// it can no longer take back, as in the buffer of a serial port. Benchmarks and tests only.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <random>
#include <string>

#include "device-agent/ports/host_sim/sim_board.h"
#include "harness/base/clock.h"
#include "harness/rig/link.h"

namespace slmrig::perf {

struct LineSpec {
  double baud = 115200;
  double bit_error_rate = 0;  // of data bits, both ways
  uint64_t seed = 1;          // of where the errors fall
};

// The board's own time.
class BoardClock final : public base::Clock {
 public:
  explicit BoardClock(const agent::port::SimBoard& board) : board_(board) {}
  int64_t utc_ns() override { return monotonic_ns(); }
  int64_t monotonic_ns() override { return static_cast<int64_t>(board_.now_ns); }
  void sleep_ns(int64_t) override {}

 private:
  const agent::port::SimBoard& board_;
};

class SimulatedLine final : public rig::Link {
 public:
  // `wait` is called once a simulated millisecond; a line in real time sleeps in it.
  SimulatedLine(agent::port::SimBoard& board, const LineSpec& spec, std::function<void()> wait = {});

  base::Result<std::size_t> read(std::span<uint8_t> buffer, int64_t timeout_ms) override;
  base::Done write(std::span<const uint8_t> bytes) override;
  void close() override {}
  const std::string& description() const override { return description_; }

 private:
  static constexpr std::size_t kHostBufferBytes = 4096;

  // Lets the board run, and moves what the lines carried in that time.
  void step();
  uint8_t through_noise(uint8_t byte);

  agent::port::SimBoard& board_;
  const double bytes_per_ns_;
  std::function<void()> wait_;
  std::mt19937_64 random_;
  std::geometric_distribution<uint64_t> next_error_;
  uint64_t good_bits_;  // until the next error
  std::deque<uint8_t> to_board_;
  std::deque<uint8_t> on_the_way_back_;
  std::deque<uint8_t> to_host_;
  double credit_to_board_ = 0;
  double credit_to_host_ = 0;
  uint64_t moved_until_ns_;
  std::string description_ = "a simulated line";
};

}  // namespace slmrig::perf
