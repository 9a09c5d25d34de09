#include "tests/perf/simulated_line.h"

#include <algorithm>
#include <limits>

namespace slmrig::perf {

using base::Done;
using base::Result;

SimulatedLine::SimulatedLine(agent::port::SimBoard& board, const LineSpec& spec, std::function<void()> wait)
    : board_(board),
      bytes_per_ns_(spec.baud / 10 * 1e-9),
      wait_(std::move(wait)),
      random_(spec.seed),
      next_error_(spec.bit_error_rate > 0 ? spec.bit_error_rate : 0.5),
      good_bits_(spec.bit_error_rate > 0 ? next_error_(random_) : std::numeric_limits<uint64_t>::max()),
      moved_until_ns_(board.now_ns) {}

uint8_t SimulatedLine::through_noise(uint8_t byte) {
  for (unsigned bit = 0; bit < 8; ++bit) {
    if (good_bits_ == std::numeric_limits<uint64_t>::max()) return byte;
    if (good_bits_-- != 0) continue;
    byte = static_cast<uint8_t>(byte ^ (1U << bit));
    good_bits_ = next_error_(random_);
  }
  return byte;
}

void SimulatedLine::step() {
  if (wait_) wait_();
  board_.run();
  on_the_way_back_.insert(on_the_way_back_.end(), board_.from_agent.begin(), board_.from_agent.end());
  board_.from_agent.clear();
  const double carried = static_cast<double>(board_.now_ns - moved_until_ns_) * bytes_per_ns_;
  moved_until_ns_ = board_.now_ns;
  const auto move = [&](std::deque<uint8_t>& from, std::deque<uint8_t>& to, double& credit) {
    // An idle line saves nothing up but the byte that it is in.
    credit = from.empty() ? std::min(credit, 1.0) : credit + carried;
    while (credit >= 1 && !from.empty()) {
      to.push_back(through_noise(from.front()));
      from.pop_front();
      credit -= 1;
    }
  };
  move(to_board_, board_.to_agent, credit_to_board_);
  move(on_the_way_back_, to_host_, credit_to_host_);
}

Result<std::size_t> SimulatedLine::read(std::span<uint8_t> buffer, int64_t timeout_ms) {
  const uint64_t deadline_ns =
      board_.now_ns + static_cast<uint64_t>(std::max<int64_t>(timeout_ms, 0)) * 1'000'000;
  do {
    step();
  } while (to_host_.empty() && board_.now_ns < deadline_ns);
  const std::size_t count = std::min(buffer.size(), to_host_.size());
  std::copy_n(to_host_.begin(), count, buffer.begin());
  to_host_.erase(to_host_.begin(), to_host_.begin() + static_cast<std::ptrdiff_t>(count));
  return count;
}

Done SimulatedLine::write(std::span<const uint8_t> bytes) {
  to_board_.insert(to_board_.end(), bytes.begin(), bytes.end());
  while (to_board_.size() > kHostBufferBytes) step();
  return {};
}

}  // namespace slmrig::perf
