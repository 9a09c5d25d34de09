#include <arm_mve.h>

#include "workloads/runtime/kernels/cortex_m_mve/mve.h"
#include "workloads/runtime/kernels/plain/plain.h"

namespace slmrig::runtime::mve {
namespace {

using plain::Q8Block;

constexpr size_t kScaleBytes = 2 * kQ8GroupRows;

size_t prepared_bytes(uint32_t columns) {
  const size_t bytes = columns / kBlockColumns * sizeof(Q8Block);
  return (bytes + 31) / 32 * 32;
}

void quantize_block(const float* x, Q8Block* block) {
  float32x4_t values[kBlockColumns / 4];
  float32x4_t most = vdupq_n_f32(0.0F);
  for (uint32_t i = 0; i < kBlockColumns / 4; ++i) {
    values[i] = vldrwq_f32(x + 4 * i);
    most = vmaxnmaq_f32(most, values[i]);
  }
  const float largest = vmaxnmvq_f32(0.0F, most);
  const bool is_zero = !(largest > kQuantizeFloor);
  block->scale = is_zero ? 0.0F : largest * (1.0F / 127.0F);
  const float inverse = is_zero ? 0.0F : 127.0F / largest;
  for (uint32_t i = 0; i < kBlockColumns / 4; ++i) {
    vstrbq_s32(block->codes + 4 * i, vcvtnq_s32_f32(vmulq_n_f32(values[i], inverse)));
  }
}

Activations prepare(const float* x, uint32_t tokens, uint32_t columns, uint8_t* room) {
  const size_t stride_bytes = prepared_bytes(columns);
  for (uint32_t token = 0; token < tokens; ++token) {
    auto* blocks = reinterpret_cast<Q8Block*>(room + token * stride_bytes);
    for (uint32_t block = 0; block < columns / kBlockColumns; ++block, x += kBlockColumns) {
      quantize_block(x, &blocks[block]);
    }
  }
  return {room, stride_bytes};
}

// Sixteen columns of four rows: VLD4 takes runs of 4 columns apart into rows.
struct RowVectors {
  int8x16_t row[kQ8GroupRows];
};

inline __attribute__((always_inline)) RowVectors load_rows(const uint8_t* codes) {
  const int32x4x4_t words = vld4q_s32(reinterpret_cast<const int32_t*>(codes));
  return {{vreinterpretq_s8_s32(words.val[0]), vreinterpretq_s8_s32(words.val[1]),
           vreinterpretq_s8_s32(words.val[2]), vreinterpretq_s8_s32(words.val[3])}};
}

// The four scales of a group. Each half is widened into the low part of a word, where VCVTB looks for it.
//
// Not vcvtbq_f32_f16: the assembler of binutils 2.40 encodes the registers of a vector VCVTB doubled (q2
// becomes q4), which is right for q0 only. So the value is bound to q0 by its first part, s0.
inline __attribute__((always_inline)) float32x4_t load_scales(const uint8_t* group) {
  register uint32x4_t halves __asm__("s0") = vldrhq_u32(reinterpret_cast<const uint16_t*>(group));
  __asm__("vcvtb.f32.f16 q0, q0" : "+w"(halves));
  return vreinterpretq_f32_u32(halves);
}

// Four rows. y [4]
void multiply_group(const uint8_t* group, const Q8Block* x, uint32_t blocks, float* y) {
  float32x4_t sums = vdupq_n_f32(0.0F);
  for (uint32_t block = 0; block < blocks; ++block, group += kQ8GroupBytes, ++x) {
    const int8x16_t left = vldrbq_s8(x->codes);
    RowVectors rows = load_rows(group + kScaleBytes);
    int32_t dot0 = vmladavq_s8(left, rows.row[0]);
    int32_t dot1 = vmladavq_s8(left, rows.row[1]);
    int32_t dot2 = vmladavq_s8(left, rows.row[2]);
    int32_t dot3 = vmladavq_s8(left, rows.row[3]);
    const int8x16_t right = vldrbq_s8(x->codes + 16);
    rows = load_rows(group + kScaleBytes + 64);
    dot0 = vmladavaq_s8(dot0, right, rows.row[0]);
    dot1 = vmladavaq_s8(dot1, right, rows.row[1]);
    dot2 = vmladavaq_s8(dot2, right, rows.row[2]);
    dot3 = vmladavaq_s8(dot3, right, rows.row[3]);
    const int32x4_t dots = {dot0, dot1, dot2, dot3};
    const float32x4_t scales = vmulq_n_f32(load_scales(group), x->scale);
    sums = vaddq_f32(sums, vmulq_f32(vcvtq_f32_s32(dots), scales));
  }
  vstrwq_f32(y, sums);
}

void multiply(const Matrix& matrix, const Activations& activations, uint32_t tokens, float* y) {
  const uint32_t blocks = matrix.columns / kBlockColumns;
  const uint8_t* group = matrix.data;
  for (uint32_t row = 0; row < matrix.rows; row += kQ8GroupRows, group += blocks * kQ8GroupBytes) {
    const auto* x = static_cast<const uint8_t*>(activations.data);
    for (uint32_t token = 0; token < tokens; ++token, x += activations.token_stride_bytes) {
      multiply_group(group, reinterpret_cast<const Q8Block*>(x), blocks, y + token * matrix.rows + row);
    }
  }
}

}  // namespace

const FormatKernels kQ8Kernels = {prepared_bytes, prepare, multiply, plain::read_q8_row};

}  // namespace slmrig::runtime::mve
