// The part of telnet (RFC 854) and of its COM port option (RFC 2217) that a client needs. Pure: bytes in,
// bytes and events out.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace slmrig::rig::telnet {

inline constexpr uint8_t kIac = 255;
inline constexpr uint8_t kWill = 251, kWont = 252, kDo = 253, kDont = 254, kSb = 250, kSe = 240;
// Options.
inline constexpr uint8_t kBinary = 0, kSuppressGoAhead = 3, kComPort = 44;

// Of the COM port option; a server answers with 100 more.
enum class ComPort : uint8_t {
  kSetBaudRate = 1,
  kSetDataSize = 2,
  kSetParity = 3,
  kSetStopSize = 4,
  kSetControl = 5,
  kPurgeData = 12,
};
inline constexpr uint8_t kServerOffset = 100;
// Values of kSetControl.
inline constexpr uint8_t kNoFlowControl = 1, kDtrOn = 8, kDtrOff = 9, kRtsOn = 11, kRtsOff = 12;

// An option's state that the other end declared, or an answer about the port.
struct Event {
  uint8_t verb = 0;    // kWill, kWont, kDo, kDont, or kSb
  uint8_t option = 0;  // kSb: the command of the COM port option, as the server numbers it
  std::vector<uint8_t> value;
};

// Takes bytes as they come from the line, split anywhere.
class Decoder {
 public:
  // Appends the stream's own bytes to `data` and what else there was to `events`.
  void take(std::span<const uint8_t> bytes, std::vector<uint8_t>& data, std::vector<Event>& events);

 private:
  enum class State { kData, kCommand, kVerb, kSub, kSubCommand };
  void end_subnegotiation(std::vector<Event>& events);

  State state_ = State::kData;
  uint8_t verb_ = 0;
  std::vector<uint8_t> sub_;
};

// With every byte 255 doubled.
std::vector<uint8_t> escaped(std::span<const uint8_t> bytes);
std::vector<uint8_t> option(uint8_t verb, uint8_t which);
std::vector<uint8_t> com_port(ComPort command, std::span<const uint8_t> value);
// Four bytes, the highest first: a rate.
std::vector<uint8_t> number(uint32_t value);

}  // namespace slmrig::rig::telnet
