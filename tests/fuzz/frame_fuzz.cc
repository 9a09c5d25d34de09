// The frame decoder on any bytes: it stays in its buffer, and what it accepts encodes to a frame that comes
// back the same.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "device-agent/wire/frame.h"

namespace {

using namespace slmrig::wire;

void require_round_trip(const FrameDecoder& decoder) {
  std::vector<uint8_t> frame(kMaxFrameBytes);
  const size_t frame_bytes =
      encode_frame(decoder.header(), decoder.payload(), decoder.payload_bytes(), frame.data());
  if (frame_bytes == 0) std::abort();
  alignas(8) static uint8_t buffer[kMaxBodyBytes];
  FrameDecoder again(buffer);
  bool came_back = false;
  for (size_t i = 0; i < frame_bytes; ++i) came_back |= again.push(frame[i]) == FrameEvent::kFrame;
  if (!came_back || again.payload_bytes() != decoder.payload_bytes() ||
      std::memcmp(again.payload(), decoder.payload(), decoder.payload_bytes()) != 0) {
    std::abort();
  }
}

// Random bytes hardly ever carry a right checksum: the input is also sent as the payload of a good frame.
void require_payload_arrives(const uint8_t* data, size_t size_bytes) {
  if (size_bytes > kMaxPayloadBytes) return;
  std::vector<uint8_t> frame(kMaxFrameBytes);
  const size_t frame_bytes = encode_frame({FrameKind::kData}, data, size_bytes, frame.data());
  alignas(8) static uint8_t buffer[kMaxBodyBytes];
  FrameDecoder decoder(buffer);
  int frames = 0;
  for (size_t i = 0; i < frame_bytes; ++i) frames += decoder.push(frame[i]) == FrameEvent::kFrame ? 1 : 0;
  if (frames != 1 || decoder.payload_bytes() != size_bytes) std::abort();
  if (size_bytes > 0 && std::memcmp(decoder.payload(), data, size_bytes) != 0) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size_bytes) {
  alignas(8) static uint8_t buffer[kMaxBodyBytes];
  FrameDecoder decoder(buffer);
  for (size_t i = 0; i < size_bytes; ++i) {
    if (decoder.push(data[i]) == FrameEvent::kFrame) require_round_trip(decoder);
  }
  require_payload_arrives(data, size_bytes);
  return 0;
}
