#include "workloads/runtime/kernels/cortex_m_mve/blocks.h"
#include "workloads/runtime/kernels/cortex_m_mve/strip_asm.h"
#include "workloads/runtime/kernels/plain/plain.h"

namespace slmrig::runtime::mve {
namespace {

// Crumb 0..3 of every byte of a row, times the activations. Crumb 3 takes the row's place.
#define SLMRIG_CRUMBS_0(dot, sum, row) "vand q5, " row ", q7\n\t" dot(sum, "q5")
#define SLMRIG_CRUMBS_1(dot, sum, row) \
  "vshr.u8 q5, " row                   \
  ", #2\n\t"                           \
  "vand q5, q5, q7\n\t" dot(sum, "q5")
#define SLMRIG_CRUMBS_2(dot, sum, row) \
  "vshr.u8 q5, " row                   \
  ", #4\n\t"                           \
  "vand q5, q5, q7\n\t" dot(sum, "q5")
#define SLMRIG_CRUMBS_3(dot, sum, row) "vshr.u8 " row ", " row ", #6\n\t" dot(sum, row)
#define SLMRIG_FOUR_ROWS(crumbs, dot) \
  crumbs(dot, "r4", "q0") crumbs(dot, "r6", "q1") crumbs(dot, "r8", "q2") crumbs(dot, "r10", "q3")

// A block of 32 columns of TQ2_0; steps over it.
#define SLMRIG_TQ2_BLOCK(left, right)                                       \
  "ldr r5, [%[x]], #8\n\t" SLMRIG_LOAD_X SLMRIG_FOUR_ROWS(left, SLMRIG_DOT) \
  SLMRIG_LOAD_X                                                             \
  SLMRIG_FOUR_ROWS(right, SLMRIG_ADD_DOT)                                   \
  "ldr %[zero], [%[x]], #12\n\t"           \
  SLMRIG_GATHER_SUMS("q4")                 \
  "vldrw.32 q5, [%[scales]]\n\t"           \
  "vadd.i32 q4, q4, %[zero]\n\t"           \
  SLMRIG_ADD_SCALED("q4", "q5")

// y [4 * strips]. One pass is a quarter of a group; the scales lie beside, as floats, for all of it.
__attribute__((noinline)) void multiply_tq2_strips(const uint8_t* w, const SumBlock* x_first, uint32_t groups,
                                                   uint32_t strips, float* y) {
  const SumBlock* x = nullptr;
  uint32_t zero = 0;
  float scales[kGroupRows];
  __asm__ volatile(
      "vmov.i8 q7, #3\n\t"
      SLMRIG_BEGIN_STRIP
      "tst lr, #3\n\t"
      "bne 2f\n\t"
      SLMRIG_LOAD_SCALES("[%[w]], #8")
      "vstrw.32 q0, [%[scales]]\n"
      "2:\n\t"
      SLMRIG_LOAD_ROWS
      SLMRIG_TQ2_BLOCK(SLMRIG_CRUMBS_0, SLMRIG_CRUMBS_1)
      SLMRIG_TQ2_BLOCK(SLMRIG_CRUMBS_2, SLMRIG_CRUMBS_3)
      SLMRIG_END_STRIP
      : [w] "+&l"(w), [x] "=&r"(x), [y] "+&r"(y), [strips] "+&r"(strips), [zero] "=&r"(zero)
      : [x_first] "r"(x_first), [blocks] "r"(4 * groups), [scales] "r"(scales)
      : SLMRIG_STRIP_CLOBBERS);
}

// What a group of Q2_K needs and no register holds.
struct Q2KRoom {
  float d[kGroupRows];
  float dmin[kGroupRows];
  int32_t sums[kGroupRows];  // of the first half of a block, times its scales
};

// q5 = the sub-scales of 16 columns, a row a lane: low nibbles scales, high ones minima.
#define SLMRIG_SUB_SCALES(at) \
  "vldrb.u32 q5, " at         \
  "\n\t"                      \
  "vbic.i32 q5, #0xF0\n\t"
#define SLMRIG_SUB_MINIMA(to, at) \
  "vldrb.u32 " to ", " at         \
  "\n\t"                          \
  "vshr.u32 " to ", " to ", #4\n\t"
// A block of 32 columns of Q2_K; steps over it and over its sub-scales.
#define SLMRIG_Q2_K_BLOCK(left, right) \
  "ldr r5, [%[x]], #8\n\t"                 \
  SLMRIG_LOAD_X                            \
  SLMRIG_FOUR_ROWS(left, SLMRIG_DOT)       \
  SLMRIG_GATHER_SUMS("q4")                 \
  SLMRIG_SUB_SCALES("[%[sub]], #4")        \
  "vmul.i32 q4, q4, q5\n\t"                \
  "vstrw.32 q4, [%[room], #32]\n\t"        \
  SLMRIG_LOAD_X                            \
  SLMRIG_FOUR_ROWS(right, SLMRIG_DOT)      \
  SLMRIG_GATHER_SUMS("q4")                 \
  SLMRIG_SUB_SCALES("[%[sub]]")            \
  "vmul.i32 q4, q4, q5\n\t"                \
  "vldrw.32 q5, [%[room], #32]\n\t"        \
  "vadd.i32 q4, q4, q5\n\t"                \
  "vldrw.32 q5, [%[room]]\n\t"             \
  SLMRIG_ADD_SCALED("q4", "q5")            \
  SLMRIG_SUB_MINIMA("q4", "[%[sub], #-4]") \
  "ldrd r4, r6, [%[x], #4]\n\t"            \
  "vmul.i32 q4, q4, r4\n\t"                \
  SLMRIG_SUB_MINIMA("q5", "[%[sub]], #4")  \
  "vmla.s32 q4, q5, r6\n\t"                \
  "vldrw.32 q5, [%[room], #16]\n\t"        \
  "vcvt.f32.s32 q4, q4\n\t"                \
  "vmul.f32 q5, q5, r5\n\t"                \
  "vmul.f32 q4, q4, q5\n\t"                \
  "vsub.f32 q6, q6, q4\n\t"                \
  "add %[x], %[x], #12\n\t"

// y [4 * strips]. One pass is a quarter of a group.
__attribute__((noinline)) void multiply_q2_k_strips(const uint8_t* w, const SumBlock* x_first,
                                                    uint32_t groups, uint32_t strips, float* y) {
  const SumBlock* x = nullptr;
  const uint8_t* sub = nullptr;
  Q2KRoom room;
  __asm__ volatile(
      "vmov.i8 q7, #3\n\t"
      SLMRIG_BEGIN_STRIP
      "tst lr, #3\n\t"
      "bne 2f\n\t"
      SLMRIG_LOAD_SCALES("[%[w]], #8")
      "vstrw.32 q0, [%[room]]\n\t"
      SLMRIG_LOAD_SCALES("[%[w]], #8")
      "vstrw.32 q0, [%[room], #16]\n\t"
      "mov %[sub], %[w]\n\t"
      "add %[w], %[w], #64\n"
      "2:\n\t"
      SLMRIG_LOAD_ROWS
      SLMRIG_Q2_K_BLOCK(SLMRIG_CRUMBS_0, SLMRIG_CRUMBS_1)
      SLMRIG_Q2_K_BLOCK(SLMRIG_CRUMBS_2, SLMRIG_CRUMBS_3)
      SLMRIG_END_STRIP
      : [w] "+&l"(w), [sub] "=&l"(sub), [x] "=&r"(x), [y] "+&r"(y), [strips] "+&r"(strips)
      : [x_first] "r"(x_first), [blocks] "r"(4 * groups), [room] "r"(&room)
      : SLMRIG_STRIP_CLOBBERS);
}

void multiply_tq2_0(const Matrix& matrix, const Activations& activations, uint32_t tokens, float* y) {
  const uint32_t groups = matrix.columns / kSuperColumns;
  multiply_tokens<SumBlock, multiply_tq2_strips>(matrix, activations, tokens, y, groups,
                                                 groups * kTq2GroupBytes);
}
void multiply_q2_k(const Matrix& matrix, const Activations& activations, uint32_t tokens, float* y) {
  const uint32_t groups = matrix.columns / kSuperColumns;
  multiply_tokens<SumBlock, multiply_q2_k_strips>(matrix, activations, tokens, y, groups,
                                                  groups * kQ2KGroupBytes);
}

}  // namespace

const FormatKernels kTq2Kernels = {sums_prepared_bytes, prepare_sums, multiply_tq2_0, plain::read_tq2_0_row};
const FormatKernels kQ2KKernels = {sums_prepared_bytes, prepare_sums, multiply_q2_k, plain::read_q2_k_row};

}  // namespace slmrig::runtime::mve
