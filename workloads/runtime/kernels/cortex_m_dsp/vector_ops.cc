// Norm, rotation and sums by eight floats at a time.
#include "workloads/runtime/kernels/cortex_m_dsp/dsp.h"
#include "workloads/runtime/kernels/cortex_m_dsp/eights_asm.h"
#include "workloads/runtime/kernels/lanes.h"
#include "workloads/runtime/kernels/plain/plain.h"
#include "workloads/runtime/math.h"

namespace slmrig::runtime::dsp {
namespace {

#define SLMRIG_NEXT_EIGHT   \
  "subs %[n], %[n], #8\n\t" \
  "bne 1b\n\t"

// In all of these n > 0 is a multiple of 8.

// lanes [8] = sums of x [n]
void sum_eights(const float* x, uint32_t n, float* lanes) {
  __asm__ volatile(
      SLMRIG_SET("%[zero]", SLMRIG_S0_7)
      "1:\n\t"
      "vldmia %[x]!, {s8-s15}\n\t"
      SLMRIG_EIGHT("vadd.f32", SLMRIG_S0_7, SLMRIG_S8_15)
      SLMRIG_NEXT_EIGHT
      "vstmia %[lanes], {s0-s7}\n\t"
      : [x] "+&r"(x), [n] "+&r"(n)
      : [lanes] "r"(lanes), [zero] "r"(0)
      : SLMRIG_CLOBBER_S0_15, "cc", "memory");
}

// x [n] *= factor
void scale_eights(float* x, uint32_t n, float factor) {
  __asm__ volatile(
      "vmov s16, %[factor]\n"
      "1:\n\t"
      "vldmia %[x], {s0-s7}\n\t" SLMRIG_EIGHT_BY("vmul.f32", SLMRIG_S0_7,
                                                 16) "vstmia %[x]!, {s0-s7}\n\t" SLMRIG_NEXT_EIGHT
      : [x] "+&r"(x), [n] "+&r"(n)
      : [factor] "r"(bits_of(factor))
      : SLMRIG_CLOBBER_S0_15, "s16", "cc", "memory");
}

// y [n] = (x * factor) * gain. y may be x.
void gain_eights(const float* x, const float* gain, uint32_t n, float factor, float* y) {
  __asm__ volatile(
      "vmov s16, %[factor]\n"
      "1:\n\t"
      "vldmia %[x]!, {s0-s7}\n\t"
      "vldmia %[gain]!, {s8-s15}\n\t" SLMRIG_EIGHT_BY("vmul.f32", SLMRIG_S0_7, 16)
          SLMRIG_EIGHT("vmul.f32", SLMRIG_S0_7, SLMRIG_S8_15) "vstmia %[y]!, {s0-s7}\n\t" SLMRIG_NEXT_EIGHT
      : [x] "+&r"(x), [gain] "+&r"(gain), [y] "+&r"(y), [n] "+&r"(n)
      : [factor] "r"(bits_of(factor))
      : SLMRIG_CLOBBER_S0_15, "s16", "cc", "memory");
}

// x [n] += y
void add_eights(float* x, const float* y, uint32_t n) {
  __asm__ volatile(
      "1:\n\t"
      "vldmia %[x], {s0-s7}\n\t"
      "vldmia %[y]!, {s8-s15}\n\t" SLMRIG_EIGHT("vadd.f32", SLMRIG_S0_7,
                                                SLMRIG_S8_15) "vstmia %[x]!, {s0-s7}\n\t" SLMRIG_NEXT_EIGHT
      : [x] "+&r"(x), [y] "+&r"(y), [n] "+&r"(n)
      :
      : SLMRIG_CLOBBER_S0_15, "cc", "memory");
}

// A pair of x in s`a`, s`b` turned by cosine s`c` and sine s`s`.
#define SLMRIG_ROTATE(a, b, c, s) \
  "vmul.f32 s16, s" #a ", s" #c   \
  "\n\t"                          \
  "vmul.f32 s17, s" #b ", s" #s   \
  "\n\t"                          \
  "vmul.f32 s18, s" #a ", s" #s   \
  "\n\t"                          \
  "vmul.f32 s19, s" #b ", s" #c   \
  "\n\t"                          \
  "vsub.f32 s" #a                 \
  ", s16, s17\n\t"                \
  "vadd.f32 s" #b ", s18, s19\n\t"

// Four pairs at a time.
void rotate_eights(float* x, const float* table, uint32_t n) {
  __asm__ volatile(
      "1:\n\t"
      "vldmia %[x], {s0-s7}\n\t"
      "vldmia %[table]!, {s8-s15}\n\t" SLMRIG_ROTATE(0, 1, 8, 9) SLMRIG_ROTATE(2, 3, 10, 11) SLMRIG_ROTATE(
          4, 5, 12, 13) SLMRIG_ROTATE(6, 7, 14, 15) "vstmia %[x]!, {s0-s7}\n\t" SLMRIG_NEXT_EIGHT
      : [x] "+&r"(x), [table] "+&r"(table), [n] "+&r"(n)
      :
      : SLMRIG_CLOBBER_S0_15, "s16", "s17", "s18", "s19", "cc", "memory");
}

uint32_t eights(uint32_t n) { return n / kLanes * kLanes; }

}  // namespace

float sum(const float* x, uint32_t n) {
  float lanes[kLanes] = {};
  const uint32_t done = eights(n);
  if (done > 0) sum_eights(x, done, lanes);
  for (uint32_t i = done; i < n; ++i) lanes[i - done] += x[i];
  return fold_lanes(lanes);
}

void scale_all(float* x, uint32_t n, float factor) {
  const uint32_t done = eights(n);
  if (done > 0) scale_eights(x, done, factor);
  for (uint32_t i = done; i < n; ++i) x[i] *= factor;
}

void rms_norm(const float* x, const float* gain, uint32_t n, float epsilon, float* y) {
  const float mean = dot(x, x, n) / static_cast<float>(n);
  const float factor = 1.0F / square_root(mean + epsilon);
  const uint32_t done = eights(n);
  if (done > 0) gain_eights(x, gain, done, factor, y);
  for (uint32_t i = done; i < n; ++i) y[i] = (x[i] * factor) * gain[i];
}

void rotate(float* x, const float* table, uint32_t heads, uint32_t head_dim) {
  if (head_dim % kLanes != 0) return plain::rotate(x, table, heads, head_dim);
  for (uint32_t head = 0; head < heads; ++head, x += head_dim) rotate_eights(x, table, head_dim);
}

void add(float* x, const float* y, uint32_t n) {
  const uint32_t done = eights(n);
  if (done > 0) add_eights(x, y, done);
  for (uint32_t i = done; i < n; ++i) x[i] += y[i];
}

}  // namespace slmrig::runtime::dsp
