// The forward and backward pass of a llama-architecture model in f32, for training and for scoring.
//
// A batch is several documents one after the other, without padding: attention stays inside a document and
// positions start at 0 in each. Matrix products go to OpenBLAS. A Network owns its parameters, gradients and
// activations; one thread at a time. Results repeat bit for bit on the same kind of CPU with one BLAS thread.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "workloads/forge/train_shape.h"

namespace slmrig::forge {

// T tokens in all. targets[t] is the token that should follow tokens[t]; weights[t] is its share in the loss.
struct TrainBatch {
  std::vector<std::int32_t> tokens;
  std::vector<std::int32_t> targets;
  std::vector<float> weights;
  std::vector<std::size_t> starts;  // documents + 1 entries: document i is [starts[i], starts[i + 1])
};

struct BatchLoss {
  double loss_nats = 0.0;  // sum of weight * cross-entropy
  double weight = 0.0;     // sum of weights
};

class Network {
 public:
  explicit Network(const ModelShape& shape);
  ~Network();
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  const ModelShape& shape() const { return shape_; }
  const ParameterLayout& layout() const { return layout_; }
  std::span<float> parameters() { return parameters_; }
  std::span<const float> parameters() const { return parameters_; }
  std::span<const float> gradients() const { return gradients_; }

  // Normal with deviation 1/sqrt(D)/2, output projections smaller by sqrt(2 L), gains 1.
  void initialise(std::uint64_t seed);

  // Logits [T, vocab] of a batch; valid until the next call.
  std::span<const float> forward(const TrainBatch& batch);
  // Loss of the batch, and the gradient of loss_nats / weight, replacing the last one. With the logits
  // [T, vocab] of a teacher the loss is the divergence from its distribution, and targets are not looked at.
  BatchLoss forward_backward(const TrainBatch& batch, std::span<const float> teacher_logits = {});

 private:
  struct Activations;
  void run_layers(const TrainBatch& batch);
  BatchLoss differentiate_loss(const TrainBatch& batch, std::span<const float> teacher_logits);
  void forward_layer(const TrainBatch& batch, std::size_t index);
  void backward_layer(const TrainBatch& batch, std::size_t index);

  ModelShape shape_;
  ParameterLayout layout_;
  std::vector<float> parameters_;
  std::vector<float> gradients_;
  std::vector<float> rope_cosine_;
  std::vector<float> rope_sine_;
  std::unique_ptr<Activations> act_;
};

}  // namespace slmrig::forge
