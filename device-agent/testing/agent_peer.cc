#include "device-agent/testing/agent_peer.h"

#include <algorithm>

#include "device-agent/wire/chunk.h"
#include "device-agent/wire/status.h"

namespace slmrig::agent::testing {
namespace {

wire::LinkSettings peer_settings(uint32_t epoch) {
  wire::LinkSettings settings;
  settings.epoch = epoch;
  return settings;
}

}  // namespace

std::string failure_of(const Message* message) {
  if (message == nullptr) return "silence";
  const auto* failure = message->as<fb::Failure>();
  return failure == nullptr ? "" : wire::status_name(static_cast<wire::Status>(failure->status()));
}

AgentPeer::AgentPeer(ByteStream& stream, uint32_t epoch)
    : stream_(stream), connection_(storage_, peer_settings(epoch)) {}

bool AgentPeer::pump_once() {
  connection_.poll(stream_.now_ms());
  uint8_t chunk[512];
  size_t count = 0;
  while ((count = connection_.take_output(chunk, sizeof chunk)) != 0) stream_.write(chunk, count);
  const size_t received = stream_.read(chunk, sizeof chunk);
  size_t used = 0;
  while (used < received) {
    used += connection_.receive(chunk + used, received - used);
    const uint8_t* data = nullptr;
    size_t size_bytes = 0;
    if (!connection_.next_message(&data, &size_bytes)) continue;
    if (wire::read_message(data, size_bytes) != nullptr) {
      arrived_.push_back(std::make_unique<Message>(data, size_bytes));
    }
  }
  while ((count = connection_.take_output(chunk, sizeof chunk)) != 0) stream_.write(chunk, count);
  return received != 0;
}

void AgentPeer::pump(uint32_t milliseconds) {
  const uint32_t started_ms = stream_.now_ms();
  while (stream_.now_ms() - started_ms < milliseconds) pump_once();
}

std::unique_ptr<Message> AgentPeer::receive(uint32_t timeout_ms) {
  const uint32_t started_ms = stream_.now_ms();
  while (arrived_.empty()) {
    if (stream_.now_ms() - started_ms > timeout_ms || stream_.ended()) return nullptr;
    pump_once();
  }
  auto message = std::move(arrived_.front());
  arrived_.pop_front();
  return message;
}

std::unique_ptr<Message> AgentPeer::receive_answer(uint32_t request_id, uint32_t timeout_ms) {
  for (;;) {
    auto message = receive(timeout_ms);
    if (message == nullptr || message->request_id() == request_id) return message;
  }
}

bool AgentPeer::send_raw(const std::vector<uint8_t>& payload, wire::FrameKind kind) {
  for (uint32_t started_ms = stream_.now_ms(); stream_.now_ms() - started_ms < 10000 && !stream_.ended();) {
    if (connection_.send(payload.data(), payload.size(), kind) == wire::SendResult::kQueued) return true;
    pump_once();
  }
  return false;
}

uint32_t AgentPeer::send(fb::Message type, const Build& build) {
  flatbuffers::FlatBufferBuilder builder;
  const auto body = build(builder);
  const uint32_t id = next_request_++;
  builder.Finish(fb::CreateEnvelope(builder, id, type, body));
  send_raw({builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()});
  return id;
}

std::unique_ptr<Message> AgentPeer::ask(fb::Message type, const Build& build, uint32_t timeout_ms) {
  return receive_answer(send(type, build), timeout_ms);
}

std::unique_ptr<Message> AgentPeer::hello() {
  return ask(fb::Message::Hello,
             [](auto& builder) { return fb::CreateHello(builder, wire::kProtocolVersion).Union(); });
}

std::unique_ptr<Message> AgentPeer::reset() {
  const auto accepted =
      ask(fb::Message::Reset, [](auto& builder) { return fb::CreateReset(builder).Union(); });
  if (accepted == nullptr || accepted->as<fb::Accepted>() == nullptr) return nullptr;
  return receive_answer(0);
}

std::unique_ptr<Message> AgentPeer::load(uint8_t slot, uint32_t context_tokens) {
  return ask(
      fb::Message::Load, [&](auto& builder) { return fb::CreateLoad(builder, slot, context_tokens).Union(); },
      60000);
}

std::unique_ptr<Message> AgentPeer::slot(uint8_t slot, bool hash, uint64_t hash_bytes) {
  return ask(
      fb::Message::SlotQuery,
      [&](auto& builder) { return fb::CreateSlotQuery(builder, slot, hash, hash_bytes).Union(); }, 60000);
}

std::unique_ptr<Message> AgentPeer::begin_upload(uint8_t slot, const std::vector<uint8_t>& image) {
  uint8_t digest[wire::kSha256Bytes];
  wire::sha256(image.data(), image.size(), digest);
  return ask(fb::Message::UploadBegin, [&](auto& builder) {
    const auto hash = builder.CreateVector(digest, sizeof digest);
    return fb::CreateUploadBegin(builder, slot, image.size(), hash).Union();
  });
}

std::unique_ptr<Message> AgentPeer::end_upload(uint8_t slot) {
  return ask(
      fb::Message::UploadEnd, [&](auto& builder) { return fb::CreateUploadEnd(builder, slot).Union(); },
      60000);
}

std::unique_ptr<Message> AgentPeer::upload(uint8_t slot, const std::vector<uint8_t>& image,
                                           uint64_t* resumed_at, uint64_t stop_after_bytes) {
  auto begun = begin_upload(slot, image);
  if (begun == nullptr || begun->as<fb::SlotState>() == nullptr) return begun;
  uint64_t offset = begun->as<fb::SlotState>()->received_bytes();
  if (resumed_at != nullptr) *resumed_at = offset;
  while (offset < image.size() && offset < stop_after_bytes) {
    const size_t count = std::min<size_t>(wire::kMaxChunkBytes, image.size() - offset);
    send(fb::Message::UploadChunk, [&](auto& builder) {
      const auto data = builder.CreateVector(image.data() + offset, count);
      return fb::CreateUploadChunk(builder, slot, offset, data).Union();
    });
    offset += count;
  }
  if (offset < image.size()) {
    while (!connection_.idle()) pump_once();
    return begun;
  }
  return end_upload(slot);
}

void AgentPeer::send_chunk(uint8_t slot, uint64_t offset_bytes, const uint8_t* data, size_t size_bytes) {
  std::vector<uint8_t> payload(wire::kChunkHeadBytes + size_bytes);
  wire::write_chunk_head(slot, offset_bytes, payload.data());
  std::copy_n(data, size_bytes, payload.data() + wire::kChunkHeadBytes);
  send_raw(payload, wire::FrameKind::kChunk);
}

std::unique_ptr<Message> AgentPeer::update(uint8_t slot, const std::vector<uint8_t>& image, uint8_t from,
                                           const std::vector<uint8_t>& base, uint64_t* resumed_at) {
  constexpr size_t kPieceBytes = 1024;
  auto begun = begin_upload(slot, image);
  if (begun == nullptr || begun->as<fb::SlotState>() == nullptr) return begun;
  uint64_t offset = begun->as<fb::SlotState>()->received_bytes();
  if (resumed_at != nullptr) *resumed_at = offset;
  while (offset < image.size()) {
    const size_t count = std::min<size_t>(kPieceBytes, image.size() - offset);
    const auto* piece = image.data() + offset;
    if (offset + count <= base.size() && std::equal(piece, piece + count, base.data() + offset)) {
      send(fb::Message::UploadCopy, [&](auto& builder) {
        return fb::CreateUploadCopy(builder, slot, offset, static_cast<uint32_t>(count), from, offset)
            .Union();
      });
    } else {
      send_chunk(slot, offset, piece, count);
    }
    offset += count;
  }
  return end_upload(slot);
}

std::unique_ptr<Message> AgentPeer::activate(uint8_t slot) {
  return ask(
      fb::Message::Activate, [&](auto& builder) { return fb::CreateActivate(builder, slot).Union(); }, 60000);
}

std::unique_ptr<Message> AgentPeer::rollback() {
  return ask(fb::Message::Rollback, [](auto& builder) { return fb::CreateRollback(builder).Union(); });
}

RunOutcome AgentPeer::run(const std::string& prompt, uint32_t max_new_tokens, bool ignore_end,
                          uint32_t timeout_ms) {
  const uint32_t id = send(fb::Message::Run, [&](auto& builder) {
    const auto text = builder.CreateString(prompt);
    return fb::CreateRun(builder, text, max_new_tokens, 1, 0.0F, 1, ignore_end).Union();
  });
  return receive_run(id, timeout_ms);
}

RunOutcome AgentPeer::run_within(const std::string& prompt, uint64_t budget_ticks, fb::AnswerForm form,
                                 const std::string& fallback, uint32_t max_new_tokens) {
  const uint32_t id = send(fb::Message::Run, [&](auto& builder) {
    const auto text = builder.CreateString(prompt);
    const auto instead = builder.CreateString(fallback);
    return fb::CreateRun(builder, text, max_new_tokens, 1, 0.0F, 1, false, false, budget_ticks, form, instead)
        .Union();
  });
  return receive_run(id, 60000);
}

RunOutcome AgentPeer::run_marked(const std::string& prompt, uint32_t max_new_tokens, bool ignore_end) {
  const uint32_t id = send(fb::Message::Run, [&](auto& builder) {
    const auto text = builder.CreateString(prompt);
    return fb::CreateRun(builder, text, max_new_tokens, 1, 0.0F, 1, ignore_end, false, 0, fb::AnswerForm::any,
                         0, true)
        .Union();
  });
  return receive_run(id, 60000);
}

std::unique_ptr<Message> AgentPeer::idle(uint64_t ticks) {
  const uint32_t id =
      send(fb::Message::Idle, [&](auto& builder) { return fb::CreateIdle(builder, ticks).Union(); });
  auto answer = receive_answer(id);
  return answer != nullptr && answer->as<fb::Accepted>() != nullptr ? receive_answer(id) : std::move(answer);
}

RunOutcome AgentPeer::receive_run(uint32_t request_id, uint32_t timeout_ms) {
  RunOutcome outcome;
  for (;;) {
    const auto message = receive_answer(request_id, timeout_ms);
    outcome.failure = failure_of(message.get());
    if (!outcome.failure.empty()) return outcome;
    if (const auto* report = message->as<fb::GenerationReport>()) {
      outcome.output.assign(report->output()->begin(), report->output()->end());
      outcome.prompt_tokens = report->prompt_tokens();
      outcome.finish = report->finish();
      outcome.fallback = report->fallback();
      outcome.encode_ticks = report->encode_ticks();
      outcome.prefill_ticks = report->prefill_ticks();
      outcome.first_sample_ticks = report->first_sample_ticks();
      outcome.total_ticks = report->total_ticks();
      if (report->generated_tokens() == 0) return outcome;
    }
    if (const auto* trace = message->as<fb::Trace>()) {
      outcome.token_ids.insert(outcome.token_ids.end(), trace->token_ids()->begin(),
                               trace->token_ids()->end());
      outcome.duration_ticks.insert(outcome.duration_ticks.end(), trace->duration_ticks()->begin(),
                                    trace->duration_ticks()->end());
      if (trace->last()) return outcome;
    }
  }
}

}  // namespace slmrig::agent::testing
