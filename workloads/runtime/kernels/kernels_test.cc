// Every kernel set of this processor against the plain one: the same bits, on random and on extreme values,
// on all shapes that end between vectors.
#include "workloads/runtime/kernels/kernels.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "workloads/runtime/kernels/plain/plain.h"
#include "workloads/runtime/kernels/random_weights_test.h"
#include "workloads/runtime/math.h"
#if defined(__x86_64__)
#include "workloads/runtime/kernels/x86/x86.h"
#elif defined(__aarch64__)
#include "workloads/runtime/kernels/aarch64/aarch64.h"
#endif

namespace slmrig::runtime {
namespace {

using test::Buffer;
using test::Codes;

std::vector<const KernelSet*> sets_here() {
  std::vector<const KernelSet*> sets = {&best_kernels()};
#if defined(__x86_64__)
  for (const KernelSet* set : {avx2_kernels(), avx_vnni_kernels(), avx512_kernels()}) {
    if (set != nullptr) sets.push_back(set);
  }
#elif defined(__aarch64__)
  for (const KernelSet* set : {neon_kernels(), dotprod_kernels(), i8mm_kernels()}) {
    if (set != nullptr) sets.push_back(set);
  }
#endif
  return sets;
}

std::vector<float> normal_floats(size_t count, std::mt19937& random, float scale = 1.0F) {
  std::normal_distribution<float> normal(0.0F, scale);
  std::vector<float> values(count);
  for (float& value : values) value = normal(random);
  return values;
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

std::vector<float> multiply(const FormatKernels& kernels, const Matrix& matrix, const std::vector<float>& x,
                            uint32_t tokens) {
  Buffer<uint8_t> room(tokens * kernels.prepared_bytes(matrix.columns) + 32);
  const Activations activations = kernels.prepare(x.data(), tokens, matrix.columns, room.data());
  std::vector<float> y(static_cast<size_t>(tokens) * matrix.rows, NAN);
  kernels.multiply(matrix, activations, tokens, y.data());
  return y;
}

// The set's product is the plain one, and so are its rows.
void check_format(const KernelSet& set, Format format, uint32_t rows, uint32_t columns, uint32_t tokens,
                  Codes codes, const std::vector<float>& x, std::mt19937& random) {
  const FormatKernels* kernels = set.formats[static_cast<size_t>(format)];
  if (kernels == nullptr) return;
  INFO(set.isa << " " << format_name(format) << " " << rows << " x " << columns << ", " << tokens
               << " tokens");
  const FormatKernels& plain = *plain_kernels().formats[static_cast<size_t>(format)];
  Buffer<uint8_t> data = test::random_weights(format, rows, columns, codes, random);
  const Matrix matrix = {data.data(), rows, columns, format};
  CHECK(same_bits(multiply(*kernels, matrix, x, tokens), multiply(plain, matrix, x, tokens)));
  std::vector<float> a(columns);
  std::vector<float> b(columns);
  kernels->read_row(matrix, rows - 1, a.data());
  plain.read_row(matrix, rows - 1, b.data());
  CHECK(same_bits(a, b));
}

TEST_CASE("Products of every format have the same bits in every set") {
  std::mt19937 random(7);
  for (const KernelSet* set : sets_here()) {
    for (const Format format : test::all_formats()) {
      const uint32_t unit = columns_per_group(format);
      for (const uint32_t rows : {4U, 8U, 12U, 16U, 60U}) {
        for (const uint32_t columns : {unit, 2 * unit, 3 * unit, 352 / unit * unit}) {
          for (const uint32_t tokens : {1U, 2U, 3U, 4U, 5U, 7U}) {
            if (columns == 0) continue;
            check_format(*set, format, rows, columns, tokens, Codes::kRandom,
                         normal_floats(static_cast<size_t>(tokens) * columns, random), random);
          }
        }
      }
    }
  }
}

TEST_CASE("Products over several panels and batches have the same bits in every set") {
  std::mt19937 random(14);
  for (const KernelSet* set : sets_here()) {
    for (const Format format : test::all_formats()) {
      const uint32_t columns = std::max(19 * 64U, 5 * columns_per_group(format));
      for (const uint32_t tokens : {1U, 8U, 19U, kMaxBatchTokens}) {
        check_format(*set, format, 20, columns, tokens, Codes::kRandom,
                     normal_floats(static_cast<size_t>(tokens) * columns, random), random);
      }
    }
  }
}

TEST_CASE("Products of rows of scalars have the same bits in every set, whatever the tail") {
  std::mt19937 random(10);
  for (const KernelSet* set : sets_here()) {
    for (const Format format : {Format::kF32, Format::kF16, Format::kBf16}) {
      for (const uint32_t rows : {1U, 3U, 4U, 7U, 32U}) {
        for (const uint32_t columns : {1U, 6U, 8U, 13U, 64U, 250U}) {
          for (const uint32_t tokens : {1U, 3U}) {
            check_format(*set, format, rows, columns, tokens, Codes::kRandom,
                         normal_floats(static_cast<size_t>(tokens) * columns, random), random);
          }
        }
      }
    }
  }
}

// Zeros, huge and tiny values, an outlier, and halves between two codes: ties go to the even one.
std::vector<std::vector<float>> extreme_inputs(uint32_t columns, std::mt19937& random) {
  std::vector<std::vector<float>> inputs;
  for (const float value : {1.0F, -1.0F, 0.0F, 1e-25F, 3e30F}) inputs.emplace_back(columns, value);
  inputs.push_back(normal_floats(columns, random));
  inputs.back()[5] = 1e6F;
  std::vector<float> ties(columns);
  for (uint32_t i = 0; i < columns; ++i) ties[i] = static_cast<float>(i % 32) + 0.5F;
  for (uint32_t i = 31; i < columns; i += 32) ties[i] = i % 64 == 31 ? 127.0F : -127.0F;
  inputs.push_back(ties);
  return inputs;
}

TEST_CASE("Products keep extremes in every set: codes at their limits, huge and tiny activations") {
  std::mt19937 random(8);
  for (const KernelSet* set : sets_here()) {
    for (const Format format : test::all_formats()) {
      const uint32_t columns = std::max(64U, columns_per_group(format));
      for (const std::vector<float>& x : extreme_inputs(columns, random)) {
        for (const Codes codes : {Codes::kRandom, Codes::kLowest, Codes::kHighest}) {
          check_format(*set, format, 8, columns, 1, codes, x, random);
        }
      }
    }
  }
}

TEST_CASE("Attention has the same bits in every set") {
  std::mt19937 random(11);
  for (const KernelSet* set : sets_here()) {
    INFO(set->isa);
    for (const uint32_t head_dim : {2U, 8U, 10U, 32U, 48U, 64U, 104U}) {
      for (const uint32_t positions : {1U, 2U, 5U, 8U, 31U, 100U}) {
        const std::vector<float> query = normal_floats(head_dim, random);
        const std::vector<float> rows = normal_floats(static_cast<size_t>(positions) * head_dim, random);
        std::vector<float> a(positions);
        std::vector<float> b(positions);
        set->scores(query.data(), rows.data(), positions, head_dim, 0.125F, a.data());
        plain::scores(query.data(), rows.data(), positions, head_dim, 0.125F, b.data());
        CHECK(same_bits(a, b));
        for (float& value : a) value *= 20.0F;
        b = a;
        set->softmax(a.data(), positions);
        plain::softmax(b.data(), positions);
        CHECK(same_bits(a, b));
        std::vector<float> mixed_a(head_dim);
        std::vector<float> mixed_b(head_dim);
        set->mix(a.data(), rows.data(), positions, head_dim, mixed_a.data());
        plain::mix(b.data(), rows.data(), positions, head_dim, mixed_b.data());
        CHECK(same_bits(mixed_a, mixed_b));
      }
    }
  }
}

void check_cached_attention(const KernelSet& set, KvFormat format, uint32_t head_dim, uint32_t positions,
                            std::mt19937& random) {
  INFO(set.isa << " format " << static_cast<int>(format) << ", " << positions << " x " << head_dim);
  const KvKernels& kernels = *set.kv[static_cast<size_t>(format)];
  const KvKernels& plain = *plain_kernels().kv[static_cast<size_t>(format)];
  const size_t row_bytes = plain.row_bytes(head_dim);
  REQUIRE(kernels.row_bytes(head_dim) == row_bytes);
  Buffer<uint8_t> a(row_bytes * positions);
  Buffer<uint8_t> b(row_bytes * positions);
  for (uint32_t t = 0; t < positions; ++t) {
    const std::vector<float> row = normal_floats(head_dim, random, t % 7 == 3 ? 0.0F : 2.0F);
    kernels.store(row.data(), head_dim, a.data() + t * row_bytes);
    plain.store(row.data(), head_dim, b.data() + t * row_bytes);
  }
  CHECK(std::memcmp(a.data(), b.data(), a.size()) == 0);
  const std::vector<float> query = normal_floats(head_dim, random);
  std::vector<float> scores(positions);
  std::vector<float> plain_scores(positions);
  kernels.scores(query.data(), a.data(), positions, head_dim, 0.125F, scores.data());
  plain.scores(query.data(), b.data(), positions, head_dim, 0.125F, plain_scores.data());
  CHECK(same_bits(scores, plain_scores));
  std::vector<float> mixed(head_dim);
  std::vector<float> plain_mixed(head_dim);
  kernels.mix(scores.data(), a.data(), positions, head_dim, mixed.data());
  plain.mix(plain_scores.data(), b.data(), positions, head_dim, plain_mixed.data());
  CHECK(same_bits(mixed, plain_mixed));
}

TEST_CASE("Attention over halves and bytes has the same bits in every set") {
  std::mt19937 random(15);
  for (const KernelSet* set : sets_here()) {
    for (const KvFormat format : {KvFormat::kF16, KvFormat::kInt8}) {
      for (const uint32_t head_dim : {2U, 8U, 10U, 32U, 48U, 64U, 104U}) {
        for (const uint32_t positions : {1U, 2U, 5U, 8U, 31U, 100U}) {
          check_cached_attention(*set, format, head_dim, positions, random);
        }
      }
    }
  }
}

TEST_CASE("Norm, rotation, gate and sum have the same bits in every set") {
  std::mt19937 random(12);
  for (const KernelSet* set : sets_here()) {
    INFO(set->isa);
    for (const uint32_t n : {2U, 8U, 14U, 64U, 250U}) {
      const std::vector<float> x = normal_floats(n, random, 3.0F);
      const std::vector<float> y = normal_floats(n, random);
      std::vector<float> a(n);
      std::vector<float> b(n);
      set->rms_norm(x.data(), y.data(), n, 1e-5F, a.data());
      plain::rms_norm(x.data(), y.data(), n, 1e-5F, b.data());
      CHECK(same_bits(a, b));
      a = b = x;
      set->rotate(a.data(), y.data(), 1, n);
      plain::rotate(b.data(), y.data(), 1, n);
      CHECK(same_bits(a, b));
      a = x;
      for (float& value : a) value *= 30.0F;
      b = a;
      set->silu_multiply(a.data(), y.data(), n);
      plain::silu_multiply(b.data(), y.data(), n);
      CHECK(same_bits(a, b));
      a = b = x;
      set->add(a.data(), y.data(), n);
      plain::add(b.data(), y.data(), n);
      CHECK(same_bits(a, b));
    }
  }
}

TEST_CASE("exp is within two units in the last place, and clamps") {
  double worst = 0.0;
  for (float x = kExpLowest; x <= kExpHighest; x += 0.0137F) {
    const double exact = std::exp(static_cast<double>(x));
    worst = std::max(worst, std::fabs(static_cast<double>(exp_clamped(x)) - exact) / exact);
  }
  CHECK(worst < 2.0 * 1.2e-7);
  CHECK(exp_clamped(-1000.0F) == exp_clamped(kExpLowest));
  CHECK(exp_clamped(1000.0F) == exp_clamped(kExpHighest));
  CHECK(exp_clamped(0.0F) == 1.0F);
}

TEST_CASE("Halves become the floats that they stand for") {
  CHECK(float_from_half(0x0000) == 0.0F);
  CHECK(float_from_half(0x3C00) == 1.0F);
  CHECK(float_from_half(0xC000) == -2.0F);
  CHECK(float_from_half(0x7BFF) == 65504.0F);
  CHECK(float_from_half(0x0001) == std::ldexp(1.0F, -24));
  CHECK(float_from_half(0x83FF) == -std::ldexp(1023.0F, -24));
}

}  // namespace
}  // namespace slmrig::runtime
