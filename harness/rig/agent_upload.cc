// Images on their way to a board's slots: what the board has is copied there, only the rest crosses the line.
#include <algorithm>

#include <fmt/format.h>

#include "device-agent/wire/chunk.h"
#include "harness/base/sha256.h"
#include "harness/rig/agent_client.h"
#include "harness/rig/answers.h"
#include "harness/rig/chunk_size.h"

namespace slmrig::rig {

namespace fb = wire::fb;
using base::Done;
using base::ErrorCode;
using base::fail;
using base::Result;

namespace {

// Only agents of earlier versions are sent images in messages.
bool sends_frames(const Banner& banner) { return banner.has_slots; }

std::vector<uint8_t> bytes_of_hex(const std::string& hex) {
  const auto value = [](char digit) { return digit <= '9' ? digit - '0' : digit - 'a' + 10; };
  std::vector<uint8_t> bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<uint8_t>(value(hex[i]) * 16 + value(hex[i + 1])));
  }
  return bytes;
}

bool holds_something(const SlotState& slot) {
  return slot.phase == SlotPhase::kReady || slot.phase == SlotPhase::kConfirmed ||
         slot.phase == SlotPhase::kBad;
}

}  // namespace

Result<SlotState> AgentClient::upload(uint32_t slot, std::span<const uint8_t> image,
                                      const UploadProgress& progress) {
  laid_image_bytes_.erase(slot);
  upload_ = {};
  const uint64_t line_bytes_before = statistics().bytes_sent + statistics().bytes_received;
  base::Sha256 hash;
  hash.update(image);
  const auto digest = hash.finish();
  CopyPlan plan;
  if (sends_frames(banner_)) {
    SLMRIG_ASSIGN(plan, plan_copies(slot, image, base::to_hex(digest)));
  }
  auto& builder = builder_.begin();
  const auto sha256 = builder.CreateVector(digest.data(), digest.size());
  SLMRIG_TRY(ask(fb::CreateUploadBegin(builder, static_cast<uint8_t>(slot), image.size(), sha256)));
  SLMRIG_ASSIGN(const fb::SlotState* begun, await_as<fb::SlotState>(timeouts_.hash_ms));
  SLMRIG_ASSIGN(SlotState state, read_slot_state(*begun, slot));
  if (state.received_bytes > image.size()) {
    return fail(ErrorCode::kCorrupt, fmt::format("the agent holds {} bytes of an image of {}",
                                                 state.received_bytes, image.size()));
  }
  upload_.resumed_bytes = state.received_bytes;
  if (sends_frames(banner_)) {
    SLMRIG_TRY(send_pieces(slot, image, state.received_bytes, plan, progress));
  } else {
    SLMRIG_TRY(upload_chunks(slot, image, state.received_bytes, progress));
  }
  // Under the number of the pieces, whose failure may still be on its way.
  SLMRIG_TRY(ask_more(fb::CreateUploadEnd(builder_.begin(), static_cast<uint8_t>(slot))));
  SLMRIG_ASSIGN(const fb::SlotState* ended, await_as<fb::SlotState>(timeouts_.hash_ms));
  SLMRIG_ASSIGN(state, read_slot_state(*ended, slot));
  upload_.line_bytes = statistics().bytes_sent + statistics().bytes_received - line_bytes_before;
  if (state.sha256 == base::to_hex(digest) && holds_something(state)) return state;
  return fail(ErrorCode::kCorrupt, fmt::format("slot {} holds SHA-256 {} after the upload, expected {}", slot,
                                               state.sha256, base::to_hex(digest)));
}

Result<std::vector<uint64_t>> AgentClient::chunk_hashes(uint32_t slot, uint32_t chunk_bytes, uint32_t count) {
  std::vector<uint64_t> hashes;
  while (hashes.size() < count) {
    const auto first = static_cast<uint32_t>(hashes.size());
    const uint32_t wanted = std::min(count - first, wire::kMaxChunkHashes);
    SLMRIG_TRY(
        ask(fb::CreateChunkQuery(builder_.begin(), static_cast<uint8_t>(slot), chunk_bytes, first, wanted)));
    SLMRIG_ASSIGN(const fb::ChunkHashes* answer, await_as<fb::ChunkHashes>(timeouts_.hash_ms));
    const auto* piece = answer->hashes();
    if (answer->slot() != slot || answer->first() != first || (piece != nullptr && piece->size() > wanted)) {
      return fail(
          ErrorCode::kCorrupt,
          fmt::format("asked for the hashes of {} pieces from {} of slot {}, the agent told those of {} "
                      "from {} of slot {}",
                      wanted, first, slot, piece == nullptr ? 0 : piece->size(), answer->first(),
                      answer->slot()));
    }
    if (piece == nullptr || piece->size() == 0) break;
    hashes.insert(hashes.end(), piece->begin(), piece->end());
  }
  return hashes;
}

