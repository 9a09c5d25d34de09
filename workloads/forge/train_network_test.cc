#include "workloads/forge/train_network.h"

#include <cmath>

#include <catch2/catch.hpp>

#include "workloads/forge/random.h"

namespace slmrig::forge {
namespace {

ModelShape tiny_shape() {
  return {.name = "tiny",
          .d_model = 16,
          .layer_count = 2,
          .head_count = 4,
          .kv_head_count = 2,
          .head_dim = 6,
          .ff = 20,
          .vocab = 24,
          .context_tokens = 32};
}

// Three documents of different lengths, one of them a single token.
TrainBatch tiny_batch(std::uint64_t seed) {
  Random random(seed);
  TrainBatch batch;
  batch.starts = {0, 7, 8, 21};
  for (std::size_t t = 0; t < 21; ++t) {
    batch.tokens.push_back(static_cast<std::int32_t>(random.below(24)));
    batch.targets.push_back(static_cast<std::int32_t>(random.below(24)));
    batch.weights.push_back(t % 3 == 0 ? 0.1F : 1.0F);
  }
  return batch;
}

double mean_loss(Network& network, const TrainBatch& batch) {
  const std::span<const float> logits = network.forward(batch);
  const std::size_t vocab = network.shape().vocab;
  double loss = 0.0;
  double weight = 0.0;
  for (std::size_t t = 0; t < batch.tokens.size(); ++t) {
    double sum = 0.0;
    for (std::size_t v = 0; v < vocab; ++v) sum += std::exp(static_cast<double>(logits[t * vocab + v]));
    const double at_target =
        static_cast<double>(logits[t * vocab + static_cast<std::size_t>(batch.targets[t])]);
    loss += static_cast<double>(batch.weights[t]) * (std::log(sum) - at_target);
    weight += static_cast<double>(batch.weights[t]);
  }
  return loss / weight;
}

}  // namespace

TEST_CASE("The loss of a batch is the one computed from its logits") {
  Network network(tiny_shape());
  network.initialise(5);
  const TrainBatch batch = tiny_batch(6);
  const double from_logits = mean_loss(network, batch);
  const BatchLoss loss = network.forward_backward(batch);
  CHECK(loss.loss_nats / loss.weight == Approx(from_logits).epsilon(1e-5));
}

// Along a random direction within one tensor, because a single entry's difference drowns in f32 rounding.
TEST_CASE("Gradients agree with finite differences in every tensor") {
  Network network(tiny_shape());
  network.initialise(1);
  // Larger weights than at the start of a training, so that softmax and silu leave their linear part.
  for (float& value : network.parameters()) value *= 2.0F;
  const TrainBatch batch = tiny_batch(2);
  network.forward_backward(batch);
  const std::vector<float> gradient(network.gradients().begin(), network.gradients().end());
  const std::vector<float> start(network.parameters().begin(), network.parameters().end());
  Random random(3);
  for (const NamedSlice& slice : network.layout().slices) {
    std::vector<double> direction(slice.size);
    double norm = 0.0;
    for (double& value : direction) {
      value = random.normal();
      norm += value * value;
    }
    // Half of the direction is the gradient itself, so that the derivative is never lost in rounding.
    double gradient_norm = 0.0;
    for (std::size_t i = 0; i < slice.size; ++i) {
      gradient_norm +=
          static_cast<double>(gradient[slice.offset + i]) * static_cast<double>(gradient[slice.offset + i]);
    }
    REQUIRE(gradient_norm > 0.0);
    double expected = 0.0;
    for (std::size_t i = 0; i < slice.size; ++i) {
      const double g = static_cast<double>(gradient[slice.offset + i]);
      direction[i] = direction[i] / std::sqrt(norm) + g / std::sqrt(gradient_norm);
      expected += direction[i] * g;
    }
    constexpr double kStep = 1e-3;
    double moved[2] = {};
    for (int side = 0; side < 2; ++side) {
      for (std::size_t i = 0; i < slice.size; ++i) {
        const double at =
            static_cast<double>(start[slice.offset + i]) + (side == 0 ? kStep : -kStep) * direction[i];
        network.parameters()[slice.offset + i] = static_cast<float>(at);
      }
      moved[side] = mean_loss(network, batch);
    }
    for (std::size_t i = 0; i < slice.size; ++i)
      network.parameters()[slice.offset + i] = start[slice.offset + i];
    INFO(slice.name);
    CHECK((moved[0] - moved[1]) / (2 * kStep) == Approx(expected).epsilon(0.01).margin(1e-5));
  }
}

TEST_CASE("Documents of a batch do not see each other") {
  Network network(tiny_shape());
  network.initialise(1);
  const TrainBatch together = tiny_batch(2);
  const std::span<const float> all = network.forward(together);
  const std::vector<float> last(all.begin() + 8 * 24, all.end());
  TrainBatch alone;
  alone.tokens.assign(together.tokens.begin() + 8, together.tokens.end());
  alone.starts = {0, 13};
  const std::span<const float> single = network.forward(alone);
  for (std::size_t i = 0; i < last.size(); ++i) REQUIRE(single[i] == Approx(last[i]).margin(1e-5));
}

}  // namespace slmrig::forge
