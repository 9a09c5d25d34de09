#include "workloads/runtime/kernels/cortex_m_mve/mve.h"
#include "workloads/runtime/kernels/plain/plain.h"

namespace slmrig::runtime {

// Without the formats that only boards with an operating system run: their kernels would take flash on a
// part whose models use none of them.
const KernelSet& best_kernels() {
  static constexpr KernelSet kSet = {
      "mve",
      {&mve::kF32Kernels, &mve::kQ8Kernels, &mve::kQ4Kernels, &mve::kIq4NlKernels, &mve::kNf4Kernels,
       &mve::kTq2Kernels, &mve::kQ2KKernels, nullptr, nullptr, &plain::kF16Kernels},
      mve::rms_norm,
      mve::scores,
      mve::softmax,
      mve::mix,
      mve::rotate,
      mve::silu_multiply,
      mve::add,
      plain::gelu_multiply,
      {nullptr, &mve::kF16Kv, &mve::kInt8Kv}};
  return kSet;
}

}  // namespace slmrig::runtime
