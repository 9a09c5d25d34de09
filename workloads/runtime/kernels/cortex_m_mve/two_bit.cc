#include "workloads/runtime/kernels/cortex_m_mve/blocks.h"
#include "workloads/runtime/kernels/cortex_m_mve/strip_asm.h"
#include "workloads/runtime/kernels/plain/plain.h"

namespace slmrig::runtime::mve {
namespace {

constexpr size_t kScaleBytes = 2 * kGroupRows;
constexpr size_t kQuarterBytes = kSuperColumns / 16 * kGroupRows;  // 64 columns

// Crumb 0..3 of every byte.
template <int kCrumb>
inline __attribute__((always_inline)) int8x16_t crumbs(uint8x16_t bytes) {
  if constexpr (kCrumb == 3) return vreinterpretq_s8_u8(vshrq_n_u8(bytes, 6));
  uint8x16_t shifted = bytes;
  if constexpr (kCrumb > 0) shifted = vshrq_n_u8(bytes, 2 * kCrumb);
  return vreinterpretq_s8_u8(vandq_u8(shifted, vdupq_n_u8(3)));
}

// The integer sums of 4 rows over 16 columns.
template <int kCrumb>
inline __attribute__((always_inline)) int32x4_t dot_sixteen(const RowVectors& rows, int8x16_t x) {
  return int32x4_t{vmladavq_s8(x, crumbs<kCrumb>(rows.row[0])), vmladavq_s8(x, crumbs<kCrumb>(rows.row[1])),
                   vmladavq_s8(x, crumbs<kCrumb>(rows.row[2])), vmladavq_s8(x, crumbs<kCrumb>(rows.row[3]))};
}

inline __attribute__((always_inline)) float32x4_t scaled(int32x4_t dots, float32x4_t scales, float x_scale) {
  return vmulq_f32(vcvtq_f32_s32(dots), vmulq_n_f32(scales, x_scale));
}

#define SLMRIG_CRUMBS_0(sum, row) "vand q5, " row ", q7\n\t" SLMRIG_DOT(sum, "q5")
#define SLMRIG_CRUMBS_1(sum, row) \
  "vshr.u8 q5, " row              \
  ", #2\n\t"                      \
  "vand q5, q5, q7\n\t" SLMRIG_ADD_DOT(sum, "q5")
#define SLMRIG_CRUMBS_2(sum, row) \
  "vshr.u8 q5, " row              \
  ", #4\n\t"                      \
  "vand q5, q5, q7\n\t" SLMRIG_DOT(sum, "q5")
#define SLMRIG_CRUMBS_3(sum, row) "vshr.u8 " row ", " row ", #6\n\t" SLMRIG_ADD_DOT(sum, row)
#define SLMRIG_FOUR_ROWS(crumbs) crumbs("r4", "q0") crumbs("r6", "q1") crumbs("r8", "q2") crumbs("r10", "q3")
// A block of 32 columns; steps over it.
#define SLMRIG_TQ2_BLOCK(left, right)                           \
  "ldr r5, [%[x]], #8\n\t" SLMRIG_LOAD_X SLMRIG_FOUR_ROWS(left) \
  SLMRIG_LOAD_X                                                 \
  SLMRIG_FOUR_ROWS(right)                                       \
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

// Crumbs kCrumb and kCrumb + 1 of a quarter: one block. sub_scales [8]: of its halves, row by row.
template <int kCrumb>
inline __attribute__((always_inline)) void add_q2_k_block(const RowVectors& rows, const uint8_t* sub_scales,
                                                          const SumBlock& x, float32x4_t d, float32x4_t dmin,
                                                          float32x4_t* sums) {
  const uint32x4_t first = vldrbq_u32(sub_scales);
  const uint32x4_t second = vldrbq_u32(sub_scales + kGroupRows);
  const uint32x4_t mask = vdupq_n_u32(15);
  int32x4_t dots =
      vmulq_s32(dot_sixteen<kCrumb>(rows, vldrbq_s8(x.codes)), vreinterpretq_s32_u32(vandq_u32(first, mask)));
  dots = vaddq_s32(dots, vmulq_s32(dot_sixteen<kCrumb + 1>(rows, vldrbq_s8(x.codes + 16)),
                                   vreinterpretq_s32_u32(vandq_u32(second, mask))));
  *sums = vaddq_f32(*sums, scaled(dots, d, x.scale));
  int32x4_t offsets = vmulq_n_s32(vreinterpretq_s32_u32(vshrq_n_u32(first, 4)), x.sums[0]);
  offsets = vmlaq_n_s32(offsets, vreinterpretq_s32_u32(vshrq_n_u32(second, 4)), x.sums[1]);
  *sums = vsubq_f32(*sums, scaled(offsets, dmin, x.scale));
}

// y [4]
void multiply_q2_k_strip(const uint8_t* group, const SumBlock* x, uint32_t groups, float* y) {
  constexpr size_t kSubScaleBytes = kSuperColumns / 16 * kGroupRows;
  float32x4_t sums = vdupq_n_f32(0.0F);
  for (const SumBlock* const end = x + groups * (kSuperColumns / kBlockColumns); x != end;) {
    const float32x4_t d = load_scales(group);
    const float32x4_t dmin = load_scales(group + kScaleBytes);
    const uint8_t* sub_scales = group + 2 * kScaleBytes;
    group = sub_scales + kSubScaleBytes;
    for (uint32_t quarter = 0; quarter < 4; ++quarter, group += kQuarterBytes, x += 2, sub_scales += 16) {
      const RowVectors rows = load_rows(group);
      add_q2_k_block<0>(rows, sub_scales, x[0], d, dmin, &sums);
      add_q2_k_block<2>(rows, sub_scales + 8, x[1], d, dmin, &sums);
    }
  }
  vstrwq_f32(y, sums);
}

__attribute__((noinline)) void multiply_q2_k_strips(const uint8_t* w, const SumBlock* x, uint32_t groups,
                                                    uint32_t strips, float* y) {
  for (uint32_t strip = 0; strip < strips; ++strip, w += groups * kQ2KGroupBytes, y += kGroupRows) {
    multiply_q2_k_strip(w, x, groups, y);
  }
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
