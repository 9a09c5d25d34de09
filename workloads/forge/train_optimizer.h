// AdamW with gradient clipping. Weight decay applies to matrices, not to gains.
#pragma once

#include <span>
#include <vector>

#include "workloads/forge/train_network.h"

namespace slmrig::forge {

class AdamW {
 public:
  explicit AdamW(const ParameterLayout& layout) : mean_(layout.size), variance_(layout.size) {}

  // One update of the network's parameters from its gradients; `step_index` counts from 0.
  void step(Network& network, double learning_rate, double weight_decay, std::uint64_t step_index);

  std::span<float> mean() { return mean_; }
  std::span<float> variance() { return variance_; }

 private:
  std::vector<float> mean_;
  std::vector<float> variance_;
};

}  // namespace slmrig::forge
