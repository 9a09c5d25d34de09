// Floats on a core with a scalar FPU. GCC loads floats one by one; VLDM brings eight in one instruction, so
// the loops that matter are asm. Products are rounded before they are added (VMUL, VADD): the canonical
// numbers, and on a Cortex-M4 two cycles where VMLA takes three.
#include "workloads/runtime/kernels/cortex_m_dsp/dsp.h"
#include "workloads/runtime/kernels/lanes.h"
#include "workloads/runtime/kernels/plain/plain.h"
#include "workloads/runtime/math.h"

namespace slmrig::runtime::dsp {
namespace {

// s0..s7 are the lanes, s8..s15 of b, s16..s23 of a and then the products. n > 0, a multiple of 8.
float dot_eights(const float* a, const float* b, uint32_t n) {
  float lanes[kLanes];
  __asm__ volatile(
      "vldmia %[a]!, {s0-s7}\n\t"
      "vldmia %[b]!, {s8-s15}\n\t"
      "vmul.f32 s0, s0, s8\n\t"
      "vmul.f32 s1, s1, s9\n\t"
      "vmul.f32 s2, s2, s10\n\t"
      "vmul.f32 s3, s3, s11\n\t"
      "vmul.f32 s4, s4, s12\n\t"
      "vmul.f32 s5, s5, s13\n\t"
      "vmul.f32 s6, s6, s14\n\t"
      "vmul.f32 s7, s7, s15\n\t"
      "subs %[n], %[n], #8\n\t"
      "beq 2f\n"
      "1:\n\t"
      "vldmia %[a]!, {s16-s23}\n\t"
      "vldmia %[b]!, {s8-s15}\n\t"
      "vmul.f32 s16, s16, s8\n\t"
      "vmul.f32 s17, s17, s9\n\t"
      "vmul.f32 s18, s18, s10\n\t"
      "vmul.f32 s19, s19, s11\n\t"
      "vmul.f32 s20, s20, s12\n\t"
      "vmul.f32 s21, s21, s13\n\t"
      "vmul.f32 s22, s22, s14\n\t"
      "vmul.f32 s23, s23, s15\n\t"
      "vadd.f32 s0, s0, s16\n\t"
      "vadd.f32 s1, s1, s17\n\t"
      "vadd.f32 s2, s2, s18\n\t"
      "vadd.f32 s3, s3, s19\n\t"
      "vadd.f32 s4, s4, s20\n\t"
      "vadd.f32 s5, s5, s21\n\t"
      "vadd.f32 s6, s6, s22\n\t"
      "vadd.f32 s7, s7, s23\n\t"
      "subs %[n], %[n], #8\n\t"
      "bne 1b\n"
      "2:\n\t"
      "vstmia %[lanes], {s0-s7}\n\t"
      : [a] "+&r"(a), [b] "+&r"(b), [n] "+&r"(n)
      : [lanes] "r"(lanes)
      : "s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "s12", "s13", "s14", "s15",
        "s16", "s17", "s18", "s19", "s20", "s21", "s22", "s23", "cc", "memory");
  return fold_lanes(lanes);
}

// A constant that stays in its register: left to itself GCC loads each anew for every element.
inline __attribute__((always_inline)) float held(float constant) {
  __asm__("" : "+t"(constant));
  return constant;
}

float dot(const float* a, const float* b, uint32_t n) {
  // An empty sum is +0 in the plain kernel, and 0 + x differs from x where x is -0: adding +0 first makes the
  // first products equal to the plain lanes, since (+0) + (-0) = +0.
  return n == 0 || n % kLanes != 0 ? plain::dot(a, b, n) : dot_eights(a, b, n) + 0.0F;
}

size_t prepared_bytes(uint32_t) { return 0; }

Activations prepare(const float* x, uint32_t, uint32_t columns, uint8_t*) {
  return {x, columns * sizeof(float)};
}

void multiply(const Matrix& matrix, const Activations& activations, uint32_t tokens, float* y) {
  const auto* weights = reinterpret_cast<const float*>(matrix.data);
  for (uint32_t row = 0; row < matrix.rows; ++row, weights += matrix.columns) {
    const auto* x = static_cast<const uint8_t*>(activations.data);
    for (uint32_t token = 0; token < tokens; ++token, x += activations.token_stride_bytes) {
      y[token * matrix.rows + row] = dot(weights, reinterpret_cast<const float*>(x), matrix.columns);
    }
  }
}

// Eight columns of the values: s0..s7 are the sums, s16..s23 a row, s8 its weight. positions > 0.
void mix_eight(const float* weights, const float* values, uint32_t positions, uint32_t stride_bytes,
               float* out) {
  const float zero = 0.0F;
  __asm__ volatile(
      "vmov s0, %[zero]\n\t"
      "vmov s1, %[zero]\n\t"
      "vmov s2, %[zero]\n\t"
      "vmov s3, %[zero]\n\t"
      "vmov s4, %[zero]\n\t"
      "vmov s5, %[zero]\n\t"
      "vmov s6, %[zero]\n\t"
      "vmov s7, %[zero]\n"
      "1:\n\t"
      "vldmia %[weights]!, {s8}\n\t"
      "vldmia %[values], {s16-s23}\n\t"
      "add %[values], %[values], %[stride]\n\t"
      "vmul.f32 s16, s16, s8\n\t"
      "vmul.f32 s17, s17, s8\n\t"
      "vmul.f32 s18, s18, s8\n\t"
      "vmul.f32 s19, s19, s8\n\t"
      "vmul.f32 s20, s20, s8\n\t"
      "vmul.f32 s21, s21, s8\n\t"
      "vmul.f32 s22, s22, s8\n\t"
      "vmul.f32 s23, s23, s8\n\t"
      "vadd.f32 s0, s0, s16\n\t"
      "vadd.f32 s1, s1, s17\n\t"
      "vadd.f32 s2, s2, s18\n\t"
      "vadd.f32 s3, s3, s19\n\t"
      "vadd.f32 s4, s4, s20\n\t"
      "vadd.f32 s5, s5, s21\n\t"
      "vadd.f32 s6, s6, s22\n\t"
      "vadd.f32 s7, s7, s23\n\t"
      "subs %[positions], %[positions], #1\n\t"
      "bne 1b\n\t"
      "vstmia %[out], {s0-s7}\n\t"
      : [weights] "+&r"(weights), [values] "+&r"(values), [positions] "+&r"(positions)
      : [stride] "r"(stride_bytes), [out] "r"(out), [zero] "r"(zero)
      : "s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s16", "s17", "s18", "s19", "s20", "s21", "s22",
        "s23", "cc", "memory");
}

// Heads of 8: a key is one VLDM, the query stays in s0..s7, and the lanes are folded where they stand. Zero
// is added for the reason given in dot(). positions > 0.
void scores_eight(const float* query, const float* keys, uint32_t positions, float scale, float* out) {
  const float zero = 0.0F;
  __asm__ volatile(
      "vldmia %[query], {s0-s7}\n\t"
      "vmov s8, %[scale]\n\t"
      "vmov s9, %[zero]\n"
      "1:\n\t"
      "vldmia %[keys]!, {s16-s23}\n\t"
      "vmul.f32 s16, s16, s0\n\t"
      "vmul.f32 s17, s17, s1\n\t"
      "vmul.f32 s18, s18, s2\n\t"
      "vmul.f32 s19, s19, s3\n\t"
      "vmul.f32 s20, s20, s4\n\t"
      "vmul.f32 s21, s21, s5\n\t"
      "vmul.f32 s22, s22, s6\n\t"
      "vmul.f32 s23, s23, s7\n\t"
      "vadd.f32 s16, s16, s20\n\t"
      "vadd.f32 s17, s17, s21\n\t"
      "vadd.f32 s18, s18, s22\n\t"
      "vadd.f32 s19, s19, s23\n\t"
      "vadd.f32 s16, s16, s18\n\t"
      "vadd.f32 s17, s17, s19\n\t"
      "vadd.f32 s16, s16, s17\n\t"
      "vadd.f32 s16, s16, s9\n\t"
      "vmul.f32 s16, s16, s8\n\t"
      "vstmia %[out]!, {s16}\n\t"
      "subs %[positions], %[positions], #1\n\t"
      "bne 1b\n\t"
      : [keys] "+&r"(keys), [positions] "+&r"(positions), [out] "+&r"(out)
      : [query] "r"(query), [scale] "r"(scale), [zero] "r"(zero)
      : "s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s16", "s17", "s18", "s19", "s20", "s21",
        "s22", "s23", "cc", "memory");
}

}  // namespace

const FormatKernels kF32Kernels = {prepared_bytes, prepare, multiply, plain::read_f32_row};

void scores(const float* query, const float* keys, uint32_t positions, uint32_t head_dim, float scale,
            float* out) {
  if (head_dim == kLanes && positions > 0) return scores_eight(query, keys, positions, scale, out);
  for (uint32_t t = 0; t < positions; ++t, keys += head_dim) out[t] = dot(query, keys, head_dim) * scale;
}

void mix(const float* weights, const float* values, uint32_t positions, uint32_t head_dim, float* out) {
  if (head_dim % kLanes != 0) return plain::mix(weights, values, positions, head_dim, out);
  for (uint32_t i = 0; i < head_dim; i += kLanes) {
    mix_eight(weights, values + i, positions, head_dim * sizeof(float), out + i);
  }
}

// exp_clamped of math.h for x <= 0, with its constants held in registers; and 2^n multiplied in by adding n
// to the exponent, which is exact since no result is subnormal.
void softmax(float* x, uint32_t n) {
  float largest = x[0];
  for (uint32_t i = 1; i < n; ++i) largest = x[i] > largest ? x[i] : largest;
  const float lowest = held(kExpLowest);
  const float log2_e = held(1.44269504F);
  const float magic = held(kRoundMagic);
  const float ln2_high = held(0.693359375F);
  const float ln2_low = held(-2.12194440e-4F);
  const float p5 = held(1.9875691500e-4F);
  const float p4 = held(1.3981999507e-3F);
  const float p3 = held(8.3334519073e-3F);
  const float p2 = held(4.1665795894e-2F);
  const float p1 = held(1.6666665459e-1F);
  const float p0 = held(5.0000001201e-1F);
  const float one = held(1.0F);
  for (uint32_t i = 0; i < n; ++i) {
    float value = x[i] - largest;
    value = value < lowest ? lowest : value;
    const float shifted = value * log2_e + magic;
    const float whole = shifted - magic;
    const float r = (value - whole * ln2_high) - whole * ln2_low;
    const float p = ((((p5 * r + p4) * r + p3) * r + p2) * r + p1) * r + p0;
    const float fraction = (p * (r * r) + r) + one;
    x[i] = float_of(bits_of(fraction) + static_cast<int32_t>(static_cast<uint32_t>(bits_of(shifted)) << 23));
  }
  const float inverse = 1.0F / plain::sum(x, n);
  for (uint32_t i = 0; i < n; ++i) x[i] *= inverse;
}

}  // namespace slmrig::runtime::dsp
