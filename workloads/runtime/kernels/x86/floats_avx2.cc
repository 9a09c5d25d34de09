#include "workloads/runtime/kernels/float_rows_inl.h"
#include "workloads/runtime/kernels/x86/vector_math.h"
#include "workloads/runtime/kernels/x86/x86.h"

namespace slmrig::runtime::x86 {
namespace {

struct E {
  using Eight = __m256;

  static inline Eight zero() { return _mm256_setzero_ps(); }
  static inline Eight load(const float* from) { return _mm256_loadu_ps(from); }
  static inline Eight load_halves(const uint8_t* from) {
    return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
  }
  static inline void store(Eight eight, float* to) { _mm256_storeu_ps(to, eight); }
  static inline Eight multiply_add(Eight a, Eight b, Eight sum) { return x86::multiply_add(a, b, sum); }
  static inline float fold(Eight lanes) { return fold_one(lanes); }
};

}  // namespace

const FormatKernels& avx2_f32() {
  static constexpr FormatKernels kKernels = FloatRows<E, F32Row>::kernels();
  return kKernels;
}

const FormatKernels& avx2_f16() {
  static constexpr FormatKernels kKernels = FloatRows<E, F16Row>::kernels();
  return kKernels;
}

}  // namespace slmrig::runtime::x86
