// SHA-256 (FIPS 180-4), fed piecewise. No heap; 112 bytes of state.
#pragma once

#include <cstddef>
#include <cstdint>

namespace slmrig::wire {

constexpr size_t kSha256Bytes = 32;

class Sha256 {
 public:
  Sha256();
  void update(const uint8_t* data, size_t size_bytes);
  // Writes digest [kSha256Bytes]; the object is spent afterwards.
  void finish(uint8_t* digest);

 private:
  void compress(const uint8_t* block);

  uint32_t state_[8];
  uint64_t total_bytes_ = 0;
  uint8_t pending_[64];
};

// digest [kSha256Bytes] of data [size_bytes].
void sha256(const uint8_t* data, size_t size_bytes, uint8_t* digest);

}  // namespace slmrig::wire
