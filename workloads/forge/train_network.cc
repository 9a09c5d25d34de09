#include "workloads/forge/train_network.h"

#include <algorithm>
#include <cmath>

#include <cblas.h>

#include "workloads/forge/random.h"
#include "workloads/forge/train_attention.h"
#include "workloads/forge/train_kernels.h"

namespace slmrig::forge {

namespace {

// y[rows, out] = x[rows, in] w[out, in]^T
void linear(const float* x, const float* w, std::size_t rows, std::size_t in, std::size_t out, float* y) {
  cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, static_cast<blasint>(rows), static_cast<blasint>(out),
              static_cast<blasint>(in), 1.0F, x, static_cast<blasint>(in), w, static_cast<blasint>(in), 0.0F,
              y, static_cast<blasint>(out));
}

// dx[rows, in] = dy[rows, out] w[out, in]
void linear_input_gradient(const float* dy, const float* w, std::size_t rows, std::size_t in, std::size_t out,
                           float* dx) {
  cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, static_cast<blasint>(rows), static_cast<blasint>(in),
              static_cast<blasint>(out), 1.0F, dy, static_cast<blasint>(out), w, static_cast<blasint>(in),
              0.0F, dx, static_cast<blasint>(in));
}

// dw[out, in] += dy[rows, out]^T x[rows, in]
void linear_weight_gradient(const float* dy, const float* x, std::size_t rows, std::size_t in,
                            std::size_t out, float* dw) {
  cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, static_cast<blasint>(out), static_cast<blasint>(in),
              static_cast<blasint>(rows), 1.0F, dy, static_cast<blasint>(out), x, static_cast<blasint>(in),
              1.0F, dw, static_cast<blasint>(in));
}

void grow(std::vector<float>& buffer, std::size_t size) {
  if (buffer.size() < size) buffer.resize(size);
}

}  // namespace

// Buffers are kept between batches and only grow; [T, ...] where not said otherwise.
struct Network::Activations {
  struct Layer {
    std::vector<float> input;         // [T, D] residual stream before the layer
    std::vector<float> attn_inverse;  // [T]
    std::vector<float> attn_in;       // [T, D] normed
    std::vector<float> qkv;           // [T, qkv_dim] after RoPE
    std::vector<float> probabilities;
    std::vector<float> heads;        // [T, q_dim]
    std::vector<float> middle;       // [T, D] residual stream between attention and feed-forward
    std::vector<float> ffn_inverse;  // [T]
    std::vector<float> ffn_in;       // [T, D] normed
    std::vector<float> gate_up;      // [T, 2 FF]
    std::vector<float> act;          // [T, FF]
  };
  std::vector<Layer> layers;
  std::vector<float> final_in, final_inverse, final_out, logits;
  std::vector<float> dx, d_a, d_b, attention_scratch;
  std::vector<std::int32_t> positions;
};

Network::Network(const ModelShape& shape)
    : shape_(shape),
      layout_(shape),
      parameters_(layout_.size),
      gradients_(layout_.size),
      rope_cosine_(shape.context_tokens * shape.head_dim / 2),
      rope_sine_(rope_cosine_.size()),
      act_(std::make_unique<Activations>()) {
  rope_tables(shape.rope_base, shape.context_tokens, shape.head_dim, rope_cosine_.data(), rope_sine_.data());
  act_->layers.resize(shape.layer_count);
}

Network::~Network() = default;

void Network::initialise(std::uint64_t seed) {
  Random random(seed);
  const float deviation = 0.5F / std::sqrt(static_cast<float>(shape_.d_model));
  const float residual = deviation / std::sqrt(2.0F * static_cast<float>(shape_.layer_count));
  for (const NamedSlice& slice : layout_.slices) {
    const bool to_residual = slice.name.find("attn_output") != std::string::npos ||
                             slice.name.find("ffn_down") != std::string::npos;
    for (std::size_t i = 0; i < slice.size; ++i) {
      parameters_[slice.offset + i] =
          slice.is_matrix ? (to_residual ? residual : deviation) * static_cast<float>(random.normal()) : 1.0F;
    }
  }
}

