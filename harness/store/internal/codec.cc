#include "harness/store/internal/codec.h"

#include <fmt/format.h>
#include <zstd.h>

#include <charconv>
#include <nlohmann/json.hpp>
#include <system_error>

#include "harness/base/sha256.h"

namespace slmrig::store {

using base::ErrorCode;
using base::Result;

namespace {

template <typename T>
std::string numbers_to_json(std::span<const T> values) {
  std::string json;
  json.reserve(values.size() * 8 + 2);
  json += '[';
  for (const T value : values) {
    if (json.size() > 1) json += ',';
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, value);
    json.append(digits, end.ptr);
  }
  json += ']';
  return json;
}

tl::unexpected<base::Error> not_a_list(std::string_view json) {
  return base::fail(ErrorCode::kCorrupt,
                    fmt::format("expected a JSON array, found '{}'", json.substr(0, 40)));
}

// Our own arrays have no blanks; others may have been written by a merge or by hand.
template <typename T>
Result<std::vector<T>> numbers_of_json(std::string_view json) {
  std::vector<T> values;
  const char* at = json.data();
  const char* end = at + json.size();
  const auto skip_blanks = [&] {
    while (at != end && (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r')) ++at;
  };
  const auto take = [&](char c) {
    skip_blanks();
    if (at == end || *at != c) return false;
    ++at;
    return true;
  };
  if (!take('[')) return not_a_list(json);
  if (!take(']')) {
    do {
      skip_blanks();
      T value = 0;
      const auto [next, error] = std::from_chars(at, end, value);
      if (error != std::errc()) return not_a_list(json);
      values.push_back(value);
      at = next;
    } while (take(','));
    if (!take(']')) return not_a_list(json);
  }
  skip_blanks();
  if (at != end) return not_a_list(json);
  return values;
}

}  // namespace

std::string json_array_of(std::span<const uint64_t> values) { return numbers_to_json(values); }

std::string json_array_of(std::span<const int32_t> values) { return numbers_to_json(values); }

std::string json_array_of(std::span<const int64_t> values) { return numbers_to_json(values); }

std::string json_array_of(std::span<const double> values) { return numbers_to_json(values); }

std::string json_array_of(std::span<const std::string> values) {
  nlohmann::json array = nlohmann::json::array();
  for (const std::string& value : values) array.push_back(value);
  // Ill-formed UTF-8 must not throw here; it becomes U+FFFD.
  return array.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Result<std::vector<uint64_t>> uint64s_of(std::string_view json) { return numbers_of_json<uint64_t>(json); }

Result<std::vector<int32_t>> int32s_of(std::string_view json) { return numbers_of_json<int32_t>(json); }

Result<std::vector<int64_t>> int64s_of(std::string_view json) { return numbers_of_json<int64_t>(json); }

Result<std::vector<double>> doubles_of(std::string_view json) { return numbers_of_json<double>(json); }

Result<std::vector<std::string>> texts_of(std::string_view json) {
  const nlohmann::json parsed = nlohmann::json::parse(json, nullptr, false);
  if (!parsed.is_array()) return not_a_list(json);
  std::vector<std::string> values;
  for (const nlohmann::json& item : parsed) {
    if (!item.is_string()) return not_a_list(json);
    values.push_back(item.get<std::string>());
  }
  return values;
}

Result<std::string> bytes_of_hex(std::string_view hex) {
  std::string bytes;
  bytes.reserve(hex.size() / 2);
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    uint8_t value = 0;
    const char* pair = hex.data() + i;
    const auto [next, error] = std::from_chars(pair, pair + 2, value, 16);
    if (error != std::errc() || next != pair + 2) break;
    bytes += static_cast<char>(value);
  }
  if (bytes.size() * 2 == hex.size()) return bytes;
  return base::fail(ErrorCode::kBadInput, fmt::format("expected a hash in hexadecimal, found '{}'", hex));
}

std::string hex_of_bytes(std::string_view bytes) {
  return base::to_hex({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
}

std::string pack(std::string_view text) {
  std::string packed(ZSTD_compressBound(text.size()), '\0');
  const std::size_t bytes = ZSTD_compress(packed.data(), packed.size(), text.data(), text.size(), 3);
  SLMRIG_CHECK(ZSTD_isError(bytes) == 0);  // the buffer is as large as the library asks for
  packed.resize(bytes);
  return packed;
}

Result<std::string> unpack(std::string_view packed, uint64_t text_bytes) {
  // A damaged row must not make us allocate what it claims.
  constexpr uint64_t kMaxTextBytes = uint64_t{1} << 30;
  if (text_bytes <= kMaxTextBytes) {
    std::string text(text_bytes, '\0');
    const std::size_t bytes = ZSTD_decompress(text.data(), text.size(), packed.data(), packed.size());
    if (ZSTD_isError(bytes) == 0 && bytes == text_bytes) return text;
  }
  return base::fail(ErrorCode::kCorrupt, fmt::format("a log of {} bytes does not unpack", text_bytes));
}

Result<std::string> unpack(std::string_view packed) {
  const unsigned long long bytes = ZSTD_getFrameContentSize(packed.data(), packed.size());
  if (bytes == ZSTD_CONTENTSIZE_UNKNOWN || bytes == ZSTD_CONTENTSIZE_ERROR) {
    return base::fail(ErrorCode::kCorrupt, "this is not a whole zstd frame");
  }
  return unpack(packed, bytes);
}

}  // namespace slmrig::store
