#include "device-agent/wire/messages.h"

namespace slmrig::wire {
namespace {

// A valid message nests three deep (envelope, message, an entry of a vector) and holds at most a few dozen
// tables.
constexpr flatbuffers::uoffset_t kMaxDepth = 8;
constexpr flatbuffers::uoffset_t kMaxTables = 128;

template <typename Table>
bool verify(flatbuffers::Verifier& verifier, const void* table) {
  return verifier.VerifyTable(static_cast<const Table*>(table));
}

// The generated fb::VerifyMessage knows what agents send, too: 3 kB of code that no agent needs.
bool verify_request(flatbuffers::Verifier& verifier, const void* table, fb::Message type) {
  switch (type) {
    case fb::Message::Hello: return verify<fb::Hello>(verifier, table);
    case fb::Message::SlotQuery: return verify<fb::SlotQuery>(verifier, table);
    case fb::Message::UploadBegin: return verify<fb::UploadBegin>(verifier, table);
    case fb::Message::UploadChunk: return verify<fb::UploadChunk>(verifier, table);
    case fb::Message::UploadCopy: return verify<fb::UploadCopy>(verifier, table);
    case fb::Message::UploadEnd: return verify<fb::UploadEnd>(verifier, table);
    case fb::Message::ChunkQuery: return verify<fb::ChunkQuery>(verifier, table);
    case fb::Message::Activate: return verify<fb::Activate>(verifier, table);
    case fb::Message::Rollback: return verify<fb::Rollback>(verifier, table);
    case fb::Message::Load: return verify<fb::Load>(verifier, table);
    case fb::Message::Run: return verify<fb::Run>(verifier, table);
    case fb::Message::RooflineQuery: return verify<fb::RooflineQuery>(verifier, table);
    case fb::Message::MemoryQuery: return verify<fb::MemoryQuery>(verifier, table);
    case fb::Message::ClockQuery: return verify<fb::ClockQuery>(verifier, table);
    case fb::Message::Idle: return verify<fb::Idle>(verifier, table);
    case fb::Message::Reset: return verify<fb::Reset>(verifier, table);
    case fb::Message::BoardQuery: return verify<fb::BoardQuery>(verifier, table);
    case fb::Message::SetLinkRate: return verify<fb::SetLinkRate>(verifier, table);
    default: return false;
  }
}

// fb::Envelope without what is in it.
struct Envelope : private flatbuffers::Table {
  using Fields = fb::Envelope;
  // NOLINTNEXTLINE(readability-identifier-naming): so flatbuffers calls it
  bool Verify(flatbuffers::Verifier& verifier) const {
    return VerifyTableStart(verifier) && VerifyField<uint32_t>(verifier, Fields::VT_REQUEST_ID, 4) &&
           VerifyField<uint8_t>(verifier, Fields::VT_MESSAGE_TYPE, 1) &&
           VerifyOffset(verifier, Fields::VT_MESSAGE) && verifier.EndTable();
  }
};

}  // namespace

const fb::Envelope* read_message(const uint8_t* data, size_t size_bytes) {
  flatbuffers::Verifier verifier(data, size_bytes, kMaxDepth, kMaxTables);
  if (!fb::VerifyEnvelopeBuffer(verifier)) return nullptr;
  const fb::Envelope* envelope = fb::GetEnvelope(data);
  return envelope->message() == nullptr ? nullptr : envelope;
}

const fb::Envelope* read_request(const uint8_t* data, size_t size_bytes, uint32_t* request_id) {
  *request_id = 0;
  flatbuffers::Verifier verifier(data, size_bytes, kMaxDepth, kMaxTables);
  if (!verifier.VerifyBuffer<Envelope>(nullptr)) return nullptr;
  const fb::Envelope* envelope = fb::GetEnvelope(data);
  *request_id = envelope->request_id();
  if (envelope->message() == nullptr) return nullptr;
  return verify_request(verifier, envelope->message(), envelope->message_type()) ? envelope : nullptr;
}

}  // namespace slmrig::wire
