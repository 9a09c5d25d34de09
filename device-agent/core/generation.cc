#include "device-agent/core/generation.h"

#include "device-agent/core/port.h"
#include "device-agent/wire/marker_edges.h"

namespace slmrig::agent {
namespace {

using wire::kMarkActive;
using wire::MarkerPhase;

uint32_t smaller(uint32_t a, uint32_t b) { return a < b ? a : b; }

class QuietWindow {
 public:
  QuietWindow() { port::enter_quiet_window(); }
  ~QuietWindow() { port::leave_quiet_window(); }
  QuietWindow(const QuietWindow&) = delete;
  QuietWindow& operator=(const QuietWindow&) = delete;
};

// The marker lines of one generation; silent where nobody asked for them. The token line is never set back:
// then its edges are the tokens, and no others.
class Markers {
 public:
  Markers(bool wanted, uint8_t* token_line) : wanted_(wanted), token_line_(token_line) {}
  ~Markers() {
    if (!wanted_) return;
    // A meter must see the last token's edge and the end apart: some samples of the slowest one that has
    // lines.
    port::set_markers(static_cast<uint8_t>(kMarkActive | *token_line_));
    const uint64_t hold_ticks = port::tick_source().rate_hz / 10000;
    const uint64_t from = port::ticks();
    while (port::ticks() - from < hold_ticks) {
    }
    port::set_markers(*token_line_);
  }
  Markers(const Markers&) = delete;
  Markers& operator=(const Markers&) = delete;

  void prefill() const {
    if (wanted_) show(MarkerPhase::kPrefill);
  }
  void token() const {
    if (!wanted_) return;
    *token_line_ ^= wire::kMarkToken;
    show(MarkerPhase::kDecode);
  }

 private:
  void show(MarkerPhase phase) const {
    port::set_markers(static_cast<uint8_t>(kMarkActive | *token_line_ | wire::phase_bits(phase)));
  }

