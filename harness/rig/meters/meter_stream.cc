#include "harness/rig/meters/meter_stream.h"

#include <array>
#include <chrono>

#include <fmt/format.h>

#include "harness/base/clock.h"

namespace slmrig::rig {
namespace {

constexpr std::size_t kReadBytes = 65536;
constexpr int64_t kLookMs = 50;  // how long the end of the reader may take

}  // namespace

MeterStream::MeterStream(std::unique_ptr<Link> link, std::size_t most_bytes)
    : link_(std::move(link)), most_bytes_(most_bytes), reader_([this] { read_on(); }) {}

MeterStream::~MeterStream() {
  ending_ = true;
  reader_.join();
}

void MeterStream::read_on() {
  std::vector<uint8_t> buffer(kReadBytes);
  while (!ending_) {
    const base::Result<std::size_t> got = link_->read(buffer, kLookMs);
    if (got) {
      if (*got > 0) take(std::span(buffer).first(*got));
      continue;
    }
    const std::lock_guard lock(mutex_);
    end_ = got.error();
    arrived_.notify_one();
    return;
  }
}

void MeterStream::take(std::span<const uint8_t> bytes) {
  const std::lock_guard lock(mutex_);
  if (queued_bytes_ + bytes.size() > most_bytes_) {
    lost_bytes_ += static_cast<int64_t>(bytes.size());
    return;
  }
  const bool starts_another = queue_.empty() || lost_bytes_ > 0 || queue_.back().bytes.size() >= kReadBytes;
  if (starts_another) {
    queue_.emplace_back();
    queue_.back().lost_before = lost_bytes_;
    lost_bytes_ = 0;
  }
  MeterBytes& last = queue_.back();
  last.bytes.insert(last.bytes.end(), bytes.begin(), bytes.end());
  last.received_ns = base::monotonic_now_ns();
  queued_bytes_ += bytes.size();
  arrived_.notify_one();
}

base::Done MeterStream::write(std::span<const uint8_t> bytes) { return link_->write(bytes); }

base::Result<std::optional<MeterBytes>> MeterStream::next(int64_t timeout_ms) {
  std::unique_lock lock(mutex_);
  arrived_.wait_for(lock, std::chrono::milliseconds(timeout_ms), [&] { return !queue_.empty() || end_; });
  if (!queue_.empty()) {
    MeterBytes first = std::move(queue_.front());
    queue_.pop_front();
    queued_bytes_ -= first.bytes.size();
    return first;
  }
  if (end_) return tl::unexpected<base::Error>(*end_);
  return std::nullopt;
}

base::Done MeterStream::drain(int64_t silence_ms, int64_t limit_ms) {
  const int64_t deadline_ns = base::monotonic_now_ns() + limit_ms * 1'000'000;
  for (;;) {
    SLMRIG_ASSIGN(const std::optional<MeterBytes> got, next(silence_ms));
    if (!got) return {};
    if (base::monotonic_now_ns() >= deadline_ns) {
      return base::fail(
          base::ErrorCode::kTimeout,
          fmt::format("{} does not fall silent: it streamed for {} ms after it was told to stop",
                      description(), limit_ms));
    }
  }
}

}  // namespace slmrig::rig
