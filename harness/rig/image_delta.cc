#include "harness/rig/image_delta.h"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "device-agent/wire/protocol.h"
#include "harness/base/sha256.h"

namespace slmrig::rig {
namespace {

uint64_t hash_of(std::span<const uint8_t> piece) {
  base::Sha256 hash;
  hash.update(piece);
  const auto digest = hash.finish();
  uint64_t value = 0;
  for (unsigned i = 0; i < 8; ++i) value |= static_cast<uint64_t>(digest[i]) << (8 * i);
  return value;
}

}  // namespace

uint32_t delta_chunk_bytes(uint64_t image_bytes) {
  constexpr uint32_t kLeastBytes = 256;
  constexpr uint32_t kMostBytes = 16384;
  uint32_t bytes = kLeastBytes;
  while (bytes < kMostBytes && uint64_t{bytes} * bytes * 2 < 8 * image_bytes) bytes *= 2;
  return bytes;
}

std::vector<CopiedRange> find_copies(std::span<const uint8_t> image, std::span<const uint64_t> hashes,
                                     uint32_t chunk_bytes) {
  std::unordered_map<uint64_t, uint64_t> held;  // hash -> offset, of the first such piece
  for (std::size_t i = 0; i < hashes.size(); ++i) held.try_emplace(hashes[i], uint64_t{i} * chunk_bytes);
  std::vector<CopiedRange> copies;
  for (std::size_t at = 0, index = 0; at < image.size(); at += chunk_bytes, ++index) {
    const auto piece = image.subspan(at, std::min<std::size_t>(chunk_bytes, image.size() - at));
    const uint64_t hash = hash_of(piece);
    uint64_t from = 0;
    if (index < hashes.size() && hashes[index] == hash) {
      from = at;  // where it was before: runs stay whole
    } else if (const auto found = held.find(hash); found != held.end()) {
      from = found->second;
    } else {
      continue;
    }
    const auto piece_bytes = static_cast<uint32_t>(piece.size());
    if (!copies.empty()) {
      CopiedRange& last = copies.back();
      const bool goes_on = last.offset_bytes + last.size_bytes == at &&
                           last.from_offset_bytes + last.size_bytes == from &&
                           last.size_bytes + piece_bytes <= wire::kMaxCopyBytes;
      if (goes_on) {
        last.size_bytes += piece_bytes;
        continue;
      }
    }
    copies.push_back({at, from, piece_bytes});
  }
  return copies;
}

}  // namespace slmrig::rig