void Network::forward_layer(const TrainBatch& batch, std::size_t index) {
  const std::size_t rows = batch.tokens.size();
  const std::size_t d = shape_.d_model;
  const LayerOffsets& at = layout_.layers[index];
  const float* p = parameters_.data();
  Activations::Layer& a = act_->layers[index];
  grow(a.attn_inverse, rows);
  grow(a.attn_in, rows * d);
  grow(a.qkv, rows * shape_.qkv_dim());
  grow(a.probabilities, attention_floats(shape_, batch.starts));
  grow(a.heads, rows * shape_.q_dim());
  grow(a.middle, rows * d);
  grow(a.ffn_inverse, rows);
  grow(a.ffn_in, rows * d);
  grow(a.gate_up, rows * 2 * shape_.ff);
  grow(a.act, rows * shape_.ff);

  rms_norm_forward(a.input.data(), p + at.attn_norm, shape_.rms_epsilon, rows, d, a.attn_in.data(),
                   a.attn_inverse.data());
  linear(a.attn_in.data(), p + at.qkv, rows, d, shape_.qkv_dim(), a.qkv.data());
  // q heads and k heads lie side by side at the front of a row.
  rope(a.qkv.data(), rows, shape_.qkv_dim(), shape_.head_count + shape_.kv_head_count, shape_.head_dim,
       act_->positions.data(), rope_cosine_.data(), rope_sine_.data(), 1.0F);
  attention_forward(shape_, batch.starts, a.qkv.data(), a.probabilities.data(), a.heads.data());
  linear(a.heads.data(), p + at.attn_out, rows, shape_.q_dim(), d, a.middle.data());
  add_in_place(a.middle.data(), a.input.data(), rows * d);

  rms_norm_forward(a.middle.data(), p + at.ffn_norm, shape_.rms_epsilon, rows, d, a.ffn_in.data(),
                   a.ffn_inverse.data());
  linear(a.ffn_in.data(), p + at.gate_up, rows, d, 2 * shape_.ff, a.gate_up.data());
  swiglu_forward(a.gate_up.data(), rows, shape_.ff, a.act.data());
  std::vector<float>& next = index + 1 < shape_.layer_count ? act_->layers[index + 1].input : act_->final_in;
  grow(next, rows * d);
  linear(a.act.data(), p + at.down, rows, shape_.ff, d, next.data());
  add_in_place(next.data(), a.middle.data(), rows * d);
}

void Network::run_layers(const TrainBatch& batch) {
  const std::size_t rows = batch.tokens.size();
  const std::size_t d = shape_.d_model;
  act_->positions.resize(rows);
  for (std::size_t doc = 0; doc + 1 < batch.starts.size(); ++doc) {
    SLMRIG_CHECK(batch.starts[doc + 1] - batch.starts[doc] <= shape_.context_tokens);
    for (std::size_t t = batch.starts[doc]; t < batch.starts[doc + 1]; ++t) {
      act_->positions[t] = static_cast<std::int32_t>(t - batch.starts[doc]);
    }
  }
  std::vector<float>& first = act_->layers[0].input;
  grow(first, rows * d);
  for (std::size_t t = 0; t < rows; ++t) {
    const float* row = parameters_.data() + layout_.embedding + static_cast<std::size_t>(batch.tokens[t]) * d;
    std::copy(row, row + d, first.data() + t * d);
  }
  for (std::size_t i = 0; i < shape_.layer_count; ++i) forward_layer(batch, i);
  grow(act_->final_inverse, rows);
  grow(act_->final_out, rows * d);
  grow(act_->logits, rows * shape_.vocab);
  rms_norm_forward(act_->final_in.data(), parameters_.data() + layout_.output_norm, shape_.rms_epsilon, rows,
                   d, act_->final_out.data(), act_->final_inverse.data());
  linear(act_->final_out.data(), parameters_.data() + layout_.embedding, rows, d, shape_.vocab,
         act_->logits.data());
}

std::span<const float> Network::forward(const TrainBatch& batch) {
  run_layers(batch);
  return std::span<const float>(act_->logits).first(batch.tokens.size() * shape_.vocab);
}

