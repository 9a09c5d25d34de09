// A connection fed with frames of any kind and content, as a hostile or broken peer would send them: every
// message that it hands on is verified before it is read.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "device-agent/wire/connection.h"
#include "device-agent/wire/messages.h"

namespace {

using namespace slmrig::wire;

void feed(Connection& connection, const uint8_t* bytes, size_t size_bytes) {
  size_t at = 0;
  while (at < size_bytes) {
    const size_t taken = connection.receive(bytes + at, size_bytes - at);
    at += taken;
    const uint8_t* message = nullptr;
    size_t message_bytes = 0;
    bool handed_on = false;
    while (connection.next_message(&message, &message_bytes)) {
      handed_on = true;
      read_message(message, message_bytes);
    }
    if (taken == 0 && !handed_on) return;
  }
}

}  // namespace

// Each frame of the input: kind, sequence, ack, session (one byte, so that it may be right), length, payload.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size_bytes) {
  static auto storage = std::make_unique<ConnectionStorage<8>>();
  Connection connection(*storage, {});
  std::vector<uint8_t> frame(kMaxFrameBytes);
  uint8_t output[256];
  uint32_t now_ms = 0;
  size_t at = 0;
  while (at + 5 <= size_bytes) {
    const uint8_t* head = data + at;
    const size_t payload_bytes = std::min<size_t>(head[4], size_bytes - at - 5);
    FrameHeader header;
    header.kind = static_cast<FrameKind>(head[0] % 6);
    header.sequence = head[1];
    header.ack = head[2];
    header.session = head[3];
    const size_t frame_bytes = encode_frame(header, head + 5, payload_bytes, frame.data());
    feed(connection, frame.data(), frame_bytes);
    connection.poll(now_ms += head[3]);
    while (connection.take_output(output, sizeof output) > 0) {
    }
    at += 5 + payload_bytes;
  }
  feed(connection, data, size_bytes);
  return 0;
}
