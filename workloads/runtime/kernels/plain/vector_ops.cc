#include "workloads/runtime/kernels/lanes.h"
#include "workloads/runtime/kernels/plain/plain.h"
#include "workloads/runtime/math.h"

namespace slmrig::runtime {
namespace plain {

void rms_norm(const float* x, const float* gain, uint32_t n, float epsilon, float* y) {
  const float mean = dot(x, x, n) / static_cast<float>(n);
  const float factor = 1.0F / square_root(mean + epsilon);
  for (uint32_t i = 0; i < n; ++i) y[i] = (x[i] * factor) * gain[i];
}

void scores(const float* query, const float* keys, uint32_t positions, uint32_t head_dim, float scale,
            float* out) {
  for (uint32_t t = 0; t < positions; ++t, keys += head_dim) out[t] = dot(query, keys, head_dim) * scale;
}

float sum(const float* x, uint32_t n) {
  float lanes[kLanes] = {};
  uint32_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    for (uint32_t lane = 0; lane < kLanes; ++lane) lanes[lane] += x[i + lane];
  }
  for (uint32_t lane = 0; i < n; ++i, ++lane) lanes[lane] += x[i];
  return fold_lanes(lanes);
}

void softmax(float* x, uint32_t n) {
  float largest = x[0];
  for (uint32_t i = 1; i < n; ++i) largest = x[i] > largest ? x[i] : largest;
  for (uint32_t i = 0; i < n; ++i) x[i] = exp_clamped(x[i] - largest);
  const float inverse = 1.0F / sum(x, n);
  for (uint32_t i = 0; i < n; ++i) x[i] *= inverse;
}

void mix(const float* weights, const float* values, uint32_t positions, uint32_t head_dim, float* out) {
  for (uint32_t i = 0; i < head_dim; ++i) out[i] = 0.0F;
  for (uint32_t t = 0; t < positions; ++t, values += head_dim) {
    for (uint32_t i = 0; i < head_dim; ++i) out[i] += weights[t] * values[i];
  }
}

void rotate(float* x, const float* table, uint32_t heads, uint32_t head_dim) {
  for (uint32_t head = 0; head < heads; ++head, x += head_dim) {
    for (uint32_t i = 0; i < head_dim; i += 2) {
      const float cosine = table[i];
      const float sine = table[i + 1];
      const float first = x[i];
      const float second = x[i + 1];
      x[i] = first * cosine - second * sine;
      x[i + 1] = first * sine + second * cosine;
    }
  }
}

void silu_multiply(float* gate, const float* up, uint32_t n) {
  for (uint32_t i = 0; i < n; ++i) gate[i] = (gate[i] / (1.0F + exp_clamped(-gate[i]))) * up[i];
}

void add(float* x, const float* y, uint32_t n) {
  for (uint32_t i = 0; i < n; ++i) x[i] += y[i];
}

}  // namespace plain

const KernelSet& plain_kernels() {
  static constexpr KernelSet kSet = {
      "plain",
      {&plain::kF32Kernels, &plain::kQ8Kernels, &plain::kQ4Kernels, &plain::kIq4NlKernels,
       &plain::kNf4Kernels, &plain::kTq2Kernels, &plain::kQ2KKernels, &plain::kQ4KKernels,
       &plain::kQ6KKernels, &plain::kF16Kernels, &plain::kBf16Kernels, &plain::kQ4_1Kernels,
       &plain::kQ5_0Kernels, &plain::kQ5_1Kernels, &plain::kQ5_KKernels},
      plain::rms_norm,
      plain::scores,
      plain::softmax,
      plain::mix,
      plain::rotate,
      plain::silu_multiply,
      plain::add};
  return kSet;
}

}  // namespace slmrig::runtime
