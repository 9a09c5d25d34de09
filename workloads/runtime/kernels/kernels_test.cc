// Every kernel set of this processor against the plain one: the same bits, on random and on extreme values,
// on all shapes that end between vectors.
#include "workloads/runtime/kernels/kernels.h"

#include <catch2/catch.hpp>

#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "workloads/runtime/kernels/plain/plain.h"
#include "workloads/runtime/math.h"
#if defined(__x86_64__)
#include "workloads/runtime/kernels/x86/x86.h"
#endif

namespace slmrig::runtime {
namespace {

std::vector<const KernelSet*> sets_here() {
  std::vector<const KernelSet*> sets = {&best_kernels()};
#if defined(__x86_64__)
  for (const KernelSet* set : {avx2_kernels(), avx_vnni_kernels()}) {
    if (set != nullptr) sets.push_back(set);
  }
#endif
  return sets;
}

// Aligned to 32 within a larger vector.
template <typename T>
class Buffer {
 public:
  explicit Buffer(size_t count) : storage_(count * sizeof(T) + 64), count_(count) {}
  T* data() { return reinterpret_cast<T*>((reinterpret_cast<uintptr_t>(storage_.data()) + 31) / 32 * 32); }
  T& operator[](size_t i) { return data()[i]; }
  size_t size() const { return count_; }

