#include <cstring>

#include "workloads/runtime/kernels/cortex_m_dsp/dsp.h"
#include "workloads/runtime/kernels/plain/plain.h"
#include "workloads/runtime/math.h"

namespace slmrig::runtime::dsp {
namespace {

constexpr uint32_t kRunsPerBlock = kBlockColumns / 4;
constexpr size_t kScaleBytes = 2 * kQ8GroupRows;

// One block of activations, widened once for a whole matrix, so that only weights are widened in the loop.
// For each run of 4 columns: columns 0 and 2 in one word, 1 and 3 in the next, as SXTB16 leaves the weights.
struct PairBlock {
  float scale;
  uint32_t pairs[2 * kRunsPerBlock];
};
static_assert(sizeof(PairBlock) == 68, "the loop walks from block to block");

size_t prepared_bytes(uint32_t columns) {
  const size_t bytes = columns / kBlockColumns * sizeof(PairBlock);
  return (bytes + 31) / 32 * 32;
}

// The code stands in the low 16 bits: see kRoundMagic.
uint32_t code_bits(float value, float inverse) {
  return static_cast<uint32_t>(bits_of(value * inverse + kRoundMagic));
}

uint32_t pair(uint32_t low, uint32_t high) { return (low & 0xFFFFU) | (high << 16); }

Activations prepare(const float* x, uint32_t tokens, uint32_t columns, uint8_t* room) {
  const size_t stride_bytes = prepared_bytes(columns);
  for (uint32_t token = 0; token < tokens; ++token) {
    auto* blocks = reinterpret_cast<PairBlock*>(room + token * stride_bytes);
    for (uint32_t block = 0; block < columns / kBlockColumns; ++block) {
      const plain::BlockScale scale = plain::block_scale(x);
      blocks[block].scale = scale.scale;
      for (uint32_t run = 0; run < kRunsPerBlock; ++run, x += 4) {
        const float inverse = scale.inverse;
        blocks[block].pairs[2 * run] = pair(code_bits(x[0], inverse), code_bits(x[2], inverse));
        blocks[block].pairs[2 * run + 1] = pair(code_bits(x[1], inverse), code_bits(x[3], inverse));
      }
    }
  }
  return {room, stride_bytes};
}

// The integer sums of four rows over one block. `weights` and `pairs` end behind what was read.
//
// One asm block, because what GCC makes of single instructions spills: here one LDM brings a run of four
// rows, one LDRD the activations, and 18 instructions do 16 products (1.125 each). The registers of the LDM
// must ascend, so they are named; the other operands leave the compiler one register for its loop.
inline __attribute__((always_inline)) void dot_block(const uint8_t*& weights, const uint32_t*& pairs,
                                                     int32_t& sum0, int32_t& sum1, int32_t& sum2,
                                                     int32_t& sum3) {
  uint32_t even = 0;
  uint32_t odd = 0;
  uint32_t wide = 0;
  __asm__ volatile(
      "ldmia %[w]!, {r4, r5, r6, r8}\n\t"
      "ldrd %[even], %[odd], [%[x]], #8\n\t"
      "sxtb16 %[wide], r4\n\t"
      "sxtb16 r4, r4, ror #8\n\t"
      "smuad %[s0], %[wide], %[even]\n\t"
      "smlad %[s0], r4, %[odd], %[s0]\n\t"
      "sxtb16 %[wide], r5\n\t"
      "sxtb16 r5, r5, ror #8\n\t"
      "smuad %[s1], %[wide], %[even]\n\t"
      "smlad %[s1], r5, %[odd], %[s1]\n\t"
      "sxtb16 %[wide], r6\n\t"
      "sxtb16 r6, r6, ror #8\n\t"
      "smuad %[s2], %[wide], %[even]\n\t"
      "smlad %[s2], r6, %[odd], %[s2]\n\t"
      "sxtb16 %[wide], r8\n\t"
      "sxtb16 r8, r8, ror #8\n\t"
      "smuad %[s3], %[wide], %[even]\n\t"
      "smlad %[s3], r8, %[odd], %[s3]\n\t"
      ".rept 7\n\t"
      "ldmia %[w]!, {r4, r5, r6, r8}\n\t"
      "ldrd %[even], %[odd], [%[x]], #8\n\t"
      "sxtb16 %[wide], r4\n\t"
      "sxtb16 r4, r4, ror #8\n\t"
      "smlad %[s0], %[wide], %[even], %[s0]\n\t"
      "smlad %[s0], r4, %[odd], %[s0]\n\t"
      "sxtb16 %[wide], r5\n\t"
      "sxtb16 r5, r5, ror #8\n\t"
      "smlad %[s1], %[wide], %[even], %[s1]\n\t"
      "smlad %[s1], r5, %[odd], %[s1]\n\t"
      "sxtb16 %[wide], r6\n\t"
      "sxtb16 r6, r6, ror #8\n\t"
      "smlad %[s2], %[wide], %[even], %[s2]\n\t"
      "smlad %[s2], r6, %[odd], %[s2]\n\t"
      "sxtb16 %[wide], r8\n\t"
      "sxtb16 r8, r8, ror #8\n\t"
      "smlad %[s3], %[wide], %[even], %[s3]\n\t"
      "smlad %[s3], r8, %[odd], %[s3]\n\t"
      ".endr\n\t"
      : [w] "+&r"(weights), [x] "+&r"(pairs), [s0] "=&r"(sum0), [s1] "=&r"(sum1), [s2] "=&r"(sum2),
        [s3] "=&r"(sum3), [even] "=&r"(even), [odd] "=&r"(odd), [wide] "=&r"(wide)
      :
      : "r4", "r5", "r6", "r8", "memory");
}

float low_half(float two_halves) {
  float value = 0;
  __asm__("vcvtb.f32.f16 %0, %1" : "=t"(value) : "t"(two_halves));
  return value;
}

float high_half(float two_halves) {
  float value = 0;
  __asm__("vcvtt.f32.f16 %0, %1" : "=t"(value) : "t"(two_halves));
  return value;
}

// y [4]
void multiply_group(const uint8_t* group, const PairBlock* x, uint32_t blocks, float* y) {
  float sum0 = 0.0F;
  float sum1 = 0.0F;
  float sum2 = 0.0F;
  float sum3 = 0.0F;
  const PairBlock* const end = x + blocks;
  while (x != end) {
    float scales01 = 0;  // two halves each, moved as they are
    float scales23 = 0;
    std::memcpy(&scales01, group, 4);
    std::memcpy(&scales23, group + 4, 4);
    group += kScaleBytes;
    const float scale = x->scale;
    const uint32_t* pairs = x->pairs;
    int32_t dot0 = 0;
    int32_t dot1 = 0;
    int32_t dot2 = 0;
    int32_t dot3 = 0;
    dot_block(group, pairs, dot0, dot1, dot2, dot3);
    x = reinterpret_cast<const PairBlock*>(pairs);
    sum0 += static_cast<float>(dot0) * (low_half(scales01) * scale);
    sum1 += static_cast<float>(dot1) * (high_half(scales01) * scale);
    sum2 += static_cast<float>(dot2) * (low_half(scales23) * scale);
    sum3 += static_cast<float>(dot3) * (high_half(scales23) * scale);
  }
  y[0] = sum0;
  y[1] = sum1;
  y[2] = sum2;
  y[3] = sum3;
}

void multiply(const Matrix& matrix, const Activations& activations, uint32_t tokens, float* y) {
  const uint32_t blocks = matrix.columns / kBlockColumns;
  const uint8_t* group = matrix.data;
  for (uint32_t row = 0; row < matrix.rows; row += kQ8GroupRows, group += blocks * kQ8GroupBytes) {
    const auto* x = static_cast<const uint8_t*>(activations.data);
    for (uint32_t token = 0; token < tokens; ++token, x += activations.token_stride_bytes) {
      multiply_group(group, reinterpret_cast<const PairBlock*>(x), blocks, y + token * matrix.rows + row);
    }
  }
}

}  // namespace

const FormatKernels kQ8Kernels = {prepared_bytes, prepare, multiply, plain::read_q8_row};

}  // namespace slmrig::runtime::dsp
