// Q4_0 by masks.
#include "workloads/runtime/kernels/cortex_m_dsp/blocks.h"
#include "workloads/runtime/kernels/cortex_m_dsp/masked_asm.h"
#include "workloads/runtime/kernels/cortex_m_dsp/strip_asm.h"
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

void multiply_q4_0(const Matrix& matrix, const Activations& activations, uint32_t tokens, float* y) {
  multiply_tokens<PairBlock, multiply_q4_strips>(matrix, activations, tokens, y,
                                                 matrix.columns / kBlockColumns * kQ4GroupBytes);
}

}  // namespace

const FormatKernels kQ4Kernels = {pairs_prepared_bytes, prepare_pairs_and_sums, multiply_q4_0,
                                  plain::read_q4_0_row};

}  // namespace slmrig::runtime::dsp
