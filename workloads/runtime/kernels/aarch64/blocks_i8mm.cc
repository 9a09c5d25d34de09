#include "workloads/runtime/kernels/aarch64/aarch64.h"
#include "workloads/runtime/kernels/aarch64/dotprod_inl.h"
#include "workloads/runtime/kernels/aarch64/vector_i8mm_inl.h"

namespace slmrig::runtime::aarch64 {
namespace {

// Half of a two-by-two product would be lost on a single token: those go through SDOT.
template <template <typename> class Format>
void multiply(const Matrix& matrix, const Activations& x, uint32_t tokens, float* y) {
  if (tokens == 1) {
    BlockMultiply<V128<SdotDot>, Format>::multiply(matrix, x, tokens, y);
  } else {
    BlockMultiply<I8mmPair, Format>::multiply(matrix, x, tokens, y);
  }
}

}  // namespace

const BlockMultiplies& i8mm_blocks() {
  static constexpr BlockMultiplies kMultiplies = {multiply<Q8_0>, multiply<Q4_0>,  multiply<Iq4Nl>,
                                                  multiply<Nf4>,  multiply<Tq2_0>, multiply<Q2_K>,
                                                  multiply<Q4_K>, multiply<Q6_K>};
  return kMultiplies;
}

}  // namespace slmrig::runtime::aarch64
