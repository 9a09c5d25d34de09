#include "workloads/runtime/kernels/aarch64/aarch64.h"
#include "workloads/runtime/kernels/aarch64/dotprod_inl.h"

namespace slmrig::runtime::aarch64 {
namespace {

using V = V128<SdotDot>;

}  // namespace

const BlockMultiplies& dotprod_blocks() {
  static constexpr BlockMultiplies kMultiplies = {
      BlockMultiply<V, Q8_0>::multiply, BlockMultiply<V, Q4_0>::multiply,  BlockMultiply<V, Iq4Nl>::multiply,
      BlockMultiply<V, Nf4>::multiply,  BlockMultiply<V, Tq2_0>::multiply, BlockMultiply<V, Q2_K>::multiply,
      BlockMultiply<V, Q4_K>::multiply, BlockMultiply<V, Q6_K>::multiply};
  return kMultiplies;
}

}  // namespace slmrig::runtime::aarch64
