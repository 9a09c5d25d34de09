#include "workloads/runtime/kernels/block_multiply_inl.h"
#include "workloads/runtime/kernels/x86/vector_256_inl.h"
#include "workloads/runtime/kernels/x86/x86.h"

namespace slmrig::runtime::x86 {
namespace {

struct MaddDot {
  static inline __m256i add(__m256i sums, __m256i unsigned_bytes, __m256i signed_bytes) {
    const __m256i pairs = _mm256_maddubs_epi16(unsigned_bytes, signed_bytes);
    return _mm256_add_epi32(sums, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
  }

  static inline __m256i wide(__m256i codes) { return codes; }

  // maddubs wants one unsigned operand, and 255 * 127 * 2 would saturate: the magnitude of x, its sign moved
  // onto the code.
  static inline __m256i dot_wide(const __m256i* codes, const ActivationBlock& x) {
    __m256i sums = _mm256_setzero_si256();
    for (uint32_t i = 0; i < kTileCodes; ++i) {
      const __m256i signs = _mm256_set1_epi32(word_at(x.codes + 4 * i));
      const __m256i magnitudes = _mm256_set1_epi32(word_at(x.magnitudes + 4 * i));
      sums = add(sums, magnitudes, _mm256_sign_epi8(codes[i], signs));
    }
    return sums;
  }
};

using V = V256<MaddDot>;

}  // namespace

const BlockMultiplies& avx2_blocks() {
  static constexpr BlockMultiplies kMultiplies = {
      BlockMultiply<V, Q8_0>::multiply, BlockMultiply<V, Q4_0>::multiply,  BlockMultiply<V, Iq4Nl>::multiply,
      BlockMultiply<V, Nf4>::multiply,  BlockMultiply<V, Tq2_0>::multiply, BlockMultiply<V, Q2_K>::multiply,
      BlockMultiply<V, Q4_K>::multiply, BlockMultiply<V, Q6_K>::multiply};
  return kMultiplies;
}

}  // namespace slmrig::runtime::x86
