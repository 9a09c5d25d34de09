// The forward pass of a llama-architecture model: RMSNorm, RoPE on neighbouring pairs, grouped-query
// attention, SwiGLU.
//
// Knows neither instruction sets nor weight formats: see kernels/kernels.h. Tokens of a prompt go through in
// batches, so that a weight is read once for several; the result does not depend on the batching.
#pragma once

#include <cstdint>

#include "workloads/runtime/arena.h"
#include "workloads/runtime/image.h"
#include "workloads/runtime/profile.h"

namespace slmrig::runtime {

constexpr uint32_t kBatchTokens = 4;

class Transformer {
 public:
  // Takes the layer table and all buffers from the arena; with an arena that only counts, just that.
  // False when the arena is too small.
  bool lay_out(const ImageHeader& header, uint32_t context_tokens, const KernelSet& kernels, Arena* arena);

  // Scratch that run() takes and releases. False when the arena is too small.
  bool reserve_scratch(Arena* arena);

  // Room [header.layer_count] for open_image, which comes between lay_out and bind.
  LayerWeights* layers() { return layers_; }
  // The image must outlive the transformer.
  void bind(const Image* image) { image_ = image; }

  // Null: no profile. Must outlive the runs.
  void profile(Profiler* profiler) { profiler_ = profiler; }

  uint32_t context_tokens() const { return context_tokens_; }
  uint32_t position() const { return position_; }
  void rewind() { position_ = 0; }

  // Runs ids [count], each below the vocabulary, at the next positions; position() + count must not exceed
  // the context. logits() are then those of the last.
  void run(const int32_t* ids, uint32_t count);

  const float* logits() const { return logits_; }  // [vocabulary]

 private:
  // Activations of a batch in the form that one weight format reads; prepared again when the format changes.
  class Input;

  void run_batch(const int32_t* ids, uint32_t tokens);
  void attention(uint32_t layer, uint32_t tokens);
  void attend(uint32_t layer, uint32_t tokens);
  void feed_forward(uint32_t layer, uint32_t tokens);
  void store_kv(uint32_t layer, uint32_t tokens);
  void lap(Operator op, uint32_t layer, uint64_t macs = 0, uint64_t bytes = 0) const {
    if (profiler_ != nullptr) profiler_->lap(op, layer, macs, bytes);
  }
  float* kv_row(float* cache, uint32_t layer, uint32_t kv_head, uint32_t position) const;

  const KernelSet* kernels_ = nullptr;
  const Image* image_ = nullptr;
  Profiler* profiler_ = nullptr;
  ImageHeader header_ = {};
  uint32_t context_tokens_ = 0;
  uint32_t position_ = 0;

  LayerWeights* layers_ = nullptr;
  float* key_cache_ = nullptr;    // [layers, kv_heads, context, head_dim]
  float* value_cache_ = nullptr;  // [layers, kv_heads, context, head_dim]
  float* residual_ = nullptr;     // [kBatchTokens, width]
  float* inner_ = nullptr;        // [kBatchTokens, max(width, heads * head_dim)]
  float* query_ = nullptr;        // [kBatchTokens, max(width, heads * head_dim)]
  float* key_ = nullptr;          // [kBatchTokens, kv_heads * head_dim]
  float* value_ = nullptr;        // [kBatchTokens, kv_heads * head_dim]
  float* gate_ = nullptr;         // [kBatchTokens, feed_forward]
  float* up_ = nullptr;           // [kBatchTokens, feed_forward]
  float* logits_ = nullptr;       // [vocabulary rounded up to a group of rows]
  uint8_t* prepared_ = nullptr;   // [kBatchTokens, the most that any format prepares]
  float* weights_ = nullptr;      // of attention [context]
};

}  // namespace slmrig::runtime
