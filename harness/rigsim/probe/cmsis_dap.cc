#include "harness/rigsim/probe/cmsis_dap.h"

#include <algorithm>
#include <cstring>
#include <optional>

namespace slmrig::rigsim {
namespace {

enum Command : uint8_t {
  kInformation = 0x00,
  kHostStatus = 0x01,
  kConnect = 0x02,
  kDisconnect = 0x03,
  kTransferConfigure = 0x04,
  kTransfer = 0x05,
  kTransferBlock = 0x06,
  kTransferAbort = 0x07,
  kWriteAbort = 0x08,
  kDelay = 0x09,
  kResetTarget = 0x0A,
  kPins = 0x10,
  kClock = 0x11,
  kSequence = 0x12,
  kSwdConfigure = 0x13,
  kExecuteCommands = 0x7F,
};
constexpr uint8_t kOk = 0x00;
constexpr uint8_t kError = 0xFF;

// Bits of a transfer's request.
constexpr uint8_t kToAccessPort = 1U << 0U;
constexpr uint8_t kIsRead = 1U << 1U;
constexpr uint8_t kAddressBits = 0x0C;
constexpr uint8_t kMatchValue = 1U << 4U;
constexpr uint8_t kMatchMask = 1U << 5U;
constexpr uint8_t kMismatch = 1U << 4U;  // in the answer

constexpr uint8_t kSwd = 1;

void append_word(std::vector<uint8_t>* bytes, uint32_t value) {
  for (unsigned shift = 0; shift < 32; shift += 8) bytes->push_back(static_cast<uint8_t>(value >> shift));
}

PortRegister which_register(uint8_t request) {
  return {(request & kToAccessPort) != 0, static_cast<uint8_t>(request & kAddressBits)};
}

}  // namespace

// Takes values off the front of a packet. Past its end everything reads as zero, and good() is false.
class CmsisDap::Reader {
 public:
  explicit Reader(std::span<const uint8_t> bytes) : bytes_(bytes) {}

  uint32_t take(std::size_t count) {
    uint32_t value = 0;
    const auto taken = skip(count);
    for (std::size_t i = 0; i < taken.size(); ++i) value |= static_cast<uint32_t>(taken[i]) << 8U * i;
    return value;
  }
  uint8_t byte() { return static_cast<uint8_t>(take(1)); }
  uint16_t half() { return static_cast<uint16_t>(take(2)); }
  uint32_t word() { return take(4); }
  // Empty when there is not so much.
  std::span<const uint8_t> skip(std::size_t count) {
    good_ = good_ && count <= bytes_.size();
    if (!good_) return {};
    const auto taken = bytes_.first(count);
    bytes_ = bytes_.subspan(count);
    return taken;
  }
  bool good() const { return good_; }