void Network::backward_layer(const TrainBatch& batch, std::size_t index) {
  const std::size_t rows = batch.tokens.size();
  const std::size_t d = shape_.d_model;
  const LayerOffsets& at = layout_.layers[index];
  const float* p = parameters_.data();
  float* g = gradients_.data();
  const Activations::Layer& a = act_->layers[index];
  float* dx = act_->dx.data();
  const std::size_t wide = std::max({2 * shape_.ff, shape_.qkv_dim(), d});
  grow(act_->d_a, rows * std::max({shape_.ff, shape_.q_dim(), d}));
  grow(act_->d_b, rows * wide);
  float* d_a = act_->d_a.data();
  float* d_b = act_->d_b.data();

  linear_weight_gradient(dx, a.act.data(), rows, shape_.ff, d, g + at.down);
  linear_input_gradient(dx, p + at.down, rows, shape_.ff, d, d_a);
  swiglu_backward(d_a, a.gate_up.data(), rows, shape_.ff, d_b);
  linear_weight_gradient(d_b, a.ffn_in.data(), rows, d, 2 * shape_.ff, g + at.gate_up);
  linear_input_gradient(d_b, p + at.gate_up, rows, d, 2 * shape_.ff, d_a);
  rms_norm_backward(d_a, a.middle.data(), p + at.ffn_norm, a.ffn_inverse.data(), rows, d, dx,
                    g + at.ffn_norm);

  linear_weight_gradient(dx, a.heads.data(), rows, shape_.q_dim(), d, g + at.attn_out);
  linear_input_gradient(dx, p + at.attn_out, rows, shape_.q_dim(), d, d_a);
  attention_backward(shape_, batch.starts, a.qkv.data(), a.probabilities.data(), d_a, d_b,
                     act_->attention_scratch);
  rope(d_b, rows, shape_.qkv_dim(), shape_.head_count + shape_.kv_head_count, shape_.head_dim,
       act_->positions.data(), rope_cosine_.data(), rope_sine_.data(), -1.0F);
  linear_weight_gradient(d_b, a.attn_in.data(), rows, d, shape_.qkv_dim(), g + at.qkv);
  linear_input_gradient(d_b, p + at.qkv, rows, d, shape_.qkv_dim(), d_a);
  rms_norm_backward(d_a, a.input.data(), p + at.attn_norm, a.attn_inverse.data(), rows, d, dx,
                    g + at.attn_norm);
}

// Leaves the gradient by the logits in their place.
BatchLoss Network::differentiate_loss(const TrainBatch& batch, std::span<const float> teacher_logits) {
  const std::size_t vocab = shape_.vocab;
  BatchLoss result;
  for (const float weight : batch.weights) result.weight += static_cast<double>(weight);
  const float scale = result.weight > 0.0 ? static_cast<float>(1.0 / result.weight) : 0.0F;
  for (std::size_t t = 0; t < batch.tokens.size(); ++t) {
    float* row = act_->logits.data() + t * vocab;
    const float weight = batch.weights[t] * scale;
    const float nats = teacher_logits.empty()
                           ? cross_entropy_row(row, vocab, batch.targets[t], weight)
                           : divergence_row(row, teacher_logits.data() + t * vocab, vocab, weight);
    result.loss_nats += static_cast<double>(nats) * static_cast<double>(batch.weights[t]);
  }
  return result;
}

BatchLoss Network::forward_backward(const TrainBatch& batch, std::span<const float> teacher_logits) {
  const std::size_t rows = batch.tokens.size();
  const std::size_t d = shape_.d_model;
  SLMRIG_CHECK(teacher_logits.empty() || teacher_logits.size() == rows * shape_.vocab);
  run_layers(batch);
  const BatchLoss result = differentiate_loss(batch, teacher_logits);

  std::fill(gradients_.begin(), gradients_.end(), 0.0F);
  float* g = gradients_.data();
  grow(act_->dx, rows * d);
  grow(act_->d_a, rows * d);
  std::fill(act_->dx.begin(), act_->dx.begin() + static_cast<std::ptrdiff_t>(rows * d), 0.0F);
  linear_weight_gradient(act_->logits.data(), act_->final_out.data(), rows, d, shape_.vocab,
                         g + layout_.embedding);
  linear_input_gradient(act_->logits.data(), parameters_.data() + layout_.embedding, rows, d, shape_.vocab,
                        act_->d_a.data());
  rms_norm_backward(act_->d_a.data(), act_->final_in.data(), parameters_.data() + layout_.output_norm,
                    act_->final_inverse.data(), rows, d, act_->dx.data(), g + layout_.output_norm);
  for (std::size_t i = shape_.layer_count; i-- > 0;) backward_layer(batch, i);
  for (std::size_t t = 0; t < rows; ++t) {
    add_in_place(g + layout_.embedding + static_cast<std::size_t>(batch.tokens[t]) * d,
                 act_->dx.data() + t * d, d);
  }
  return result;
}

}  // namespace slmrig::forge
