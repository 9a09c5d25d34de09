#include <arm_neon.h>

#include "workloads/runtime/kernels/aarch64/aarch64.h"
#include "workloads/runtime/kernels/attention_inl.h"
#include "workloads/runtime/kernels/decoded_rows_inl.h"
#include "workloads/runtime/kernels/float_rows_inl.h"

namespace slmrig::runtime::aarch64 {
namespace {

struct Neon {
  struct Eight {
    float32x4_t low, high;
  };

  static inline Eight zero() { return {vdupq_n_f32(0.0F), vdupq_n_f32(0.0F)}; }
  static inline Eight set(float value) { return {vdupq_n_f32(value), vdupq_n_f32(value)}; }
  static inline Eight load(const float* from) { return {vld1q_f32(from), vld1q_f32(from + 4)}; }
  static inline Eight load_halves(const uint8_t* from) {
    const float16x8_t halves = vreinterpretq_f16_u8(vld1q_u8(from));
    return {vcvt_f32_f16(vget_low_f16(halves)), vcvt_high_f32_f16(halves)};
  }
  static inline Eight load_bytes(const uint8_t* from) {
    const int16x8_t words = vmovl_s8(vreinterpret_s8_u8(vld1_u8(from)));
    return {vcvtq_f32_s32(vmovl_s16(vget_low_s16(words))), vcvtq_f32_s32(vmovl_high_s16(words))};
  }
  static inline void store(Eight eight, float* to) {
    vst1q_f32(to, eight.low);
    vst1q_f32(to + 4, eight.high);
  }
  static inline Eight multiply_add(Eight a, Eight b, Eight sum) {
    return {vaddq_f32(sum.low, vmulq_f32(a.low, b.low)), vaddq_f32(sum.high, vmulq_f32(a.high, b.high))};
  }
  // ((l0+l4)+(l2+l6)) + ((l1+l5)+(l3+l7))
  static inline float fold(Eight lanes) {
    const float32x4_t fours = vaddq_f32(lanes.low, lanes.high);
    const float32x2_t twos = vadd_f32(vget_low_f32(fours), vget_high_f32(fours));
    return vget_lane_f32(twos, 0) + vget_lane_f32(twos, 1);
  }
  static inline void fold_four(const Eight* lanes, float* to) {
    for (int i = 0; i < 4; ++i) to[i] = fold(lanes[i]);
  }
};

using Rows = FloatRows<Neon, F32Row>;

}  // namespace

const FormatKernels& neon_f32() {
  static constexpr FormatKernels kKernels = Rows::kernels();
  return kKernels;
}

const FormatKernels& neon_f16() {
  static constexpr FormatKernels kKernels = FloatRows<Neon, F16Row>::kernels();
  return kKernels;
}

const DecodedFormats& neon_decoded() {
  static constexpr DecodedFormats kFormats = decoded_formats<Neon>();
  return kFormats;
}

void rms_norm(const float* x, const float* gain, uint32_t n, float epsilon, float* y) {
  const float mean = Rows::dot(x, x, n) / static_cast<float>(n);
  const float factor = 1.0F / square_root(mean + epsilon);
  for (uint32_t i = 0; i < n; ++i) y[i] = (x[i] * factor) * gain[i];
}

void scores(const float* query, const float* keys, uint32_t positions, uint32_t head_dim, float scale,
            float* out) {
  f32_scores<Neon>(query, keys, positions, head_dim, scale, out);
}

void mix(const float* weights, const float* values, uint32_t positions, uint32_t head_dim, float* out) {
  f32_mix<Neon>(weights, values, positions, head_dim, out);
}

const KvKernels& f16_kv() {
  static const KvKernels kKernels = kv_kernels<Neon, F16Cached>(plain::kF16Kv);
  return kKernels;
}

const KvKernels& int8_kv() {
  static const KvKernels kKernels = kv_kernels<Neon, Int8Cached>(plain::kInt8Kv);
  return kKernels;
}

}  // namespace slmrig::runtime::aarch64
