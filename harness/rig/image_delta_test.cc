#include "harness/rig/image_delta.h"

#include <random>

#include <catch2/catch.hpp>

#include "device-agent/wire/protocol.h"
#include "device-agent/wire/sha256.h"

namespace slmrig::rig {
namespace {

std::vector<uint8_t> random_bytes(std::size_t count, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<uint8_t> bytes(count);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
  return bytes;
}

// As the device computes them.
std::vector<uint64_t> hashes_of(const std::vector<uint8_t>& bytes, uint32_t chunk_bytes) {
  std::vector<uint64_t> hashes;
  for (std::size_t at = 0; at < bytes.size(); at += chunk_bytes) {
    uint8_t digest[wire::kSha256Bytes];
    wire::sha256(bytes.data() + at, std::min<std::size_t>(chunk_bytes, bytes.size() - at), digest);
    uint64_t hash = 0;
    for (unsigned i = 0; i < 8; ++i) hash |= static_cast<uint64_t>(digest[i]) << (8 * i);
    hashes.push_back(hash);
  }
  return hashes;
}

// Puts the image together as the board would; what is not copied counts as sent.
std::size_t sent_bytes(const std::vector<uint8_t>& image, const std::vector<uint8_t>& held,
                       const std::vector<CopiedRange>& copies) {
  std::size_t sent = image.size();
  uint64_t end = 0;
  for (const CopiedRange& copy : copies) {
    REQUIRE(copy.offset_bytes >= end);
    REQUIRE(copy.size_bytes <= wire::kMaxCopyBytes);
    REQUIRE(copy.from_offset_bytes + copy.size_bytes <= held.size());
    end = copy.offset_bytes + copy.size_bytes;
    REQUIRE(end <= image.size());
    REQUIRE(std::equal(held.begin() + static_cast<long>(copy.from_offset_bytes),
                       held.begin() + static_cast<long>(copy.from_offset_bytes + copy.size_bytes),
                       image.begin() + static_cast<long>(copy.offset_bytes)));
    sent -= copy.size_bytes;
  }
  return sent;
}

}  // namespace

TEST_CASE("one changed hundredth of an image costs little more than itself") {
  for (const std::size_t image_bytes : {300'000U, 1'000'003U, 6'000'000U}) {
    const std::vector<uint8_t> held = random_bytes(image_bytes, 1);
    std::vector<uint8_t> image = held;
    for (std::size_t i = image_bytes / 3; i < image_bytes / 3 + image_bytes / 100; ++i) image[i] ^= 0x5A;
    const uint32_t chunk_bytes = delta_chunk_bytes(image_bytes);
    const auto hashes = hashes_of(held, chunk_bytes);
    const auto copies = find_copies(image, hashes, chunk_bytes);
    const double cost =
        static_cast<double>(sent_bytes(image, held, copies) + hashes.size() * 8 + copies.size() * 90) /
        static_cast<double>(image_bytes);
    CHECK(cost < 0.03);
  }
}

TEST_CASE("pieces that moved are found; other lengths and nothing in common are no matter") {
  const std::vector<uint8_t> held = random_bytes(100'000, 2);
  std::vector<uint8_t> moved = random_bytes(4096, 3);
  moved.insert(moved.end(), held.begin(), held.end());
  const auto hashes = hashes_of(held, 1024);
  CHECK(sent_bytes(moved, held, find_copies(moved, hashes, 1024)) == 4096);
  CHECK(find_copies(held, hashes, 1024).size() == (100'000 + 32767) / 32768);
  const std::vector<uint8_t> other = random_bytes(50'000, 4);
  CHECK(find_copies(other, hashes, 1024).empty());
  CHECK(find_copies(held, {}, 1024).empty());
  std::vector<uint8_t> longer = held;
  longer.resize(100'500, 1);
  CHECK(sent_bytes(longer, held, find_copies(longer, hashes, 1024)) == 100'500 - 97 * 1024);
  const std::vector<uint8_t> zeros(60'000, 0);
  CHECK(sent_bytes(zeros, zeros, find_copies(zeros, hashes_of(zeros, 512), 512)) == 0);
}

}  // namespace slmrig::rig
