#include "workloads/forge/calibration_forward.h"

#include <algorithm>
#include <cmath>

#include <cblas.h>
#include <fmt/format.h>

#include "workloads/forge/block_formats.h"
#include "workloads/forge/image_layout.h"
#include "workloads/forge/train_attention.h"
#include "workloads/forge/train_kernels.h"

namespace slmrig::forge {

using base::Done;
using base::ErrorCode;
using base::fail;
using base::Result;

namespace {

using Floats = std::vector<float>;

// The residual stream of all tokens, and what turns it into the next layer's.
class Forward {
 public:
  Forward(const LlamaModel& model, const CalibrationTokens& tokens, const VisitLinear& visit)
      : model_(model), visit_(visit), tokens_(static_cast<std::size_t>(tokens.token_count)) {
    const LlamaShape& from = model.shape;
    shape_.d_model = from.width;
    shape_.head_count = from.head_count;
    shape_.kv_head_count = from.kv_head_count;
    shape_.head_dim = from.head_dim;
    shape_.ff = from.feed_forward;
    starts_.push_back(0);
    for (const auto& sequence : tokens.sequences) {
      for (std::size_t i = 0; i < sequence.size(); ++i) positions_.push_back(static_cast<std::int32_t>(i));
      starts_.push_back(positions_.size());
    }
  }

  Done run(const CalibrationTokens& tokens, std::span<const float> embedding) {
    SLMRIG_TRY(make_rope());
    const std::size_t d = shape_.d_model;
    stream_.reserve(tokens_ * d);
    for (const auto& sequence : tokens.sequences) {
      for (const std::int32_t id : sequence) {
        const float* row = embedding.data() + static_cast<std::size_t>(id) * d;
        stream_.insert(stream_.end(), row, row + d);
      }
    }
    if (model_.shape.embedding_scale != 0.0F) {
      for (float& value : stream_) value *= model_.shape.embedding_scale;
    }
    for (const LlamaLayer& layer : model_.layers) {
      SLMRIG_TRY(attention(layer));
      SLMRIG_TRY(feed_forward(layer));
    }
    if (model_.output == nullptr) return {};
    SLMRIG_ASSIGN(const Floats normed, norm(*model_.output_norm));
    SLMRIG_TRY(visit_({{model_.output}, normed, d}));
    return {};
  }

 private:
  Done make_rope() {
    Floats factors;
    if (model_.rope_factors != nullptr) {
      SLMRIG_ASSIGN(factors, dequantize(*model_.rope_factors));
    }
    const std::int32_t last = *std::max_element(positions_.begin(), positions_.end());
    const auto count = static_cast<std::uint32_t>(last + 1);
    const LlamaShape& shape = model_.shape;
    const Floats table = rope_table({count, shape.head_dim, shape.rope_base, shape.rope_factor, factors});
    for (std::size_t i = 0; i < table.size(); i += 2) {
      cosine_.push_back(table[i]);
      sine_.push_back(table[i + 1]);
    }
    return {};
  }

  Result<Floats> norm(const GgufTensor& gain_tensor) const {
    SLMRIG_ASSIGN(const Floats gain, dequantize(gain_tensor));
    Floats y(stream_.size());
    Floats inverse(tokens_);
    rms_norm_forward(stream_.data(), gain.data(), model_.shape.rms_epsilon, tokens_, shape_.d_model, y.data(),
                     inverse.data());
    return y;
  }

  // y [tokens, rows of all tensors], the outputs of the first tensor first in each row.
  Result<Floats> linear(const Floats& x, std::vector<const GgufTensor*> tensors) const {
    const auto columns = static_cast<std::size_t>(tensors.front()->dims[0]);
    SLMRIG_ASSIGN(const std::vector<Floats> weights, visit_({tensors, x, columns}));
    std::size_t rows = 0;
    for (const GgufTensor* tensor : tensors) rows += static_cast<std::size_t>(tensor->dims[1]);
    Floats y(tokens_ * rows);
    std::size_t row = 0;
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      const std::size_t own = weights[i].size() / columns;
      cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, static_cast<blasint>(tokens_),
                  static_cast<blasint>(own), static_cast<blasint>(columns), 1.0F, x.data(),
                  static_cast<blasint>(columns), weights[i].data(), static_cast<blasint>(columns), 0.0F,
                  y.data() + row, static_cast<blasint>(rows));
      row += own;
    }
    return y;
  }

  // y [tokens, stride] += bias, from column `first` on; nothing where there is none.
  Done add_bias(const GgufTensor* bias, std::size_t first, std::size_t stride, Floats* y) const {
    if (bias == nullptr) return {};
    SLMRIG_ASSIGN(const Floats values, dequantize(*bias));
    for (std::size_t t = 0; t < tokens_; ++t) {
      add_in_place(y->data() + t * stride + first, values.data(), values.size());
    }
    return {};
  }

