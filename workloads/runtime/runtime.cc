#include "workloads/runtime/runtime.h"

namespace slmrig::runtime {
namespace {

Sampler::Candidate* take_sampler_room(Arena* arena) {
  return arena->take<Sampler::Candidate>(MemoryClass::kScratch, kMaxTopK);
}

const KernelSet& kernels_of(const LoadOptions& options) {
  return options.kernels == nullptr ? best_kernels() : *options.kernels;
}

}  // namespace

ArenaNeed arena_need(const ImageHeader& header, const LoadOptions& options) {
  const uint32_t context = options.context_tokens == 0 ? header.context_tokens : options.context_tokens;
  // The same calls as a real load and a real generation make, on an arena that only counts.
  Arena counting;
  Transformer transformer;
  (void)transformer.lay_out(header, {context, options.kv_format}, kernels_of(options), &counting);
  const Arena::Mark mark = counting.mark();
  (void)transformer.reserve_scratch(&counting);
  counting.release(mark);
  Tokenizer::Room room;
  (void)room.take(header.vocabulary_tokens, header.context_tokens, &counting);
  counting.release(mark);
  (void)take_sampler_room(&counting);
  ArenaNeed need;
  need.kv_bytes = counting.peak_bytes(MemoryClass::kKv);
  need.activations_bytes = counting.peak_bytes(MemoryClass::kActivations);
  need.scratch_bytes = counting.peak_bytes(MemoryClass::kScratch);
  need.total_bytes = counting.peak_bytes() + Arena::kAlignment;
  return need;
}

Status Runtime::load(const uint8_t* image, size_t image_bytes, const LoadOptions& options, uint8_t* arena,
                     size_t arena_bytes, size_t* arena_needed_bytes) {
  loaded_ = false;
  has_logits_ = false;
  profiler_ = {};
  profile_tick_ = nullptr;
  transformer_.profile(nullptr);
  *arena_needed_bytes = 0;
  ImageHeader header = {};
  Status status = read_header(image, image_bytes, &header, &refusal_);
  if (status != Status::kOk) return status;
  if (options.context_tokens == 1 || options.context_tokens > header.context_tokens) {
    return Status::kBadArgument;
  }
  if (static_cast<size_t>(options.kv_format) >= kKvFormatCount) return Status::kBadArgument;
  const uint32_t context = options.context_tokens == 0 ? header.context_tokens : options.context_tokens;
  const uint64_t needed_bytes = arena_need(header, options).total_bytes;
  *arena_needed_bytes = needed_bytes > SIZE_MAX ? SIZE_MAX : static_cast<size_t>(needed_bytes);
  if (arena == nullptr || arena_bytes < *arena_needed_bytes) return Status::kArenaTooSmall;

  spare_bytes_ = arena_bytes - needed_bytes;
  kernels_ = &kernels_of(options);
  arena_ = Arena(arena, arena_bytes);
  if (!transformer_.lay_out(header, {context, options.kv_format}, *kernels_, &arena_))
    return Status::kArenaTooSmall;
  status = open_image(image, image_bytes, &image_, transformer_.layers(), &refusal_);
  if (status == Status::kOk) status = check_kernels(image_, transformer_.layers(), *kernels_, &refusal_);
  if (status != Status::kOk) return status;
  status = tokenizer_.open(image_.tokenizer, static_cast<size_t>(header.tokenizer_bytes), &refusal_);
  if (status != Status::kOk) {
    refusal_.offset += header.tokenizer_offset;
    return status;
  }
  if (tokenizer_.piece_count() != header.vocabulary_tokens) {
    refusal_ = {"the tokenizer has another number of pieces than the model", header.tokenizer_offset};
    return Status::kBadImage;
  }
  transformer_.bind(&image_);
  loaded_ = true;
  return begin({});
}

Status Runtime::begin(const Sampling& sampling) {
  if (!loaded_) return Status::kNotLoaded;
  if (sampling.top_k > kMaxTopK || !(sampling.temperature >= 0.0F) || sampling.temperature > 100.0F) {
    return Status::kBadArgument;
  }
  transformer_.rewind();
  sampler_.begin(sampling);
  pending_id_ = -1;
  has_logits_ = false;
  if (profile_tick_ != nullptr) {
    profiler_.start(profile_tick_);
    profiler_.mark();
  }
  return Status::kOk;
}

Status Runtime::profile(Profiler::TickFunction tick) {
  if (!loaded_) return Status::kNotLoaded;
  if (tick != nullptr && !profiler_.laid_out()) {
    const uint32_t layers = image_.header.layer_count;
    // The scratch of a generation comes behind the table.
    const bool fits = Profiler::table_bytes(layers) + Arena::kAlignment <= spare_bytes_;
    if (!fits || !profiler_.lay_out(layers, &arena_)) return Status::kArenaTooSmall;
  }
  profile_tick_ = tick;
  if (tick == nullptr) profiler_.stop();
  transformer_.profile(tick == nullptr ? nullptr : &profiler_);
  return Status::kOk;
}

const char* Runtime::kernel_of(Operator op, uint32_t layer) const {
  if (!loaded_) return nullptr;
  const LayerWeights& weights = transformer_.layers()[layer < image_.header.layer_count ? layer : 0];
  switch (op) {
    case Operator::kQuery: return format_name(weights.query.format);
    case Operator::kKey: return format_name(weights.key.format);
    case Operator::kValue: return format_name(weights.value.format);
    case Operator::kAttentionOutput: return format_name(weights.attention_output.format);
    case Operator::kGate: return format_name(weights.gate.format);
    case Operator::kUp: return format_name(weights.up.format);
    case Operator::kDown: return format_name(weights.down.format);
    case Operator::kOutput: return format_name(image_.output.format);
    default: return nullptr;
  }
}

Roofline Runtime::roofline_of_model() const {
  return Roofline({&image_, transformer_.layers(), kernels_, transformer_.batch_tokens()});
}

uint32_t Runtime::roofline_count() const { return loaded_ ? roofline_of_model().count() : 0; }

Status Runtime::roofline(uint32_t index, Roofline::TickFunction tick, RooflineEntry* entry) const {
  if (!loaded_) return Status::kNotLoaded;
  return roofline_of_model().measure(index, tick, arena_, entry);
}

Status Runtime::encode(const char* text, size_t text_bytes, int32_t* ids, uint32_t capacity, uint32_t* count,
                       SpecialTokens specials) {
  *count = 0;
  if (!loaded_) return Status::kNotLoaded;
  if (profile_tick_ != nullptr) profiler_.mark();
  const Arena::Mark mark = arena_.mark();
  Tokenizer::Room room;
  Status status = Status::kArenaTooSmall;
  if (room.take(image_.header.vocabulary_tokens, image_.header.context_tokens, &arena_)) {
    status = tokenizer_.encode(text, text_bytes, specials, room, ids, capacity, count);
  }
  arena_.release(mark);
  lap(Operator::kTokenize);
  return status;
}

Status Runtime::prefill(const int32_t* ids, uint32_t count, const Deadline& deadline) {
  if (!loaded_) return Status::kNotLoaded;
  if (count == 0) return Status::kBadArgument;
  if (count >= transformer_.context_tokens() - transformer_.position()) return Status::kPromptTooLong;
  for (uint32_t i = 0; i < count; ++i) {
    if (ids[i] < 0 || static_cast<uint32_t>(ids[i]) >= image_.header.vocabulary_tokens) {
      return Status::kBadArgument;
    }
  }
  const Arena::Mark mark = arena_.mark();
  const bool fits = transformer_.reserve_scratch(&arena_);
  lap(Operator::kOther);
  has_logits_ = fits && transformer_.run(ids, count, deadline);
  arena_.release(mark);
  if (!fits) return Status::kArenaTooSmall;
  pending_id_ = -1;
  return Status::kOk;
}

Status Runtime::next_token(int32_t* id, bool* is_end) {
  if (!loaded_) return Status::kNotLoaded;
  if (!has_logits_) return Status::kBadArgument;
  const Arena::Mark mark = arena_.mark();
  if (pending_id_ >= 0) {
    if (transformer_.position() >= transformer_.context_tokens()) return Status::kContextFull;
    const bool fits = transformer_.reserve_scratch(&arena_);
    lap(Operator::kOther);
    if (fits) transformer_.run(&pending_id_, 1);
    arena_.release(mark);
    if (!fits) return Status::kArenaTooSmall;
  }
  Sampler::Candidate* room = nullptr;
  if (!sampler_.greedy()) {
    room = take_sampler_room(&arena_);
    arena_.release(mark);
    if (room == nullptr) return Status::kArenaTooSmall;
  }
  pending_id_ =
      static_cast<int32_t>(sampler_.sample(transformer_.logits(), image_.header.vocabulary_tokens, room));
  *id = pending_id_;
  *is_end = tokenizer_.is_end(static_cast<uint32_t>(pending_id_));
  lap(Operator::kSampling);
  if (profile_tick_ != nullptr) profiler_.set_phase(Profiler::kDecode);
  return Status::kOk;
}

Status Runtime::token_text(int32_t id, bool is_first, char* text, size_t capacity, size_t* text_bytes) const {
  *text_bytes = 0;
  if (!loaded_) return Status::kNotLoaded;
  if (id < 0) return Status::kBadArgument;
  return tokenizer_.decode(static_cast<uint32_t>(id), is_first, text, capacity, text_bytes);
}

Memory Runtime::memory() const {
  Memory memory;
  if (!loaded_) return memory;
  memory.weights_bytes = image_.header.image_bytes;
  memory.kv_bytes = arena_.peak_bytes(MemoryClass::kKv);
  memory.activations_bytes = arena_.peak_bytes(MemoryClass::kActivations);
  memory.scratch_bytes = arena_.peak_bytes(MemoryClass::kScratch);
  return memory;
}

}  // namespace slmrig::runtime