 private:
  std::span<const uint8_t> bytes_;
  bool good_ = true;
};

std::vector<uint8_t> CmsisDap::answer(std::span<const uint8_t> packet) {
  Reader reader(packet);
  if (packet.empty() || packet[0] != kExecuteCommands) return answer_one(&reader);
  reader.byte();
  const Bytes response = run_commands(&reader);
  return reader.good() ? response : Bytes{kError};
}

void CmsisDap::forget() {
  wait_retries_ = 100;
  match_retries_ = 0;
  match_mask_ = 0;
}

CmsisDap::Bytes CmsisDap::answer_one(Reader* packet) {
  const uint8_t command = packet->byte();
  if (!packet->good()) return {kError};
  Bytes response;
  switch (command) {
    case kInformation: response = information(packet); break;
    case kHostStatus:
      packet->take(2);
      response = {command, kOk};
      break;
    case kConnect: {
      const uint8_t wires = packet->byte();
      response = {command, wires <= kSwd ? kSwd : uint8_t{0}};  // 0, the default, is SWD too
      break;
    }
    case kDisconnect: response = {command, kOk}; break;
    case kTransferConfigure: response = configure_transfers(packet); break;
    case kTransfer: response = transfer(packet); break;
    case kTransferBlock: response = transfer_block(packet); break;
    case kTransferAbort: return {};
    case kWriteAbort: response = write_abort(packet); break;
    case kDelay:
      packet->half();
      response = {command, kOk};
      break;
    case kResetTarget: response = reset_target(); break;
    case kPins: response = set_pins(packet); break;
    case kClock:
      packet->word();
      response = {command, kOk};
      break;
    case kSequence: {
      constexpr std::size_t kLongest = 256;  // bits, written as 0
      const uint8_t bits = packet->byte();
      packet->skip(((bits == 0 ? kLongest : bits) + 7) / 8);
      response = {command, kOk};
      break;
    }
    case kSwdConfigure:
      packet->byte();
      response = {command, kOk};
      break;
    default: return {kError};  // among them lists of commands inside lists of commands
  }
  return packet->good() ? response : Bytes{kError};
}

CmsisDap::Bytes CmsisDap::information(Reader* packet) const {
  enum Id : uint8_t {
    kVendor = 1,
    kProduct = 2,
    kSerialNumber = 3,
    kProtocolVersion = 4,
    kFirmwareVersion = 9,
    kCapabilities = 0xF0,
    kMaxPacketCount = 0xFE,
    kMaxPacketSize = 0xFF,
  };
  const auto text = [](const std::string& value) {
    Bytes response;
    response.reserve(value.size() + 3);
    response.push_back(kInformation);
    response.push_back(static_cast<uint8_t>(value.size() + 1));
    response.insert(response.end(), value.begin(), value.end());
    response.push_back(0);
    return response;
  };
  constexpr uint8_t kHasSwdAndAtomicCommands = 0x11;
  switch (packet->byte()) {
    case kVendor: return text("slmrig");
    case kProduct: return text("slmrig virtual CMSIS-DAP");
    case kSerialNumber: return text(serial_number_);
    case kProtocolVersion: return text("2.1.0");
    case kFirmwareVersion: return text("1.0.0");
    case kCapabilities: return {kInformation, 1, kHasSwdAndAtomicCommands};
    case kMaxPacketCount: return {kInformation, 1, kPacketCount};
    case kMaxPacketSize:
      return {kInformation, 2, static_cast<uint8_t>(kPacketBytes & 0xFFU),
              static_cast<uint8_t>(kPacketBytes >> 8U)};
    default: return {kInformation, 0};
  }
}

CmsisDap::Bytes CmsisDap::configure_transfers(Reader* packet) {
  packet->byte();  // idle cycles
  wait_retries_ = packet->half();
  match_retries_ = packet->half();
  return {kTransferConfigure, kOk};
}

// A chip that answers WAIT is asked again by the probe itself.
template <typename Transfer>
Acknowledge CmsisDap::with_retries(Transfer transfer) {
  Acknowledge answer = transfer();
  for (unsigned retry = 0; answer == Acknowledge::kWait && retry < wait_retries_; ++retry)
    answer = transfer();
  return answer;
}

// `flags`: what the answer says besides the acknowledge.
Acknowledge CmsisDap::transfer_one(uint8_t request, Reader* packet, Bytes* response, uint8_t* flags) {
  const PortRegister which = which_register(request);
  if ((request & kIsRead) == 0) {
    const uint32_t value = packet->word();
    if (!packet->good()) return Acknowledge::kNone;
    if ((request & kMatchMask) != 0) {
      match_mask_ = value;
      return Acknowledge::kOk;
    }
    return with_retries([&] { return port_.write(which, value); });
  }
  uint32_t got = 0;
  if ((request & kMatchValue) == 0) {
    const Acknowledge answer = with_retries([&] { return port_.read(which, &got); });
    if (answer == Acknowledge::kOk) append_word(response, got);
    return answer;
  }
  const uint32_t wanted = packet->word();
  for (unsigned attempt = 0; attempt <= match_retries_; ++attempt) {
    const Acknowledge answer = with_retries([&] { return port_.read(which, &got); });
    if (answer != Acknowledge::kOk || (got & match_mask_) == wanted) return answer;
  }
  *flags = kMismatch;
  return Acknowledge::kOk;
}

CmsisDap::Bytes CmsisDap::transfer(Reader* packet) {
  packet->byte();  // index of the device: SWD has one
  const uint8_t count = packet->byte();
  Bytes response = {kTransfer, 0, static_cast<uint8_t>(Acknowledge::kOk)};
  bool ended = false;
  for (uint8_t i = 0; i < count && packet->good(); ++i) {
    const uint8_t request = packet->byte();
    if (response.size() + sizeof(uint32_t) > kPacketBytes) return {kError};
    if (ended || !packet->good()) {
      // After a failure the rest is read, and not done.
      if ((request & kIsRead) == 0 || (request & kMatchValue) != 0) packet->word();
      continue;
    }
    uint8_t flags = 0;
    const Acknowledge answer = transfer_one(request, packet, &response, &flags);
    response[2] = static_cast<uint8_t>(static_cast<uint8_t>(answer) | flags);
    ended = answer != Acknowledge::kOk || flags != 0;
    if (!ended) ++response[1];
  }
  return response;
}

CmsisDap::Bytes CmsisDap::transfer_block(Reader* packet) {
  packet->byte();  // index of the device
  const uint16_t count = packet->half();
  const uint8_t request = packet->byte();
  const PortRegister which = which_register(request);
  std::vector<uint32_t> words(count);
  std::size_t done = 0;
  std::size_t earlier = 0;  // of tries that ended with WAIT
  Acknowledge answer = Acknowledge::kOk;
  constexpr std::size_t kHeaderBytes = 4;
  if ((request & kIsRead) != 0) {
    if (kHeaderBytes + 4U * count > kPacketBytes) return {kError};
    answer = with_retries([&] {
      const Acknowledge got = port_.read_many(which, std::span(words).subspan(earlier), &done);
      earlier += done;
      return got;
    });
  } else {
    const auto bytes = packet->skip(4U * count);
    if (!packet->good()) return {kError};
    if (!bytes.empty()) std::memcpy(words.data(), bytes.data(), bytes.size());
    answer = with_retries([&] {
      const Acknowledge got =
          port_.write_many(which, std::span<const uint32_t>(words).subspan(earlier), &done);
      earlier += done;
      return got;
    });
  }
  Bytes response = {kTransferBlock, static_cast<uint8_t>(earlier & 0xFFU),
                    static_cast<uint8_t>(earlier >> 8U), static_cast<uint8_t>(answer)};
  if ((request & kIsRead) != 0) {
    const auto* bytes = reinterpret_cast<const uint8_t*>(words.data());
    response.insert(response.end(), bytes, bytes + 4 * earlier);
  }
  return response;
}

CmsisDap::Bytes CmsisDap::write_abort(Reader* packet) {
  packet->byte();  // index of the device
  const uint32_t value = packet->word();
  if (packet->good()) port_.write({false, 0}, value);
  return {kWriteAbort, kOk};
}

CmsisDap::Bytes CmsisDap::reset_target() {
  pins_.assert_reset();
  pins_.release_reset();
  constexpr uint8_t kDidSomething = 1;
  return {kResetTarget, kOk, kDidSomething};
}

CmsisDap::Bytes CmsisDap::set_pins(Reader* packet) {
  constexpr uint8_t kResetPin = 0x80;
  constexpr uint8_t kOtherPins = 0x03;  // clock and data rest high
  const uint8_t level = packet->byte();
  const uint8_t selected = packet->byte();
  packet->word();  // how long to wait for it
  if (packet->good() && (selected & kResetPin) != 0) {
    if ((level & kResetPin) != 0) {
      pins_.release_reset();
    } else {
      pins_.assert_reset();
    }
  }
  return {kPins, static_cast<uint8_t>(kOtherPins | (pins_.in_reset() ? 0 : kResetPin))};
}

CmsisDap::Bytes CmsisDap::run_commands(Reader* packet) {
  const uint8_t count = packet->byte();
  Bytes response = {kExecuteCommands, count};
  for (uint8_t i = 0; i < count && packet->good(); ++i) {
    const Bytes one = answer_one(packet);
    response.insert(response.end(), one.begin(), one.end());
    if (response.size() > kPacketBytes) return {kError};
  }
  return response;
}

}  // namespace slmrig::rigsim
