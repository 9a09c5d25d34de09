// The kernel sets of this processor against the plain one, on random shapes: for a processor that is emulated
// (qemu-aarch64). Prints a line a set, "isa products differing", and exits with 1 when any differs.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <random>
#include <vector>

#include "workloads/runtime/kernels/aarch64/aarch64.h"
#include "workloads/runtime/kernels/random_weights_test.h"
#include "workloads/runtime/probe/probe.h"

namespace slmrig::runtime {
namespace {

using test::Buffer;
using test::Codes;

struct Count {
  uint32_t products = 0;
  uint32_t differing = 0;

  void add(bool is_same) {
    ++products;
    if (!is_same) ++differing;
  }
};

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

std::vector<float> product(const KernelSet& set, const Matrix& matrix, const std::vector<float>& x,
                           uint32_t tokens) {
  const FormatKernels& kernels = *set.formats[static_cast<size_t>(matrix.format)];
  Buffer<uint8_t> room(tokens * kernels.prepared_bytes(matrix.columns) + 32);
  const Activations activations = kernels.prepare(x.data(), tokens, matrix.columns, room.data());
  std::vector<float> y(static_cast<size_t>(tokens) * matrix.rows, -1.0F);
  kernels.multiply(matrix, activations, tokens, y.data());
  return y;
}

void compare(const KernelSet& set, Format format, uint32_t rows, uint32_t columns, uint32_t tokens,
             Codes codes, std::mt19937& random, Count* count) {
  Buffer<uint8_t> data = test::random_weights(format, rows, columns, codes, random);
  const Matrix matrix = {data.data(), rows, columns, format};
  std::normal_distribution<float> normal(0.0F, tokens % 2 == 0 ? 1.0F : 1e-3F);
  std::vector<float> x(static_cast<size_t>(tokens) * columns);
  for (float& value : x) value = normal(random);
  if (tokens == 3) std::fill(x.begin(), x.begin() + columns, 0.0F);
  count->add(same_bits(product(set, matrix, x, tokens), product(plain_kernels(), matrix, x, tokens)));
}

void compare_products(const KernelSet& set, Count* count) {
  std::mt19937 random(7);
  for (const Format format : test::all_formats()) {
    const uint32_t unit = columns_per_group(format);
    for (const uint32_t rows : {4U, 12U, 20U}) {
      for (const uint32_t columns : {unit, 3 * unit, 608 / unit * unit}) {
        for (const uint32_t tokens : {1U, 2U, 3U, 8U, 9U}) {
          if (columns != 0) compare(set, format, rows, columns, tokens, Codes::kRandom, random, count);
        }
        compare(set, format, rows, 3 * unit, 2, Codes::kLowest, random, count);
        compare(set, format, rows, 3 * unit, 3, Codes::kHighest, random, count);
      }
    }
  }
  for (const Format format : {Format::kF32, Format::kF16}) {
    for (const uint32_t columns : {1U, 6U, 13U, 250U}) {
      compare(set, format, 7, columns, 5, Codes::kRandom, random, count);
    }
  }
}

std::vector<float> normal_floats(size_t count, std::mt19937& random) {
  std::normal_distribution<float> normal;
  std::vector<float> values(count);
  for (float& value : values) value = normal(random);
  return values;
}

// Scores and mix over rows cached in one format: [positions + head_dim] floats.
std::vector<float> attention(const KvKernels& kernels, const std::vector<float>& query,
                             const std::vector<float>& rows, uint32_t positions) {
  const auto head_dim = static_cast<uint32_t>(query.size());
  const size_t row_bytes = kernels.row_bytes(head_dim);
  Buffer<uint8_t> cache(row_bytes * positions);
  for (uint32_t t = 0; t < positions; ++t) {
    kernels.store(rows.data() + size_t{t} * head_dim, head_dim, cache.data() + t * row_bytes);
  }
  std::vector<float> results(positions + head_dim);
  kernels.scores(query.data(), cache.data(), positions, head_dim, 0.125F, results.data());
  kernels.mix(results.data(), cache.data(), positions, head_dim, results.data() + positions);
  return results;
}

void compare_attention(const KernelSet& set, Count* count) {
  std::mt19937 random(9);
  for (const uint32_t head_dim : {2U, 10U, 32U, 64U, 104U}) {
    for (const uint32_t positions : {1U, 5U, 31U}) {
      const std::vector<float> query = normal_floats(head_dim, random);
      const std::vector<float> rows = normal_floats(size_t{positions} * head_dim, random);
      for (size_t format = 1; format < kKvFormatCount; ++format) {
        count->add(same_bits(attention(*set.kv[format], query, rows, positions),
                             attention(*plain_kernels().kv[format], query, rows, positions)));
      }
      std::vector<float> ours(positions + head_dim);
      std::vector<float> plain(positions + head_dim);
      for (const bool is_ours : {true, false}) {
        const KernelSet& with = is_ours ? set : plain_kernels();
        std::vector<float>& to = is_ours ? ours : plain;
        with.scores(query.data(), rows.data(), positions, head_dim, 0.5F, to.data());
        with.mix(to.data(), rows.data(), positions, head_dim, to.data() + positions);
      }
      count->add(same_bits(ours, plain));
    }
  }
}

void compare_cases(const KernelSet& set, Count* count) {
  uint32_t case_count = 0;
  const probe::Case* cases = probe::cases(&case_count);
  for (uint32_t i = 0; i < case_count; ++i) {
    cases[i].prepare();
    cases[i].run(plain_kernels());
    const uint32_t plain = cases[i].result();
    cases[i].prepare();
    cases[i].run(set);
    count->add(cases[i].result() == plain);
  }
}

const KernelSet* set_named(const char* isa) {
  for (const KernelSet* set : {neon_kernels(), dotprod_kernels(), i8mm_kernels()}) {
    if (set != nullptr && std::strcmp(set->isa, isa) == 0) return set;
  }
  return nullptr;
}

}  // namespace
}  // namespace slmrig::runtime

// Arguments: the sets that this processor must have; one that it lacks is an error.
int main(int argument_count, char** arguments) {
  using namespace slmrig::runtime;
  bool is_good = true;
  for (int i = 1; i < argument_count; ++i) {
    const KernelSet* const set = set_named(arguments[i]);
    if (set == nullptr) {
      std::printf("%s: this processor has no such kernels\n", arguments[i]);
      is_good = false;
      continue;
    }
    Count count;
    compare_products(*set, &count);
    compare_attention(*set, &count);
    compare_cases(*set, &count);
    std::printf("%s %u %u\n", set->isa, count.products, count.differing);
    is_good = is_good && count.differing == 0;
  }
  return is_good ? 0 : 1;
}
