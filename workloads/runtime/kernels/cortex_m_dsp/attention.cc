// Attention on a core with a scalar FPU: VLDM brings eight floats in one instruction, so the loops are asm.
// Products are rounded before they are added (VMUL, VADD): the canonical numbers, and on a Cortex-M4 two
// cycles where VMLA takes three.
#include "workloads/runtime/kernels/cortex_m_dsp/dsp.h"
#include "workloads/runtime/kernels/cortex_m_dsp/eights_asm.h"
#include "workloads/runtime/kernels/lanes.h"
#include "workloads/runtime/kernels/plain/plain.h"
#include "workloads/runtime/math.h"

namespace slmrig::runtime::dsp {
namespace {

// Heads of 8: a key is one VLDM, the query stays in s0..s7, and the lanes are folded where they stand. Zero
// is added for the reason given in dot(). positions > 0.
void scores_eight(const float* query, const float* keys, uint32_t positions, float scale, float* out) {
  __asm__ volatile(
      "vldmia %[query], {s0-s7}\n\t"
      "vmov s8, %[scale]\n\t"
      "vmov s9, %[zero]\n"
      "1:\n\t"
      "vldmia %[keys]!, {s16-s23}\n\t"
      SLMRIG_EIGHT("vmul.f32", SLMRIG_S16_23, SLMRIG_S0_7)
      SLMRIG_FOLD(SLMRIG_S16_23)
      "vadd.f32 s16, s16, s9\n\t"
      "vmul.f32 s16, s16, s8\n\t"
      "vstmia %[out]!, {s16}\n\t"
      "subs %[positions], %[positions], #1\n\t"
      "bne 1b\n\t"
      : [keys] "+&r"(keys), [positions] "+&r"(positions), [out] "+&r"(out)
      : [query] "r"(query), [scale] "r"(bits_of(scale)), [zero] "r"(0)
      : SLMRIG_CLOBBER_S0_15, SLMRIG_CLOBBER_S16_31, "cc", "memory");
}

// Two keys at a time share the loads of the query: s0..s7 and s8..s15 are their lanes. pairs > 0, head_dim >
// 0 a multiple of 8.
void scores_pairs(const float* query, const float* keys, uint32_t pairs, uint32_t head_dim, float scale,
                  float* out) {
  const float* a = keys;
  const float* b = keys + head_dim;
  uint32_t left = 0;
  __asm__ volatile(
      "1:\n\t"
      "vldmia %[query]!, {s16-s23}\n\t"
      "vldmia %[a]!, {s0-s7}\n\t"
      SLMRIG_EIGHT("vmul.f32", SLMRIG_S0_7, SLMRIG_S16_23)
      "vldmia %[b]!, {s8-s15}\n\t"
      SLMRIG_EIGHT("vmul.f32", SLMRIG_S8_15, SLMRIG_S16_23)
      "subs %[left], %[head_dim], #8\n\t"
      "beq 3f\n"
      "2:\n\t"
      "vldmia %[query]!, {s16-s23}\n\t"
      "vldmia %[a]!, {s24-s31}\n\t"
      SLMRIG_EIGHT("vmul.f32", SLMRIG_S24_31, SLMRIG_S16_23)
      SLMRIG_EIGHT("vadd.f32", SLMRIG_S0_7, SLMRIG_S24_31)
      "vldmia %[b]!, {s24-s31}\n\t"
      SLMRIG_EIGHT("vmul.f32", SLMRIG_S24_31, SLMRIG_S16_23)
      SLMRIG_EIGHT("vadd.f32", SLMRIG_S8_15, SLMRIG_S24_31)
      "subs %[left], %[left], #8\n\t"
      "bne 2b\n"
      "3:\n\t"
      "vmov s16, %[scale]\n\t"
      "vmov s17, %[zero]\n\t"
      SLMRIG_FOLD(SLMRIG_S0_7)
      SLMRIG_FOLD(SLMRIG_S8_15)
      "vadd.f32 s0, s0, s17\n\t"
      "vadd.f32 s1, s8, s17\n\t"
      "vmul.f32 s0, s0, s16\n\t"
      "vmul.f32 s1, s1, s16\n\t"
      "vstmia %[out]!, {s0-s1}\n\t"
      "mov %[a], %[b]\n\t"
      "add %[b], %[b], %[head_dim], lsl #2\n\t"
      "sub %[query], %[query], %[head_dim], lsl #2\n\t"
      "subs %[pairs], %[pairs], #1\n\t"
      "bne 1b\n\t"
      : [query] "+&r"(query), [a] "+&r"(a), [b] "+&r"(b), [left] "=&r"(left), [pairs] "+&r"(pairs),
        [out] "+&r"(out)
      : [head_dim] "r"(head_dim), [scale] "r"(bits_of(scale)), [zero] "r"(0)
      : SLMRIG_CLOBBER_S0_15, SLMRIG_CLOBBER_S16_31, "cc", "memory");
}

// Eight columns of the values: s0..s7 are the sums, s16..s23 a row, s24 its weight. positions > 0.
void mix_eight(const float* weights, const float* values, uint32_t positions, uint32_t head_dim, float* out) {
  __asm__ volatile(
      SLMRIG_SET("%[zero]", SLMRIG_S0_7)
      "1:\n\t"
      "vldmia %[weights]!, {s24}\n\t"
      "vldmia %[values], {s16-s23}\n\t"
      "add %[values], %[values], %[head_dim], lsl #2\n\t"
      SLMRIG_EIGHT_BY("vmul.f32", SLMRIG_S16_23, 24)
      SLMRIG_EIGHT("vadd.f32", SLMRIG_S0_7, SLMRIG_S16_23)
      "subs %[positions], %[positions], #1\n\t"
      "bne 1b\n\t"
      "vstmia %[out], {s0-s7}\n\t"
      : [weights] "+&r"(weights), [values] "+&r"(values), [positions] "+&r"(positions)
      : [head_dim] "r"(head_dim), [out] "r"(out), [zero] "r"(0)
      : SLMRIG_CLOBBER_S0_15, SLMRIG_CLOBBER_S16_31, "cc", "memory");
}

// One position of sixteen columns under the weight in s`weight`.
#define SLMRIG_MIX_POSITION(weight)                                                                        \
  "vldmia %[values]!, {s16-s23}\n\t" SLMRIG_EIGHT_BY("vmul.f32", SLMRIG_S16_23, weight) SLMRIG_EIGHT(      \
      "vadd.f32", SLMRIG_S0_7,                                                                             \
      SLMRIG_S16_23) "vldmia %[values]!, {s16-s23}\n\t" SLMRIG_EIGHT_BY("vmul.f32", SLMRIG_S16_23, weight) \
      SLMRIG_EIGHT("vadd.f32", SLMRIG_S8_15, SLMRIG_S16_23) "add %[values], %[values], %[skip]\n\t"

// Sixteen columns: s0..s15 are the sums. positions > 0; an odd one goes first.
void mix_sixteen(const float* weights, const float* values, uint32_t positions, uint32_t head_dim,
                 float* out) {
  const uint32_t skip_bytes = (head_dim - 16) * sizeof(float);
  __asm__ volatile(
      SLMRIG_SET("%[zero]", SLMRIG_S0_7)
      SLMRIG_SET("%[zero]", SLMRIG_S8_15)
      "tst %[positions], #1\n\t"
      "beq 1f\n\t"
      "vldmia %[weights]!, {s24}\n\t"
      SLMRIG_MIX_POSITION(24)
      "subs %[positions], %[positions], #1\n\t"
      "beq 2f\n"
      "1:\n\t"
      "vldmia %[weights]!, {s24-s25}\n\t"
      SLMRIG_MIX_POSITION(24)
      SLMRIG_MIX_POSITION(25)
      "subs %[positions], %[positions], #2\n\t"
      "bne 1b\n"
      "2:\n\t"
      "vstmia %[out], {s0-s15}\n\t"
      : [weights] "+&r"(weights), [values] "+&r"(values), [positions] "+&r"(positions)
      : [skip] "r"(skip_bytes), [out] "r"(out), [zero] "r"(0)
      : SLMRIG_CLOBBER_S0_15, SLMRIG_CLOBBER_S16_31, "cc", "memory");
}

// A constant that stays in its register: left to itself GCC loads each anew for every element.
inline __attribute__((always_inline)) float held(float constant) {
  __asm__("" : "+t"(constant));
  return constant;
}

struct ExpConstants {
  float lowest = held(kExpLowest);
  float log2_e = held(1.44269504F);
  float magic = held(kRoundMagic);
  float ln2_high = held(0.693359375F);
  float ln2_low = held(-2.12194440e-4F);
  float p5 = held(1.9875691500e-4F);
  float p4 = held(1.3981999507e-3F);
  float p3 = held(8.3334519073e-3F);
  float p2 = held(4.1665795894e-2F);
  float p1 = held(1.6666665459e-1F);
  float p0 = held(5.0000001201e-1F);
  float one = held(1.0F);
};

// exp_clamped of math.h, for x <= 0 and with its constants held in registers. 2^n is multiplied in by adding
// n to the exponent, which is exact since no result is subnormal.
inline __attribute__((always_inline)) float exp_below_zero(float x, const ExpConstants& c) {
  x = x < c.lowest ? c.lowest : x;
  const float shifted = x * c.log2_e + c.magic;
  const float n = shifted - c.magic;
  const float r = (x - n * c.ln2_high) - n * c.ln2_low;
  const float p = ((((c.p5 * r + c.p4) * r + c.p3) * r + c.p2) * r + c.p1) * r + c.p0;
  const float fraction = (p * (r * r) + r) + c.one;
  return float_of(bits_of(fraction) + static_cast<int32_t>(static_cast<uint32_t>(bits_of(shifted)) << 23));
}

}  // namespace

void scores(const float* query, const float* keys, uint32_t positions, uint32_t head_dim, float scale,
            float* out) {
  if (head_dim == kLanes && positions > 0) return scores_eight(query, keys, positions, scale, out);
  uint32_t done = 0;
  if (head_dim % kLanes == 0 && positions >= 2) {
    done = positions / 2 * 2;
    scores_pairs(query, keys, done / 2, head_dim, scale, out);
  }
  for (; done < positions; ++done) out[done] = dot(query, keys + done * head_dim, head_dim) * scale;
}

void mix(const float* weights, const float* values, uint32_t positions, uint32_t head_dim, float* out) {
  if (head_dim % kLanes != 0 || positions == 0) return plain::mix(weights, values, positions, head_dim, out);
  uint32_t i = 0;
  for (; i + 16 <= head_dim; i += 16) mix_sixteen(weights, values + i, positions, head_dim, out + i);
  if (i < head_dim) mix_eight(weights, values + i, positions, head_dim, out + i);
}

void softmax(float* x, uint32_t n) {
  float largest = x[0];
  for (uint32_t i = 1; i < n; ++i) largest = x[i] > largest ? x[i] : largest;
  const ExpConstants constants;
  for (uint32_t i = 0; i < n; ++i) x[i] = exp_below_zero(x[i] - largest, constants);
  scale_all(x, n, 1.0F / sum(x, n));
}

}  // namespace slmrig::runtime::dsp
