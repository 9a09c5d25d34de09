#include "tests/foreign_engine/echo_engine.h"

#include <cstring>

#include "device-agent/core/engine.h"

namespace slmrig::echo {
namespace {

using agent::ByteView;
using agent::LoadSettings;
using agent::MemoryUse;
using agent::ModelFacts;
using agent::Sampling;
using agent::Status;

constexpr char kSlmMagic[8] = {'S', 'L', 'M', 'I', 'M', 'A', 'G', 'E'};

// Needs more stack than any board has; the array is written, so that it is not optimised away.
__attribute__((noinline)) uint32_t descend(uint32_t depth) {
  volatile uint8_t frame[1024];
  frame[depth % sizeof frame] = static_cast<uint8_t>(depth);
  if (depth == 0) return frame[0];
  return descend(depth - 1) + frame[depth % sizeof frame];
}

void crash_as_asked(uint32_t how) {
  if (how == static_cast<uint32_t>(Crash::kTrap)) __builtin_trap();
  if (how == static_cast<uint32_t>(Crash::kStackOverflow)) {
    volatile uint32_t result = descend(1U << 20);
    static_cast<void>(result);
  }
}

class EchoEngine final : public agent::Engine {
 public:
  const char* name() const override { return "echo"; }
  const char* version() const override { return "1.0"; }
  const char* kernel_isa() const override { return "plain"; }

  Status load(ByteView image, const LoadSettings& settings, uint8_t* arena, size_t arena_bytes,
              size_t* arena_needed_bytes) override {
    loaded_ = false;
    if (image.size_bytes < sizeof image_) return Status::kBadImage;
    std::memcpy(&image_, image.data, sizeof image_);
    if (std::memcmp(image.data, kSlmMagic, sizeof kSlmMagic) == 0) {
      image_ = EchoImage{};
      image_.context_tokens = kSlmContextTokens;
    }
    if (image_.magic != kEchoMagic || image_.context_tokens < 2) return Status::kBadImage;
    context_tokens_ = settings.context_tokens != 0 ? settings.context_tokens : image_.context_tokens;
    if (context_tokens_ > image_.context_tokens) return Status::kUnsupportedImage;
    const size_t ids_bytes = context_tokens_ * sizeof(int32_t);
    *arena_needed_bytes = ids_bytes > image_.arena_bytes ? ids_bytes : image_.arena_bytes;
    if (*arena_needed_bytes > arena_bytes) return Status::kArenaTooSmall;
    ids_ = reinterpret_cast<int32_t*>(arena);
    loaded_ = true;
    return Status::kOk;
  }

  ModelFacts facts() const override {
    ModelFacts facts;
    facts.context_tokens = context_tokens_;
    facts.vocabulary_tokens = 257;
    facts.weight_macs_per_token = image_.rounds_per_token;
    std::memcpy(facts.name, "echo", 5);
    std::memcpy(facts.variant, "bytes", 6);
    return facts;
  }

  Status begin(const Sampling& sampling) override {
    position_ = answered_ = prompt_tokens_ = 0;
    state_ = static_cast<uint32_t>(sampling.seed);
    return loaded_ ? Status::kOk : Status::kNotLoaded;
  }

  Status encode(const char* text, size_t text_bytes, int32_t* ids, uint32_t capacity,
                uint32_t* count) override {
    *count = static_cast<uint32_t>(text_bytes);
    if (text_bytes > capacity) return Status::kPromptTooLong;
    for (size_t i = 0; i < text_bytes; ++i) ids[i] = static_cast<uint8_t>(text[i]);
    return Status::kOk;
  }

  Status prefill(const int32_t* ids, uint32_t count) override {
    if (count == 0 || count >= context_tokens_) return Status::kPromptTooLong;
    for (uint32_t i = 0; i < count; ++i) {
      ids_[i] = ids[i];
      work();
    }
    prompt_tokens_ = position_ = count;
    return Status::kOk;
  }

  Status next_token(int32_t* id, bool* is_end) override {
    if (position_ >= context_tokens_) return Status::kContextFull;
    crash_as_asked(image_.crash);
    work();
    ++position_;
    *is_end = answered_ >= prompt_tokens_;
    *id = *is_end ? kEndToken : ids_[answered_];
    if (*id >= 'a' && *id <= 'z') *id += 'A' - 'a';
    ++answered_;
    return Status::kOk;
  }

  Status token_text(int32_t id, bool, char* text, size_t capacity, size_t* text_bytes) override {
    *text_bytes = id == kEndToken || capacity == 0 ? 0 : 1;
    if (*text_bytes == 1) text[0] = static_cast<char>(id);
    return Status::kOk;
  }

  MemoryUse memory() const override {
    MemoryUse use;
    use.weights_bytes = sizeof image_;
    use.kv_bytes = static_cast<uint32_t>(context_tokens_ * sizeof(int32_t));
    return use;
  }

  uint32_t roofline_count() const override { return loaded_ ? image_.limits : 0; }

  Status roofline(uint32_t index, agent::TickFunction tick, agent::RooflineEntry* entry) override {
    *entry = {};
    entry->name = index == 1 ? "roomy" : "work";
    entry->tokens = index + 1;
    if (index == 1) return Status::kArenaTooSmall;
    const uint64_t start = tick();
    work();
    entry->ticks = tick() - start;
    entry->macs = image_.rounds_per_token;
    return Status::kOk;
  }

 private:
  void work() {
    for (uint32_t round = 0; round < image_.rounds_per_token; ++round) {
      state_ = state_ * 1664525U + 1013904223U;
    }
    // Its result must exist, or the compiler would see through the loop.
    volatile uint32_t kept = state_;
    static_cast<void>(kept);
  }

  EchoImage image_;
  bool loaded_ = false;
  uint32_t context_tokens_ = 0;
  uint32_t prompt_tokens_ = 0;
  uint32_t position_ = 0;
  uint32_t answered_ = 0;
  uint32_t state_ = 0;
  int32_t* ids_ = nullptr;  // [context_tokens_], in the arena
};

EchoEngine g_engine;

}  // namespace
}  // namespace slmrig::echo

namespace slmrig::agent {

Engine& linked_engine() { return echo::g_engine; }

}  // namespace slmrig::agent
