// The verifier in front of messages: whatever it accepts can be read without care.
#include <cstdint>
#include <cstring>
#include <vector>

#include "device-agent/wire/messages.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size_bytes) {
  std::vector<uint64_t> aligned(size_bytes / 8 + 1);
  auto* message = reinterpret_cast<uint8_t*>(aligned.data());
  if (size_bytes > 0) std::memcpy(message, data, size_bytes);
  const auto* envelope = slmrig::wire::read_message(message, size_bytes);
  if (envelope == nullptr) return 0;
  // Touches every byte that a reader could be led to.
  const flatbuffers::Vector<uint8_t>* chunk = nullptr;
  if (const auto* upload = envelope->message_as_UploadChunk()) chunk = upload->data();
  volatile uint8_t sum = 0;
  for (uint32_t i = 0; chunk != nullptr && i < chunk->size(); ++i) sum = sum + chunk->Get(i);
  return 0;
}
