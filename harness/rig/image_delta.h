// Which parts of an image a board has already, in what another slot holds. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace slmrig::rig {

// Bytes of the new image that lie somewhere in what the board has. Sorted, not overlapping, each at most
// wire::kMaxCopyBytes.
struct CopiedRange {
  uint64_t offset_bytes = 0;
  uint64_t from_offset_bytes = 0;
  uint32_t size_bytes = 0;
};

// The size of pieces at which hashes and the ends of a change together cost least: the square root of eight
// times the image, as a hash takes eight bytes; a power of two.
uint32_t delta_chunk_bytes(uint64_t image_bytes);

// `hashes`: of the pieces that the board has, as ChunkHashes of the wire tells them. Pieces of the new image
// are looked for at all places, at multiples of chunk_bytes; the last, shorter piece matches only where the
// held content has one of the same hash at its end.
std::vector<CopiedRange> find_copies(std::span<const uint8_t> image, std::span<const uint64_t> hashes,
                                     uint32_t chunk_bytes);

}  // namespace slmrig::rig
