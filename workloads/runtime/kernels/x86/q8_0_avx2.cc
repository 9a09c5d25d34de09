#include "workloads/runtime/kernels/x86/q8_0_avx2_inl.h"
#include "workloads/runtime/kernels/x86/x86.h"

namespace slmrig::runtime::x86 {
namespace {

struct MaddDot {
  static inline __m256i add(__m256i sums, __m256i magnitudes, __m256i codes) {
    const __m256i pairs = _mm256_maddubs_epi16(magnitudes, codes);
    return _mm256_add_epi32(sums, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
  }
};

}  // namespace

const FormatKernels& avx2_q8_0() {
  static constexpr FormatKernels kKernels = {prepared_bytes, prepare, multiply<MaddDot>, plain::read_q8_row};
  return kKernels;
}

}  // namespace slmrig::runtime::x86