  const bool wanted_;
  uint8_t* token_line_;
};

// Prompt tokens beside those of the longest trace: as many as a prompt has bytes, and a few around it.
constexpr uint32_t kPromptTokens = wire::kMaxPromptBytes + 64;

constexpr size_t kTextBytes = wire::kMaxPromptBytes + wire::kMaxFallbackBytes;

// Samples and runs tokens until one of Finish's reasons; ticks count from `start`.
Status decode(Engine& engine, const GenerationRequest& request, const TraceRoom& room, uint64_t start,
              const Markers& markers, Generation* generation) {
  int32_t* token_ids = room.ids + generation->prompt_tokens;
  const uint32_t most_tokens = smaller(room.id_capacity - generation->prompt_tokens, room.tick_capacity);
  generation->token_ids = token_ids;
  generation->token_ticks = room.ticks;
  for (uint32_t index = 0; index < request.max_new_tokens; ++index) {
    bool is_end = false;
    int32_t id = 0;
    const Status status = engine.next_token(&id, &is_end);
    const uint64_t ticks = port::ticks() - start;
    // An engine that goes on behind the end of its context would go on behind the room's, too.
    const bool is_full = status == Status::kContextFull || (status == Status::kOk && index == most_tokens);
    if (is_full && index != 0) {
      generation->finish = Finish::kContextFull;
      break;
    }
    if (status != Status::kOk) return status;
    if (is_full) return Status::kContextFull;
    markers.token();
    token_ids[index] = id;
    room.ticks[index] = ticks;
    generation->generated_tokens = index + 1;
    if (is_end && !request.ignore_end) {
      generation->finish = Finish::kEndToken;
      break;
    }
    if (request.budget_ticks != 0 && ticks > request.budget_ticks) {
      generation->finish = Finish::kBudget;
      break;
    }
  }
  return Status::kOk;
}

}  // namespace

void TraceRoom::plan(uint32_t context_tokens, size_t most_bytes) {
  *this = {};
  port::set_marker_room(nullptr);
  if (context_tokens != 0 && context_tokens <= kTraceTokens) {
    // The last token is sampled where the context ends, and not run.
    tick_capacity = id_capacity = context_tokens + 1;
    return;
  }
  tick_capacity = kTraceTokens;
  id_capacity = kTraceTokens + kPromptTokens;
  if (context_tokens != 0 || size_bytes() <= most_bytes) return;
  const size_t fixed_bytes = kTextBytes + kPromptTokens * sizeof(int32_t) + port::marker_room_bytes();
  const size_t left = most_bytes > fixed_bytes ? most_bytes - fixed_bytes : 0;
  tick_capacity = static_cast<uint32_t>(left / (sizeof(uint64_t) + sizeof(int32_t)));
  id_capacity = tick_capacity + kPromptTokens;
}

size_t TraceRoom::size_bytes() const {
  return tick_capacity * sizeof(uint64_t) + id_capacity * sizeof(int32_t) + port::marker_room_bytes() +
         kTextBytes;
}

void TraceRoom::lay_out(uint8_t* memory) {
  ticks = reinterpret_cast<uint64_t*>(memory);
  ids = reinterpret_cast<int32_t*>(ticks + tick_capacity);
  auto* marker_room = reinterpret_cast<uint8_t*>(ids + id_capacity);
  port::set_marker_room(marker_room);
  prompt = reinterpret_cast<char*>(marker_room + port::marker_room_bytes());
  fallback = prompt + wire::kMaxPromptBytes;
}

Status run_generation(Engine& engine, const GenerationRequest& request, const TraceRoom& room,
                      Generation* generation) {
  generation->generated_tokens = 0;
  generation->finish = Finish::kLength;
  const Status ready = engine.profile(request.profile ? port::ticks : nullptr);
  if (ready != Status::kOk) return ready;
  const Status begun = engine.begin(request.sampling);
  if (begun != Status::kOk) return begun;

  const QuietWindow window;
  port::rearm_ticks();
  const Markers markers(request.markers, &generation->token_line);
  markers.prefill();
  const uint64_t start = port::ticks();
  const Status encoded = engine.encode(request.prompt, request.prompt_bytes, room.ids, room.id_capacity,
                                       &generation->prompt_tokens);
  const uint64_t encode_end = port::ticks();
  if (encoded != Status::kOk) return encoded;
  if (request.budget_ticks != 0) {
    const uint64_t left = UINT64_MAX - start;
    engine.set_deadline({port::ticks, start + (request.budget_ticks < left ? request.budget_ticks : left)});
  }
  const Status prefilled = engine.prefill(room.ids, generation->prompt_tokens);
  const uint64_t prefill_end = port::ticks();
  if (prefilled != Status::kOk) return prefilled;
  generation->encode_ticks = encode_end - start;
  generation->prefill_ticks = prefill_end - encode_end;
  if (request.budget_ticks != 0 && prefill_end - start > request.budget_ticks) {
    // Late before the first token: the engine may have stopped inside the prompt.
    generation->first_sample_ticks = 0;
    generation->total_ticks = prefill_end - start;
    generation->finish = Finish::kBudget;
    return Status::kOk;
  }

  const Status decoded = decode(engine, request, room, start, markers, generation);
  if (decoded != Status::kOk) return decoded;
  generation->first_sample_ticks = generation->token_ticks[0] - (prefill_end - start);
  generation->total_ticks = generation->token_ticks[generation->generated_tokens - 1];
  return Status::kOk;
}

Fallback fallback_of(const GenerationRequest& request, const Generation& generation, const uint8_t* text,
                     size_t held_bytes, size_t text_bytes) {
  // An answer whose last token came late is late, too.
  if (request.budget_ticks != 0 && generation.total_ticks > request.budget_ticks) return Fallback::kBudget;
  if (request.form == AnswerForm::kAny) return Fallback::kNone;
  const bool is_whole = generation.finish == Finish::kEndToken && held_bytes == text_bytes;
  const bool is_good = is_whole && has_form(request.form, reinterpret_cast<const char*>(text), held_bytes);
  return is_good ? Fallback::kNone : Fallback::kForm;
}

size_t generation_text(Engine& engine, const Generation& generation, uint8_t* text, size_t capacity) {
  size_t total_bytes = 0;
  for (uint32_t index = 0; index < generation.generated_tokens; ++index) {
    char piece[64];
    size_t piece_bytes = 0;
    const Status status =
        engine.token_text(generation.token_ids[index], index == 0, piece, sizeof piece, &piece_bytes);
    if (status != Status::kOk) continue;
    for (size_t i = 0; i < piece_bytes; ++i, ++total_bytes) {
      if (total_bytes < capacity) text[total_bytes] = static_cast<uint8_t>(piece[i]);
    }
  }
  return total_bytes;
}

}  // namespace slmrig::agent
