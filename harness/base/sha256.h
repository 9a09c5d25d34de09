// SHA-256 (FIPS 180-4): names of artifacts, keys of the cache, and what a device is compared with.
//
// The device has one of its own (device-agent/wire/sha256.h, C++17 without a standard library): this room is
// included by all and includes none, and a hash that is compared with the device's is the better for being
// another program. base_test holds the two against each other.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "harness/base/error.h"

namespace slmrig::base {

// Byte-fed; one hash an object.
class Sha256 {
 public:
  void update(std::span<const uint8_t> bytes);
  void update(std::string_view text);
  // Ends the hash; call once.
  std::array<uint8_t, 32> finish();

 private:
  void take_block(const uint8_t* block);

  std::array<uint32_t, 8> state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<uint8_t, 64> pending_ = {};
  std::size_t pending_bytes_ = 0;
  uint64_t total_bytes_ = 0;
};

// 64 lower-case hexadecimal digits.
std::string sha256_hex(std::span<const uint8_t> bytes);
std::string sha256_hex(std::string_view text);
// Reads in pieces, so that a large file needs no memory of its size.
Result<std::string> sha256_hex_of_file(const std::filesystem::path& path);

// Lower-case hexadecimal of any bytes.
std::string to_hex(std::span<const uint8_t> bytes);

}  // namespace slmrig::base
