// Integers in few characters of JSON: differences to the one before (the first to 0), zigzag, LEB128, base64.
// A trace of similar durations takes about three characters a token and loses nothing.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace slmrig::reports {

// `values` [n], each below 2^53 in size, so that the page's numbers hold them exactly. Empty for n = 0.
std::string pack_integers(std::span<const int64_t> values);

// RFC 4648 with padding.
std::string base64(std::span<const uint8_t> bytes);

}  // namespace slmrig::reports
