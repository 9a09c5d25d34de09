#include "workloads/runtime/kernels/kernels.h"

namespace slmrig::runtime {

const KernelSet& best_kernels() { return plain_kernels(); }

}  // namespace slmrig::runtime
