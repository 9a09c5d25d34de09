#include "workloads/runtime/kernels/cortex_m_dsp/dsp.h"
#include "workloads/runtime/kernels/plain/plain.h"

namespace slmrig::runtime {

// Without the formats that only boards with an operating system run: their kernels would take flash on a
// part whose models use none of them.
const KernelSet& best_kernels() {
  static constexpr KernelSet kSet = {
      "dsp",
      {&dsp::kF32Kernels, &dsp::kQ8Kernels, &dsp::kQ4Kernels, &dsp::kIq4NlKernels, &dsp::kNf4Kernels,
       &dsp::kTq2Kernels, &dsp::kQ2KKernels, nullptr, nullptr, &plain::kF16Kernels},
      dsp::rms_norm,
      dsp::scores,
      dsp::softmax,
      dsp::mix,
      dsp::rotate,
      plain::silu_multiply,
      dsp::add,
      plain::gelu_multiply,
      {nullptr, &dsp::kF16Kv, &dsp::kInt8Kv}};
  return kSet;
}

}  // namespace slmrig::runtime
