#include "workloads/runtime/kernels/cortex_m_dsp/blocks.h"
#include "workloads/runtime/kernels/cortex_m_dsp/strip_asm.h"
#include "workloads/runtime/kernels/cortex_m_dsp/two_tokens_asm.h"
#include "workloads/runtime/kernels/plain/plain.h"

namespace slmrig::runtime::dsp {
namespace {

// Four products of one row: its word is widened to columns 0 and 2, 1 and 3. `first` begins the sum.
#define SLMRIG_ROW(word, sum)             \
  "sxtb16 %[wide], " word                 \
  "\n\t"                                  \
  "sxtb16 " word ", " word                \
  ", ror #8\n\t"                          \
  "smlad " sum ", %[wide], %[even], " sum \
  "\n\t"                                  \
  "smlad " sum ", " word ", %[odd], " sum "\n\t"
#define SLMRIG_FIRST_ROW(word, sum) \
  "sxtb16 %[wide], " word           \
  "\n\t"                            \
  "sxtb16 " word ", " word          \
  ", ror #8\n\t"                    \
  "smuad " sum                      \
  ", %[wide], %[even]\n\t"          \
  "smlad " sum ", " word ", %[odd], " sum "\n\t"
// A run of 4 columns of 4 rows: 16 products by 18 instructions. `step`: how far x moves.
#define SLMRIG_LOAD_RUN(step)         \
  "ldmia %[w]!, {r4, r5, r6, r8}\n\t" \
  "ldrd %[even], %[odd], [%[x]], #" step "\n\t"
#define SLMRIG_RUN(step) \
  SLMRIG_LOAD_RUN(step)  \
  SLMRIG_ROW("r4", "%[s0]") SLMRIG_ROW("r5", "%[s1]") SLMRIG_ROW("r6", "%[s2]") SLMRIG_ROW("r8", "%[s3]")

// y [4 * strips]
void multiply_strips(const uint8_t* w, const PairBlock* x_first, const PairBlock* end, uint32_t strips,
                     float* y) {
  const PairBlock* x = nullptr;
  uint32_t sums[kGroupRows] = {};
  uint32_t even = 0;
  uint32_t odd = 0;
  uint32_t wide = 0;
  __asm__ volatile(SLMRIG_BEGIN_STRIP "vldmia %[x]!, {s10}\n\t" SLMRIG_LOAD_SCALES SLMRIG_LOAD_RUN("8")
                       SLMRIG_FIRST_ROW("r4", "%[s0]") SLMRIG_FIRST_ROW("r5", "%[s1]")
                           SLMRIG_FIRST_ROW("r6", "%[s2]") SLMRIG_FIRST_ROW("r8", "%[s3]") SLMRIG_RUN("8")
                               SLMRIG_RUN("8") SLMRIG_RUN("8") SLMRIG_RUN("8") SLMRIG_RUN("8") SLMRIG_RUN("8")
                                   SLMRIG_RUN("24")  // over the sums behind the pairs
                   SLMRIG_ADD_BLOCK
                   "cmp %[x], %[end]\n\t"
                   "bne 1b\n\t" SLMRIG_END_STRIP
                   : [w] "+&r"(w), [x] "=&r"(x), [s0] "=&r"(sums[0]), [s1] "=&r"(sums[1]),
                     [s2] "=&r"(sums[2]), [s3] "=&r"(sums[3]), [even] "=&r"(even), [odd] "=&r"(odd),
                     [wide] "=&r"(wide), [y] "+m"(y), [strips] "+m"(strips)
                   : [end] "r"(end), [x_first] "m"(x_first)
                   : SLMRIG_STRIP_CLOBBERS);
}

#define SLMRIG_TWO_ROW(word, row)                     \
  "sxtb16 %[part], " word "\n\t" SLMRIG_TWO_PRODUCTS( \
      "%[part]", "even", row) "sxtb16 %[part], " word \
                              ", ror #8\n\t" SLMRIG_TWO_PRODUCTS("%[part]", "odd", row)
#define SLMRIG_TWO_RUN(at)  \
  SLMRIG_LOAD_TWO_ROWS      \
  SLMRIG_LOAD_TWO_X(at)     \
  SLMRIG_TWO_ROW("r4", "0") \
  SLMRIG_TWO_ROW("r5", "1")
// Two rows of a block of 32 columns.
#define SLMRIG_TWO_PASS                                                                                  \
  "mov %[a0], #0\n\t"                                                                                    \
  "mov %[a1], #0\n\t"                                                                                    \
  "mov %[b0], #0\n\t"                                                                                    \
  "mov %[b1], #0\n\t" SLMRIG_TWO_RUN("4") SLMRIG_TWO_RUN("12") SLMRIG_TWO_RUN("20") SLMRIG_TWO_RUN("28") \
      SLMRIG_TWO_RUN("36") SLMRIG_TWO_RUN("44") SLMRIG_TWO_RUN("52") SLMRIG_TWO_RUN("60")

// A strip and two tokens. y [2][4]
void multiply_two(const uint8_t* w, const PairBlock* a, const PairBlock* b, const PairBlock* a_end,
                  float* y) {
  uint32_t sums[4] = {};
  uint32_t x[4] = {};
  uint32_t part = 0;
  __asm__ volatile(SLMRIG_CLEAR_TWO_TOKENS
                   "1:\n\t" SLMRIG_LOAD_SCALES SLMRIG_TWO_PASS SLMRIG_KEEP_ROWS_01
                   "sub %[w], %[w], #120\n\t"  // to rows 2 and 3 of the first run
                   SLMRIG_TWO_PASS SLMRIG_KEEP_ROWS_23
                   "sub %[w], %[w], #8\n\t" SLMRIG_ADD_TWO_TOKENS SLMRIG_NEXT_TWO_BLOCKS("84")
                   : SLMRIG_TWO_OUTPUTS, [part] "=&r"(part)
                   : SLMRIG_TWO_INPUTS
                   : SLMRIG_TWO_CLOBBERS);
}

void multiply(const Matrix& matrix, const Activations& activations, uint32_t tokens, float* y) {
  multiply_tokens<PairBlock, multiply_strips, multiply_two>(matrix, activations, tokens, y,
                                                            matrix.columns / kBlockColumns * kQ8GroupBytes);
}

}  // namespace

const FormatKernels kQ8Kernels = {pairs_prepared_bytes, prepare_pairs, multiply, plain::read_q8_row};

}  // namespace slmrig::runtime::dsp
