#include "workloads/runtime/kernels/decoded_rows_inl.h"
#include "workloads/runtime/kernels/float_rows_inl.h"
#include "workloads/runtime/kernels/x86/vector_math.h"
#include "workloads/runtime/kernels/x86/x86.h"

namespace slmrig::runtime::x86 {
const FormatKernels& avx2_f32() {
  static constexpr FormatKernels kKernels = FloatRows<Avx2, F32Row>::kernels();
  return kKernels;
}

const FormatKernels& avx2_f16() {
  static constexpr FormatKernels kKernels = FloatRows<Avx2, F16Row>::kernels();
  return kKernels;
}

const DecodedFormats& avx2_decoded() {
  static constexpr DecodedFormats kFormats = decoded_formats<Avx2>();
  return kFormats;
}

}  // namespace slmrig::runtime::x86
