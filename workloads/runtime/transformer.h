// The forward pass of llama-like models: RMSNorm, RoPE on neighbouring pairs, grouped-query attention with or
// without biases, a gated feed-forward with SiLU or GELU.
//
// Knows neither instruction sets nor formats of weights: see kernels/kernels.h. Tokens of a prompt go through
// in batches, so that a weight is read once for several; the result does not depend on the batching.
#pragma once

#include <cstdint>

#include "workloads/runtime/arena.h"
#include "workloads/runtime/image.h"
#include "workloads/runtime/profile.h"

namespace slmrig::runtime {

// Until when a prompt is worth running; a null clock: always.
struct Deadline {
  uint64_t (*tick)() = nullptr;
  uint64_t end_ticks = 0;
};

class Transformer {
 public:
  struct Settings {
    uint32_t context_tokens;
    KvFormat kv_format;
  };

  // Takes the layer table and all buffers from the arena; with an arena that only counts, just that.
  // False when the arena is too small.
  bool lay_out(const ImageHeader& header, const Settings& settings, const KernelSet& kernels, Arena* arena);

  // Scratch that run() takes and releases. False when the arena is too small.
  bool reserve_scratch(Arena* arena);

  // Room [header.layer_count] for open_image, which comes between lay_out and bind.
  LayerWeights* layers() { return layers_; }
  const LayerWeights* layers() const { return layers_; }
  // The image must outlive the transformer.
  void bind(const Image* image) { image_ = image; }

  // Null: no profile. Must outlive the runs.
  void profile(Profiler* profiler) { profiler_ = profiler; }

  uint32_t context_tokens() const { return settings_.context_tokens; }
  KvFormat kv_format() const { return settings_.kv_format; }
  uint32_t batch_tokens() const { return batch_tokens_; }
  uint32_t position() const { return position_; }
  void rewind() { position_ = 0; }

  // Runs ids [count], each below the vocabulary, at the next positions; position() + count must not exceed
  // the context. logits() are then those of the last. Where the clock is past the deadline after a batch that
  // is not the last, it ends with false and without logits().
  bool run(const int32_t* ids, uint32_t count, const Deadline& deadline = {});

  // [vocabulary], until the next run.
  const float* logits() const { return logits_; }

 private:
  // Activations of a batch in the form that one weight format reads; prepared again when the format changes.
  class Input;

  void run_batch(const int32_t* ids, uint32_t tokens);
  void embed(const int32_t* ids, uint32_t tokens);
  void norm_rows(const float* gain, uint32_t tokens);
  void attention(uint32_t layer, uint32_t tokens);
  void store_kv(uint32_t layer, uint32_t tokens);
  void attend(uint32_t layer, uint32_t tokens);
  void attend_head(uint32_t layer, const float* query, uint32_t kv_head, uint32_t positions, float* out);
  void feed_forward(uint32_t layer, uint32_t tokens);
  void add_bias(float* rows, const float* bias, uint32_t columns, uint32_t tokens) const;
  // The operator ended here. `work` is asked only where somebody profiles, after the clock was read.
  template <typename Work>
  void lap(Operator op, uint32_t layer, const Work& work) const {
    if (profiler_ == nullptr) return;
    const uint64_t now = profiler_->now();
    profiler_->note(op, layer, now, work());
  }
  void lap(Operator op, uint32_t layer) const {
    lap(op, layer, [] { return ProfileWork(); });
  }
  const KvKernels* kv_kernels() const { return kernels_->kv[static_cast<size_t>(settings_.kv_format)]; }
  uint8_t* kv_row(uint8_t* cache, uint32_t layer, uint32_t kv_head, uint32_t position) const;

  const KernelSet* kernels_ = nullptr;
  const Image* image_ = nullptr;
  Profiler* profiler_ = nullptr;
  ImageHeader header_ = {};
  Settings settings_ = {};
  uint32_t batch_tokens_ = 0;
  uint32_t kv_row_bytes_ = 0;
  uint32_t position_ = 0;

  LayerWeights* layers_ = nullptr;
  uint8_t* key_cache_ = nullptr;    // [layers, kv_heads, context] rows of head_dim numbers
  uint8_t* value_cache_ = nullptr;  // as the keys
  float* residual_ = nullptr;       // [batch, width]
  // One block of memory: query, key and value are done with when gate and up begin, all of them when the
  // logits do.
  float* inner_ = nullptr;   // [batch, max(width, heads * head_dim)]
  float* query_ = nullptr;   // [batch, max(width, heads * head_dim)]
  float* key_ = nullptr;     // [batch, kv_heads * head_dim]
  float* value_ = nullptr;   // [batch, kv_heads * head_dim]
  float* gate_ = nullptr;    // [batch, feed_forward], where query_ is
  float* up_ = nullptr;      // [batch, feed_forward]
  float* logits_ = nullptr;  // [vocabulary rounded up to a group of rows], where inner_ is
  // Scratch.
  uint8_t* prepared_ = nullptr;  // [batch, the most that any format prepares]
  float* weights_ = nullptr;     // of attention [context]
};

}  // namespace slmrig::runtime
