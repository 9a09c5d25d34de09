#include "workloads/runtime/kernels/cortex_m_mve/blocks.h"
#include "workloads/runtime/kernels/cortex_m_mve/strip_asm.h"
#include "workloads/runtime/kernels/plain/plain.h"

namespace slmrig::runtime::mve {
namespace {

using plain::Q8Block;

Activations prepare(const float* x, uint32_t tokens, uint32_t columns, uint8_t* room) {
  const size_t stride_bytes = plain::blocks_prepared_bytes(columns);
  for (uint32_t token = 0; token < tokens; ++token) {
    auto* block = reinterpret_cast<Q8Block*>(room + token * stride_bytes);
    for (const float* const end = x + columns; x != end; x += kBlockColumns, ++block) {
      block->scale = quantize_block(x, block->codes);
    }
  }
  return {room, stride_bytes};
}

// y [4 * strips]
__attribute__((noinline)) void multiply_strips(const uint8_t* w, const Q8Block* x_first, uint32_t blocks,
                                               uint32_t strips, float* y) {
  const Q8Block* x = nullptr;
  __asm__ volatile(
      SLMRIG_BEGIN_STRIP
      "ldr r5, [%[x]], #4\n\t"
      "add %[w], %[w], #8\n\t" SLMRIG_LOAD_X SLMRIG_LOAD_ROWS SLMRIG_DOT("r4", "q0") SLMRIG_DOT("r6", "q1")
          SLMRIG_DOT("r8", "q2") SLMRIG_DOT("r10", "q3")
              SLMRIG_LOAD_X SLMRIG_LOAD_ROWS SLMRIG_ADD_DOT("r4", "q0") SLMRIG_ADD_DOT("r6", "q1")
                  SLMRIG_ADD_DOT("r8", "q2") SLMRIG_ADD_DOT("r10", "q3") SLMRIG_GATHER_SUMS("q1")
                      SLMRIG_LOAD_SCALES("[%[w], #-136]") SLMRIG_ADD_SCALED("q1", "q0") SLMRIG_END_STRIP
      : [w] "+&l"(w), [x] "=&r"(x), [y] "+&r"(y), [strips] "+&r"(strips)
      : [x_first] "r"(x_first), [blocks] "r"(blocks)
      : SLMRIG_STRIP_CLOBBERS);
}

void multiply(const Matrix& matrix, const Activations& activations, uint32_t tokens, float* y) {
  multiply_tokens<Q8Block, multiply_strips>(matrix, activations, tokens, y, matrix.columns / kBlockColumns,
                                            matrix.columns / kBlockColumns * kQ8GroupBytes);
}

}  // namespace

const FormatKernels kQ8Kernels = {plain::blocks_prepared_bytes, prepare, multiply, plain::read_q8_row};

}  // namespace slmrig::runtime::mve
