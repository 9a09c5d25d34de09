// Floats on a core with a scalar FPU. GCC loads floats one by one; VLDM brings eight in one instruction, so
// the loops that matter are asm. Products are rounded before they are added (VMUL, VADD): the canonical
// numbers, and on a Cortex-M4 two cycles where VMLA takes three.
#include "workloads/runtime/kernels/cortex_m_dsp/dsp.h"
#include "workloads/runtime/kernels/cortex_m_dsp/eights_asm.h"
#include "workloads/runtime/kernels/lanes.h"
#include "workloads/runtime/kernels/plain/plain.h"

namespace slmrig::runtime::dsp {
namespace {

// s0..s7 are the lanes, s8..s15 of b, s16..s23 of a and then the products. n > 0, a multiple of 8.
float dot_eights(const float* a, const float* b, uint32_t n) {
  float lanes[kLanes];
  __asm__ volatile(
      "vldmia %[a]!, {s0-s7}\n\t"
      "vldmia %[b]!, {s8-s15}\n\t"
      SLMRIG_EIGHT("vmul.f32", SLMRIG_S0_7, SLMRIG_S8_15)
      "subs %[n], %[n], #8\n\t"
      "beq 2f\n"
      "1:\n\t"
      "vldmia %[a]!, {s16-s23}\n\t"
      "vldmia %[b]!, {s8-s15}\n\t"
      SLMRIG_EIGHT("vmul.f32", SLMRIG_S16_23, SLMRIG_S8_15)
      SLMRIG_EIGHT("vadd.f32", SLMRIG_S0_7, SLMRIG_S16_23)
      "subs %[n], %[n], #8\n\t"
      "bne 1b\n"
      "2:\n\t"
      "vstmia %[lanes], {s0-s7}\n\t"
      : [a] "+&r"(a), [b] "+&r"(b), [n] "+&r"(n)
      : [lanes] "r"(lanes)
      : SLMRIG_CLOBBER_S0_15, SLMRIG_CLOBBER_S16_31, "cc", "memory");
  return fold_lanes(lanes);
}

}  // namespace

float dot(const float* a, const float* b, uint32_t n) {
  // An empty sum is +0 in the plain kernel, and 0 + x differs from x where x is -0: adding +0 first makes the
  // first products equal to the plain lanes, since (+0) + (-0) = +0.
  return n == 0 || n % kLanes != 0 ? plain::dot(a, b, n) : dot_eights(a, b, n) + 0.0F;
}

namespace {

void multiply(const Matrix& matrix, const Activations& activations, uint32_t tokens, float* y) {
  const auto* weights = reinterpret_cast<const float*>(matrix.data);
  for (uint32_t row = 0; row < matrix.rows; ++row, weights += matrix.columns) {
    const auto* x = static_cast<const uint8_t*>(activations.data);
    for (uint32_t token = 0; token < tokens; ++token, x += activations.token_stride_bytes) {
      y[token * matrix.rows + row] = dot(weights, reinterpret_cast<const float*>(x), matrix.columns);
    }
  }
}

}  // namespace

const FormatKernels kF32Kernels = {plain::floats_prepared_bytes, plain::prepare_floats, multiply,
                                   plain::read_f32_row};

}  // namespace slmrig::runtime::dsp
