#include <arm_mve.h>

#include "workloads/runtime/kernels/cortex_m_mve/lanes_inl.h"
#include "workloads/runtime/kernels/cortex_m_mve/mve.h"
#include "workloads/runtime/kernels/lanes.h"
#include "workloads/runtime/kernels/plain/plain.h"
#include "workloads/runtime/math.h"

namespace slmrig::runtime::mve {
namespace {

float dot(const float* a, const float* b, uint32_t n) {
  if (n % kLanes != 0) return plain::dot(a, b, n);
  Lanes lanes = {vdupq_n_f32(0.0F), vdupq_n_f32(0.0F)};
  for (uint32_t i = 0; i < n; i += kLanes) {
    lanes.low = multiply_add(vldrwq_f32(a + i), vldrwq_f32(b + i), lanes.low);
    lanes.high = multiply_add(vldrwq_f32(a + i + 4), vldrwq_f32(b + i + 4), lanes.high);
  }
  return fold(lanes);
}

// Two rows share the loads of x. n is a multiple of 8. y [2]
inline __attribute__((always_inline)) void dot_two(const float* first, const float* second, const float* x,
                                                   uint32_t n, float* y) {
  Lanes a = {vdupq_n_f32(0.0F), vdupq_n_f32(0.0F)};
  Lanes b = a;
  for (uint32_t i = 0; i < n; i += kLanes) {
    const float32x4_t low = vldrwq_f32(x + i);
    const float32x4_t high = vldrwq_f32(x + i + 4);
    a.low = multiply_add(vldrwq_f32(first + i), low, a.low);
    a.high = multiply_add(vldrwq_f32(first + i + 4), high, a.high);
    b.low = multiply_add(vldrwq_f32(second + i), low, b.low);
    b.high = multiply_add(vldrwq_f32(second + i + 4), high, b.high);
  }
  y[0] = fold(a);
  y[1] = fold(b);
}

// y [rows] = matrix [rows, n] . x
void multiply_rows(const float* matrix, uint32_t rows, uint32_t n, const float* x, float* y) {
  uint32_t row = 0;
  if (n % kLanes == 0) {
    for (; row + 2 <= rows; row += 2, matrix += 2 * n) dot_two(matrix, matrix + n, x, n, y + row);
  }
  for (; row < rows; ++row, matrix += n) y[row] = dot(matrix, x, n);
}

size_t prepared_bytes(uint32_t) { return 0; }

Activations prepare(const float* x, uint32_t, uint32_t columns, uint8_t*) {
  return {x, columns * sizeof(float)};
}

void multiply(const Matrix& matrix, const Activations& activations, uint32_t tokens, float* y) {
  const auto* x = static_cast<const uint8_t*>(activations.data);
  for (uint32_t token = 0; token < tokens; ++token, x += activations.token_stride_bytes, y += matrix.rows) {
    multiply_rows(reinterpret_cast<const float*>(matrix.data), matrix.rows, matrix.columns,
                  reinterpret_cast<const float*>(x), y);
  }
}

// exp_clamped of math.h.
inline __attribute__((always_inline)) float32x4_t exp_four(float32x4_t x) {
  const float32x4_t magic = vdupq_n_f32(kRoundMagic);
  x = vminnmq_f32(vmaxnmq_f32(x, vdupq_n_f32(kExpLowest)), vdupq_n_f32(kExpHighest));
  const float32x4_t shifted = vaddq_f32(vmulq_n_f32(x, 1.44269504F), magic);
  const float32x4_t n = vsubq_f32(shifted, magic);
  const float32x4_t r =
      vsubq_f32(vsubq_f32(x, vmulq_n_f32(n, 0.693359375F)), vmulq_n_f32(n, -2.12194440e-4F));
  float32x4_t p = vdupq_n_f32(1.9875691500e-4F);
  p = vaddq_n_f32(vmulq_f32(p, r), 1.3981999507e-3F);
  p = vaddq_n_f32(vmulq_f32(p, r), 8.3334519073e-3F);
  p = vaddq_n_f32(vmulq_f32(p, r), 4.1665795894e-2F);
  p = vaddq_n_f32(vmulq_f32(p, r), 1.6666665459e-1F);
  p = vaddq_n_f32(vmulq_f32(p, r), 5.0000001201e-1F);
  const float32x4_t fraction = vaddq_n_f32(vaddq_f32(vmulq_f32(p, vmulq_f32(r, r)), r), 1.0F);
  const int32x4_t exponent = vsubq_n_s32(vreinterpretq_s32_f32(shifted), kRoundMagicBits);
  const int32x4_t power = vshlq_n_s32(vaddq_n_s32(exponent, 127), 23);
  return vmulq_f32(fraction, vreinterpretq_f32_s32(power));
}

}  // namespace

const FormatKernels kF32Kernels = {prepared_bytes, prepare, multiply, plain::read_f32_row};

void rms_norm(const float* x, const float* gain, uint32_t n, float epsilon, float* y) {
  const float mean = dot(x, x, n) / static_cast<float>(n);
  const float factor = 1.0F / square_root(mean + epsilon);
  uint32_t i = 0;
  for (; i + 4 <= n; i += 4) {
    vstrwq_f32(y + i, vmulq_f32(vmulq_n_f32(vldrwq_f32(x + i), factor), vldrwq_f32(gain + i)));
  }
  for (; i < n; ++i) y[i] = (x[i] * factor) * gain[i];
}

void softmax(float* x, uint32_t n) {
  float largest = x[0];
  for (uint32_t i = 1; i < n; ++i) largest = x[i] > largest ? x[i] : largest;
  Lanes sums = {vdupq_n_f32(0.0F), vdupq_n_f32(0.0F)};
  uint32_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    const float32x4_t low = exp_four(vsubq_n_f32(vldrwq_f32(x + i), largest));
    const float32x4_t high = exp_four(vsubq_n_f32(vldrwq_f32(x + i + 4), largest));
    vstrwq_f32(x + i, low);
    vstrwq_f32(x + i + 4, high);
    sums.low = vaddq_f32(sums.low, low);
    sums.high = vaddq_f32(sums.high, high);
  }
  float lanes[kLanes];
  vstrwq_f32(lanes, sums.low);
  vstrwq_f32(lanes + 4, sums.high);
  for (uint32_t lane = 0; i < n; ++i, ++lane) {
    x[i] = exp_clamped(x[i] - largest);
    lanes[lane] += x[i];
  }
  const float inverse = 1.0F / fold_lanes(lanes);
  for (i = 0; i + 4 <= n; i += 4) vstrwq_f32(x + i, vmulq_n_f32(vldrwq_f32(x + i), inverse));
  for (; i < n; ++i) x[i] *= inverse;
}

