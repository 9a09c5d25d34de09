// Base64 with padding (RFC 4648), in which QEMU's test socket carries memory.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace slmrig::rigsim {

std::string base64_encode(std::span<const uint8_t> bytes);

// False unless `text` holds exactly bytes.size() bytes.
bool base64_decode(std::string_view text, std::span<uint8_t> bytes);

}  // namespace slmrig::rigsim
