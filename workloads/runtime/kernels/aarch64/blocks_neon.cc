#include "workloads/runtime/kernels/aarch64/aarch64.h"
#include "workloads/runtime/kernels/aarch64/vector_neon_inl.h"

namespace slmrig::runtime::aarch64 {
namespace {

struct BaseDot {
  // Four activations, twice: once for each of two rows.
  static inline int8x8_t four(const int8_t* x) {
    uint32_t word = 0;
    std::memcpy(&word, x, 4);
    return vreinterpret_s8_u32(vdup_n_u32(word));
  }

  static inline int32x4_t dot(const int8x16_t* codes, const int8_t* x, int32x4_t sums) {
    int32x4_t low = vdupq_n_s32(0);  // of rows 0 and 1, a lane for every two columns
    int32x4_t high = low;
    for (uint32_t i = 0; i < 4; i += 2) {
      const int8x8_t even = four(x + 4 * i);
      const int8x8_t odd = four(x + 4 * i + 4);
      int16x8_t pairs = vmull_s8(vget_low_s8(codes[i]), even);
      low = vpadalq_s16(low, vmlal_s8(pairs, vget_low_s8(codes[i + 1]), odd));
      pairs = vmull_s8(vget_high_s8(codes[i]), even);
      high = vpadalq_s16(high, vmlal_s8(pairs, vget_high_s8(codes[i + 1]), odd));
    }
    return vaddq_s32(sums, vpaddq_s32(low, high));
  }
};

using V = V128<BaseDot>;

}  // namespace

const BlockMultiplies& neon_blocks() {
  static constexpr BlockMultiplies kMultiplies = {
      BlockMultiply<V, Q8_0>::multiply, BlockMultiply<V, Q4_0>::multiply,  BlockMultiply<V, Iq4Nl>::multiply,
      BlockMultiply<V, Nf4>::multiply,  BlockMultiply<V, Tq2_0>::multiply, BlockMultiply<V, Q2_K>::multiply,
      BlockMultiply<V, Q4_K>::multiply, BlockMultiply<V, Q6_K>::multiply};
  return kMultiplies;
}

}  // namespace slmrig::runtime::aarch64
