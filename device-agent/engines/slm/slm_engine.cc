#include "device-agent/engines/slm/slm_engine.h"

#include <cstring>
#include <new>

namespace slmrig::engines {
namespace {

using agent::Status;

Status to_agent(runtime::Status status) {
  switch (status) {
    case runtime::Status::kOk: return Status::kOk;
    case runtime::Status::kBadImage: return Status::kBadImage;
    case runtime::Status::kUnsupportedImage: return Status::kUnsupportedImage;
    case runtime::Status::kArenaTooSmall: return Status::kArenaTooSmall;
    case runtime::Status::kBadArgument: return Status::kBadArgument;
    case runtime::Status::kNotLoaded: return Status::kNotLoaded;
    case runtime::Status::kPromptTooLong: return Status::kPromptTooLong;
    case runtime::Status::kContextFull: return Status::kContextFull;
  }
  return Status::kEngineFault;
}

uint32_t saturate(uint64_t bytes) { return bytes > UINT32_MAX ? UINT32_MAX : static_cast<uint32_t>(bytes); }

}  // namespace

uint32_t SlmEngine::image_context_tokens(agent::ByteView image) const {
  runtime::ImageHeader header = {};
  runtime::Refusal refusal;
  const auto status = runtime::read_header(image.data, image.size_bytes, &header, &refusal);
  return status == runtime::Status::kOk ? header.context_tokens : 0;
}

Status SlmEngine::load(agent::ByteView image, const agent::LoadSettings& settings, uint8_t* arena,
                       size_t arena_bytes, size_t* arena_needed_bytes) {
  runtime::LoadOptions options;
  options.context_tokens = settings.context_tokens;
  options.kv_format = static_cast<runtime::KvFormat>(settings.kv_format);
  return to_agent(
      runtime_.load(image.data, image.size_bytes, options, arena, arena_bytes, arena_needed_bytes));
}

agent::ModelFacts SlmEngine::facts() const {
  agent::ModelFacts facts;
  if (!runtime_.loaded()) return facts;
  const runtime::ImageHeader& header = runtime_.header();
  facts.context_tokens = runtime_.context_tokens();
  facts.vocabulary_tokens = header.vocabulary_tokens;
  facts.weight_macs_per_token = runtime_.weight_macs_per_token();
  facts.kv_format = static_cast<agent::KvFormat>(runtime_.kv_format());
  static_assert(sizeof(facts.name) == sizeof(header.name), "names fit");
  static_assert(sizeof(facts.variant) == sizeof(header.variant), "variants fit");
  std::memcpy(facts.name, header.name, sizeof(facts.name));
  std::memcpy(facts.variant, header.variant, sizeof(facts.variant));
  return facts;
}

Status SlmEngine::begin(const agent::Sampling& sampling) {
  return to_agent(runtime_.begin({sampling.top_k, sampling.temperature, sampling.seed}));
}

Status SlmEngine::encode(const char* text, size_t text_bytes, int32_t* ids, uint32_t capacity,
                         uint32_t* count) {
  return to_agent(runtime_.encode(text, text_bytes, ids, capacity, count));
}

Status SlmEngine::prefill(const int32_t* ids, uint32_t count) {
  const runtime::Deadline deadline = deadline_;
  deadline_ = {};
  return to_agent(runtime_.prefill(ids, count, deadline));
}

Status SlmEngine::next_token(int32_t* id, bool* is_end) { return to_agent(runtime_.next_token(id, is_end)); }

Status SlmEngine::token_text(int32_t id, bool is_first, char* text, size_t capacity, size_t* text_bytes) {
  return to_agent(runtime_.token_text(id, is_first, text, capacity, text_bytes));
}

agent::MemoryUse SlmEngine::memory() const {
  const runtime::Memory memory = runtime_.memory();
  return {saturate(memory.weights_bytes), saturate(memory.kv_bytes), saturate(memory.activations_bytes),
          saturate(memory.scratch_bytes)};
}

Status SlmEngine::profile(agent::TickFunction tick) { return to_agent(runtime_.profile(tick)); }

agent::ProfileEntry SlmEngine::profile_entry(uint32_t index) const {
  const runtime::Profiler::Entry entry = runtime_.profiler().entry(index);
  const auto phase = static_cast<agent::Phase>(entry.phase);
  const char* kernel = runtime_.kernel_of(entry.op, entry.layer < 0 ? 0 : static_cast<uint32_t>(entry.layer));
  return {phase,
          entry.layer,
          runtime::operator_name(entry.op),
          entry.cell.calls,
          entry.cell.ticks,
          entry.cell.work.macs,
          entry.cell.work.bytes,
          kernel == nullptr ? "" : kernel};
}

Status SlmEngine::roofline(uint32_t index, agent::TickFunction tick, agent::RooflineEntry* entry) {
  runtime::RooflineEntry measured;
  const Status status = to_agent(runtime_.roofline(index, tick, &measured));
  *entry = {static_cast<agent::RooflineKind>(measured.kind),
            measured.name,
            measured.tokens,
            measured.macs,
            measured.bytes,
            measured.ticks};
  return status;
}

uint64_t SlmEngine::profile_subtracted_ticks(agent::Phase phase) const {
  return runtime_.profiler().subtracted_ticks(static_cast<runtime::Profiler::Phase>(phase));
}

}  // namespace slmrig::engines

namespace slmrig::agent {

Engine& linked_engine() {
  // Built at the first call: as a constant its 900 bytes, nearly all of them zero, would lie in flash as
  // well.
  alignas(engines::SlmEngine) static uint8_t memory[sizeof(engines::SlmEngine)];
  static engines::SlmEngine* engine = nullptr;
  if (engine == nullptr) engine = new (memory) engines::SlmEngine;
  return *engine;
}

}  // namespace slmrig::agent
