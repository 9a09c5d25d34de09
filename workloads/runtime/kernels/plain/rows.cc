// Rows that are decoded to floats while multiplying: halves, and GGUF blocks that no kernel is tuned for.
#include <cstring>

#include "workloads/runtime/kernels/lanes.h"
#include "workloads/runtime/kernels/plain/plain.h"
#include "workloads/runtime/math.h"

namespace slmrig::runtime::plain {
namespace {

constexpr uint32_t kTokensAtOnce = 4;  // that share the decoding of a weight

// GGUF blocks have no alignment.
uint16_t word_at(const uint8_t* bytes) {
  uint16_t word = 0;
  std::memcpy(&word, bytes, 2);
  return word;
}

float half_at(const uint8_t* bytes) { return float_from_half(word_at(bytes)); }

// A Row type has bytes(columns) of a row and decode(row, piece, count, y): the `count` (32, less at the end
// of a row of scalars) values of columns 32 * piece and on.
struct F16Row {
  static size_t bytes(uint32_t columns) { return size_t{2} * columns; }
  static void decode(const uint8_t* row, uint32_t piece, uint32_t count, float* y) {
    const uint8_t* from = row + size_t{2} * kBlockColumns * piece;
    for (uint32_t i = 0; i < count; ++i) y[i] = half_at(from + size_t{2} * i);
  }
};

struct Bf16Row {
  static size_t bytes(uint32_t columns) { return size_t{2} * columns; }
  static void decode(const uint8_t* row, uint32_t piece, uint32_t count, float* y) {
    const uint8_t* from = row + size_t{2} * kBlockColumns * piece;
    for (uint32_t i = 0; i < count; ++i) {
      const uint32_t upper = word_at(from + size_t{2} * i);
      y[i] = float_of(static_cast<int32_t>(upper << 16));
    }
  }
};

// The legacy blocks of 32: a scale, perhaps a minimum, perhaps fifth bits, nibbles.
template <bool kHasMinimum, bool kHasFifthBit>
struct LegacyRow {
  static constexpr uint32_t kFifthBitsAt = kHasMinimum ? 4 : 2;
  static constexpr uint32_t kNibblesAt = kFifthBitsAt + (kHasFifthBit ? 4 : 0);
  static constexpr uint32_t kBytes = kNibblesAt + kBlockColumns / 2;
  static constexpr int kZero = kHasMinimum ? 0 : 16;

  static size_t bytes(uint32_t columns) { return size_t{kBytes} * (columns / kBlockColumns); }
  static void decode(const uint8_t* row, uint32_t piece, uint32_t, float* y) {
    const uint8_t* block = row + size_t{kBytes} * piece;
    const float scale = half_at(block);
    const float minimum = kHasMinimum ? half_at(block + 2) : 0.0F;
    uint32_t fifth_bits = 0;
    if (kHasFifthBit) std::memcpy(&fifth_bits, block + kFifthBitsAt, 4);
    for (uint32_t i = 0; i < kBlockColumns; ++i) {
      const uint32_t pair = block[kNibblesAt + i % 16];
      const uint32_t nibble = i < 16 ? pair & 15U : pair >> 4;
      const int code = static_cast<int>(nibble | ((fifth_bits >> i & 1U) << 4)) - kZero;
      y[i] = static_cast<float>(code) * scale + minimum;
    }
  }
};

struct Q5_KRow {
  static constexpr uint32_t kBytes = 176;
  static constexpr uint32_t kScalesAt = 4;
  static constexpr uint32_t kFifthBitsAt = 16;
  static constexpr uint32_t kNibblesAt = 48;

  static size_t bytes(uint32_t columns) { return size_t{kBytes} * (columns / kSuperColumns); }

  // Sub-block j's 6-bit scale and minimum out of 12 bytes.
  static void unpack(const uint8_t* s, uint32_t j, uint32_t* scale, uint32_t* minimum) {
    if (j < 4) {
      *scale = s[j] & 63U;
      *minimum = s[j + 4] & 63U;
    } else {
      *scale = (s[j + 4] & 15U) | (s[j - 4] >> 6 << 4);
      *minimum = (s[j + 4] >> 4) | (s[j] >> 6 << 4);
    }
  }

