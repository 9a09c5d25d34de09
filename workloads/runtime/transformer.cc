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
uint32_t smaller(uint32_t a, uint32_t b) { return a < b ? a : b; }
uint64_t largest(uint64_t a, uint64_t b) { return a > b ? a : b; }

// Every buffer begins at a multiple of 32 bytes.
uint64_t aligned_floats(uint64_t count) { return (count + 7) / 8 * 8; }

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
#ifdef SLMRIG_SLOW_KERNEL
    multiply_again(*format, matrix, y);
#endif
    transformer_.lap(op, layer_, [&] {
      return ProfileWork{tokens_ * macs_of(matrix), bytes_of_weights(matrix)};
    });
  }

 private:
#ifdef SLMRIG_SLOW_KERNEL
  // A share of the rows once more while decoding: the same products, and really slower.
  void multiply_again(const FormatKernels& format, const Matrix& matrix, float* y) {
    constexpr uint32_t kPercent = 100;
    Matrix again = matrix;
    again.rows = matrix.rows * SLMRIG_SLOW_KERNEL / kPercent / kGroupRows * kGroupRows;
    if (tokens_ == 1 && again.rows > 0) format.multiply(again, activations_, 1, y);
  }
#endif

  const Transformer& transformer_;
  uint32_t layer_;
  const float* x_;
  uint32_t tokens_;
  decltype(FormatKernels::prepare) prepare_ = nullptr;
  Activations activations_;
};

bool Transformer::lay_out(const ImageHeader& header, const Settings& settings, const KernelSet& kernels,
                          Arena* arena) {
  header_ = header;
  settings_ = settings;
  kernels_ = &kernels;
  position_ = 0;
  // A batch larger than the context would never be full.
  batch_tokens_ = smaller(kernels.batch_tokens, settings.context_tokens);
  kv_row_bytes_ =
      static_cast<uint32_t>(settings.kv_format == KvFormat::kF32 ? header.head_dim * sizeof(float)
                                                                 : kv_kernels()->row_bytes(header.head_dim));
  const uint64_t kv_columns = header.kv_head_count * header.head_dim;
  const uint64_t batch = batch_tokens_;
  const uint64_t wide = aligned_floats(batch * larger(header.width, header.head_count * header.head_dim));
  const uint64_t kv = aligned_floats(batch * kv_columns);
  const uint64_t inner = aligned_floats(batch * header.feed_forward);
  const uint64_t most = largest(wide + 2 * kv, 2 * inner);
  const uint64_t cache_bytes =
      uint64_t{header.layer_count} * header.kv_head_count * settings.context_tokens * kv_row_bytes_;

  layers_ = arena->take<LayerWeights>(MemoryClass::kActivations, header.layer_count);
  key_cache_ = arena->take<uint8_t>(MemoryClass::kKv, cache_bytes);
  value_cache_ = arena->take<uint8_t>(MemoryClass::kKv, cache_bytes);
  residual_ = arena->take<float>(MemoryClass::kActivations, batch * header.width);
  inner_ = arena->take<float>(MemoryClass::kActivations,
                              largest(wide + most, uint64_t{header.vocabulary_tokens} + kMaxGroupRows));
  if (layers_ == nullptr || key_cache_ == nullptr || value_cache_ == nullptr || residual_ == nullptr ||
      inner_ == nullptr) {
    return false;
  }
  query_ = inner_ + wide;
  key_ = query_ + wide;
  value_ = key_ + kv;
  gate_ = query_;
  up_ = gate_ + inner;
  logits_ = inner_;
  return true;
}

bool Transformer::reserve_scratch(Arena* arena) {
  prepared_ =
      arena->take<uint8_t>(MemoryClass::kScratch, batch_tokens_ * most_prepared_bytes(*kernels_, header_));
  weights_ = arena->take<float>(MemoryClass::kScratch, settings_.context_tokens);
  return prepared_ != nullptr && weights_ != nullptr;
}

