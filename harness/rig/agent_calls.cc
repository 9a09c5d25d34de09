// The calls of Agent, over the exchange of messages in agent_client.cc.
#include <algorithm>

#include <fmt/format.h>

#include "harness/base/clock.h"
#include "harness/base/sha256.h"
#include "harness/rig/agent_client.h"
#include "harness/rig/answers.h"

namespace slmrig::rig {

namespace fb = wire::fb;
using base::Done;
using base::ErrorCode;
using base::fail;
using base::Result;

constexpr const char* kNoMarkers = "this agent has no marker lines, or is older than they are";

void AgentClient::expect_image(uint32_t slot, uint64_t image_bytes) { laid_image_bytes_[slot] = image_bytes; }

Result<SlotState> AgentClient::query_slot(uint32_t slot, bool hash) {
  const auto laid = laid_image_bytes_.find(slot);
  const uint64_t hash_bytes = laid == laid_image_bytes_.end() ? 0 : laid->second;
  SLMRIG_TRY(ask(fb::CreateSlotQuery(builder_.begin(), static_cast<uint8_t>(slot), hash, hash_bytes)));
  SLMRIG_ASSIGN(const fb::SlotState* state,
                await_as<fb::SlotState>(hash ? timeouts_.hash_ms : timeouts_.answer_ms));
  return read_slot_state(*state, slot);
}

Result<LoadReport> AgentClient::load(uint32_t slot, const LoadRequest& request) {
  const fb::KvFormat kv = wire_kv_format(request.kv);
  if (request.markers && !banner_.has_markers) return fail(ErrorCode::kUnsupported, kNoMarkers);
  SLMRIG_TRY(ask(fb::CreateLoad(builder_.begin(), static_cast<uint8_t>(slot), request.context_tokens, kv,
                                request.markers)));
  SLMRIG_ASSIGN(const fb::LoadReport* report, await_as<fb::LoadReport>(timeouts_.load_ms));
  if (report->kv() != kv) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("this agent's engine cannot keep keys and values as {}; leave "
                            "\"kv\" out of the plan, or build the agent anew",
                            base::to_string(request.kv)));
  }
  return read_load_report(*report);
}

Result<RunReply> AgentClient::run(const RunRequest& request) {
  if (request.prompt.size() > wire::kMaxPromptBytes) {
    return fail(ErrorCode::kBadInput, fmt::format("the prompt has {} bytes; the wire carries at most {}",
                                                  request.prompt.size(), wire::kMaxPromptBytes));
  }
  const bool has_fallback = request.budget_ticks != 0 || request.form != base::AnswerForm::kAny;
  if (has_fallback && !banner_.has_fallback) {
    return fail(ErrorCode::kUnsupported,
                "this agent knows no fallback answers; build and deploy the agent of this slmrig, or leave "
                "\"fallback\" out of the suite");
  }
  if (request.fallback.size() > wire::kMaxFallbackBytes) {
    return fail(ErrorCode::kBadInput,
                fmt::format("the fallback text has {} bytes; the wire carries at most {}",
                            request.fallback.size(), wire::kMaxFallbackBytes));
  }
  if (request.markers && !banner_.has_markers) {
    return fail(ErrorCode::kUnsupported, kNoMarkers);
  }
  const int64_t begun_ns = now_ns();
  const int64_t deadline_ns = begun_ns + request.timeout_ms * 1'000'000;
  auto& builder = builder_.begin();
  const auto prompt = builder.CreateString(request.prompt);
  flatbuffers::Offset<flatbuffers::String> fallback;
  if (has_fallback) fallback = builder.CreateString(request.fallback);
  SLMRIG_TRY(ask(fb::CreateRun(builder, prompt, request.max_new_tokens, request.top_k,
                               static_cast<float>(request.temperature), request.seed, request.ignore_end,
                               request.profile, request.budget_ticks, wire_answer_form(request.form),
                               fallback, request.markers)));
  SLMRIG_TRY(await_as<fb::Accepted>(timeouts_.answer_ms));
  const int64_t accepted_ns = now_ns();
  SLMRIG_ASSIGN(const fb::GenerationReport* report,
                await_as<fb::GenerationReport>((deadline_ns - accepted_ns) / 1'000'000));
  const int64_t reported_ns = now_ns();
  SLMRIG_ASSIGN(RunReply reply, read_generation_report(*report, request.max_new_tokens));
  reply.accepted_ns = accepted_ns;
  reply.reported_ns = reported_ns;
  while (reply.token_ids.size() < reply.generated_tokens) {
    SLMRIG_ASSIGN(const fb::Trace* trace, await_as<fb::Trace>(timeouts_.answer_ms));
    SLMRIG_TRY(append_trace(*trace, &reply));
  }
  for (bool more = request.profile; more;) {
    SLMRIG_ASSIGN(const fb::Profile* profile, await_as<fb::Profile>(timeouts_.answer_ms));
    SLMRIG_TRY(append_profile(*profile, &reply));
    more = !profile->last();
  }
  reply.host_ns = now_ns() - begun_ns;
  return reply;
}

