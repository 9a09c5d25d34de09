#include "tests/faults/faulty_line.h"

#include <algorithm>
#include <utility>

namespace slmrig::faults {
namespace {

constexpr uint64_t kLeastStepNs = 100'000;
constexpr uint64_t kLongestStepNs = 20'000'000;

}  // namespace

bool FaultyLine::chance(double probability) {
  if (probability <= 0 || std::uniform_real_distribution<double>(0, 1)(random_) >= probability) return false;
  ++injected_;
  return true;
}

// A frame has a zero at both ends; empty ones between two zeros go with the frame in front of them.
void FaultyLine::take(Direction direction, uint8_t byte) {
  Bytes& frame = lanes_[direction].frame;
  frame.push_back(byte);
  if (byte != 0 || frame.size() == 1) return;
  pass(direction, std::exchange(frame, {}));
}

void FaultyLine::pass(Direction direction, const Bytes& frame) {
  Lane& lane = lanes_[direction];
  if (chance(faults_.drop)) return;
  if (chance(faults_.stall)) {
    lane.stalled_until_ns = board_->now_ns + uint64_t{faults_.stall_ms} * 1'000'000;
  }
  if (lane.held.empty() && chance(faults_.swap)) {
    lane.held = frame;
    return;
  }
  queue(direction, frame);
  if (chance(faults_.duplicate)) queue(direction, frame);
  if (!lane.held.empty()) queue(direction, std::exchange(lane.held, {}));
}

void FaultyLine::queue(Direction direction, Bytes frame) {
  if (faults_.bit_error > 0) {
    std::geometric_distribution<size_t> distance(faults_.bit_error);
    for (size_t bit = distance(random_); bit < 8 * frame.size(); bit += 1 + distance(random_)) {
      frame[bit / 8] ^= static_cast<uint8_t>(1U << (bit % 8));
      ++injected_;
    }
  }
  lanes_[direction].ready.push_back(std::move(frame));
}

// Lets what is ready cross the line. One frame at a time towards the board, which runs in between: so a fault
// of power meets it in every state.
bool FaultyLine::move(Direction direction) {
  Lane& lane = lanes_[direction];
  if (lane.ready.empty() || board_->now_ns < lane.stalled_until_ns) return false;
  const Bytes frame = std::move(lane.ready.front());
  lane.ready.pop_front();
  auto& to = direction == kToBoard ? board_->to_agent : arrived_;
  for (const uint8_t byte : frame) {
    if (is_cut()) return true;
    to.push_back(byte);
    ++crossed_[direction];
  }
  frame_ends_[direction].push_back(crossed_[direction]);
  return true;
}

size_t FaultyLine::read(uint8_t* data, size_t capacity) {
  board_->now_ns += step_ns_;
  const bool fed = move(kToBoard);
  board_->run();
  if (frame_ends_[kToBoard].size() >= power_cut_frame_) board_->cut_power();
  for (const uint8_t byte : board_->from_agent) take(kToHost, byte);
  board_->from_agent.clear();
  bool moved = fed;
  while (move(kToHost)) moved = true;
  step_ns_ = moved ? kLeastStepNs : std::clamp(2 * step_ns_, kLeastStepNs, kLongestStepNs);
  if (!moved) {
    // Nothing follows that could overtake what is held.
    for (const Direction direction : {kToBoard, kToHost}) {
      if (!lanes_[direction].held.empty()) queue(direction, std::exchange(lanes_[direction].held, {}));
    }
  }
  const size_t count = std::min(capacity, arrived_.size());
  std::copy_n(arrived_.begin(), count, data);
  arrived_.erase(arrived_.begin(), arrived_.begin() + static_cast<std::ptrdiff_t>(count));
  return count;
}

void FaultyLine::write(const uint8_t* data, size_t size_bytes) {
  for (size_t i = 0; i < size_bytes; ++i) take(kToBoard, data[i]);
  step_ns_ = kLeastStepNs;
}

}  // namespace slmrig::faults