bool Transformer::run(const int32_t* ids, uint32_t count, const Deadline& deadline) {
  for (uint32_t done = 0; done < count;) {
    const uint32_t tokens = smaller(count - done, batch_tokens_);
    run_batch(ids + done, tokens);
    done += tokens;
    if (done < count) {
      if (deadline.tick != nullptr && deadline.tick() > deadline.end_ticks) return false;
      continue;
    }
    float* last = residual_ + static_cast<size_t>(tokens - 1) * header_.width;
    kernels_->rms_norm(last, image_->output_norm, header_.width, header_.rms_epsilon, last);
    lap(Operator::kOutputNorm, 0, [this] { return ProfileWork{0, header_.width * sizeof(float)}; });
    Input(*this, 0, last, 1).multiply(image_->output, Operator::kOutput, logits_);
  }
  return true;
}

void Transformer::run_batch(const int32_t* ids, uint32_t tokens) {
  embed(ids, tokens);
  for (uint32_t layer = 0; layer < header_.layer_count; ++layer) {
    attention(layer, tokens);
    feed_forward(layer, tokens);
  }
  position_ += tokens;
}

void Transformer::embed(const int32_t* ids, uint32_t tokens) {
  const Matrix& embedding = image_->embedding;
  const FormatKernels& format = *kernels_->formats[static_cast<size_t>(embedding.format)];
  for (uint32_t token = 0; token < tokens; ++token) {
    float* row = residual_ + token * header_.width;
    format.read_row(embedding, static_cast<uint32_t>(ids[token]), row);
    if (header_.embedding_scale == 0.0F) continue;
    for (uint32_t i = 0; i < header_.width; ++i) row[i] *= header_.embedding_scale;
  }
  lap(Operator::kEmbedding, 0, [&] {
    return ProfileWork{0, tokens * (bytes_of_weights(embedding) / embedding.rows)};
  });
}

// residual_ -> inner_ [tokens, width]
void Transformer::norm_rows(const float* gain, uint32_t tokens) {
  const uint32_t width = header_.width;
  for (uint32_t token = 0; token < tokens; ++token) {
    kernels_->rms_norm(residual_ + token * width, gain, width, header_.rms_epsilon, inner_ + token * width);
  }
}

void Transformer::add_bias(float* rows, const float* bias, uint32_t columns, uint32_t tokens) const {
  if (bias == nullptr) return;
  for (uint32_t token = 0; token < tokens; ++token) kernels_->add(rows + token * columns, bias, columns);
}

void Transformer::attention(uint32_t layer, uint32_t tokens) {
  const LayerWeights& weights = layers_[layer];
  norm_rows(weights.attention_norm, tokens);
  lap(Operator::kAttentionNorm, layer, [this] { return ProfileWork{0, header_.width * sizeof(float)}; });
  Input input(*this, layer, inner_, tokens);
  input.multiply(weights.query, Operator::kQuery, query_);
  input.multiply(weights.key, Operator::kKey, key_);
  input.multiply(weights.value, Operator::kValue, value_);
  add_bias(query_, weights.query_bias, weights.query.rows, tokens);
  add_bias(key_, weights.key_bias, weights.key.rows, tokens);
  add_bias(value_, weights.value_bias, weights.value.rows, tokens);
  for (uint32_t token = 0; token < tokens; ++token) {
    const float* table = image_->rope + static_cast<size_t>(position_ + token) * header_.head_dim;
    kernels_->rotate(query_ + token * weights.query.rows, table, header_.head_count, header_.head_dim);
    kernels_->rotate(key_ + token * weights.key.rows, table, header_.kv_head_count, header_.head_dim);
  }
  lap(Operator::kRope, layer, [&] { return ProfileWork{0, tokens * header_.head_dim * sizeof(float)}; });
  store_kv(layer, tokens);
  attend(layer, tokens);
  Input(*this, layer, inner_, tokens).multiply(weights.attention_output, Operator::kAttentionOutput, query_);
  add_bias(query_, weights.attention_output_bias, header_.width, tokens);
  kernels_->add(residual_, query_, tokens * header_.width);
  lap(Operator::kResidual, layer);
}

uint8_t* Transformer::kv_row(uint8_t* cache, uint32_t layer, uint32_t kv_head, uint32_t position) const {
  const size_t row =
      (static_cast<size_t>(layer) * header_.kv_head_count + kv_head) * settings_.context_tokens + position;
  return cache + row * kv_row_bytes_;
}

