// TQ2_0 and Q2_K by masks. 64 columns share their bytes: two blocks of 32, read one after the other.
#include "workloads/runtime/kernels/cortex_m_dsp/blocks.h"
#include "workloads/runtime/kernels/cortex_m_dsp/masked_asm.h"
#include "workloads/runtime/kernels/cortex_m_dsp/strip_asm.h"
#include "workloads/runtime/kernels/plain/plain.h"

namespace slmrig::runtime::dsp {
namespace {

// y [4 * strips]. The sums begin with minus the sum of the activations: the zero point.
void multiply_tq2_strips(const uint8_t* w, const PairBlock* x_first, const PairBlock* end, uint32_t strips,
                         float* y) {
  const PairBlock* x = nullptr;
  const PairBlock* group_end = nullptr;
  uint32_t sums[kGroupRows] = {};
  uint32_t even = 0;
  uint32_t odd = 0;
  uint32_t two = 0;
  __asm__ volatile(SLMRIG_BEGIN_STRIP SLMRIG_LOAD_SCALES
                   "add %[two], %[x], #672\n\t"  // 8 blocks
                   "str %[two], %[group_end]\n"
                   "4:\n\t"
                   "vldr s10, [%[x]]\n\t"
                   "ldr %[s0], [%[x], #72]\n\t" SLMRIG_MASKED_BLOCK("", ", lsr #8", ", lsr #2", ", lsr #10")
                       SLMRIG_ADD_BLOCK
                   "sub %[w], %[w], #64\n\t"
                   "add %[x], %[x], #84\n\t"
                   "vldr s10, [%[x]]\n\t"
                   "ldr %[s0], [%[x], #72]\n\t" SLMRIG_MASKED_BLOCK(", lsr #4", ", lsr #12", ", lsr #6",
                                                                    ", lsr #14") SLMRIG_ADD_BLOCK
                   "add %[x], %[x], #84\n\t"
                   "ldr %[two], %[group_end]\n\t"
                   "cmp %[x], %[two]\n\t"
                   "bne 4b\n\t"
                   "ldr %[two], %[end]\n\t"
                   "cmp %[x], %[two]\n\t"
                   "bne 1b\n\t" SLMRIG_END_STRIP
                   : [w] "+&r"(w), [x] "=&r"(x), [s0] "=&r"(sums[0]), [s1] "=&r"(sums[1]),
                     [s2] "=&r"(sums[2]), [s3] "=&r"(sums[3]), [even] "=&r"(even), [odd] "=&r"(odd),
                     [two] "=&r"(two), [y] "+m"(y), [strips] "+m"(strips), [group_end] "+m"(group_end)
                   : [mask] "r"(0x00030003U), [end] "m"(end), [x_first] "m"(x_first)
                   : SLMRIG_STRIP_CLOBBERS);
}

// A block of Q2_K. Each half is multiplied by its 4-bit scales, which stand four rows to a word at
// %[sub_scales], low nibbles; high nibbles are the minima.
//   after the first half    s24..s27 = its sums times its scales
//   after the second        %[s0]..%[s3] = both
#define SLMRIG_NIBBLES(shift_02, shift_13) \
  "mov %[mask], #0x000F000F\n\t"           \
  "and r4, %[mask], %[two]" shift_02       \
  "\n\t"                                   \
  "and r5, %[mask], %[two]" shift_13 "\n\t"
#define SLMRIG_Q2_K_SUMS(low_even, low_odd, high_even, high_odd) \
  "vldr s10, [%[x]]\n\t"                                                           \
  "mov %[s0], #0\n\t"                                                              \
  SLMRIG_MASKED_HALF("4", "12", "20", "28", low_even, low_odd)                     \
  "sub %[w], %[w], #64\n\t"                                                        \
  "ldr %[even], %[sub_scales]\n\t"                                                 \
  "ldr %[two], [%[even]]\n\t"                                                      \
  SLMRIG_NIBBLES("", ", lsr #8")                                                   \
  "smulbb %[s0], r4, %[s0]\n\t"                                                    \
  "smulbb %[s1], r5, %[s1]\n\t"                                                    \
  "smultb %[s2], r4, %[s2]\n\t"                                                    \
  "smultb %[s3], r5, %[s3]\n\t"                                                    \
  "vmov s24, s25, %[s0], %[s1]\n\t"                                                \
  "vmov s26, s27, %[s2], %[s3]\n\t"                                                \
  "mov %[mask], #0x00030003\n\t"                                                   \
  "mov %[s0], #0\n\t"                                                              \
  SLMRIG_MASKED_HALF("36", "44", "52", "60", high_even, high_odd)                  \
  "ldr %[even], %[sub_scales]\n\t"                                                 \
  "ldr %[two], [%[even], #4]\n\t"                                                  \
  SLMRIG_NIBBLES("", ", lsr #8")                                                   \
  "vmov r6, r8, s24, s25\n\t"                                                      \
  "smlabb %[s0], r4, %[s0], r6\n\t"                                                \
  "smlabb %[s1], r5, %[s1], r8\n\t"                                                \
  "vmov r6, r8, s26, s27\n\t"                                                      \
  "smlatb %[s2], r4, %[s2], r6\n\t"                                                \
  "smlatb %[s3], r5, %[s3], r8\n\t"

// %[s0]..%[s3] = minima times the sums of activations; steps over the sub-scales.
#define SLMRIG_Q2_K_MINIMA                \
  SLMRIG_NIBBLES(", lsr #4", ", lsr #12") \
  "ldr %[two], [%[even]], #8\n\t"                \
  "str %[even], %[sub_scales]\n\t"               \
  "ldrd r6, r8, [%[x], #76]\n\t"                 \
  "smulbb %[s0], r4, r8\n\t"                     \
  "smulbb %[s1], r5, r8\n\t"                     \
  "smultb %[s2], r4, r8\n\t"                     \
  "smultb %[s3], r5, r8\n\t"                     \
  SLMRIG_NIBBLES(", lsr #4", ", lsr #12")        \
  "smlabb %[s0], r4, r6, %[s0]\n\t"              \
  "smlabb %[s1], r5, r6, %[s1]\n\t"              \
  "smlatb %[s2], r4, r6, %[s2]\n\t"              \
  "smlatb %[s3], r5, r6, %[s3]\n\t"              \
  "mov %[mask], #0x00030003\n\t"

// y -= float(integer) * (dmin * s10); s20..s23 are the rows' dmin.
#define SLMRIG_SUBTRACT_BLOCK     \
  "vmov s4, s5, %[s0], %[s1]\n\t" \
  "vmov s6, s7, %[s2], %[s3]\n\t" \
  "vmul.f32 s0, s20, s10\n\t"     \
  "vmul.f32 s1, s21, s10\n\t"     \
  "vmul.f32 s2, s22, s10\n\t"     \
  "vmul.f32 s3, s23, s10\n\t"     \
  "vcvt.f32.s32 s4, s4\n\t"       \
  "vcvt.f32.s32 s5, s5\n\t"       \
  "vcvt.f32.s32 s6, s6\n\t"       \
  "vcvt.f32.s32 s7, s7\n\t"       \
  "vmul.f32 s4, s4, s0\n\t"       \
  "vmul.f32 s5, s5, s1\n\t"       \
  "vmul.f32 s6, s6, s2\n\t"       \
  "vmul.f32 s7, s7, s3\n\t"       \
  "vsub.f32 s16, s16, s4\n\t"     \
  "vsub.f32 s17, s17, s5\n\t"     \
  "vsub.f32 s18, s18, s6\n\t"     \
  "vsub.f32 s19, s19, s7\n\t"

#define SLMRIG_Q2_K_BLOCK(low_even, low_odd, high_even, high_odd) \
  SLMRIG_Q2_K_SUMS(low_even, low_odd, high_even, high_odd)        \
  SLMRIG_ADD_BLOCK                                                \
  SLMRIG_Q2_K_MINIMA                                              \
  SLMRIG_SUBTRACT_BLOCK                                           \
  "add %[x], %[x], #84\n\t"

// y [4 * strips]
void multiply_q2_k_strips(const uint8_t* w, const PairBlock* x_first, const PairBlock* end, uint32_t strips,
                          float* y) {
  const PairBlock* x = nullptr;
  const PairBlock* group_end = nullptr;
  const uint8_t* sub_scales = nullptr;
  uint32_t sums[kGroupRows] = {};
  uint32_t even = 0;
  uint32_t odd = 0;
  uint32_t two = 0;
  uint32_t mask = 0x00030003U;
  __asm__ volatile(
      SLMRIG_BEGIN_STRIP
      SLMRIG_LOAD_SCALES
      "vldmia %[w]!, {s22, s23}\n\t"
      "vcvtb.f32.f16 s20, s22\n\t"
      "vcvtt.f32.f16 s21, s22\n\t"
      "vcvtb.f32.f16 s22, s23\n\t"
      "vcvtt.f32.f16 s23, s23\n\t"
      "str %[w], %[sub_scales]\n\t"
      "add %[w], %[w], #64\n\t"
      "add %[two], %[x], #672\n\t"  // 8 blocks
      "str %[two], %[group_end]\n"
      "4:\n\t"
      SLMRIG_Q2_K_BLOCK("", ", lsr #8", ", lsr #2", ", lsr #10")
      "sub %[w], %[w], #64\n\t"
      SLMRIG_Q2_K_BLOCK(", lsr #4", ", lsr #12", ", lsr #6", ", lsr #14")
      "ldr %[two], %[group_end]\n\t"
      "cmp %[x], %[two]\n\t"
      "bne 4b\n\t"
      "ldr %[two], %[end]\n\t"
      "cmp %[x], %[two]\n\t"
      "bne 1b\n\t"
      SLMRIG_END_STRIP
      : [w] "+&r"(w), [x] "=&r"(x), [s0] "=&r"(sums[0]), [s1] "=&r"(sums[1]), [s2] "=&r"(sums[2]), [s3] "=&r"(sums[3]),
        [even] "=&r"(even), [odd] "=&r"(odd), [two] "=&r"(two), [mask] "+&r"(mask), [y] "+m"(y),
        [strips] "+m"(strips), [group_end] "+m"(group_end), [sub_scales] "+m"(sub_scales)
      : [end] "m"(end), [x_first] "m"(x_first)
      : SLMRIG_STRIP_CLOBBERS, "s20", "s21", "s22", "s23", "s24", "s25", "s26", "s27");
}

void multiply_tq2_0(const Matrix& matrix, const Activations& activations, uint32_t tokens, float* y) {
  multiply_tokens<PairBlock, multiply_tq2_strips>(matrix, activations, tokens, y,
                                                  matrix.columns / kSuperColumns * kTq2GroupBytes);
}

void multiply_q2_k(const Matrix& matrix, const Activations& activations, uint32_t tokens, float* y) {
  multiply_tokens<PairBlock, multiply_q2_k_strips>(matrix, activations, tokens, y,
                                                   matrix.columns / kSuperColumns * kQ2KGroupBytes);
}

}  // namespace

const FormatKernels kTq2Kernels = {pairs_prepared_bytes, prepare_pairs_and_sums, multiply_tq2_0,
                                   plain::read_tq2_0_row};
const FormatKernels kQ2KKernels = {pairs_prepared_bytes, prepare_pairs_and_sums, multiply_q2_k,
                                   plain::read_q2_k_row};

}  // namespace slmrig::runtime::dsp
