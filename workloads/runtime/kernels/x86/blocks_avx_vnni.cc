#include "workloads/runtime/kernels/block_multiply_inl.h"
#include "workloads/runtime/kernels/x86/vector_256_inl.h"
#include "workloads/runtime/kernels/x86/x86.h"

namespace slmrig::runtime::x86 {
namespace {

// vpdpbusd does not saturate: signed codes get 128 added, which the sum of the activations takes back.
struct VnniDot {
  static inline __m256i add(__m256i sums, __m256i unsigned_bytes, __m256i signed_bytes) {
    return _mm256_dpbusd_avx_epi32(sums, unsigned_bytes, signed_bytes);
  }

  static inline __m256i wide(__m256i codes) {
    return _mm256_xor_si256(codes, _mm256_set1_epi8(static_cast<char>(0x80)));
  }

  static inline __m256i dot_wide(const __m256i* codes, const ActivationBlock& x) {
    return dot_less<V256<VnniDot>, 7>(codes, x);
  }
};

using V = V256<VnniDot>;

}  // namespace

const BlockMultiplies& avx_vnni_blocks() {
  static constexpr BlockMultiplies kMultiplies = {
      BlockMultiply<V, Q8_0>::multiply, BlockMultiply<V, Q4_0>::multiply,  BlockMultiply<V, Iq4Nl>::multiply,
      BlockMultiply<V, Nf4>::multiply,  BlockMultiply<V, Tq2_0>::multiply, BlockMultiply<V, Q2_K>::multiply,
      BlockMultiply<V, Q4_K>::multiply, BlockMultiply<V, Q6_K>::multiply};
  return kMultiplies;
}

}  // namespace slmrig::runtime::x86
