// How lists, hashes and long texts stand in the database. Pure; safe from any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"

namespace slmrig::store {

// "[1,2,3]", without blanks: a trace is half of the database.
std::string json_array_of(std::span<const uint64_t> values);
std::string json_array_of(std::span<const int64_t> values);
std::string json_array_of(std::span<const double> values);  // shortest digits that read back the same
std::string json_array_of(std::span<const int32_t> values);
std::string json_array_of(std::span<const std::string> values);

// The reverse. kCorrupt when it is not an array of that kind.
base::Result<std::vector<uint64_t>> uint64s_of(std::string_view json);
base::Result<std::vector<int64_t>> int64s_of(std::string_view json);
base::Result<std::vector<double>> doubles_of(std::string_view json);
base::Result<std::vector<int32_t>> int32s_of(std::string_view json);
base::Result<std::vector<std::string>> texts_of(std::string_view json);

// Hexadecimal digits -> bytes, half as long. kBadInput when they are not.
base::Result<std::string> bytes_of_hex(std::string_view hex);
std::string hex_of_bytes(std::string_view bytes);

std::string pack(std::string_view text);
// kCorrupt when it does not unpack to `text_bytes` bytes.
base::Result<std::string> unpack(std::string_view packed, uint64_t text_bytes);
// As long as the frame itself says.
base::Result<std::string> unpack(std::string_view packed);

}  // namespace slmrig::store
