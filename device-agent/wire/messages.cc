#include "device-agent/wire/messages.h"

namespace slmrig::wire {
namespace {

// A valid message nests three deep (envelope, message, an entry of a vector) and holds at most a few dozen
// tables.
constexpr flatbuffers::uoffset_t kMaxDepth = 8;
constexpr flatbuffers::uoffset_t kMaxTables = 128;

}  // namespace

const fb::Envelope* read_message(const uint8_t* data, size_t size_bytes) {
  flatbuffers::Verifier verifier(data, size_bytes, kMaxDepth, kMaxTables);
  if (!fb::VerifyEnvelopeBuffer(verifier)) return nullptr;
  const fb::Envelope* envelope = fb::GetEnvelope(data);
  return envelope->message() == nullptr ? nullptr : envelope;
}

}  // namespace slmrig::wire
