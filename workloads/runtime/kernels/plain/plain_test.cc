// The plain kernels of every format against double arithmetic over the weights that read_row shows and the
// activations as they were quantized.
#include "workloads/runtime/kernels/plain/plain.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

#include "workloads/runtime/kernels/random_weights_test.h"

namespace slmrig::runtime {
namespace {

using test::Buffer;
using test::Codes;

const FormatKernels& plain_of(Format format) { return *plain_kernels().formats[static_cast<size_t>(format)]; }

// What a block format multiplies with: every 32 columns rounded to 127 steps of their largest magnitude.
std::vector<double> dequantized(Format format, const std::vector<float>& x) {
  std::vector<double> values(x.begin(), x.end());
  if (plain_of(format).prepare != plain::prepare_blocks) return values;
  for (size_t block = 0; block < values.size(); block += kBlockColumns) {
    double largest = 0.0;
    for (size_t i = block; i < block + kBlockColumns; ++i) largest = std::max(largest, std::fabs(values[i]));
    if (!(largest > static_cast<double>(kQuantizeFloor))) largest = 0.0;
    // In floats, as the kernel does: a value between two codes must fall to the same side.
    const float inverse = largest == 0.0 ? 0.0F : 127.0F / static_cast<float>(largest);
    for (size_t i = block; i < block + kBlockColumns; ++i) {
      values[i] = static_cast<double>(std::nearbyint(x[i] * inverse)) * largest / 127.0;
    }
  }
  return values;
}

// |y - exact| <= 2^-23 (2 columns / 32 + 8) sum |w||x|, where |w| is the largest of the row: each of the
// terms of 32 columns (two of them with minima) is rounded a few times and added once, and so are the lanes
// of a decoded row.
void check_against_doubles(Format format, uint32_t rows, uint32_t columns, Codes codes, std::mt19937& random,
                           const std::vector<float>& x) {
  INFO(format_name(format) << " " << rows << " x " << columns);
  Buffer<uint8_t> data = random_weights(format, rows, columns, codes, random);
  REQUIRE(weights_refusal(format, data.data(), data.size()) == nullptr);
  const Matrix matrix = {data.data(), rows, columns, format};
  const FormatKernels& kernels = plain_of(format);
  const auto tokens = static_cast<uint32_t>(x.size() / columns);
  Buffer<uint8_t> room(tokens * kernels.prepared_bytes(columns) + 32);
  std::vector<float> y(static_cast<size_t>(tokens) * rows, NAN);
  kernels.multiply(matrix, kernels.prepare(x.data(), tokens, columns, room.data()), tokens, y.data());
  const std::vector<double> values = dequantized(format, x);
  const double steps = 2.0 * columns / kBlockColumns + 8.0;
  for (uint32_t row = 0; row < rows; ++row) {
    std::vector<float> weights(columns);
    kernels.read_row(matrix, row, weights.data());
    double largest = 0.0;
    for (const float weight : weights) largest = std::max(largest, std::fabs(static_cast<double>(weight)));
    for (uint32_t token = 0; token < tokens; ++token) {
      double exact = 0.0;
      double magnitude = 0.0;
      for (uint32_t i = 0; i < columns; ++i) {
        const double value = values[static_cast<size_t>(token) * columns + i];
        exact += static_cast<double>(weights[i]) * value;
        magnitude += largest * std::fabs(value);
      }
      const double error = std::fabs(static_cast<double>(y[static_cast<size_t>(token) * rows + row]) - exact);
      CHECK(error <= std::ldexp(steps, -23) * magnitude);
    }
  }
}

std::vector<float> normal_floats(size_t count, std::mt19937& random) {
  std::normal_distribution<float> normal(0.0F, 1.0F);
  std::vector<float> values(count);
  for (float& value : values) value = normal(random);
  return values;
}

TEST_CASE("Plain products of every format are those of dequantized weights and activations") {
  std::mt19937 random(21);
  for (const Format format : test::all_formats()) {
    const uint32_t unit = columns_per_group(format);
    for (const uint32_t rows : {4U, 12U}) {
      for (const uint32_t groups : {1U, 2U, 3U}) {
        for (const uint32_t tokens : {1U, 5U}) {
          const uint32_t columns = groups * unit;
          check_against_doubles(format, rows, columns, Codes::kRandom, random,
                                normal_floats(static_cast<size_t>(tokens) * columns, random));
        }
      }
    }
  }
}

TEST_CASE("Plain products of formats of scalars end within a block") {
  std::mt19937 random(22);
  for (const Format format : {Format::kF32, Format::kF16, Format::kBf16}) {
    for (const uint32_t columns : {1U, 7U, 33U, 77U}) {
      check_against_doubles(format, 3, columns, Codes::kRandom, random, normal_floats(3 * columns, random));
    }
  }
}

TEST_CASE("Plain products keep extremes: codes at their limits, zero, huge and tiny activations") {
  std::mt19937 random(23);
  for (const Format format : test::all_formats()) {
    const uint32_t columns = std::max(64U, columns_per_group(format));
    for (const Codes codes : {Codes::kLowest, Codes::kHighest}) {
      for (const float value : {0.0F, 1e-25F, -1.0F, 127.0F, 1e27F}) {
        check_against_doubles(format, 4, columns, codes, random, std::vector<float>(columns, value));
      }
    }
  }
}

}  // namespace
}  // namespace slmrig::runtime
