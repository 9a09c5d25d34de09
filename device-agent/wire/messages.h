// Building and reading messages (messages.fbs) without a heap.
//
// The generated header is on the include path of everything that links slmrig_wire.
#pragma once

#include <cstddef>
#include <cstdint>

#include "device-agent/wire/messages_generated.h"
#include "device-agent/wire/protocol.h"
#include "device-agent/wire/sha256.h"

namespace slmrig::wire {

// The message in data [size_bytes], aligned to 8 bytes (as Connection::next_message gives it), or null where
// it is not one of this schema. Every offset, length and union tag was checked, so that what is returned can
// be read without care; absent strings and vectors are null. Valid as long as data is.
const fb::Envelope* read_message(const uint8_t* data, size_t size_bytes);

// As read_message for who answers requests and has no room to understand anything else: null also where the
// message is none of the requests. *request_id: of the envelope as far as that could be read, 0 elsewhere.
const fb::Envelope* read_request(const uint8_t* data, size_t size_bytes, uint32_t* request_id);

// Hands out one static block, once; for builders of messages that fit kMaxPayloadBytes.
class PoolAllocator final : public flatbuffers::Allocator {
 public:
  PoolAllocator(uint8_t* pool, size_t pool_bytes) : pool_(pool), pool_bytes_(pool_bytes) {}
  uint8_t* allocate(size_t size_bytes) override { return size_bytes <= pool_bytes_ ? pool_ : nullptr; }
  void deallocate(uint8_t*, size_t) override {}

 private:
  uint8_t* pool_;
  size_t pool_bytes_;
};

// One message at a time in a block of its own: begin(), build the table with the builder, finish().
// The builder must not be asked for more than kMaxPayloadBytes: callers bound strings and vectors.
class MessageBuilder {
 public:
  MessageBuilder() : allocator_(pool_, sizeof pool_), builder_(sizeof pool_, &allocator_, false) {}

  // Forgets the message before.
  flatbuffers::FlatBufferBuilder& begin() {
    builder_.Clear();
    return builder_;
  }

  template <typename Table>
  void finish(uint32_t request_id, flatbuffers::Offset<Table> message) {
    builder_.Finish(
        fb::CreateEnvelope(builder_, request_id, fb::MessageTraits<Table>::enum_value, message.Union()));
  }

  // The finished message; valid until begin().
  const uint8_t* data() const { return builder_.GetBufferPointer(); }
  size_t size_bytes() const { return builder_.GetSize(); }

 private:
  // The builder's bookkeeping of open fields lives at the other end of the same block.
  alignas(8) uint8_t pool_[kMaxPayloadBytes + 512];
  PoolAllocator allocator_;
  flatbuffers::FlatBufferBuilder builder_;
};

}  // namespace slmrig::wire
