#include "harness/rig/answers.h"

#include <algorithm>

#include <fmt/format.h>

#include "device-agent/wire/status.h"
#include "harness/base/sha256.h"
#include "harness/base/utf8.h"

namespace slmrig::rig {
namespace {

namespace fb = wire::fb;
using base::Done;
using base::ErrorCode;
using base::fail;
using base::Result;

constexpr std::size_t kMaxTextBytes = 256;
constexpr std::size_t kMaxOperators = 16384;
constexpr std::size_t kMaxFacts = 1024;
constexpr std::size_t kMaxLimits = 256;

// Control characters would reach terminals and reports.
std::string text_of(const flatbuffers::String* text) {
  if (text == nullptr) return {};
  std::string copy = base::make_valid_utf8(text->string_view().substr(0, kMaxTextBytes));
  for (char& c : copy) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return copy;
}

std::string origin_text(fb::Origin origin) {
  switch (origin) {
    case fb::Origin::exec: return "exec";
    case fb::Origin::reset: return "reset";
    case fb::Origin::power: return "power";
  }
  return "unknown";
}

// Keys become part of the provenance, and of SQL that people type.
bool is_fact_key(std::string_view key) {
  return !key.empty() &&
         key.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_.") == std::string_view::npos;
}

SlotPhase slot_phase(fb::SlotPhase phase) {
  switch (phase) {
    case fb::SlotPhase::empty: return SlotPhase::kEmpty;
    case fb::SlotPhase::writing: return SlotPhase::kWriting;
    case fb::SlotPhase::ready: return SlotPhase::kReady;
    case fb::SlotPhase::confirmed: return SlotPhase::kConfirmed;
    case fb::SlotPhase::bad: return SlotPhase::kBad;
  }
  return SlotPhase::kEmpty;
}

tl::unexpected<base::Error> contradiction(std::string message) {
  return fail(ErrorCode::kCorrupt, "the agent contradicts itself: " + std::move(message));
}

}  // namespace

std::string_view to_string(SlotPhase phase) {
  switch (phase) {
    case SlotPhase::kEmpty: return "empty";
    case SlotPhase::kWriting: return "writing";
    case SlotPhase::kReady: return "ready";
    case SlotPhase::kConfirmed: return "confirmed";
    case SlotPhase::kBad: return "bad";
  }
  return "unknown";
}

fb::AnswerForm wire_answer_form(base::AnswerForm form) {
  switch (form) {
    case base::AnswerForm::kAny: return fb::AnswerForm::any;
    case base::AnswerForm::kIntentLine: return fb::AnswerForm::intent_line;
    case base::AnswerForm::kSentence: return fb::AnswerForm::sentence;
  }
  return fb::AnswerForm::any;
}

fb::KvFormat wire_kv_format(base::KvFormat format) {
  switch (format) {
    case base::KvFormat::kF32: return fb::KvFormat::f32;
    case base::KvFormat::kF16: return fb::KvFormat::f16;
    case base::KvFormat::kInt8: return fb::KvFormat::i8;
  }
  return fb::KvFormat::f32;
}

Result<Banner> read_banner(const fb::Banner& answer) {
  Banner banner;
  banner.protocol_version = answer.protocol_version();
  banner.board = text_of(answer.board());
  banner.unique_id = text_of(answer.unique_id());
  banner.agent_build_id = text_of(answer.agent_build_id());
  banner.engine = text_of(answer.engine());
  banner.engine_version = text_of(answer.engine_version());
  banner.kernel_isa = text_of(answer.kernel_isa());
  banner.tick_source = text_of(answer.tick_source());
  banner.tick_rate_hz = answer.tick_rate_hz();
  banner.origin = origin_text(answer.origin());
  banner.boot_ticks = answer.boot_ticks();
  banner.slot_count = answer.slot_count();
  banner.arena_bytes = answer.arena_bytes();
  banner.max_trace_tokens = answer.max_trace_tokens();
  banner.reset_reason = text_of(answer.reset_reason());
  const auto has = [&](fb::Feature feature) {
    return (answer.features() & static_cast<uint32_t>(feature)) != 0;
  };
  banner.has_slots = has(fb::Feature::slots);
  banner.has_fallback = has(fb::Feature::fallback);
  banner.has_markers = has(fb::Feature::markers);
  banner.has_idle = has(fb::Feature::idle);
  banner.settings = text_of(answer.settings());
  // Of another protocol version nothing more can be expected.
  if (banner.protocol_version != wire::kProtocolVersion) return banner;
  if (banner.board.empty() || banner.unique_id.empty())
    return contradiction("a banner without board or unique id");
  return banner;
}

Result<SlotState> read_slot_state(const fb::SlotState& answer, uint32_t asked_slot) {
  if (answer.slot() != asked_slot) {
    return contradiction(fmt::format("asked for slot {}, told of slot {}", asked_slot, answer.slot()));
  }
  SlotState state;
  state.slot = answer.slot();
  state.phase = slot_phase(answer.phase());
  state.capacity_bytes = answer.capacity_bytes();
  state.writable = answer.writable();
  state.image_bytes = answer.image_bytes();
  state.received_bytes = answer.received_bytes();
  state.active = answer.active();
  state.on_trial = answer.on_trial();
  const struct {
    const flatbuffers::Vector<uint8_t>* told;
    std::string* into;
  } digests[] = {{answer.sha256(), &state.sha256}, {answer.noted_sha256(), &state.noted_sha256}};
  for (const auto& [told, into] : digests) {
    if (told == nullptr) continue;
    if (told->size() != 32) return contradiction(fmt::format("a SHA-256 of {} bytes", told->size()));
    *into = base::to_hex(std::span(told->data(), told->size()));
  }
  return state;
}

LoadReport read_load_report(const fb::LoadReport& answer) {
  LoadReport report;
  report.model = text_of(answer.model());
  report.variant = text_of(answer.variant());
  report.load_ticks = answer.load_ticks();
  report.context_tokens = answer.context_tokens();
  report.vocabulary_tokens = answer.vocabulary_tokens();
  report.weight_macs_per_token = answer.weight_macs_per_token();
  report.arena_needed_bytes = answer.arena_needed_bytes();
  return report;
}

Result<RunReply> read_generation_report(const fb::GenerationReport& answer, uint32_t max_new_tokens) {
  RunReply reply;
  reply.prompt_tokens = answer.prompt_tokens();
  reply.generated_tokens = answer.generated_tokens();
  const bool late_in_prompt = reply.generated_tokens == 0 && answer.fallback() == fb::Fallback::budget;
  if ((reply.generated_tokens == 0 && !late_in_prompt) || reply.generated_tokens > max_new_tokens) {
    return contradiction(fmt::format("{} generated tokens, where 1 to {} were asked for",
                                     reply.generated_tokens, max_new_tokens));
  }
  // What the budget stopped was cut, as by its length; `fallback` says by what.
  reply.finish = answer.finish() == fb::Finish::end_token      ? base::Finish::kEndToken
                 : answer.finish() == fb::Finish::context_full ? base::Finish::kContextFull
                                                               : base::Finish::kLength;
  reply.encode_ticks = answer.encode_ticks();
  reply.prefill_ticks = answer.prefill_ticks();
  reply.first_sample_ticks = answer.first_sample_ticks();
  reply.total_ticks = answer.total_ticks();
  reply.fallback = answer.fallback() == fb::Fallback::budget ? base::FallbackReason::kBudget
                   : answer.fallback() == fb::Fallback::form ? base::FallbackReason::kForm
                                                             : base::FallbackReason::kNone;
  if (const auto* output = answer.output()) {
    reply.output.assign(reinterpret_cast<const char*>(output->data()), output->size());
  }
  return reply;
}

Done append_trace(const fb::Trace& trace, RunReply* reply) {
  const std::size_t have = reply->token_ids.size();
  const auto* ids = trace.token_ids();
  const auto* ticks = trace.duration_ticks();
  if (ids == nullptr || ticks == nullptr || ids->size() != ticks->size() || ids->size() == 0) {
    return contradiction("a piece of the trace without as many durations as tokens");
  }
  if (trace.first_index() != have || have + ids->size() > reply->generated_tokens) {
    return contradiction(fmt::format("a piece of the trace from token {} with {} tokens, after {} of {}",
                                     trace.first_index(), ids->size(), have, reply->generated_tokens));
  }
  reply->token_ids.insert(reply->token_ids.end(), ids->begin(), ids->end());
  reply->token_ticks.insert(reply->token_ticks.end(), ticks->begin(), ticks->end());
  const bool complete = reply->token_ids.size() == reply->generated_tokens;
  if (trace.last() != complete) {
    return contradiction(
        fmt::format("a trace that ends at token {} of {}", reply->token_ids.size(), reply->generated_tokens));
  }
  return {};
}

Done append_profile(const fb::Profile& profile, RunReply* reply) {
  if (const auto* ticks = profile.subtracted_ticks()) {
    if (ticks->size() != base::kPhaseCount) return contradiction(fmt::format("{} phases", ticks->size()));
    std::copy(ticks->begin(), ticks->end(), reply->subtracted_ticks.begin());
  }
  if (profile.entries() == nullptr) return {};
  for (const auto* entry : *profile.entries()) {
    if (reply->operators.size() == kMaxOperators) {
      return contradiction(fmt::format("a profile of more than {} operators", kMaxOperators));
    }
    const auto phase = static_cast<std::size_t>(entry->phase());
    if (phase >= base::kPhaseCount) return contradiction(fmt::format("an operator of phase {}", phase));
    reply->operators.push_back({static_cast<base::Phase>(phase), std::max<int32_t>(entry->layer(), -1),
                                text_of(entry->operator_()), entry->calls(), entry->ticks(), entry->macs(),
                                entry->bytes(), text_of(entry->kernel())});
  }
  return {};
}

Done append_roofline(const fb::Roofline& roofline, std::vector<base::RooflineEntry>* entries) {
  const auto* told = roofline.entries();
  // A message that brings nothing must not keep the host waiting for more.
  if (!roofline.last() && (told == nullptr || told->size() == 0)) {
    return contradiction("a roofline that goes on without a limit");
  }
  if (told == nullptr) return {};
  for (const auto* entry : *told) {
    if (entries->size() == kMaxLimits) {
      return contradiction(fmt::format("a roofline of more than {} limits", kMaxLimits));
    }
    if (entry->kind() > fb::RooflineKind::MAX) {
      return contradiction(fmt::format("a limit of kind {}", static_cast<int>(entry->kind())));
    }
    entries->push_back({static_cast<base::RooflineKind>(entry->kind()),
                        text_of(entry->name()),
                        entry->tokens(),
                        entry->macs(),
                        entry->bytes(),
                        entry->ticks(),
                        {}});
    if (entry->status() == 0) continue;
    base::RooflineEntry& missing = entries->back();
    missing.macs = missing.bytes = missing.ticks = 0;
    missing.missing = wire::status_name(static_cast<wire::Status>(entry->status()));
  }
  return {};
}

std::vector<MemoryBytes> read_memory_report(const fb::MemoryReport& report) {
  std::vector<MemoryBytes> classes;
  if (report.classes() == nullptr) return classes;
  for (const auto* one : *report.classes()) classes.push_back({text_of(one->name()), one->bytes()});
  return classes;
}

Done append_board_facts(const fb::BoardState& state, BoardFacts* facts) {
  if (state.facts() == nullptr || state.facts()->size() == 0) {
    // Each message but the last must bring the end nearer.
    return state.last() ? Done{} : contradiction("facts of the board that never end");
  }
  for (const auto* fact : *state.facts()) {
    if (facts->size() == kMaxFacts) return contradiction(fmt::format("more than {} facts", kMaxFacts));
    const std::string key = text_of(fact->key());
    if (!is_fact_key(key)) continue;
    if (!facts->emplace(key, text_of(fact->value())).second) {
      return contradiction(fmt::format("the fact {} twice", key));
    }
  }
  return {};
}

}  // namespace slmrig::rig
