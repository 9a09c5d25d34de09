// Q4_0 by masks.
#include "workloads/runtime/kernels/cortex_m_dsp/blocks.h"
#include "workloads/runtime/kernels/cortex_m_dsp/masked_asm.h"
#include "workloads/runtime/kernels/cortex_m_dsp/strip_asm.h"
#include "workloads/runtime/kernels/cortex_m_dsp/two_tokens_asm.h"
#include "workloads/runtime/kernels/plain/plain.h"

namespace slmrig::runtime::dsp {
namespace {

// y [4 * strips]. The sums begin with -8 times the sum of the activations: the zero point.
void multiply_q4_strips(const uint8_t* w, const PairBlock* x_first, const PairBlock* end, uint32_t strips,
                        float* y) {
  const PairBlock* x = nullptr;
  uint32_t sums[kGroupRows] = {};
  uint32_t even = 0;
  uint32_t odd = 0;
  uint32_t two = 0;
  __asm__ volatile(SLMRIG_BEGIN_STRIP
                   "vldr s10, [%[x]]\n\t"
                   "ldr %[s0], [%[x], #68]\n\t" SLMRIG_LOAD_SCALES SLMRIG_MASKED_BLOCK(
                       "", ", lsr #8", ", lsr #4", ", lsr #12") SLMRIG_ADD_BLOCK
                   "ldr %[two], %[end]\n\t"
                   "add %[x], %[x], #84\n\t"
                   "cmp %[x], %[two]\n\t"
                   "bne 1b\n\t" SLMRIG_END_STRIP
                   : [w] "+&r"(w), [x] "=&r"(x), [s0] "=&r"(sums[0]), [s1] "=&r"(sums[1]),
                     [s2] "=&r"(sums[2]), [s3] "=&r"(sums[3]), [even] "=&r"(even), [odd] "=&r"(odd),
                     [two] "=&r"(two), [y] "+m"(y), [strips] "+m"(strips)
                   : [mask] "r"(0x000F000FU), [end] "m"(end), [x_first] "m"(x_first)
                   : SLMRIG_STRIP_CLOBBERS);
}

// Two columns of two rows and two tokens, of which %[x] and %[b_x] hold the activations.
#define SLMRIG_TWO_MASKED(x, shift)         \
  "and %[part], %[mask], r4" shift          \
  "\n\t"                                    \
  "smlad %[a0], %[part], %[" x              \
  "], %[a0]\n\t"                            \
  "smlad %[b0], %[part], %[b_x], %[b0]\n\t" \
  "and %[part], %[mask], r5" shift          \
  "\n\t"                                    \
  "smlad %[a1], %[part], %[" x              \
  "], %[a1]\n\t"                            \
  "smlad %[b1], %[part], %[b_x], %[b1]\n\t"
// The four columns whose activations begin at `at`; those of b come one word at a time, since no register is
// left.
#define SLMRIG_TWO_MASKED_FOUR(at, at_odd, even_shift, odd_shift)               \
  "ldrd %[a_even], %[a_odd], [%[a], #" at                                       \
  "]\n\t"                                                                       \
  "ldr %[b_x], [%[b], #" at                                                     \
  "]\n\t" SLMRIG_TWO_MASKED("a_even", even_shift) "ldr %[b_x], [%[b], #" at_odd \
                                                  "]\n\t" SLMRIG_TWO_MASKED("a_odd", odd_shift)
#define SLMRIG_TWO_MASKED_RUN(low, low_odd, high, high_odd) \
  SLMRIG_LOAD_TWO_ROWS                                      \
  SLMRIG_TWO_MASKED_FOUR(low, low_odd, "", ", lsr #8")      \
  SLMRIG_TWO_MASKED_FOUR(high, high_odd, ", lsr #4", ", lsr #12")
// Two rows of a block of 32 columns; the sums begin with the zero point.
#define SLMRIG_TWO_MASKED_PASS                                                                    \
  "ldr %[a0], [%[a], #68]\n\t"                                                                    \
  "ldr %[b0], [%[b], #68]\n\t"                                                                    \
  "mov %[a1], %[a0]\n\t"                                                                          \
  "mov %[b1], %[b0]\n\t" SLMRIG_TWO_MASKED_RUN("4", "8", "36", "40")                              \
      SLMRIG_TWO_MASKED_RUN("12", "16", "44", "48") SLMRIG_TWO_MASKED_RUN("20", "24", "52", "56") \
          SLMRIG_TWO_MASKED_RUN("28", "32", "60", "64")

// A strip and two tokens. y [2][4]
void multiply_q4_two(const uint8_t* w, const PairBlock* a, const PairBlock* b, const PairBlock* a_end,
                     float* y) {
  uint32_t sums[4] = {};
  uint32_t x[3] = {};
  uint32_t part = 0;
  __asm__ volatile(SLMRIG_CLEAR_TWO_TOKENS
                   "1:\n\t" SLMRIG_LOAD_SCALES SLMRIG_TWO_MASKED_PASS SLMRIG_KEEP_ROWS_01
                   "sub %[w], %[w], #56\n\t"  // to rows 2 and 3 of the first run
                   SLMRIG_TWO_MASKED_PASS SLMRIG_KEEP_ROWS_23
                   "sub %[w], %[w], #8\n\t" SLMRIG_ADD_TWO_TOKENS SLMRIG_NEXT_TWO_BLOCKS("84")
                   : [w] "+&r"(w), [a] "+&r"(a), [b] "+&r"(b), [a0] "=&r"(sums[0]), [a1] "=&r"(sums[1]),
                     [b0] "=&r"(sums[2]), [b1] "=&r"(sums[3]), [a_even] "=&r"(x[0]), [a_odd] "=&r"(x[1]),
                     [b_x] "=&r"(x[2]), [part] "=&r"(part)
                   : [mask] "r"(0x000F000FU), SLMRIG_TWO_INPUTS
                   : SLMRIG_TWO_CLOBBERS);
}

void multiply_q4_0(const Matrix& matrix, const Activations& activations, uint32_t tokens, float* y) {
  multiply_tokens<PairBlock, multiply_q4_strips, multiply_q4_two>(
      matrix, activations, tokens, y, matrix.columns / kBlockColumns * kQ4GroupBytes);
}

}  // namespace

const FormatKernels kQ4Kernels = {pairs_prepared_bytes, prepare_pairs_and_sums, multiply_q4_0,
                                  plain::read_q4_0_row};

}  // namespace slmrig::runtime::dsp