  static void decode(const uint8_t* row, uint32_t piece, uint32_t, float* y) {
    const uint32_t j = piece % (kSuperColumns / kBlockColumns);
    const uint8_t* block = row + size_t{kBytes} * (piece / (kSuperColumns / kBlockColumns));
    uint32_t scale = 0;
    uint32_t minimum = 0;
    unpack(block + kScalesAt, j, &scale, &minimum);
    const float d = half_at(block) * static_cast<float>(scale);
    const float m = half_at(block + 2) * static_cast<float>(minimum);
    const uint8_t* nibbles = block + kNibblesAt + j / 2 * kBlockColumns;
    for (uint32_t i = 0; i < kBlockColumns; ++i) {
      const uint32_t low = j % 2 == 0 ? nibbles[i] & 15U : nibbles[i] >> 4;
      const uint32_t fifth = block[kFifthBitsAt + i] >> j & 1U;
      y[i] = static_cast<float>(low | fifth << 4) * d - m;
    }
  }
};

template <typename Row>
void read_row(const Matrix& matrix, uint32_t row, float* y) {
  const uint8_t* data = matrix.data + row * Row::bytes(matrix.columns);
  for (uint32_t column = 0; column < matrix.columns; column += kBlockColumns) {
    const uint32_t left = matrix.columns - column;
    Row::decode(data, column / kBlockColumns, left < kBlockColumns ? left : kBlockColumns, y + column);
  }
}

// x: at most kTokensAtOnce tokens. y [tokens, y_stride]
template <typename Row>
void multiply_row(const uint8_t* data, uint32_t columns, const Activations& x, uint32_t tokens, float* y,
                  uint32_t y_stride) {
  float lanes[kTokensAtOnce][kLanes] = {};
  for (uint32_t column = 0; column < columns; column += kBlockColumns) {
    const uint32_t left = columns - column;
    const uint32_t count = left < kBlockColumns ? left : kBlockColumns;
    float weights[kBlockColumns];
    Row::decode(data, column / kBlockColumns, count, weights);
    for (uint32_t token = 0; token < tokens; ++token) {
      const auto* values =
          reinterpret_cast<const float*>(static_cast<const uint8_t*>(x.data) + token * x.token_stride_bytes);
      add_products(weights, values + column, count, lanes[token]);
    }
  }
  for (uint32_t token = 0; token < tokens; ++token) {
    y[static_cast<size_t>(token) * y_stride] = fold_lanes(lanes[token]);
  }
}

template <typename Row>
void multiply(const Matrix& matrix, const Activations& activations, uint32_t tokens, float* y) {
  const size_t row_bytes = Row::bytes(matrix.columns);
  for (uint32_t row = 0; row < matrix.rows; ++row) {
    for (uint32_t done = 0; done < tokens; done += kTokensAtOnce) {
      const uint32_t now = tokens - done < kTokensAtOnce ? tokens - done : kTokensAtOnce;
      const Activations x = {
          static_cast<const uint8_t*>(activations.data) + done * activations.token_stride_bytes,
          activations.token_stride_bytes};
      multiply_row<Row>(matrix.data + row * row_bytes, matrix.columns, x, now,
                        y + static_cast<size_t>(done) * matrix.rows + row, matrix.rows);
    }
  }
}

using Q4_1Row = LegacyRow<true, false>;
using Q5_0Row = LegacyRow<false, true>;
using Q5_1Row = LegacyRow<true, true>;

template <typename Row>
constexpr FormatKernels kernels_of() {
  return {floats_prepared_bytes, prepare_floats, multiply<Row>, read_row<Row>};
}

}  // namespace

const FormatKernels kF16Kernels = kernels_of<F16Row>();
const FormatKernels kBf16Kernels = kernels_of<Bf16Row>();
const FormatKernels kQ4_1Kernels = kernels_of<Q4_1Row>();
const FormatKernels kQ5_0Kernels = kernels_of<Q5_0Row>();
const FormatKernels kQ5_1Kernels = kernels_of<Q5_1Row>();
const FormatKernels kQ5_KKernels = kernels_of<Q5_KRow>();

}  // namespace slmrig::runtime::plain