void Transformer::store_kv(uint32_t layer, uint32_t tokens) {
  const uint32_t head_dim = header_.head_dim;
  const KvKernels* packed = kv_kernels();
  for (uint32_t token = 0; token < tokens; ++token) {
    for (uint32_t head = 0; head < header_.kv_head_count; ++head) {
      const size_t from = (static_cast<size_t>(token) * header_.kv_head_count + head) * head_dim;
      uint8_t* key = kv_row(key_cache_, layer, head, position_ + token);
      uint8_t* value = kv_row(value_cache_, layer, head, position_ + token);
      if (packed == nullptr) {
        std::memcpy(key, key_ + from, kv_row_bytes_);
        std::memcpy(value, value_ + from, kv_row_bytes_);
      } else {
        packed->store(key_ + from, head_dim, key);
        packed->store(value_ + from, head_dim, value);
      }
    }
  }
  lap(Operator::kKvStore, layer, [&] {
    return ProfileWork{0, 2ULL * tokens * header_.kv_head_count * kv_row_bytes_};
  });
}

// query_ -> inner_ [tokens, heads * head_dim]. Each token sees the positions up to its own.
void Transformer::attend(uint32_t layer, uint32_t tokens) {
  const uint32_t group = header_.head_count / header_.kv_head_count;
  for (uint32_t token = 0; token < tokens; ++token) {
    for (uint32_t head = 0; head < header_.head_count; ++head) {
      const size_t place = (static_cast<size_t>(token) * header_.head_count + head) * header_.head_dim;
      attend_head(layer, query_ + place, head / group, position_ + token + 1, inner_ + place);
    }
  }
}

// query, out [head_dim]
void Transformer::attend_head(uint32_t layer, const float* query, uint32_t kv_head, uint32_t positions,
                              float* out) {
  const uint32_t head_dim = header_.head_dim;
  const float scale = 1.0F / square_root(static_cast<float>(head_dim));
  const auto work = [&] {
    return ProfileWork{static_cast<uint64_t>(positions) * head_dim,
                       static_cast<uint64_t>(positions) * kv_row_bytes_};
  };
  const KvKernels* packed = kv_kernels();
  const uint8_t* keys = kv_row(key_cache_, layer, kv_head, 0);
  const uint8_t* values = kv_row(value_cache_, layer, kv_head, 0);
  if (packed == nullptr) {
    kernels_->scores(query, reinterpret_cast<const float*>(keys), positions, head_dim, scale, weights_);
  } else {
    packed->scores(query, keys, positions, head_dim, scale, weights_);
  }
  lap(Operator::kScores, layer, work);
  kernels_->softmax(weights_, positions);
  lap(Operator::kSoftmax, layer);
  if (packed == nullptr) {
    kernels_->mix(weights_, reinterpret_cast<const float*>(values), positions, head_dim, out);
  } else {
    packed->mix(weights_, values, positions, head_dim, out);
  }
  lap(Operator::kMix, layer, work);
}

void Transformer::feed_forward(uint32_t layer, uint32_t tokens) {
  const LayerWeights& weights = layers_[layer];
  norm_rows(weights.feed_forward_norm, tokens);
  lap(Operator::kFeedForwardNorm, layer, [this] { return ProfileWork{0, header_.width * sizeof(float)}; });
  Input input(*this, layer, inner_, tokens);
  input.multiply(weights.gate, Operator::kGate, gate_);
  input.multiply(weights.up, Operator::kUp, up_);
  const bool gelu = header_.activation == static_cast<uint32_t>(Activation::kGeluTanh);
  (gelu ? kernels_->gelu_multiply : kernels_->silu_multiply)(gate_, up_, tokens * header_.feed_forward);
  lap(Operator::kActivation, layer);
  Input(*this, layer, gate_, tokens).multiply(weights.down, Operator::kDown, inner_);
  kernels_->add(residual_, inner_, tokens * header_.width);
  lap(Operator::kResidual, layer);
}

}  // namespace slmrig::runtime
