#include "device-agent/core/agent.h"

#include <cstring>
#include <new>

#include "device-agent/core/check.h"
#include "device-agent/core/port.h"
#include "device-agent/wire/marker_edges.h"

namespace slmrig::agent {
namespace {

constexpr uint8_t kMarkLoad = wire::phase_bits(wire::MarkerPhase::kLoad);  // nothing is inferred yet
// Of a generation, besides those of its tokens: prefill, the end of the last token, inactive.
constexpr uint32_t kEdgesBesidesTokens = 3;
constexpr uint32_t kRateTrialStepMs = 20;

// Of the arena, what the trace may take at most where the engine cannot tell an image's context.
constexpr size_t kTraceShare = 4;

// Where a port has no better source, at least the boot time in it differs between boards. Never 0.
uint32_t session_epoch() { return (static_cast<uint32_t>(port::ticks()) << 1) | 1U; }

}  // namespace

Agent::Agent(Engine& engine) : engine_(engine), link_(session_epoch()) {
  slots_.start();
  port::paint_stack();
}

bool Agent::serve(uint32_t wait_ms) {
  const bool on_trial = rate_before_ != 0;
  const fb::Envelope* envelope = link_.receive(on_trial ? kRateTrialStepMs : wait_ms);
  if (on_trial) watch_rate_trial();
  if (link_.take_new_session()) {
    // The first request may be here already, in the buffer that the link would read into: the window of a new
    // session is empty, so that sending this banner does not read.
    upload_failed_ = false;
    send_banner(0);
  }
  if (envelope != nullptr) answer(*envelope);
  wire::Chunk chunk;
  if (link_.take_chunk(&chunk)) on_chunk(chunk);
  refuse_the_hasty();
  return port::link_alive();
}

void Agent::refuse_the_hasty() {
  uint32_t ids[4];
  const uint32_t count = link_.take_refused(ids);
  for (uint32_t i = 0; i < count; ++i) {
    send_failure(ids[i], Status::kBusy, "sent while another request was being answered");
  }
}

void Agent::answer(const fb::Envelope& envelope) {
  const uint32_t request_id = envelope.request_id();
  switch (envelope.message_type()) {
    case fb::Message::Hello: send_banner(request_id); return;
    case fb::Message::SlotQuery: on_slot_query(request_id, *envelope.message_as_SlotQuery()); return;
    case fb::Message::UploadBegin: on_upload_begin(request_id, *envelope.message_as_UploadBegin()); return;
    case fb::Message::UploadChunk: on_upload_chunk(request_id, *envelope.message_as_UploadChunk()); return;
    case fb::Message::UploadCopy: on_upload_copy(request_id, *envelope.message_as_UploadCopy()); return;
    case fb::Message::UploadEnd: on_upload_end(request_id, *envelope.message_as_UploadEnd()); return;
    case fb::Message::ChunkQuery: on_chunk_query(request_id, *envelope.message_as_ChunkQuery()); return;
    case fb::Message::Activate: on_activate(request_id, *envelope.message_as_Activate()); return;
    case fb::Message::Rollback: on_rollback(request_id); return;
    case fb::Message::Load: on_load(request_id, *envelope.message_as_Load()); return;
    case fb::Message::Run: on_run(request_id, *envelope.message_as_Run()); return;
    case fb::Message::RooflineQuery: on_roofline(request_id); return;
    case fb::Message::MemoryQuery: send_memory(request_id); return;
    case fb::Message::ClockQuery: {
      const uint64_t now = port::ticks();
      link_.send(request_id, fb::CreateClock(link_.begin(), now));
      return;
    }
    case fb::Message::Idle: on_idle(request_id, *envelope.message_as_Idle()); return;
    case fb::Message::Reset: on_reset(request_id); return;
    case fb::Message::BoardQuery: send_board_state(request_id); return;
    case fb::Message::SetLinkRate: on_set_link_rate(request_id, *envelope.message_as_SetLinkRate()); return;
    default: return;  // nothing else comes (wire::read_request)
  }
}

void Agent::end() { slots_.suspend_trial(); }

void Agent::on_load(uint32_t request_id, const fb::Load& load) {
  loaded_ = false;
  if (load.kv() > fb::KvFormat::MAX) {
    send_failure(request_id, Status::kBadArgument, "no such format of keys and values");
    return;
  }
  const LoadSettings settings{load.context_tokens(), static_cast<KvFormat>(load.kv())};
  const bool markers = load.markers();
  const bool of_active = load.slot() == wire::kActiveSlot;
  uint32_t slot = of_active ? slots_.active() : load.slot();
  ByteView image;
  Status found = slots_.image(slot, &image);
  // What comes meanwhile lies where the request lay: nothing of `load` is read any more.
  if (found == Status::kOk && !link_.settle()) return;
  if (found == Status::kOk) found = slots_.begin_trial(slot);
  if (found == Status::kStorageFault && of_active) {
    slot = slots_.active();
    found = slots_.image(slot, &image);
  }
  if (found != Status::kOk) {
    send_failure(request_id, found,
                 found == Status::kStorageFault
                     ? "the storage refused to note that the slot's trial begins"
                     : "no complete image in this slot, or one that failed its trial");
    return;
  }
  uint64_t load_ticks = 0;
  Shortage arena;
  const Status status = load_image(image, settings, markers, &load_ticks, &arena);
  if (status != Status::kOk) {
    // What does not fit this board's memory, or was asked for in another way than the image allows, says
    // nothing against the image.
    const bool is_default = settings.context_tokens == 0 && settings.kv_format == KvFormat::kF32;
    const bool may_be_settings = status == Status::kArenaTooSmall || status == Status::kUnsupportedImage;
    if (slots_.on_trial(slot)) {
      if (may_be_settings && !is_default) {
        slots_.suspend_trial();
      } else {
        slots_.fail_trial(slot);
      }
    }
    send_failure(request_id, status, "the engine refused the image", arena);
    return;
  }
  loaded_ = true;
  loaded_slot_ = slot;
  loaded_image_ = image;
  send_load_report(request_id, load_ticks, static_cast<size_t>(arena.needed));
}

Status Agent::load_image(ByteView image, const LoadSettings& settings, bool markers, uint64_t* load_ticks,
                         Shortage* shortage) {
  size_t arena_bytes = 0;
  uint8_t* arena = port::arena(&arena_bytes);
  // The trace has the end of the arena, and the engine the rest.
  const uint32_t asked = settings.context_tokens;
  trace_.plan(asked != 0 ? asked : engine_.image_context_tokens(image), arena_bytes / kTraceShare);
  const size_t trace_bytes = trace_.size_bytes();
  const size_t engine_bytes = arena_bytes > trace_bytes ? (arena_bytes - trace_bytes) / 32 * 32 : 0;
  if (engine_bytes != 0) trace_.lay_out(arena + engine_bytes);
  size_t needed_bytes = 0;
  port::paint_stack();
  port::enter_quiet_window();
  port::rearm_ticks();
  if (markers) port::set_markers(kMarkLoad | generation_.token_line);
  const uint64_t start = port::ticks();
  const Status status = engine_.load(image, settings, arena, engine_bytes, &needed_bytes);
  *load_ticks = port::ticks() - start;
  if (markers) port::set_markers(generation_.token_line);
  port::leave_quiet_window();
  *shortage = {needed_bytes, arena_bytes};
  if (status == Status::kArenaTooSmall) shortage->needed += trace_bytes;
  return status;
}

bool Agent::still_loaded() {
  // A file-backed slot may have been replaced behind the agent's back; the engine holds pointers into it.
  ByteView image;
  if (loaded_ && (slots_.image(loaded_slot_, &image) != Status::kOk || image.data != loaded_image_.data)) {
    loaded_ = false;
  }
  return loaded_;
}

Status Agent::accept_run(const fb::Run& run, Shortage* shortage) {
  if (!still_loaded()) return Status::kNotLoaded;
  if (run.prompt() == nullptr || run.max_new_tokens() == 0) return Status::kBadArgument;
  *shortage = {run.prompt()->size(), wire::kMaxPromptBytes};
  if (run.prompt()->size() > wire::kMaxPromptBytes) return Status::kPromptTooLong;
  // What the context ends before the room does may be asked for as ever.
  const bool holds_context = engine_.facts().context_tokens < trace_.tick_capacity;
  const uint32_t most_tokens = holds_context ? kTraceTokens : trace_.tick_capacity;
  *shortage = {run.max_new_tokens(), most_tokens};
  if (run.max_new_tokens() > most_tokens) return Status::kTraceFull;
  if (run.markers()) {
    *shortage = {run.max_new_tokens() + kEdgesBesidesTokens, port::marker_edges()};
    if (shortage->available == 0) return Status::kBadArgument;
    if (shortage->needed > shortage->available) return Status::kTraceFull;
  }
  // NaN compares false: greedy would be silently chosen for it.
  if (!(run.temperature() >= 0.0F && run.temperature() <= 100.0F)) return Status::kBadArgument;
  const auto* fallback = run.fallback();
  request_.fallback_bytes = fallback != nullptr ? fallback->size() : 0;
  *shortage = {request_.fallback_bytes, wire::kMaxFallbackBytes};
  if (request_.fallback_bytes > wire::kMaxFallbackBytes || run.form() > fb::AnswerForm::MAX) {
    return Status::kBadArgument;
  }
  if (request_.fallback_bytes != 0) {
    std::memcpy(trace_.fallback, fallback->data(), request_.fallback_bytes);
  }
  request_.budget_ticks = run.budget_ticks();
  request_.form = static_cast<AnswerForm>(run.form());
  std::memcpy(trace_.prompt, run.prompt()->data(), run.prompt()->size());
  request_.prompt = trace_.prompt;
  request_.fallback = trace_.fallback;
  request_.prompt_bytes = run.prompt()->size();
  request_.sampling = {run.top_k(), run.temperature(), run.seed()};
  request_.max_new_tokens = run.max_new_tokens();
  request_.ignore_end = run.ignore_end();
  request_.profile = run.profile();
  request_.markers = run.markers();
  return Status::kOk;
}

void Agent::on_run(uint32_t request_id, const fb::Run& run) {
  Shortage shortage;
  const Status accepted = accept_run(run, &shortage);
  if (accepted != Status::kOk) {
    send_failure(request_id, accepted, "run refused", shortage);
    return;
  }
  if (!link_.send(request_id, fb::CreateAccepted(link_.begin()))) return;
  if (!link_.settle()) return;
  const Status status = run_generation(engine_, request_, trace_, &generation_);
  if (status == Status::kEngineFault || status == Status::kBadImage || status == Status::kStorageFault) {
    slots_.fail_trial(loaded_slot_);
  }
  if (status != Status::kOk) {
    const ModelFacts facts = engine_.facts();
    const bool is_profile = request_.profile && status == Status::kArenaTooSmall;
    send_failure(request_id, status,
                 is_profile ? "the arena has no room for a profile beside the model" : "generation failed",
                 is_profile ? Shortage{} : Shortage{generation_.prompt_tokens, facts.context_tokens});
    return;
  }
  slots_.confirm(loaded_slot_);  // where it was on trial
  send_generation(request_id);
  if (request_.profile) send_profile(request_id);
}

void Agent::on_roofline(uint32_t request_id) {
  if (!still_loaded()) {
    send_failure(request_id, Status::kNotLoaded, "a roofline is of a loaded model");
    return;
  }
  const uint32_t count = engine_.roofline_count();
  if (count == 0) send_roofline(request_id, nullptr, Status::kOk, true);
  for (uint32_t i = 0; i < count; ++i) {
    if (!link_.settle()) return;
    RooflineEntry entry;
    port::enter_quiet_window();
    port::rearm_ticks();
    const Status status = engine_.roofline(i, port::ticks, &entry);
    port::leave_quiet_window();
    if (!send_roofline(request_id, &entry, status, i + 1 == count)) return;
  }
}

void Agent::on_idle(uint32_t request_id, const fb::Idle& idle) {
  const uint64_t sleep_ticks = idle.ticks();  // the message is gone once the link is used
  const uint64_t most_ticks = port::tick_source().rate_hz * wire::kMaxIdleSeconds;
  if (sleep_ticks == 0 || sleep_ticks > most_ticks) {
    send_failure(request_id, Status::kBadArgument, "not a time to sleep", {sleep_ticks, most_ticks});
    return;
  }
  if (!link_.send(request_id, fb::CreateAccepted(link_.begin())) || !link_.settle()) return;
  port::enter_quiet_window();
  port::idle(sleep_ticks);
  port::leave_quiet_window();
  link_.send(request_id, fb::CreateIdleReport(link_.begin(), sleep_ticks));
}

void Agent::on_reset(uint32_t request_id) {
  link_.send(request_id, fb::CreateAccepted(link_.begin()));
  link_.settle();
  slots_.suspend_trial();
  port::reset();
}

void Agent::on_set_link_rate(uint32_t request_id, const fb::SetLinkRate& rate) {
  const uint32_t before = port::link_baud();
  const uint32_t baud = rate.baud();  // settling reads over the request
  if (before == 0 || !port::has_link_baud(baud)) {
    send_failure(request_id, Status::kBadArgument,
                 before == 0 ? "this link has no line rate" : "not a rate that this board can make");
    return;
  }
  // The acknowledgement must have come at the old rate, or the host does not know of the new one.
  if (!link_.send(request_id, fb::CreateAccepted(link_.begin())) || !link_.settle()) return;
  port::set_link_baud(baud);
  rate_before_ = before;
  rate_changed_ms_ = port::coarse_milliseconds();
  frames_before_ = link_.frames_received();
}

void Agent::watch_rate_trial() {
  if (link_.frames_received() != frames_before_) {
    rate_before_ = 0;
  } else if (port::coarse_milliseconds() - rate_changed_ms_ > wire::kRateTrialMs) {
    port::set_link_baud(rate_before_);
    rate_before_ = 0;
  }
}

int run_agent(int argc, char** argv) {
  if (port::start(argc, argv) != Status::kOk) return 2;
  // Built in place once the port runs: its session number comes from the port's clock. Never destroyed.
  alignas(Agent) static uint8_t memory[sizeof(Agent)];
  Agent* agent = new (memory) Agent(linked_engine());
  while (agent->serve(1000)) {
  }
  agent->end();
  return 0;
}

}  // namespace slmrig::agent
