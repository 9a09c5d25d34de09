// Causal grouped-query attention inside each document of a batch, forward and backward.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "workloads/forge/train_shape.h"

namespace slmrig::forge {

// Floats that the probabilities of all documents and heads take: sum over documents of heads * n * n.
std::size_t attention_floats(const ModelShape& shape, std::span<const std::size_t> starts);

// qkv [T, qkv_dim] after RoPE -> out [T, q_dim]; probabilities [attention_floats] are kept for the way back.
void attention_forward(const ModelShape& shape, std::span<const std::size_t> starts, const float* qkv,
                       float* probabilities, float* out);
// dout [T, q_dim] -> dqkv [T, qkv_dim], overwritten. `scratch` grows as needed.
void attention_backward(const ModelShape& shape, std::span<const std::size_t> starts, const float* qkv,
                        const float* probabilities, const float* dout, float* dqkv,
                        std::vector<float>& scratch);

}  // namespace slmrig::forge
