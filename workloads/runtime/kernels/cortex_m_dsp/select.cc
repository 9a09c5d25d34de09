#include "workloads/runtime/kernels/cortex_m_dsp/dsp.h"
#include "workloads/runtime/kernels/plain/plain.h"

namespace slmrig::runtime {

const KernelSet& best_kernels() {
  static constexpr KernelSet kSet = {"dsp",           {&dsp::kF32Kernels, &dsp::kQ8Kernels},
                                     plain::rms_norm, dsp::scores,
                                     dsp::softmax,    dsp::mix,
                                     plain::rotate,   plain::silu_multiply,
                                     plain::add};
  return kSet;
}

}  // namespace slmrig::runtime
