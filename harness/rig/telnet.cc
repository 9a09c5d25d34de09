#include "harness/rig/telnet.h"

namespace slmrig::rig::telnet {
namespace {

// The longest that RFC 2217 knows is a signature; what is longer than this is dropped, not kept.
constexpr std::size_t kMaxSubBytes = 256;

}  // namespace

void Decoder::end_subnegotiation(std::vector<Event>& events) {
  if (sub_.size() >= 2 && sub_[0] == kComPort) {
    events.push_back({kSb, sub_[1], std::vector<uint8_t>(sub_.begin() + 2, sub_.end())});
  }
  sub_.clear();
}

void Decoder::take(std::span<const uint8_t> bytes, std::vector<uint8_t>& data, std::vector<Event>& events) {
  for (const uint8_t byte : bytes) {
    switch (state_) {
      case State::kData:
        if (byte == kIac) {
          state_ = State::kCommand;
        } else {
          data.push_back(byte);
        }
        break;
      case State::kCommand:
        state_ = State::kData;
        if (byte == kIac) {
          data.push_back(byte);
        } else if (byte == kSb) {
          state_ = State::kSub;
        } else if (byte >= kWill) {
          verb_ = byte;
          state_ = State::kVerb;
        }  // else a command without an option (go ahead, no operation): nothing to us
        break;
      case State::kVerb:
        events.push_back({verb_, byte, {}});
        state_ = State::kData;
        break;
      case State::kSub:
        if (byte == kIac) {
          state_ = State::kSubCommand;
        } else if (sub_.size() < kMaxSubBytes) {
          sub_.push_back(byte);
        }
        break;
      case State::kSubCommand:
        if (byte == kIac) {
          if (sub_.size() < kMaxSubBytes) sub_.push_back(byte);
          state_ = State::kSub;
        } else {
          end_subnegotiation(events);
          state_ = State::kData;
        }
        break;
    }
  }
}

std::vector<uint8_t> escaped(std::span<const uint8_t> bytes) {
  std::vector<uint8_t> text;
  text.reserve(bytes.size() + bytes.size() / 128 + 1);
  for (const uint8_t byte : bytes) {
    text.push_back(byte);
    if (byte == kIac) text.push_back(byte);
  }
  return text;
}

std::vector<uint8_t> option(uint8_t verb, uint8_t which) { return {kIac, verb, which}; }

std::vector<uint8_t> com_port(ComPort command, std::span<const uint8_t> value) {
  std::vector<uint8_t> bytes = {kIac, kSb, kComPort, static_cast<uint8_t>(command)};
  const std::vector<uint8_t> body = escaped(value);
  bytes.insert(bytes.end(), body.begin(), body.end());
  bytes.insert(bytes.end(), {kIac, kSe});
  return bytes;
}

std::vector<uint8_t> number(uint32_t value) {
  return {static_cast<uint8_t>(value >> 24), static_cast<uint8_t>(value >> 16),
          static_cast<uint8_t>(value >> 8), static_cast<uint8_t>(value)};
}

}  // namespace slmrig::rig::telnet
