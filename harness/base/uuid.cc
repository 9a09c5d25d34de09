#include "harness/base/uuid.h"

#include <array>
#include <cstdint>
#include <mutex>
#include <random>

#include "harness/base/clock.h"
#include "harness/base/sha256.h"

namespace slmrig::base {
namespace {

constexpr uint32_t kCounterLimit = 1U << 12U;

// RFC 9562, method 1: the 12 bits after the version count within a millisecond.
struct Stamp {
  uint64_t milliseconds = 0;
  uint32_t counter = 0;
};

Stamp next_stamp() {
  static std::mutex mutex;
  static Stamp last;
  const std::lock_guard lock(mutex);
  const auto now = static_cast<uint64_t>(utc_now_ns() / 1'000'000);
  if (now > last.milliseconds) {
    last = Stamp{now, 0};
  } else if (++last.counter == kCounterLimit) {
    last = Stamp{last.milliseconds + 1, 0};
  }
  return last;
}

}  // namespace

std::string uuid_v7() {
  thread_local std::random_device source;
  const Stamp stamp = next_stamp();
  std::array<uint8_t, 16> bytes;
  for (std::size_t i = 0; i < 6; ++i) bytes[i] = static_cast<uint8_t>(stamp.milliseconds >> (40 - 8 * i));
  bytes[6] = static_cast<uint8_t>(0x70U | (stamp.counter >> 8U));
  bytes[7] = static_cast<uint8_t>(stamp.counter);
  for (std::size_t i = 8; i < 16; ++i) bytes[i] = static_cast<uint8_t>(source());
  bytes[8] = static_cast<uint8_t>((bytes[8] & 0x3fU) | 0x80U);
  const std::string hex = to_hex(bytes);
  return hex.substr(0, 8) + '-' + hex.substr(8, 4) + '-' + hex.substr(12, 4) + '-' + hex.substr(16, 4) + '-' +
         hex.substr(20);
}

}  // namespace slmrig::base
