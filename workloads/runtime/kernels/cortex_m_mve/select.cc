#include "workloads/runtime/kernels/cortex_m_mve/mve.h"

namespace slmrig::runtime {

const KernelSet& best_kernels() {
  static constexpr KernelSet kSet = {"mve",         {&mve::kF32Kernels, &mve::kQ8Kernels},
                                     mve::rms_norm, mve::scores,
                                     mve::softmax,  mve::mix,
                                     mve::rotate,   mve::silu_multiply,
                                     mve::add};
  return kSet;
}

}  // namespace slmrig::runtime
