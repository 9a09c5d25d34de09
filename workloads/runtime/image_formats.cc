#include "workloads/runtime/image_formats.h"

#include <cstring>

namespace slmrig::runtime {
namespace {

struct Layout {
  uint32_t rows;     // of a group
  uint32_t columns;  // of a group
  uint32_t bytes;    // of a group
  uint32_t halves;   // at the beginning of a group
  const char* name;
  const char* no_kernels;
};

constexpr Layout kLayouts[kFormatCount] = {
    {1, 1, 4, 0, "F32", "no kernels for F32 weights here"},
    {4, 32, kQ8GroupBytes, 4, "Q8_0", "no kernels for Q8_0 weights here"},
    {4, 32, kQ4GroupBytes, 4, "Q4_0", "no kernels for Q4_0 weights here"},
    {4, 32, kQ4GroupBytes, 4, "IQ4_NL", "no kernels for IQ4_NL weights here"},
    {4, 64, kNf4GroupBytes, 4, "NF4", "no kernels for NF4 weights here"},
    {4, 256, kTq2GroupBytes, 4, "TQ2_0", "no kernels for TQ2_0 weights here"},
    {4, 256, kQ2KGroupBytes, 8, "Q2_K", "no kernels for Q2_K weights here"},
    {4, 256, kQ4KGroupBytes, 8, "Q4_K", "no kernels for Q4_K weights here"},
    {4, 256, kQ6KGroupBytes, 4, "Q6_K", "no kernels for Q6_K (or Q3_K) weights here"},
    {1, 1, 2, 1, "F16", "no kernels for F16 weights here"},
    {1, 1, 2, 0, "BF16", "no kernels for BF16 weights here"},
    {1, 32, 20, 2, "Q4_1", "no kernels for Q4_1 weights here"},
    {1, 32, 22, 1, "Q5_0", "no kernels for Q5_0 weights here"},
    {1, 32, 24, 2, "Q5_1", "no kernels for Q5_1 weights here"},
    {1, 256, 176, 2, "Q5_K", "no kernels for Q5_K weights here"},
};

constexpr const char* kNotFinite = "a tensor holds a number that is not finite";
constexpr const char* kNoSuchCode = "a tensor holds a code that its format does not have";

constexpr uint32_t kFloatExponentMask = 0x7F800000U;
constexpr uint16_t kHalfExponentMask = 0x7C00U;
constexpr uint16_t kBfloatExponentMask = 0x7F80U;

const Layout& layout_of(Format format) { return kLayouts[static_cast<size_t>(format)]; }

bool floats_finite(const uint8_t* data, uint64_t bytes) {
  const auto* words = reinterpret_cast<const uint32_t*>(data);
  for (uint64_t i = 0; i < bytes / 4; ++i) {
    if ((words[i] & kFloatExponentMask) == kFloatExponentMask) return false;
  }
  return true;
}

// The first `count` 16-bit floats of every group.
bool halves_finite(const uint8_t* data, uint64_t bytes, uint32_t group_bytes, uint32_t count, uint16_t mask) {
  for (uint64_t group = 0; group < bytes; group += group_bytes) {
    for (uint32_t i = 0; i < count; ++i) {
      uint16_t half = 0;
      std::memcpy(&half, data + group + 2 * i, 2);
      if ((half & mask) == mask) return false;
    }
  }
  return true;
}

// Signed bytes from `from` to the end of every group lie in lowest..highest.
bool codes_between(const uint8_t* data, uint64_t bytes, const Layout& layout, uint32_t from, int lowest,
                   int highest) {
  for (uint64_t group = 0; group < bytes; group += layout.bytes) {
    for (uint32_t i = from; i < layout.bytes; ++i) {
      const int code = static_cast<int8_t>(data[group + i]);
      if (code < lowest || code > highest) return false;
    }
  }
  return true;
}

// Two bits both set, at an even place.
bool has_crumb_3(const uint8_t* data, uint64_t bytes, const Layout& layout) {
  for (uint64_t group = 0; group < bytes; group += layout.bytes) {
    for (uint32_t i = 2 * layout.halves; i < layout.bytes; ++i) {
      const uint32_t byte = data[group + i];
      if ((byte & (byte >> 1) & 0x55U) != 0) return true;
    }
  }
  return false;
}

// Q4_K's scales and minima have 6 bits.
bool six_bits(const uint8_t* data, uint64_t bytes, const Layout& layout) {
  constexpr uint32_t kCount = 2 * kSuperColumns / kBlockColumns * kGroupRows;
  for (uint64_t group = 0; group < bytes; group += layout.bytes) {
    for (uint32_t i = 0; i < kCount; ++i) {
      if (data[group + 2 * layout.halves + i] > 63) return false;
    }
  }
  return true;
}

bool codes_known(Format format, const uint8_t* data, uint64_t bytes) {
  const Layout& layout = layout_of(format);
  constexpr uint32_t kQ6CodesAt = kQ6KGroupBytes - kSuperColumns * kGroupRows;
  switch (format) {
    case Format::kQ8_0: return codes_between(data, bytes, layout, 2 * layout.halves, -127, 127);
    case Format::kTq2_0: return !has_crumb_3(data, bytes, layout);
    case Format::kQ4_K: return six_bits(data, bytes, layout);
    case Format::kQ6_K: return codes_between(data, bytes, layout, kQ6CodesAt, -32, 31);
    default: return true;  // every bit pattern is a code
  }
}

}  // namespace

uint32_t rows_per_group(Format format) { return layout_of(format).rows; }
uint32_t columns_per_group(Format format) { return layout_of(format).columns; }
const char* format_name(Format format) { return layout_of(format).name; }
const char* no_kernels_reason(Format format) { return layout_of(format).no_kernels; }

uint64_t stored_bytes(Format format, uint64_t rows, uint64_t columns) {
  const Layout& layout = layout_of(format);
  if (rows % layout.rows != 0 || columns % layout.columns != 0) return 0;
  return rows / layout.rows * (columns / layout.columns) * layout.bytes;
}

const char* weights_refusal(Format format, const uint8_t* data, uint64_t bytes) {
  const Layout& layout = layout_of(format);
  bool finite = true;
  if (format == Format::kF32) {
    finite = floats_finite(data, bytes);
  } else if (format == Format::kBf16) {
    finite = halves_finite(data, bytes, layout.bytes, 1, kBfloatExponentMask);
  } else {
    finite = halves_finite(data, bytes, layout.bytes, layout.halves, kHalfExponentMask);
  }
  if (!finite) return kNotFinite;
  return codes_known(format, data, bytes) ? nullptr : kNoSuchCode;
}

}  // namespace slmrig::runtime
