#include "workloads/runtime/kernels/attention_inl.h"
#include "workloads/runtime/kernels/lanes.h"
#include "workloads/runtime/kernels/x86/vector_math.h"
#include "workloads/runtime/kernels/x86/x86.h"

namespace slmrig::runtime::x86 {
void rms_norm(const float* x, const float* gain, uint32_t n, float epsilon, float* y) {
  const float mean = FloatRows<Avx2, F32Row>::dot(x, x, n) / static_cast<float>(n);
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
  f32_scores<Avx2>(query, keys, positions, head_dim, scale, out);
}

void mix(const float* weights, const float* values, uint32_t positions, uint32_t head_dim, float* out) {
  f32_mix<Avx2>(weights, values, positions, head_dim, out);
}

const KvKernels& f16_kv() {
  static const KvKernels kKernels = kv_kernels<Avx2, F16Cached>(plain::kF16Kv);
  return kKernels;
}

const KvKernels& int8_kv() {
  static const KvKernels kKernels = kv_kernels<Avx2, Int8Cached>(plain::kInt8Kv);
  return kKernels;
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