// What of the image lies in another slot. An agent that will not say costs time, and nothing else.
Result<AgentClient::CopyPlan> AgentClient::plan_copies(uint32_t slot, std::span<const uint8_t> image,
                                                       const std::string& sha256) {
  CopyPlan plan;
  SLMRIG_ASSIGN(const SlotState target, query_slot(slot, false));
  const uint64_t have =
      target.noted_sha256 == sha256 ? std::min<uint64_t>(target.received_bytes, image.size()) : 0;
  const uint32_t chunk_bytes = delta_chunk_bytes(image.size());
  const uint64_t hash_bytes = image.size() / chunk_bytes * sizeof(uint64_t);
  if (image.size() - have <= 4 * hash_bytes) return plan;  // asking would cost as much as sending
  for (uint32_t other = 0; other < banner_.slot_count; ++other) {
    if (other == slot) continue;
    SLMRIG_ASSIGN(const SlotState held, query_slot(other, false));
    if (!holds_something(held)) continue;
    // Where an image ends that was laid from outside is not known; behind it lies nothing that matches.
    const uint64_t held_bytes =
        held.image_bytes != 0 ? held.image_bytes : std::min<uint64_t>(held.capacity_bytes, image.size());
    const auto count = static_cast<uint32_t>((held_bytes + chunk_bytes - 1) / chunk_bytes);
    const auto hashes = chunk_hashes(other, chunk_bytes, count);
    if (!hashes && hashes.error().code == ErrorCode::kDeviceFault) continue;
    if (!hashes) return tl::unexpected(hashes.error());
    plan = {other, find_copies(image, *hashes, chunk_bytes)};
    if (!plan.copies.empty()) break;
  }
  return plan;
}

Done AgentClient::send_pieces(uint32_t slot, std::span<const uint8_t> image, uint64_t offset_bytes,
                              const CopyPlan& plan, const UploadProgress& progress) {
  note('>', fmt::format("chunks ... from {} to {} bytes, {} of them copied in the board", offset_bytes,
                        image.size(), plan.copies.size()));
  asked_ = "chunks";
  if (progress) progress(offset_bytes, image.size());
  ChunkSize size;
  auto copy = plan.copies.begin();
  while (offset_bytes < image.size()) {
    while (copy != plan.copies.end() && copy->offset_bytes + copy->size_bytes <= offset_bytes) ++copy;
    const bool copied = copy != plan.copies.end() && copy->offset_bytes <= offset_bytes;
    if (copied) {
      const uint64_t known = offset_bytes - copy->offset_bytes;
      const auto count = static_cast<uint32_t>(copy->size_bytes - known);
      builder_.finish(
          request_id_,
          fb::CreateUploadCopy(builder_.begin(), static_cast<uint8_t>(slot), offset_bytes, count,
                               static_cast<uint8_t>(plan.from_slot), copy->from_offset_bytes + known));
      SLMRIG_TRY(send(timeouts_.upload_stall_ms));
      offset_bytes += count;
      upload_.copied_bytes += count;
    } else {
      const uint64_t end = copy != plan.copies.end() ? copy->offset_bytes : image.size();
      const auto piece = image.subspan(offset_bytes, std::min<uint64_t>(size.bytes(), end - offset_bytes));
      std::array<uint8_t, wire::kMaxPayloadBytes> payload;
      wire::write_chunk_head(static_cast<uint8_t>(slot), offset_bytes, payload.data());
      std::copy(piece.begin(), piece.end(), payload.begin() + wire::kChunkHeadBytes);
      SLMRIG_TRY(send_payload(std::span(payload).first(wire::kChunkHeadBytes + piece.size()),
                              wire::FrameKind::kChunk, timeouts_.upload_stall_ms));
      size.note_chunk(statistics().retransmits);
      offset_bytes += piece.size();
      upload_.sent_bytes += piece.size();
    }
    if (progress) progress(offset_bytes, image.size());
  }
  return {};
}

Done AgentClient::upload_chunks(uint32_t slot, std::span<const uint8_t> image, uint64_t offset_bytes,
                                const UploadProgress& progress) {
  note('>', fmt::format("UploadChunk ... from {} to {} bytes", offset_bytes, image.size()));
  asked_ = "UploadChunk";
  ++request_id_;
  if (progress) progress(offset_bytes, image.size());
  while (offset_bytes < image.size()) {
    const auto piece =
        image.subspan(offset_bytes, std::min(wire::kMaxChunkBytes, image.size() - offset_bytes));
    auto& builder = builder_.begin();
    const auto data = builder.CreateVector(piece.data(), piece.size());
    const auto chunk = fb::CreateUploadChunk(builder, static_cast<uint8_t>(slot), offset_bytes, data);
    builder_.finish(request_id_, chunk);
    SLMRIG_TRY(send(timeouts_.upload_stall_ms));
    offset_bytes += piece.size();
    upload_.sent_bytes += piece.size();
    if (progress) progress(offset_bytes, image.size());
  }
  return {};
}

Result<SlotState> AgentClient::activate(uint32_t slot, uint64_t image_bytes, const std::string& sha256) {
  const std::vector<uint8_t> digest = bytes_of_hex(sha256);
  auto& builder = builder_.begin();
  const auto vector = builder.CreateVector(digest.data(), digest.size());
  SLMRIG_TRY(ask(fb::CreateActivate(builder, static_cast<uint8_t>(slot), image_bytes, vector)));
  SLMRIG_ASSIGN(const fb::SlotState* state, await_as<fb::SlotState>(timeouts_.hash_ms));
  return read_slot_state(*state, slot);
}

Result<SlotState> AgentClient::rollback() {
  SLMRIG_TRY(ask(fb::CreateRollback(builder_.begin())));
  SLMRIG_ASSIGN(const fb::SlotState* state, await_as<fb::SlotState>(timeouts_.hash_ms));
  return read_slot_state(*state, state->slot());
}

}  // namespace slmrig::rig
