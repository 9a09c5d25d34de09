#include "workloads/runtime/kernels/lanes.h"
#include "workloads/runtime/kernels/x86/vector_math.h"
#include "workloads/runtime/kernels/x86/x86.h"

namespace slmrig::runtime::x86 {
namespace {

// The lanes of a . b; the last elements fill the first lanes, as in the plain dot.
__m256 dot_lanes(const float* a, const float* b, uint32_t n) {
  __m256 lanes = _mm256_setzero_ps();
  uint32_t i = 0;
  for (; i + kWidth <= n; i += kWidth)
    lanes = multiply_add(_mm256_loadu_ps(a + i), _mm256_loadu_ps(b + i), lanes);
  if (i < n) {
    const __m256i mask = tail_mask(n - i);
    const __m256 sum = multiply_add(_mm256_maskload_ps(a + i, mask), _mm256_maskload_ps(b + i, mask), lanes);
    lanes = _mm256_blendv_ps(lanes, sum, _mm256_castsi256_ps(mask));
  }
  return lanes;
}

// Four rows [n] at `stride` floats against x: one load of x serves them all.
__m128 dot_four(const float* rows, size_t stride, const float* x, uint32_t n) {
  if (n % kWidth != 0) {
    return fold_four(dot_lanes(rows, x, n), dot_lanes(rows + stride, x, n),
                     dot_lanes(rows + 2 * stride, x, n), dot_lanes(rows + 3 * stride, x, n));
  }
  __m256 a = _mm256_setzero_ps();
  __m256 b = a;
  __m256 c = a;
  __m256 d = a;
  for (uint32_t i = 0; i < n; i += kWidth) {
    const __m256 values = _mm256_loadu_ps(x + i);
    a = multiply_add(_mm256_loadu_ps(rows + i), values, a);
    b = multiply_add(_mm256_loadu_ps(rows + stride + i), values, b);
    c = multiply_add(_mm256_loadu_ps(rows + 2 * stride + i), values, c);
    d = multiply_add(_mm256_loadu_ps(rows + 3 * stride + i), values, d);
  }
  return fold_four(a, b, c, d);
}

}  // namespace

void rms_norm(const float* x, const float* gain, uint32_t n, float epsilon, float* y) {
  const float mean = fold_one(dot_lanes(x, x, n)) / static_cast<float>(n);
  const float factor = 1.0F / square_root(mean + epsilon);
  const __m256 factors = _mm256_set1_ps(factor);
  uint32_t i = 0;
  for (; i + kWidth <= n; i += kWidth) {
    const __m256 scaled = _mm256_mul_ps(_mm256_loadu_ps(x + i), factors);
    _mm256_storeu_ps(y + i, _mm256_mul_ps(scaled, _mm256_loadu_ps(gain + i)));
  }
  for (; i < n; ++i) y[i] = (x[i] * factor) * gain[i];
}

void scores(const float* query, const float* keys, uint32_t positions, uint32_t head_dim, float scale,
            float* out) {
  const __m128 scales = _mm_set1_ps(scale);
  uint32_t t = 0;
  for (; t + 4 <= positions; t += 4, keys += size_t{4} * head_dim) {
    _mm_storeu_ps(out + t, _mm_mul_ps(dot_four(keys, head_dim, query, head_dim), scales));
  }
  for (; t < positions; ++t, keys += head_dim) out[t] = fold_one(dot_lanes(query, keys, head_dim)) * scale;
}

void softmax(float* x, uint32_t n) {
  float largest = x[0];
  uint32_t i = 0;
  if (n >= kWidth) {
    __m256 most = _mm256_loadu_ps(x);
    for (i = kWidth; i + kWidth <= n; i += kWidth) most = _mm256_max_ps(most, _mm256_loadu_ps(x + i));
    float lanes[kLanes];
    _mm256_storeu_ps(lanes, most);
    for (const float lane : lanes) largest = lane > largest ? lane : largest;
  }
  for (; i < n; ++i) largest = x[i] > largest ? x[i] : largest;
  const __m256 shift = _mm256_set1_ps(largest);
  __m256 sums = _mm256_setzero_ps();
  for (i = 0; i + kWidth <= n; i += kWidth) {
    const __m256 power = exp_eight(_mm256_sub_ps(_mm256_loadu_ps(x + i), shift));
    _mm256_storeu_ps(x + i, power);
    sums = _mm256_add_ps(sums, power);
  }
  float lanes[kLanes];
  _mm256_storeu_ps(lanes, sums);
  for (uint32_t lane = 0; i < n; ++i, ++lane) {
    x[i] = exp_clamped(x[i] - largest);
    lanes[lane] += x[i];
  }
  const float inverse = 1.0F / fold_lanes(lanes);
  const __m256 inverses = _mm256_set1_ps(inverse);
  for (i = 0; i + kWidth <= n; i += kWidth)
    _mm256_storeu_ps(x + i, _mm256_mul_ps(_mm256_loadu_ps(x + i), inverses));
  for (; i < n; ++i) x[i] *= inverse;
}

void mix(const float* weights, const float* values, uint32_t positions, uint32_t head_dim, float* out) {
  uint32_t i = 0;
  // Four accumulators are four chains of additions: enough to hide their latency.
  for (; i + 4 * kWidth <= head_dim; i += 4 * kWidth) {
    __m256 a = _mm256_setzero_ps();
    __m256 b = a;
    __m256 c = a;
    __m256 d = a;
    const float* row = values + i;
    for (uint32_t t = 0; t < positions; ++t, row += head_dim) {
      const __m256 weight = _mm256_set1_ps(weights[t]);
      a = multiply_add(weight, _mm256_loadu_ps(row), a);
      b = multiply_add(weight, _mm256_loadu_ps(row + kWidth), b);
      c = multiply_add(weight, _mm256_loadu_ps(row + 2 * kWidth), c);
      d = multiply_add(weight, _mm256_loadu_ps(row + 3 * kWidth), d);
    }
    _mm256_storeu_ps(out + i, a);
    _mm256_storeu_ps(out + i + kWidth, b);
    _mm256_storeu_ps(out + i + 2 * kWidth, c);
    _mm256_storeu_ps(out + i + 3 * kWidth, d);
  }
  for (; i + kWidth <= head_dim; i += kWidth) {
    __m256 sum = _mm256_setzero_ps();
    const float* row = values + i;
    for (uint32_t t = 0; t < positions; ++t, row += head_dim) {
      sum = multiply_add(_mm256_set1_ps(weights[t]), _mm256_loadu_ps(row), sum);
    }
    _mm256_storeu_ps(out + i, sum);
  }
  for (; i < head_dim; ++i) {
    float sum = 0.0F;
    for (uint32_t t = 0; t < positions; ++t)
      sum += weights[t] * values[static_cast<size_t>(t) * head_dim + i];
    out[i] = sum;
  }
}

void rotate(float* x, const float* table, uint32_t heads, uint32_t head_dim) {
  for (uint32_t head = 0; head < heads; ++head, x += head_dim) {
    uint32_t i = 0;
    for (; i + kWidth <= head_dim; i += kWidth) {
      const __m256 angles = _mm256_loadu_ps(table + i);
      const __m256 cosines = _mm256_moveldup_ps(angles);
      const __m256 sines = _mm256_movehdup_ps(angles);
      const __m256 pairs = _mm256_loadu_ps(x + i);
      const __m256 swapped = _mm256_permute_ps(pairs, 0xB1);
      _mm256_storeu_ps(x + i, _mm256_addsub_ps(_mm256_mul_ps(pairs, cosines), _mm256_mul_ps(swapped, sines)));
    }
    for (; i < head_dim; i += 2) {
      const float first = x[i];
      const float second = x[i + 1];
      x[i] = first * table[i] - second * table[i + 1];
      x[i + 1] = first * table[i + 1] + second * table[i];
    }
  }
}

void silu_multiply(float* gate, const float* up, uint32_t n) {
  const __m256 one = _mm256_set1_ps(1.0F);
  uint32_t i = 0;
  for (; i + kWidth <= n; i += kWidth) {
    const __m256 value = _mm256_loadu_ps(gate + i);
    const __m256 negated = _mm256_xor_ps(value, _mm256_set1_ps(-0.0F));
    const __m256 silu = _mm256_div_ps(value, _mm256_add_ps(one, exp_eight(negated)));
    _mm256_storeu_ps(gate + i, _mm256_mul_ps(silu, _mm256_loadu_ps(up + i)));
  }
  for (; i < n; ++i) gate[i] = (gate[i] / (1.0F + exp_clamped(-gate[i]))) * up[i];
}

void add(float* x, const float* y, uint32_t n) {
  uint32_t i = 0;
  for (; i + kWidth <= n; i += kWidth) {
    _mm256_storeu_ps(x + i, _mm256_add_ps(_mm256_loadu_ps(x + i), _mm256_loadu_ps(y + i)));
  }
  for (; i < n; ++i) x[i] += y[i];
}

}  // namespace slmrig::runtime::x86
