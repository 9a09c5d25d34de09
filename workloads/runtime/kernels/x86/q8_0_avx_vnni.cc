#include "workloads/runtime/kernels/x86/q8_0_avx2_inl.h"
#include "workloads/runtime/kernels/x86/x86.h"

namespace slmrig::runtime::x86 {
namespace {

struct VnniDot {
  static inline __m256i add(__m256i sums, __m256i magnitudes, __m256i codes) {
    return _mm256_dpbusd_avx_epi32(sums, magnitudes, codes);
  }
};

}  // namespace

const FormatKernels& avx_vnni_q8_0() {
  static constexpr FormatKernels kKernels = {prepared_bytes, prepare, multiply<VnniDot>, plain::read_q8_row};
  return kKernels;
}

}  // namespace slmrig::runtime::x86
