// Requests that are about slots.
#include <cstring>

#include "device-agent/core/agent.h"
#include "device-agent/core/port.h"

namespace slmrig::agent {
namespace {

const char* upload_detail(Status status) {
  switch (status) {
    case Status::kSlotTooSmall: return "the image is larger than the slot";
    case Status::kBadSlot: return "no such slot, or it is not writable, or no upload was begun";
    case Status::kBadArgument: return "not the next bytes of the image";
    case Status::kProtectedSlot: return "the board would go back to this slot; write the other one";
    case Status::kHashMismatch: return "what arrived does not have the announced SHA-256";
    case Status::kStorageFault: return "the storage refused";
    default: return "upload failed";
  }
}

}  // namespace

void Agent::on_slot_query(uint32_t request_id, const fb::SlotQuery& query) {
  SlotInfo info;
  Shortage shortage;
  const Status status = slots_.info(query.slot(), query.hash(), query.hash_bytes(), &info, &shortage);
  if (status != Status::kOk) {
    send_failure(request_id, status, "no such slot, or not that many bytes in it", shortage);
    return;
  }
  send_slot_state(request_id, query.slot(), info);
}

void Agent::on_upload_begin(uint32_t request_id, const fb::UploadBegin& begin) {
  const uint32_t slot = begin.slot();
  if (begin.sha256() == nullptr || begin.sha256()->size() != wire::kSha256Bytes) {
    send_failure(request_id, Status::kBadArgument, "sha256 must have 32 bytes");
    return;
  }
  if (loaded_ && slot == loaded_slot_) loaded_ = false;
  Shortage shortage;
  Status status = slots_.begin_upload(slot, begin.image_bytes(), begin.sha256()->data(), &shortage);
  SlotInfo info;
  if (status == Status::kOk) status = slots_.info(slot, false, 0, &info, &shortage);
  upload_failed_ = status != Status::kOk;
  upload_request_id_ = request_id;
  if (upload_failed_) {
    send_failure(request_id, status, upload_detail(status), shortage);
  } else {
    send_slot_state(request_id, slot, info);
  }
}

void Agent::end_piece(uint32_t request_id, Status status, const Shortage& shortage) {
  if (status == Status::kOk) return;
  upload_failed_ = true;
  send_failure(request_id, status, upload_detail(status), shortage);
}

void Agent::on_upload_chunk(uint32_t request_id, const fb::UploadChunk& chunk) {
  if (upload_failed_) return;
  Shortage shortage;
  Status status = Status::kBadArgument;
  if (chunk.data() != nullptr) {
    status = slots_.write_chunk(chunk.slot(), chunk.offset_bytes(), chunk.data()->data(),
                                chunk.data()->size(), false, &shortage);
  }
  end_piece(request_id, status, shortage);
}

void Agent::on_chunk(const wire::Chunk& chunk) {
  if (upload_failed_) return;
  Shortage shortage;
  const Status status =
      slots_.write_chunk(chunk.slot, chunk.offset_bytes, chunk.data, chunk.size_bytes, true, &shortage);
  end_piece(upload_request_id_, status, shortage);
}

void Agent::on_upload_copy(uint32_t request_id, const fb::UploadCopy& copy) {
  if (upload_failed_) return;
  Shortage shortage;
  const Status status = slots_.copy_chunk(copy.slot(), copy.offset_bytes(), copy.size_bytes(),
                                          copy.from_slot(), copy.from_offset_bytes(), &shortage);
  end_piece(request_id, status, shortage);
}

void Agent::on_upload_end(uint32_t request_id, const fb::UploadEnd& end) {
  Shortage shortage;
  const Status status = slots_.end_upload(end.slot(), &shortage);
  answer_with_hash(request_id, end.slot(), status, shortage, upload_detail(status));
}

// The state of a slot whose hash was just seen to be the one that is noted.
void Agent::answer_with_hash(uint32_t request_id, uint32_t slot, Status status, Shortage shortage,
                             const char* detail) {
  SlotInfo info;
  if (status == Status::kOk) status = slots_.info(slot, false, 0, &info, &shortage);
  if (status != Status::kOk) {
    send_failure(request_id, status, detail, shortage);
    return;
  }
  info.hashed = info.noted;
  std::memcpy(info.sha256, info.noted_sha256, sizeof info.sha256);
  send_slot_state(request_id, slot, info);
}

void Agent::on_chunk_query(uint32_t request_id, const fb::ChunkQuery& query) {
  uint64_t hashes[wire::kMaxChunkHashes];
  uint32_t count = query.count() < wire::kMaxChunkHashes ? query.count() : wire::kMaxChunkHashes;
  const Status status = slots_.chunk_hashes(query.slot(), query.chunk_bytes(), query.first(), &count, hashes);
  if (status != Status::kOk) {
    send_failure(request_id, status, "no such slot, nothing in it, or no pieces of that size");
    return;
  }
  auto& builder = link_.begin();
  const auto vector = builder.CreateVector(hashes, count);
  link_.send(request_id,
             fb::CreateChunkHashes(builder, query.slot(), query.chunk_bytes(), query.first(), vector));
}

void Agent::on_activate(uint32_t request_id, const fb::Activate& activate) {
  const uint8_t* sha256 = nullptr;
  if (activate.sha256() != nullptr && activate.sha256()->size() == wire::kSha256Bytes) {
    sha256 = activate.sha256()->data();
  }
  Shortage shortage;
  const Status status = slots_.activate(activate.slot(), activate.image_bytes(), sha256, &shortage);
  answer_with_hash(
      request_id, activate.slot(), status, shortage,
      status == Status::kHashMismatch ? "the slot holds something else" : "nothing whole in this slot");
}

void Agent::on_rollback(uint32_t request_id) {
  const Status status = slots_.rollback();
  answer_with_hash(request_id, slots_.active(), status, {}, "no other slot was confirmed");
}

}  // namespace slmrig::agent
