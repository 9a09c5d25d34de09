// How a block and the header of a capture file look as bytes. Not for users: capture_file.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "harness/base/error.h"
#include "harness/base/records/power.h"
#include "harness/measure/capture_file.h"

namespace slmrig::measure {

inline constexpr std::string_view kCaptureMagic = "SLMRIGPC";
inline constexpr std::string_view kCaptureEndMagic = "SLMRIGPE";
inline constexpr std::string_view kBlockMagic = "PBLK";
inline constexpr std::string_view kEndMagic = "PEND";
inline constexpr uint32_t kCaptureVersion = 1;
inline constexpr std::size_t kBlockHeaderBytes = 40;
inline constexpr uint32_t kMostBlockBytes = 1U << 28;

struct BlockHeader {
  uint32_t packed_bytes = 0;
  uint32_t raw_bytes = 0;
  uint32_t samples = 0;
  uint32_t gaps = 0;
  uint32_t columns = 0;
  int64_t first_index = 0;
  int64_t received_ns = 0;
};

std::size_t sample_count(const base::PowerSamples& block);
uint32_t columns_of(const base::PowerSamples& block);

// Header and packed bytes of a block.
std::string encode_block(const base::PowerSamples& block);
// From kBlockHeaderBytes; kCorrupt where the numbers cannot be right.
base::Result<BlockHeader> decode_block_header(std::string_view bytes);
base::Result<base::PowerSamples> decode_block(const BlockHeader& header, std::string_view packed);

std::string encode_header(const CaptureHeader& header);
base::Result<CaptureHeader> decode_header(const std::string& json);

// Numbers, little-endian.
void put_u32(std::string& bytes, uint32_t value);
void put_u64(std::string& bytes, uint64_t value);
uint32_t get_u32(std::string_view bytes, std::size_t at);
uint64_t get_u64(std::string_view bytes, std::size_t at);

}  // namespace slmrig::measure
