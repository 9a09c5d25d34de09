#include "workloads/runtime/transformer.h"

#include <cstring>
#include <initializer_list>

#include "workloads/runtime/math.h"

namespace slmrig::runtime {
namespace {

constexpr uint32_t kMaxGroupRows = 16;  // no format groups more rows

uint64_t macs_of(const Matrix& matrix) { return static_cast<uint64_t>(matrix.rows) * matrix.columns; }

uint64_t bytes_of_weights(const Matrix& matrix) {
  return stored_bytes(matrix.format, matrix.rows, matrix.columns);
}

uint32_t larger(uint32_t a, uint32_t b) { return a > b ? a : b; }

size_t most_prepared_bytes(const KernelSet& kernels, const ImageHeader& header) {
  size_t most = 0;
  for (const FormatKernels* format : kernels.formats) {
    if (format == nullptr) continue;
    for (const uint32_t columns : {header.width, header.head_count * header.head_dim, header.feed_forward}) {
      const size_t bytes = format->prepared_bytes(columns);
      if (bytes > most) most = bytes;
    }
  }
  return most;
}

}  // namespace

class Transformer::Input {
 public:
  // x [tokens, columns]
  Input(const Transformer& transformer, uint32_t layer, const float* x, uint32_t tokens)
      : transformer_(transformer), layer_(layer), x_(x), tokens_(tokens) {}

  // y [tokens, matrix.rows]
  void multiply(const Matrix& matrix, Operator op, float* y) {
    const FormatKernels* format = transformer_.kernels_->formats[static_cast<size_t>(matrix.format)];
    if (prepare_ != format->prepare) {
      activations_ = format->prepare(x_, tokens_, matrix.columns, transformer_.prepared_);
      prepare_ = format->prepare;
      transformer_.lap(op == Operator::kOutput ? Operator::kOutputPrepare : Operator::kPrepare, layer_);
    }
    format->multiply(matrix, activations_, tokens_, y);
    transformer_.lap(op, layer_, tokens_ * macs_of(matrix), bytes_of_weights(matrix));
  }

