#include "workloads/runtime/kernels/cortex_m_mve/blocks.h"
#include "workloads/runtime/kernels/cortex_m_mve/strip_asm.h"
#include "workloads/runtime/kernels/plain/plain.h"

namespace slmrig::runtime::mve {
namespace {

#define SLMRIG_LOW_NIBBLES(sum, row) "vand q5, " row ", q7\n\t" SLMRIG_DOT(sum, "q5")
#define SLMRIG_HIGH_NIBBLES(sum, row) "vshr.u8 " row ", " row ", #4\n\t" SLMRIG_ADD_DOT(sum, row)

// y [4 * strips]
__attribute__((noinline)) void multiply_q4_strips(const uint8_t* w, const SumBlock* x_first, uint32_t blocks,
                                                  uint32_t strips, float* y) {
  const SumBlock* x = nullptr;
  uint32_t zero = 0;
  __asm__ volatile(
      "vmov.i8 q7, #15\n\t" SLMRIG_BEGIN_STRIP
      "ldrd r5, %[zero], [%[x]], #8\n\t"
      "add %[w], %[w], #8\n\t" SLMRIG_LOAD_X SLMRIG_LOAD_ROWS SLMRIG_LOW_NIBBLES("r4", "q0")
          SLMRIG_LOW_NIBBLES("r6", "q1") SLMRIG_LOW_NIBBLES("r8", "q2")
              SLMRIG_LOW_NIBBLES("r10", "q3") "vldrb.u8 q4, [%[x]], #28\n\t"  // over what follows the codes
      SLMRIG_HIGH_NIBBLES("r4", "q0") SLMRIG_HIGH_NIBBLES("r6", "q1") SLMRIG_HIGH_NIBBLES("r8", "q2")
          SLMRIG_HIGH_NIBBLES("r10", "q3") SLMRIG_GATHER_SUMS("q1")
              SLMRIG_LOAD_SCALES("[%[w], #-72]") "vadd.i32 q1, q1, %[zero]\n\t" SLMRIG_ADD_SCALED("q1", "q0")
                  SLMRIG_END_STRIP
      : [w] "+&l"(w), [x] "=&r"(x), [y] "+&r"(y), [strips] "+&r"(strips), [zero] "=&r"(zero)
      : [x_first] "r"(x_first), [blocks] "r"(blocks)
      : SLMRIG_STRIP_CLOBBERS);
}

// The code of each nibble of a byte, so that a gather needs neither mask nor shift.
struct NibbleTables {
  int8_t low[256];
  int8_t high[256];
  constexpr explicit NibbleTables(const int8_t (&codes)[16]) : low(), high() {
    for (uint32_t i = 0; i < 256; ++i) {
      low[i] = codes[i & 15U];
      high[i] = codes[i >> 4];
    }
  }
};
constexpr NibbleTables kIq4NlTables(kIq4NlCodes);
constexpr NibbleTables kNf4Tables(kNf4Codes);

#define SLMRIG_LOOK_UP(table, row) "vldrb.u8 q5, [%[" table "], " row "]\n\t"
// A block of 32 columns whose scales are at `scales` once its codes are read.
#define SLMRIG_TABLE_BLOCK(scales)                                                                           \
  "ldr r5, [%[x]], #8\n\t" SLMRIG_LOAD_X SLMRIG_LOAD_ROWS SLMRIG_LOOK_UP("low", "q0") SLMRIG_DOT("r4", "q5") \
      SLMRIG_LOOK_UP("low", "q1") SLMRIG_DOT("r6", "q5") SLMRIG_LOOK_UP("low", "q2") SLMRIG_DOT("r8", "q5")  \
          SLMRIG_LOOK_UP("low", "q3")                                                                        \
              SLMRIG_DOT("r10", "q5") "vldrb.u8 q4, [%[x]], #28\n\t" SLMRIG_LOOK_UP("high", "q0")            \
                  SLMRIG_ADD_DOT("r4", "q5") SLMRIG_LOOK_UP("high", "q1") SLMRIG_ADD_DOT("r6", "q5")         \
                      SLMRIG_LOOK_UP("high", "q2") SLMRIG_ADD_DOT("r8", "q5") SLMRIG_LOOK_UP("high", "q3")   \
                          SLMRIG_ADD_DOT("r10", "q5") SLMRIG_GATHER_SUMS("q1") SLMRIG_LOAD_SCALES(scales)    \
                              SLMRIG_ADD_SCALED("q1", "q0")

// y [4 * strips]. `body`: what is under one scale.
#define SLMRIG_TABLE_STRIPS(tables, body)                                                                \
  const SumBlock* x = nullptr;                                                                           \
  __asm__ volatile(                                                                                      \
      SLMRIG_BEGIN_STRIP "add %[w], %[w], #8\n\t" body SLMRIG_END_STRIP                                  \
      : [w] "+&l"(w), [x] "=&r"(x), [y] "+&r"(y), [strips] "+&r"(strips)                                 \
      : [x_first] "r"(x_first), [blocks] "r"(groups), [low] "r"((tables).low), [high] "r"((tables).high) \
      : SLMRIG_STRIP_CLOBBERS)

__attribute__((noinline)) void multiply_iq4_nl_strips(const uint8_t* w, const SumBlock* x_first,
                                                      uint32_t groups, uint32_t strips, float* y) {
  SLMRIG_TABLE_STRIPS(kIq4NlTables, SLMRIG_TABLE_BLOCK("[%[w], #-72]"));
}

__attribute__((noinline)) void multiply_nf4_strips(const uint8_t* w, const SumBlock* x_first, uint32_t groups,
                                                   uint32_t strips, float* y) {
  SLMRIG_TABLE_STRIPS(kNf4Tables, SLMRIG_TABLE_BLOCK("[%[w], #-72]") SLMRIG_TABLE_BLOCK("[%[w], #-136]"));
}

void multiply_q4_0(const Matrix& matrix, const Activations& activations, uint32_t tokens, float* y) {
  const uint32_t groups = matrix.columns / kBlockColumns;
  multiply_tokens<SumBlock, multiply_q4_strips>(matrix, activations, tokens, y, groups,
                                                groups * kQ4GroupBytes);
}
void multiply_iq4_nl(const Matrix& matrix, const Activations& activations, uint32_t tokens, float* y) {
  const uint32_t groups = matrix.columns / kBlockColumns;
  multiply_tokens<SumBlock, multiply_iq4_nl_strips>(matrix, activations, tokens, y, groups,
                                                    groups * kQ4GroupBytes);
}
void multiply_nf4(const Matrix& matrix, const Activations& activations, uint32_t tokens, float* y) {
  const uint32_t groups = matrix.columns / kNf4GroupColumns;
  multiply_tokens<SumBlock, multiply_nf4_strips>(matrix, activations, tokens, y, groups,
                                                 groups * kNf4GroupBytes);
}

}  // namespace

const FormatKernels kQ4Kernels = {sums_prepared_bytes, prepare_sums, multiply_q4_0, plain::read_q4_0_row};
const FormatKernels kIq4NlKernels = {sums_prepared_bytes, prepare_sums, multiply_iq4_nl,
                                     plain::read_iq4_nl_row};
const FormatKernels kNf4Kernels = {sums_prepared_bytes, prepare_sums, multiply_nf4, plain::read_nf4_row};

}  // namespace slmrig::runtime::mve