Result<std::vector<MemoryBytes>> AgentClient::memory() {
  SLMRIG_TRY(ask(fb::CreateMemoryQuery(builder_.begin())));
  SLMRIG_ASSIGN(const fb::MemoryReport* report, await_as<fb::MemoryReport>(timeouts_.answer_ms));
  return read_memory_report(*report);
}

Result<BoardFacts> AgentClient::board_facts() {
  BoardFacts facts;
  SLMRIG_TRY(ask(fb::CreateBoardQuery(builder_.begin())));
  for (bool more = true; more;) {
    const auto state = await_as<fb::BoardState>(timeouts_.answer_ms);
    if (!state && state.error().code == ErrorCode::kDeviceFault && facts.empty()) return facts;
    if (!state) return tl::unexpected(state.error());
    SLMRIG_TRY(append_board_facts(**state, &facts));
    more = !(*state)->last();
  }
  return facts;
}

Result<std::vector<base::RooflineEntry>> AgentClient::roofline() {
  SLMRIG_TRY(ask(fb::CreateRooflineQuery(builder_.begin())));
  std::vector<base::RooflineEntry> entries;
  for (bool more = true; more;) {
    SLMRIG_ASSIGN(const fb::Roofline* roofline, await_as<fb::Roofline>(timeouts_.limit_ms));
    SLMRIG_TRY(append_roofline(*roofline, &entries));
    more = !roofline->last();
  }
  return entries;
}

Done AgentClient::idle(uint64_t ticks) {
  if (!banner_.has_idle) {
    return fail(ErrorCode::kUnsupported,
                "this agent cannot be told to sleep; build and deploy the agent of this slmrig");
  }
  SLMRIG_TRY(ask(fb::CreateIdle(builder_.begin(), ticks)));
  SLMRIG_TRY(await_as<fb::Accepted>(timeouts_.answer_ms));
  // A board whose time is modelled answers at once; a real one's clock may be somewhat slow.
  const double sleep_ms =
      1000.0 * static_cast<double>(ticks) / static_cast<double>(std::max<uint64_t>(banner_.tick_rate_hz, 1));
  SLMRIG_TRY(await_as<fb::IdleReport>(timeouts_.answer_ms + static_cast<int64_t>(1.1 * sleep_ms)));
  return {};
}

Result<ClockReading> AgentClient::clock() {
  ClockReading reading;
  reading.before_ns = now_ns();
  SLMRIG_TRY(ask(fb::CreateClockQuery(builder_.begin())));
  SLMRIG_ASSIGN(const fb::Clock* clock, await_as<fb::Clock>(timeouts_.answer_ms));
  reading.after_ns = now_ns();
  reading.ticks = clock->ticks();
  return reading;
}

}  // namespace slmrig::rig