 private:
  const Transformer& transformer_;
  uint32_t layer_;
  const float* x_;
  uint32_t tokens_;
  decltype(FormatKernels::prepare) prepare_ = nullptr;
  Activations activations_;
};

bool Transformer::lay_out(const ImageHeader& header, uint32_t context_tokens, const KernelSet& kernels,
                          Arena* arena) {
  header_ = header;
  context_tokens_ = context_tokens;
  kernels_ = &kernels;
  position_ = 0;
  const uint64_t kv_columns = header.kv_head_count * header.head_dim;
  const uint64_t wide = larger(header.width, header.head_count * header.head_dim);
  const uint64_t cache_floats = header.layer_count * kv_columns * context_tokens;
  const auto floats = [arena](MemoryClass memory_class, uint64_t count) {
    return arena->take<float>(memory_class, count);
  };
  layers_ = arena->take<LayerWeights>(MemoryClass::kActivations, header.layer_count);
  key_cache_ = floats(MemoryClass::kKv, cache_floats);
  value_cache_ = floats(MemoryClass::kKv, cache_floats);
  residual_ = floats(MemoryClass::kActivations, kBatchTokens * header.width);
  inner_ = floats(MemoryClass::kActivations, kBatchTokens * wide);
  query_ = floats(MemoryClass::kActivations, kBatchTokens * wide);
  key_ = floats(MemoryClass::kActivations, kBatchTokens * kv_columns);
  value_ = floats(MemoryClass::kActivations, kBatchTokens * kv_columns);
  gate_ = floats(MemoryClass::kActivations, kBatchTokens * header.feed_forward);
  up_ = floats(MemoryClass::kActivations, kBatchTokens * header.feed_forward);
  logits_ = floats(MemoryClass::kActivations, header.vocabulary_tokens + kMaxGroupRows);
  for (const void* buffer :
       {static_cast<const void*>(layers_), static_cast<const void*>(key_cache_),
        static_cast<const void*>(value_cache_), static_cast<const void*>(residual_),
        static_cast<const void*>(inner_), static_cast<const void*>(query_), static_cast<const void*>(key_),
        static_cast<const void*>(value_), static_cast<const void*>(gate_), static_cast<const void*>(up_),
        static_cast<const void*>(logits_)}) {
    if (buffer == nullptr) return false;
  }
  return true;
}

bool Transformer::reserve_scratch(Arena* arena) {
  prepared_ =
      arena->take<uint8_t>(MemoryClass::kScratch, kBatchTokens * most_prepared_bytes(*kernels_, header_));
  weights_ = arena->take<float>(MemoryClass::kScratch, context_tokens_);
  return prepared_ != nullptr && weights_ != nullptr;
}

void Transformer::run(const int32_t* ids, uint32_t count) {
  for (uint32_t done = 0; done < count;) {
    const uint32_t tokens = count - done < kBatchTokens ? count - done : kBatchTokens;
    run_batch(ids + done, tokens);
    done += tokens;
    if (done < count) continue;
    float* last = residual_ + static_cast<size_t>(tokens - 1) * header_.width;
    kernels_->rms_norm(last, image_->output_norm, header_.width, header_.rms_epsilon, last);
    lap(Operator::kOutputNorm, 0, 0, header_.width * sizeof(float));
    Input(*this, 0, last, 1).multiply(image_->output, Operator::kOutput, logits_);
  }
}

void Transformer::run_batch(const int32_t* ids, uint32_t tokens) {
  const Matrix& embedding = image_->embedding;
  const FormatKernels& format = *kernels_->formats[static_cast<size_t>(embedding.format)];
  for (uint32_t token = 0; token < tokens; ++token) {
    format.read_row(embedding, static_cast<uint32_t>(ids[token]), residual_ + token * header_.width);
  }
  lap(Operator::kEmbedding, 0, 0,
      tokens * stored_bytes(embedding.format, kGroupRows, embedding.columns) / kGroupRows);
  for (uint32_t layer = 0; layer < header_.layer_count; ++layer) {
    attention(layer, tokens);
    feed_forward(layer, tokens);
  }
  position_ += tokens;
}

void Transformer::attention(uint32_t layer, uint32_t tokens) {
  const LayerWeights& weights = layers_[layer];
  const uint32_t width = header_.width;
  for (uint32_t token = 0; token < tokens; ++token) {
    kernels_->rms_norm(residual_ + token * width, weights.attention_norm, width, header_.rms_epsilon,
                       inner_ + token * width);
  }
  lap(Operator::kAttentionNorm, layer, 0, width * sizeof(float));
  Input input(*this, layer, inner_, tokens);
  input.multiply(weights.query, Operator::kQuery, query_);
  input.multiply(weights.key, Operator::kKey, key_);
  input.multiply(weights.value, Operator::kValue, value_);
  for (uint32_t token = 0; token < tokens; ++token) {
    const float* table = image_->rope + static_cast<size_t>(position_ + token) * header_.head_dim;
    kernels_->rotate(query_ + token * weights.query.rows, table, header_.head_count, header_.head_dim);
    kernels_->rotate(key_ + token * weights.key.rows, table, header_.kv_head_count, header_.head_dim);
  }
  lap(Operator::kRope, layer, 0, tokens * header_.head_dim * sizeof(float));
  store_kv(layer, tokens);
  attend(layer, tokens);
  Input(*this, layer, inner_, tokens).multiply(weights.attention_output, Operator::kAttentionOutput, query_);
  kernels_->add(residual_, query_, tokens * width);
  lap(Operator::kResidual, layer);
}

float* Transformer::kv_row(float* cache, uint32_t layer, uint32_t kv_head, uint32_t position) const {
  const size_t row =
      (static_cast<size_t>(layer) * header_.kv_head_count + kv_head) * context_tokens_ + position;
  return cache + row * header_.head_dim;
}

void Transformer::store_kv(uint32_t layer, uint32_t tokens) {
  const uint32_t head_dim = header_.head_dim;
  for (uint32_t token = 0; token < tokens; ++token) {
    for (uint32_t head = 0; head < header_.kv_head_count; ++head) {
      const size_t from = (static_cast<size_t>(token) * header_.kv_head_count + head) * head_dim;
      std::memcpy(kv_row(key_cache_, layer, head, position_ + token), key_ + from, head_dim * sizeof(float));
      std::memcpy(kv_row(value_cache_, layer, head, position_ + token), value_ + from,
                  head_dim * sizeof(float));
    }
  }
  lap(Operator::kKvStore, layer, 0, 2 * tokens * header_.kv_head_count * head_dim * sizeof(float));
}

// query_ -> inner_ [tokens, heads * head_dim]. Each token sees the positions up to its own.
void Transformer::attend(uint32_t layer, uint32_t tokens) {
  const uint32_t head_dim = header_.head_dim;
  const uint32_t group = header_.head_count / header_.kv_head_count;
  const float scale = 1.0F / square_root(static_cast<float>(head_dim));
  for (uint32_t token = 0; token < tokens; ++token) {
    const uint32_t positions = position_ + token + 1;
    const uint64_t macs = static_cast<uint64_t>(positions) * head_dim;
    for (uint32_t head = 0; head < header_.head_count; ++head) {
      const size_t place = (static_cast<size_t>(token) * header_.head_count + head) * head_dim;
      const uint32_t kv_head = head / group;
      kernels_->scores(query_ + place, kv_row(key_cache_, layer, kv_head, 0), positions, head_dim, scale,
                       weights_);
      lap(Operator::kScores, layer, macs, macs * sizeof(float));
      kernels_->softmax(weights_, positions);
      lap(Operator::kSoftmax, layer);
      kernels_->mix(weights_, kv_row(value_cache_, layer, kv_head, 0), positions, head_dim, inner_ + place);
      lap(Operator::kMix, layer, macs, macs * sizeof(float));
    }
  }
}

void Transformer::feed_forward(uint32_t layer, uint32_t tokens) {
  const LayerWeights& weights = layers_[layer];
  const uint32_t width = header_.width;
  for (uint32_t token = 0; token < tokens; ++token) {
    kernels_->rms_norm(residual_ + token * width, weights.feed_forward_norm, width, header_.rms_epsilon,
                       inner_ + token * width);
  }
  lap(Operator::kFeedForwardNorm, layer, 0, width * sizeof(float));
  Input input(*this, layer, inner_, tokens);
  input.multiply(weights.gate, Operator::kGate, gate_);
  input.multiply(weights.up, Operator::kUp, up_);
  kernels_->silu_multiply(gate_, up_, tokens * header_.feed_forward);
  lap(Operator::kActivation, layer);
  Input(*this, layer, gate_, tokens).multiply(weights.down, Operator::kDown, inner_);
  kernels_->add(residual_, inner_, tokens * width);
  lap(Operator::kResidual, layer);
}

}  // namespace slmrig::runtime