  // The query and key heads at the front of each row.
  void rotate(Floats* qkv) const {
    const std::size_t heads = shape_.head_count + shape_.kv_head_count;
    const std::size_t half = shape_.head_dim / 2;
    if (model_.shape.rotation == Rotation::kNeighbours) {
      rope(qkv->data(), tokens_, shape_.qkv_dim(), heads, shape_.head_dim, positions_.data(), cosine_.data(),
           sine_.data(), 1.0F);
      return;
    }
    for (std::size_t t = 0; t < tokens_; ++t) {
      const std::size_t angles = static_cast<std::size_t>(positions_[t]) * half;
      for (std::size_t i = 0; i < heads * half; ++i) {
        float* x = qkv->data() + t * shape_.qkv_dim() + i / half * shape_.head_dim + i % half;
        const float cosine = cosine_[angles + i % half];
        const float sine = sine_[angles + i % half];
        const float first = x[0];
        x[0] = first * cosine - x[half] * sine;
        x[half] = first * sine + x[half] * cosine;
      }
    }
  }

  // act [tokens, ff] = gelu(gate) * up, by the approximation with tanh.
  void gelu_multiply(const Floats& gate_up, Floats* act) const {
    constexpr float kRootOfTwoOverPi = 0.7978845608F;
    for (std::size_t t = 0; t < tokens_; ++t) {
      const float* gate = gate_up.data() + t * 2 * shape_.ff;
      const float* up = gate + shape_.ff;
      for (std::size_t i = 0; i < shape_.ff; ++i) {
        const float z = gate[i];
        const float gelu = 0.5F * z * (1.0F + std::tanh(kRootOfTwoOverPi * (z + 0.044715F * z * z * z)));
        (*act)[t * shape_.ff + i] = gelu * up[i];
      }
    }
  }

  Done attention(const LlamaLayer& layer) {
    SLMRIG_ASSIGN(const Floats normed, norm(*layer.attention_norm));
    SLMRIG_ASSIGN(Floats qkv, linear(normed, {layer.query, layer.key, layer.value}));
    SLMRIG_TRY(add_bias(layer.query_bias, 0, shape_.qkv_dim(), &qkv));
    SLMRIG_TRY(add_bias(layer.key_bias, shape_.q_dim(), shape_.qkv_dim(), &qkv));
    SLMRIG_TRY(add_bias(layer.value_bias, shape_.q_dim() + shape_.kv_dim(), shape_.qkv_dim(), &qkv));
    rotate(&qkv);
    Floats heads(tokens_ * shape_.q_dim());
    Floats probabilities;
    for (std::size_t i = 0; i + 1 < starts_.size(); ++i) {
      const std::size_t one[] = {0, starts_[i + 1] - starts_[i]};
      probabilities.resize(attention_floats(shape_, one));
      attention_forward(shape_, one, qkv.data() + starts_[i] * shape_.qkv_dim(), probabilities.data(),
                        heads.data() + starts_[i] * shape_.q_dim());
    }
    SLMRIG_ASSIGN(Floats out, linear(heads, {layer.attention_output}));
    SLMRIG_TRY(add_bias(layer.attention_output_bias, 0, shape_.d_model, &out));
    add_in_place(stream_.data(), out.data(), stream_.size());
    return {};
  }

  Done feed_forward(const LlamaLayer& layer) {
    SLMRIG_ASSIGN(const Floats normed, norm(*layer.feed_forward_norm));
    SLMRIG_ASSIGN(const Floats gate_up, linear(normed, {layer.gate, layer.up}));
    Floats act(tokens_ * shape_.ff);
    if (model_.shape.activation == runtime::Activation::kSilu) {
      swiglu_forward(gate_up.data(), tokens_, shape_.ff, act.data());
    } else {
      gelu_multiply(gate_up, &act);
    }
    SLMRIG_ASSIGN(const Floats out, linear(act, {layer.down}));
    add_in_place(stream_.data(), out.data(), stream_.size());
    return {};
  }

  const LlamaModel& model_;
  const VisitLinear& visit_;
  std::size_t tokens_;
  ModelShape shape_;
  std::vector<std::size_t> starts_;
  std::vector<std::int32_t> positions_;
  Floats cosine_;
  Floats sine_;
  Floats stream_;  // [tokens, width]
};

}  // namespace

Done calibration_forward(const LlamaModel& model, const CalibrationTokens& tokens,
                         std::span<const float> embedding, const VisitLinear& visit) {
  SLMRIG_CHECK(tokens.token_count > 0);
  // Two threads would add in another order, and gain little on matrices of this size.
  openblas_set_num_threads(1);
  return Forward(model, tokens, visit).run(tokens, embedding);
}

}  // namespace slmrig::forge
