#include "workloads/forge/train_optimizer.h"

#include <cmath>

#include "workloads/forge/train_kernels.h"

namespace slmrig::forge {

namespace {

constexpr double kBeta1 = 0.9;
constexpr double kBeta2 = 0.98;
constexpr float kEpsilon = 1e-8F;
constexpr double kMaxGradientNorm = 1.0;

}  // namespace

void AdamW::step(Network& network, double learning_rate, double weight_decay, std::uint64_t step_index) {
  const double norm = std::sqrt(sum_of_squares(network.gradients().data(), network.gradients().size()));
  const double count = static_cast<double>(step_index) + 1.0;
  AdamStep update{};
  update.learning_rate = static_cast<float>(learning_rate);
  update.beta1 = static_cast<float>(kBeta1);
  update.beta2 = static_cast<float>(kBeta2);
  update.epsilon = kEpsilon;
  update.gradient_scale = norm > kMaxGradientNorm ? static_cast<float>(kMaxGradientNorm / norm) : 1.0F;
  update.correction1 = static_cast<float>(1.0 - std::pow(kBeta1, count));
  update.correction2 = static_cast<float>(1.0 - std::pow(kBeta2, count));
  for (const NamedSlice& slice : network.layout().slices) {
    update.weight_decay = slice.is_matrix ? static_cast<float>(weight_decay) : 0.0F;
    adamw_update(network.parameters().data() + slice.offset, network.gradients().data() + slice.offset,
                 mean_.data() + slice.offset, variance_.data() + slice.offset, slice.size, update);
  }
}

}  // namespace slmrig::forge