 private:
  std::vector<uint8_t> storage_;
  size_t count_;
};

std::vector<float> normal_floats(size_t count, std::mt19937& random, float scale = 1.0F) {
  std::normal_distribution<float> normal(0.0F, scale);
  std::vector<float> values(count);
  for (float& value : values) value = normal(random);
  return values;
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

void put_half(uint8_t* to, uint16_t half) { std::memcpy(to, &half, 2); }

// Random codes in -127..127 and scales around 0.01, sometimes 0, subnormal or the largest half.
Buffer<uint8_t> random_q8(uint32_t rows, uint32_t columns, std::mt19937& random) {
  const size_t groups = static_cast<size_t>(rows) / 4 * (columns / 32);
  Buffer<uint8_t> data(groups * kQ8GroupBytes);
  std::uniform_int_distribution<int> codes(-127, 127);
  std::uniform_int_distribution<int> scales(0x1800, 0x2800);
  std::uniform_int_distribution<int> special(0, 40);
  for (size_t group = 0; group < groups; ++group) {
    uint8_t* to = data.data() + group * kQ8GroupBytes;
    for (int row = 0; row < 4; ++row) {
      const int kind = special(random);
      const int half = kind == 0 ? 0 : kind == 1 ? 0x0003 : kind == 2 ? 0x7BFF : scales(random);
      put_half(to + 2 * row, static_cast<uint16_t>(half));
    }
    for (int i = 8; i < static_cast<int>(kQ8GroupBytes); ++i) to[i] = static_cast<uint8_t>(codes(random));
  }
  return data;
}

std::vector<float> multiply(const FormatKernels& kernels, const Matrix& matrix, const std::vector<float>& x,
                            uint32_t tokens) {
  Buffer<uint8_t> room(tokens * kernels.prepared_bytes(matrix.columns) + 32);
  const Activations activations = kernels.prepare(x.data(), tokens, matrix.columns, room.data());
  std::vector<float> y(static_cast<size_t>(tokens) * matrix.rows, NAN);
  kernels.multiply(matrix, activations, tokens, y.data());
  return y;
}

TEST_CASE("Q8_0 products have the same bits in every set") {
  std::mt19937 random(7);
  for (const KernelSet* set : sets_here()) {
    INFO(set->isa);
    for (const uint32_t rows : {4U, 8U, 12U, 16U, 60U, 64U}) {
      for (const uint32_t columns : {32U, 64U, 96U, 256U, 352U}) {
        for (const uint32_t tokens : {1U, 2U, 3U, 4U, 5U, 7U}) {
          Buffer<uint8_t> data = random_q8(rows, columns, random);
          const Matrix matrix = {data.data(), rows, columns, Format::kQ8_0};
          const std::vector<float> x = normal_floats(static_cast<size_t>(tokens) * columns, random);
          CHECK(same_bits(multiply(*set->formats[1], matrix, x, tokens),
                          multiply(plain::kQ8Kernels, matrix, x, tokens)));
        }
      }
    }
  }
}

TEST_CASE("Q8_0 products keep extremes: full codes, zeros, huge and tiny activations") {
  std::mt19937 random(8);
  const uint32_t rows = 8;
  const uint32_t columns = 64;
  Buffer<uint8_t> data = random_q8(rows, columns, random);
  for (size_t i = 0; i < data.size(); ++i) {
    if (i % kQ8GroupBytes >= 8) data[i] = static_cast<uint8_t>(i % 3 == 0 ? 127 : -127);
  }
  const Matrix matrix = {data.data(), rows, columns, Format::kQ8_0};
  std::vector<std::vector<float>> inputs;
  inputs.emplace_back(columns, 1.0F);
  inputs.emplace_back(columns, -1.0F);
  inputs.emplace_back(columns, 0.0F);
  inputs.emplace_back(columns, 1e-25F);
  inputs.emplace_back(columns, 3e30F);
  inputs.push_back(normal_floats(columns, random));
  inputs.back()[5] = 1e6F;
  // Halves between two codes: ties go to the even one.
  std::vector<float> ties(columns);
  for (uint32_t i = 0; i < columns; ++i) ties[i] = static_cast<float>(i % 32) + 0.5F;
  ties[31] = 127.0F;
  ties[63] = -127.0F;
  inputs.push_back(ties);
  for (const KernelSet* set : sets_here()) {
    INFO(set->isa);
    for (const std::vector<float>& x : inputs) {
      CHECK(same_bits(multiply(*set->formats[1], matrix, x, 1), multiply(plain::kQ8Kernels, matrix, x, 1)));
    }
  }
}

TEST_CASE("The plain Q8_0 product is the sum over dequantized weights and quantized activations") {
  std::mt19937 random(9);
  const uint32_t rows = 12;
  const uint32_t columns = 96;
  Buffer<uint8_t> data = random_q8(rows, columns, random);
  for (size_t group = 0; group < data.size(); group += kQ8GroupBytes) {
    for (int row = 0; row < 4; ++row) put_half(data.data() + group + 2 * row, 0x2000);
  }
  const Matrix matrix = {data.data(), rows, columns, Format::kQ8_0};
  const std::vector<float> x = normal_floats(columns, random);
  const std::vector<float> y = multiply(plain::kQ8Kernels, matrix, x, 1);
  std::vector<float> weights(columns);
  for (uint32_t row = 0; row < rows; ++row) {
    plain::read_q8_row(matrix, row, weights.data());
    double exact = 0.0;
    for (uint32_t block = 0; block < columns / 32; ++block) {
      float largest = 0.0F;
      for (uint32_t i = 0; i < 32; ++i) largest = std::max(largest, std::fabs(x[block * 32 + i]));
      const double scale = static_cast<double>(largest) / 127.0;
      for (uint32_t i = block * 32; i < block * 32 + 32; ++i) {
        exact += static_cast<double>(weights[i]) * std::nearbyint(static_cast<double>(x[i]) / scale) * scale;
      }
    }
    CHECK(static_cast<double>(y[row]) == Approx(exact).epsilon(1e-4).margin(1e-4));
  }
}

TEST_CASE("f32 products have the same bits in every set") {
  std::mt19937 random(10);
  for (const KernelSet* set : sets_here()) {
    INFO(set->isa);
    for (const uint32_t rows : {1U, 3U, 4U, 7U, 32U}) {
      for (const uint32_t columns : {1U, 6U, 8U, 13U, 64U, 250U}) {
        for (const uint32_t tokens : {1U, 3U}) {
          Buffer<float> weights(static_cast<size_t>(rows) * columns);
          const std::vector<float> values = normal_floats(weights.size(), random);
          std::memcpy(weights.data(), values.data(), values.size() * sizeof(float));
          const Matrix matrix = {reinterpret_cast<const uint8_t*>(weights.data()), rows, columns,
                                 Format::kF32};
          const std::vector<float> x = normal_floats(static_cast<size_t>(tokens) * columns, random);
          CHECK(same_bits(multiply(*set->formats[0], matrix, x, tokens),
                          multiply(plain::kF32Kernels, matrix, x, tokens)));
        }
      }
    }
  }
}

TEST_CASE("Attention has the same bits in every set") {
  std::mt19937 random(11);
  for (const KernelSet* set : sets_here()) {
    INFO(set->isa);
    for (const uint32_t head_dim : {2U, 8U, 10U, 32U, 48U, 64U}) {
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
