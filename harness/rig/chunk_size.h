// How much of an image goes into one frame: as much as fits on a clean line, less where frames break, since a
// broken one is sent again whole.
//
// At a bit error rate of 1e-5 a frame of 2 kB breaks every fifth time, one of 540 bytes every twentieth; 26
// bytes of each are not image. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "device-agent/wire/chunk.h"

namespace slmrig::rig {

class ChunkSize {
 public:
  std::size_t bytes() const { return kSizes[at_]; }

  // After each chunk: frames that had to be sent again since the beginning of the connection.
  void note_chunk(uint32_t retransmits) {
    constexpr uint32_t kFrames = 32;
    if (frames_ == 0) retransmits_at_start_ = retransmits;
    if (++frames_ < kFrames) return;
    frames_ = 0;
    const uint32_t lost = retransmits - retransmits_at_start_;
    // Twice the size breaks twice as often: worth it below a tenth, which is why one in 32 is still clean.
    if (lost <= 1 && at_ + 1 < kSizes.size()) ++at_;
    if (lost >= 4 && at_ > 0) --at_;
  }

 private:
  static constexpr std::array<std::size_t, 6> kSizes = {64, 128, 256, 512, 1024, wire::kMaxRawChunkBytes};

  std::size_t at_ = 3;
  uint32_t frames_ = 0;
  uint32_t retransmits_at_start_ = 0;
};

}  // namespace slmrig::rig
