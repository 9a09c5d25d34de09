// The super-blocks of 256: Q2_K, Q4_K, Q6_K. Included by the codecs only.
#pragma once

#include <cstdint>

#include "workloads/forge/block_codec.h"

namespace slmrig::forge {

constexpr std::size_t kSuperBlock = 256;

// Null for other types.
const BlockCodec* k_block_codec(std::uint32_t type);

// 256 codes of 2 bits -> 64 bytes, as TQ2_0 and the K types order them: code 128 n + 32 g + l is bits 2 g of
// byte 32 n + l.
void pack_crumbs(const std::uint8_t* codes, std::uint8_t* bytes);

}  // namespace slmrig::forge