void rotate(float* x, const float* table, uint32_t heads, uint32_t head_dim) {
  for (uint32_t head = 0; head < heads; ++head, x += head_dim) {
    uint32_t i = 0;
    for (; i + 8 <= head_dim; i += 8) {
      const float32x4x2_t angles = vld2q_f32(table + i);  // cosines, sines
      float32x4x2_t pairs = vld2q_f32(x + i);
      const float32x4_t first =
          vsubq_f32(vmulq_f32(pairs.val[0], angles.val[0]), vmulq_f32(pairs.val[1], angles.val[1]));
      const float32x4_t second =
          vaddq_f32(vmulq_f32(pairs.val[0], angles.val[1]), vmulq_f32(pairs.val[1], angles.val[0]));
      pairs.val[0] = first;
      pairs.val[1] = second;
      vst2q_f32(x + i, pairs);
    }
    for (; i < head_dim; i += 2) {
      const float first = x[i];
      const float second = x[i + 1];
      x[i] = first * table[i] - second * table[i + 1];
      x[i + 1] = first * table[i + 1] + second * table[i];
    }
  }
}

// MVE has no vector division: exp in vectors, the quotient one by one.
void silu_multiply(float* gate, const float* up, uint32_t n) {
  uint32_t i = 0;
  for (; i + 4 <= n; i += 4) {
    float powers[4];
    vstrwq_f32(powers, vaddq_n_f32(exp_four(vnegq_f32(vldrwq_f32(gate + i))), 1.0F));
    for (uint32_t lane = 0; lane < 4; ++lane) gate[i + lane] = (gate[i + lane] / powers[lane]) * up[i + lane];
  }
  for (; i < n; ++i) gate[i] = (gate[i] / (1.0F + exp_clamped(-gate[i]))) * up[i];
}

void add(float* x, const float* y, uint32_t n) {
  uint32_t i = 0;
  for (; i + 4 <= n; i += 4) vstrwq_f32(x + i, vaddq_f32(vldrwq_f32(x + i), vldrwq_f32(y + i)));
  for (; i < n; ++i) x[i] += y[i];
}

}  // namespace slmrig::runtime::mve
