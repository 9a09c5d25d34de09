// The reference SLM runtime: one model, one sequence at a time.
//
// Freestanding C++17: allocates nothing, throws nothing, recurses nowhere. Weights are read where they stand
// (flash, mapped file); everything else lives in the arena given to load(). Not thread-safe; several Runtimes
// may run side by side.
//
//   Runtime runtime;
//   runtime.load(image, image_bytes, {}, arena, arena_bytes, &needed);
//   runtime.begin({});
//   runtime.encode(text, text_bytes, ids, capacity, &count);
//   runtime.prefill(ids, count);
//   while (runtime.next_token(&id, &is_end) == Status::kOk && !is_end) { runtime.token_text(id, ...); }
#pragma once

#include <cstddef>
#include <cstdint>

#include "workloads/runtime/arena.h"
#include "workloads/runtime/image.h"
#include "workloads/runtime/profile.h"
#include "workloads/runtime/roofline.h"
#include "workloads/runtime/sampler.h"
#include "workloads/runtime/status.h"
#include "workloads/runtime/tokenizer.h"
#include "workloads/runtime/transformer.h"

namespace slmrig::runtime {

constexpr const char* kRuntimeVersion = "0.1.0";

struct LoadOptions {
  uint32_t context_tokens = 0;         // 0: the image's own
  const KernelSet* kernels = nullptr;  // null: best_kernels()
  KvFormat kv_format = KvFormat::kF32;
};

// Peak bytes since load(). weights are read in place.
struct Memory {
  uint64_t weights_bytes = 0;
  uint64_t kv_bytes = 0;
  uint64_t activations_bytes = 0;
  uint64_t scratch_bytes = 0;
};

// Bytes of arena that an image takes, by class; total_bytes includes the worst alignment of the arena.
struct ArenaNeed {
  uint64_t kv_bytes = 0;
  uint64_t activations_bytes = 0;
  uint64_t scratch_bytes = 0;
  uint64_t total_bytes = 0;
};
ArenaNeed arena_need(const ImageHeader& header, const LoadOptions& options);

class Runtime {
 public:
  // `image` [image_bytes] aligned to 32 and `arena` [arena_bytes] stay the runtime's until the next load().
  // *arena_needed_bytes is set whenever the header was readable. On refusal see refusal().
  Status load(const uint8_t* image, size_t image_bytes, const LoadOptions& options, uint8_t* arena,
              size_t arena_bytes, size_t* arena_needed_bytes);
  bool loaded() const { return loaded_; }
  const Refusal& refusal() const { return refusal_; }

  const ImageHeader& header() const { return image_.header; }
  const char* kernel_isa() const { return kernels_ == nullptr ? "" : kernels_->isa; }
  uint32_t context_tokens() const { return transformer_.context_tokens(); }
  KvFormat kv_format() const { return transformer_.kv_format(); }
  uint64_t weight_macs_per_token() const { return image_.weight_macs_per_token; }

  // Whether encode() begins with BOS, and its id; -1 where the model has none. Only once loaded.
  bool adds_bos() const { return tokenizer_.adds_bos(); }
  int32_t bos_id() const { return static_cast<int32_t>(tokenizer_.bos_id()); }

  // Empties the KV cache and seeds the sampler.
  Status begin(const Sampling& sampling);

  // Text (UTF-8, at most kMaxPromptBytes) -> ids [*count], BOS included where the model wants one.
  // kPromptTooLong when the text or the ids are more than fit; in *count then how many ids they are.
  Status encode(const char* text, size_t text_bytes, int32_t* ids, uint32_t capacity, uint32_t* count,
                SpecialTokens specials = SpecialTokens::kNone);

  // Runs ids [count] after what was run before. kPromptTooLong unless a token's room is left in the context.
  // Past the deadline it stops after a batch, with kOk and without logits(): only begin() leads on from
  // there.
  Status prefill(const int32_t* ids, uint32_t count, const Deadline& deadline = {});

  // Runs the token returned before, if any, and samples the next. *is_end on an end-of-sequence token.
  // kContextFull at the end of the context.
  Status next_token(int32_t* id, bool* is_end);

  // Logits [header().vocabulary_tokens] of the position run last, until the next is run; null before
  // prefill().
  const float* logits() const { return has_logits_ ? transformer_.logits() : nullptr; }

  // The raw bytes of one token, [*text_bytes <= capacity]. Control tokens have none. `is_first` drops the
  // leading space of the first token of an answer. kBadArgument for no such id or too little room.
  Status token_text(int32_t id, bool is_first, char* text, size_t capacity, size_t* text_bytes) const;

  Memory memory() const;

  // Before begin(): the generation that follows is profiled with this clock; null: no more. The first call
  // after load() takes a table from the arena. kArenaTooSmall where it does not fit.
  Status profile(Profiler::TickFunction tick);
  // Of the generation since begin(); empty where it was not profiled.
  const Profiler& profiler() const { return profiler_; }
  // The format of the weights that an operator multiplies by, as a RooflineEntry names it; null: by none.
  const char* kernel_of(Operator op, uint32_t layer) const;

  // The limits that this model meets on this board (roofline.h), one at a time; none before load(). Between
  // generations: what is in the arena stays. kArenaTooSmall where the arena has no room for one beside the
  // model; the entry then has a name and no figures.
  uint32_t roofline_count() const;
  Status roofline(uint32_t index, Roofline::TickFunction tick, RooflineEntry* entry) const;

 private:
  void lap(Operator op) {
    if (profile_tick_ != nullptr) profiler_.note(op, 0, profiler_.now(), {});
  }

  Roofline roofline_of_model() const;

  bool loaded_ = false;
  bool has_logits_ = false;
  int32_t pending_id_ = -1;  // sampled, not yet run through the model
  const KernelSet* kernels_ = nullptr;
  Refusal refusal_;
  Image image_;
  Arena arena_;
  Tokenizer tokenizer_;
  Transformer transformer_;
  Sampler sampler_;
  uint64_t spare_bytes_ = 0;  // of the arena, that neither the model nor a generation needs
  Profiler profiler_;
  Profiler::TickFunction profile_tick_ = nullptr;
};

}  // namespace slmrig::runtime
