#include "workloads/runtime/kernels/block_multiply_inl.h"
#include "workloads/runtime/kernels/x86/vector_512_inl.h"
#include "workloads/runtime/kernels/x86/x86.h"

namespace slmrig::runtime::x86 {

const BlockMultiplies& avx512_blocks() {
  static constexpr BlockMultiplies kMultiplies = {
      BlockMultiply<V512, Q8_0>::multiply,  BlockMultiply<V512, Q4_0>::multiply,
      BlockMultiply<V512, Iq4Nl>::multiply, BlockMultiply<V512, Nf4>::multiply,
      BlockMultiply<V512, Tq2_0>::multiply, BlockMultiply<V512, Q2_K>::multiply,
      BlockMultiply<V512, Q4_K>::multiply,  BlockMultiply<V512, Q6_K>::multiply};
  return kMultiplies;
}

}  // namespace slmrig::runtime::x86
