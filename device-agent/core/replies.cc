// The messages the agent sends. Strings are bounded here, so that no message outgrows its buffer.
#include <cstring>

#include "device-agent/core/agent.h"
#include "device-agent/core/port.h"

namespace slmrig::agent {
namespace {

using flatbuffers::FlatBufferBuilder;
using flatbuffers::Offset;
using flatbuffers::String;

constexpr size_t kMaxStringBytes = 96;

constexpr uint32_t kFeatures = static_cast<uint32_t>(fb::Feature::slots) |
                               static_cast<uint32_t>(fb::Feature::fallback) |
                               static_cast<uint32_t>(fb::Feature::idle);

// An entry of a profile takes at most 64 bytes besides its two names: so many fit a message.
constexpr uint32_t kEntriesPerMessage = 14;
constexpr size_t kMaxOperatorBytes = 32;
constexpr size_t kMaxKernelBytes = 16;

// A fact of the board takes at most 180 bytes.
constexpr uint32_t kFactsPerMessage = 8;
constexpr uint32_t kMaxFacts = 256;

Offset<String> bounded_string(FlatBufferBuilder& builder, const char* text,
                              size_t most_bytes = kMaxStringBytes) {
  size_t size_bytes = 0;
  while (size_bytes < most_bytes && text[size_bytes] != '\0') ++size_bytes;
  return builder.CreateString(text, size_bytes);
}

Offset<String> build_id_string(FlatBufferBuilder& builder) {
  uint8_t id[32];
  const size_t id_bytes = port::build_id(id, sizeof id);
  char hex[2 * sizeof id];
  for (size_t i = 0; i < id_bytes; ++i) {
    hex[2 * i] = "0123456789abcdef"[id[i] >> 4];
    hex[2 * i + 1] = "0123456789abcdef"[id[i] & 0xF];
  }
  return builder.CreateString(hex, 2 * id_bytes);
}

}  // namespace

void Agent::send_banner(uint32_t request_id) {
  auto& builder = link_.begin();
  const port::Identity identity = port::identity();
  const port::TickSource source = port::tick_source();
  size_t arena_bytes = 0;
  port::arena(&arena_bytes);
  const auto board = bounded_string(builder, identity.board);
  const auto unique_id = bounded_string(builder, identity.unique_id);
  const auto build_id = build_id_string(builder);
  const auto engine = bounded_string(builder, engine_.name());
  const auto version = bounded_string(builder, engine_.version());
  const auto isa = bounded_string(builder, engine_.kernel_isa());
  const auto tick_source = bounded_string(builder, source.name);
  const auto reset_reason = bounded_string(builder, port::previous_fault());
  const auto settings = bounded_string(builder, port::settings());
  const uint32_t features =
      kFeatures | (port::marker_edges() != 0 ? static_cast<uint32_t>(fb::Feature::markers) : 0);
  link_.send(request_id,
             fb::CreateBanner(builder, wire::kProtocolVersion, board, unique_id, build_id, engine, version,
                              isa, tick_source, source.rate_hz, static_cast<fb::Origin>(identity.origin),
                              port::boot_ticks(), static_cast<uint8_t>(port::slot_count()), arena_bytes,
                              kTraceTokens, reset_reason, features, settings));
}

void Agent::send_slot_state(uint32_t request_id, uint32_t slot, const SlotInfo& info) {
  auto& builder = link_.begin();
  Offset<flatbuffers::Vector<uint8_t>> digest;
  if (info.hashed) digest = builder.CreateVector(info.sha256, sizeof info.sha256);
  Offset<flatbuffers::Vector<uint8_t>> noted;
  if (info.noted) noted = builder.CreateVector(info.noted_sha256, sizeof info.noted_sha256);
  link_.send(request_id,
             fb::CreateSlotState(builder, static_cast<uint8_t>(slot), static_cast<fb::SlotPhase>(info.phase),
                                 info.capacity_bytes, info.writable, info.image_bytes, info.received_bytes,
                                 digest, noted, info.active, info.on_trial));
}

void Agent::send_load_report(uint32_t request_id, uint64_t load_ticks, size_t arena_needed_bytes) {
  auto& builder = link_.begin();
  const ModelFacts facts = engine_.facts();
  const auto model = bounded_string(builder, facts.name);
  const auto variant = bounded_string(builder, facts.variant);
  link_.send(request_id,
             fb::CreateLoadReport(builder, model, variant, load_ticks, facts.context_tokens,
                                  facts.vocabulary_tokens, facts.weight_macs_per_token, arena_needed_bytes,
                                  static_cast<fb::KvFormat>(facts.kv_format)));
}

void Agent::send_generation(uint32_t request_id) {
  const Generation& done = generation_;
  size_t text_bytes = generation_text(engine_, done, nullptr, 0);
  const size_t sent_bytes = text_bytes < wire::kMaxOutputBytes ? text_bytes : wire::kMaxOutputBytes;
  // Written where it leaves from.
  auto& builder = link_.begin();
  uint8_t* text = nullptr;
  Offset<flatbuffers::Vector<uint8_t>> output(builder.CreateUninitializedVector(sent_bytes, 1, &text));
  generation_text(engine_, done, text, sent_bytes);
  const Fallback fallback = fallback_of(request_, done, text, sent_bytes, text_bytes);
  if (fallback != Fallback::kNone) {
    text_bytes = request_.fallback_bytes;
    link_.begin();
    output = builder.CreateVector(reinterpret_cast<const uint8_t*>(request_.fallback), text_bytes);
  }
  const bool sent =
      link_.send(request_id,
                 fb::CreateGenerationReport(
                     builder, done.prompt_tokens, done.generated_tokens, static_cast<fb::Finish>(done.finish),
                     done.encode_ticks, done.prefill_ticks, done.first_sample_ticks, done.total_ticks, output,
                     static_cast<uint32_t>(text_bytes), static_cast<fb::Fallback>(fallback)));
  if (!sent) return;
  for (uint32_t first = 0; first < done.generated_tokens; first += wire::kTraceTokensPerMessage) {
    if (!send_trace(request_id, first)) return;
  }
}

bool Agent::send_trace(uint32_t request_id, uint32_t first_index) {
  const Generation& done = generation_;
  const uint32_t left = done.generated_tokens - first_index;
  const uint32_t count = left < wire::kTraceTokensPerMessage ? left : wire::kTraceTokensPerMessage;
  auto& builder = link_.begin();
  uint64_t* durations = nullptr;
  const auto duration_ticks = builder.CreateUninitializedVector<uint64_t>(count, &durations);
  for (uint32_t i = 0; i < count; ++i) durations[i] = token_duration_ticks(done, first_index + i);
  const auto token_ids = builder.CreateVector(done.token_ids + first_index, count);
  return link_.send(request_id,
                    fb::CreateTrace(builder, first_index, token_ids, duration_ticks, count == left));
}

void Agent::send_profile(uint32_t request_id) {
  const uint64_t subtracted_ticks[kPhaseCount] = {engine_.profile_subtracted_ticks(Phase::kPrefill),
                                                  engine_.profile_subtracted_ticks(Phase::kDecode)};
  const uint32_t count = engine_.profile_entry_count();
  uint32_t next = 0;
  do {
    auto& builder = link_.begin();
    Offset<fb::ProfileEntry> entries[kEntriesPerMessage];
    uint32_t held = 0;
    for (; held < kEntriesPerMessage && next < count; ++held, ++next) {
      const ProfileEntry entry = engine_.profile_entry(next);
      const auto name = bounded_string(builder, entry.operator_name, kMaxOperatorBytes);
      Offset<String> kernel;
      if (entry.kernel[0] != '\0') kernel = bounded_string(builder, entry.kernel, kMaxKernelBytes);
      entries[held] = fb::CreateProfileEntry(builder, static_cast<fb::Phase>(entry.phase), entry.layer, name,
                                             entry.calls, entry.ticks, entry.macs, entry.bytes, kernel);
    }
    const auto vector = builder.CreateVector(entries, held);
    const auto subtracted = builder.CreateVector(subtracted_ticks, kPhaseCount);
    if (!link_.send(request_id, fb::CreateProfile(builder, vector, subtracted, next == count))) return;
  } while (next < count);
}

bool Agent::send_roofline(uint32_t request_id, const RooflineEntry* entry, Status status, bool last) {
  auto& builder = link_.begin();
  Offset<fb::RooflineEntry> held;
  if (entry != nullptr) {
    const auto name = bounded_string(builder, entry->name, kMaxKernelBytes);
    held = fb::CreateRooflineEntry(builder, static_cast<fb::RooflineKind>(entry->kind), name, entry->tokens,
                                   entry->macs, entry->bytes, entry->ticks, static_cast<uint8_t>(status));
  }
  const auto entries = builder.CreateVector(&held, entry != nullptr ? 1 : 0);
  return link_.send(request_id, fb::CreateRoofline(builder, entries, last));
}

void Agent::send_memory(uint32_t request_id) {
  const MemoryUse use = engine_.memory();
  struct Class {
    const char* name;
    uint64_t bytes;
    bool known;
  };
  const uint64_t stack_bytes = port::stack_peak_bytes();
  const uint64_t process_bytes = port::process_peak_bytes();
  const uint64_t cgroup_bytes = port::cgroup_peak_bytes();
  const Class classes[] = {
      {"weights", use.weights_bytes, loaded_},
      {"kv", use.kv_bytes, loaded_},
      {"activations", use.activations_bytes, loaded_},
      {"scratch", use.scratch_bytes, loaded_},
      {"stack", stack_bytes, stack_bytes != 0},
      {"wire", Link::memory_bytes(), true},
      {"trace", sizeof generation_ + sizeof request_ + (loaded_ ? trace_.size_bytes() : 0), true},
      {"process", process_bytes, process_bytes != 0},
      {"cgroup", cgroup_bytes, cgroup_bytes != 0},
  };
  auto& builder = link_.begin();
  Offset<fb::MemoryClass> entries[sizeof classes / sizeof classes[0]];
  size_t count = 0;
  for (const Class& item : classes) {
    if (!item.known) continue;
    const auto name = builder.CreateString(item.name);
    entries[count++] = fb::CreateMemoryClass(builder, name, item.bytes);
  }
  const auto vector = builder.CreateVector(entries, count);
  link_.send(request_id, fb::CreateMemoryReport(builder, vector));
}

void Agent::send_board_state(uint32_t request_id) {
  port::BoardFact fact = {};
  uint32_t next = 0;
  bool more = port::board_fact(next, &fact);
  do {
    auto& builder = link_.begin();
    Offset<fb::BoardFact> facts[kFactsPerMessage];
    uint32_t held = 0;
    while (more && held < kFactsPerMessage) {
      const auto key = bounded_string(builder, fact.key, sizeof fact.key);
      const auto value = bounded_string(builder, fact.value, sizeof fact.value);
      facts[held++] = fb::CreateBoardFact(builder, key, value);
      ++next;
      more = next < kMaxFacts && port::board_fact(next, &fact);
    }
    const auto vector = builder.CreateVector(facts, held);
    if (!link_.send(request_id, fb::CreateBoardState(builder, vector, !more))) return;
  } while (more);
}

void Agent::send_failure(uint32_t request_id, Status status, const char* detail, Shortage shortage) {
  auto& builder = link_.begin();
  const auto text = bounded_string(builder, detail);
  link_.send(request_id, fb::CreateFailure(builder, static_cast<uint8_t>(status), text, shortage.needed,
                                           shortage.available));
}

}  // namespace slmrig::agent
