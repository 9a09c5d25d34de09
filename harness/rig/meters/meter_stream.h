// The bytes of an instrument, read by a thread of their own so that nothing is lost while we do other things.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <vector>

#include "harness/base/error.h"
#include "harness/rig/link.h"

namespace slmrig::rig {

// Bytes that arrived together.
struct MeterBytes {
  std::vector<uint8_t> bytes;
  int64_t received_ns = 0;  // CLOCK_MONOTONIC, of the last of them
  int64_t lost_before = 0;  // bytes that found the queue full, just before these
};

// The reader takes what the link gives as soon as it comes and never waits for the user of this class; what
// finds the queue full is counted and dropped. One thread uses it, besides the reader.
class MeterStream {
 public:
  // Five minutes of the fastest meter.
  static constexpr std::size_t kMostBytes = std::size_t{120} << 20U;

  explicit MeterStream(std::unique_ptr<Link> link, std::size_t most_bytes = kMostBytes);
  ~MeterStream();
  MeterStream(const MeterStream&) = delete;
  MeterStream& operator=(const MeterStream&) = delete;

  base::Done write(std::span<const uint8_t> bytes);
  // Waits at most timeout_ms; nothing: none came. An error of the link comes after all that arrived before
  // it, and again at each call.
  base::Result<std::optional<MeterBytes>> next(int64_t timeout_ms);
  // Discards until nothing has come for `silence_ms`; kTimeout when that is not within `limit_ms`.
  base::Done drain(int64_t silence_ms, int64_t limit_ms);
  const std::string& description() const { return link_->description(); }

 private:
  void read_on();
  void take(std::span<const uint8_t> bytes);

  std::unique_ptr<Link> link_;
  std::size_t most_bytes_;
  std::atomic<bool> ending_ = false;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<MeterBytes> queue_;
  std::size_t queued_bytes_ = 0;
  int64_t lost_bytes_ = 0;  // since the last one in the queue
  std::optional<base::Error> end_;
  std::thread reader_;
};

}  // namespace slmrig::rig
