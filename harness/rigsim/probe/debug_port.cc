#include "harness/rigsim/probe/debug_port.h"

#include <algorithm>
#include <bit>
#include <vector>

#include "harness/rigsim/probe/cortex_debug.h"

namespace slmrig::rigsim {
namespace {

using base::Done;

static_assert(std::endian::native == std::endian::little, "words travel as they lie in memory");

// Debug port
constexpr uint32_t kDpidr = 0x2BA01477;
constexpr uint8_t kIdentifyOrAbort = 0x0;
constexpr uint8_t kControl = 0x4;
constexpr uint8_t kSelect = 0x8;
constexpr uint32_t kClearErrors = 0x1E;
constexpr uint32_t kPowerRequests = 0x50000000;  // debug and system; each acknowledge is the bit above
constexpr uint32_t kKeptControl = 0x50000F00;
constexpr uint32_t kStickyError = 1U << 5U;
constexpr uint32_t kBank = 0xF;
constexpr uint32_t kDataLinkControl = 0x40;  // bank 1 of kControl

// Access port
constexpr uint32_t kCsw = 0x00;
constexpr uint32_t kTar = 0x04;
constexpr uint32_t kDrw = 0x0C;
constexpr uint32_t kBanked = 0x10;  // to 0x1C
constexpr uint32_t kBase = 0xF8;
constexpr uint32_t kIdr = 0xFC;
constexpr uint32_t kIdrValue = 0x24770011;
constexpr uint32_t kRomTable = 0xE00FF003;
constexpr uint32_t kCswKept = 0x7F00001F;  // of what is written; packed increments do not exist
constexpr uint32_t kDeviceEnabled = 1U << 6U;
constexpr uint32_t kIncrement = 1U << 4U;
constexpr uint32_t kSizeMask = 3;
constexpr uint32_t kWordSize = 2;
constexpr uint32_t kWrap = 0x1000;

// What has debug registers, where each access means something of its own.
constexpr AddressRange kWithoutStreams = {0xE0000000, 0x20000000};

}  // namespace

void DebugPort::set_powered(bool powered) {
  powered_ = powered;
  select_ = control_ = tar_ = 0;
  sticky_error_ = false;
}

Acknowledge DebugPort::begin_transfer() {
  faults_.count_transfers(1);
  if (!powered_ || faults_.holds(ProbeFault::kNoAck)) return Acknowledge::kNone;
  return faults_.happens(ProbeFault::kWait) ? Acknowledge::kWait : Acknowledge::kOk;
}

Acknowledge DebugPort::begin_access_port_transfer(PortRegister which) {
  if (!which.access_port) return Acknowledge::kOk;
  const bool usable = (control_ & kPowerRequests) == kPowerRequests && !sticky_error_;
  return usable ? Acknowledge::kOk : Acknowledge::kFault;
}

Acknowledge DebugPort::read(PortRegister which, uint32_t* value) {
  if (const auto answer = begin_transfer(); answer != Acknowledge::kOk) return answer;
  if (const auto answer = begin_access_port_transfer(which); answer != Acknowledge::kOk) return answer;
  if (!which.access_port) {
    *value = read_debug_port(which.address);
    return Acknowledge::kOk;
  }
  const Acknowledge answer = read_access_port((select_ & 0xF0U) | which.address, value);
  if (answer == Acknowledge::kOk) read_buffer_ = *value;
  return answer;
}

Acknowledge DebugPort::write(PortRegister which, uint32_t value) {
  if (const auto answer = begin_transfer(); answer != Acknowledge::kOk) return answer;
  if (const auto answer = begin_access_port_transfer(which); answer != Acknowledge::kOk) return answer;
  if (which.access_port) return write_access_port((select_ & 0xF0U) | which.address, value);
  write_debug_port(which.address, value);
  return Acknowledge::kOk;
}

uint32_t DebugPort::read_debug_port(uint8_t address) const {
  switch (address) {
    case kIdentifyOrAbort: return kDpidr;
    case kControl:
      if ((select_ & kBank) == 1) return kDataLinkControl;
      if ((select_ & kBank) != 0) return 0;
      return control_ | (control_ & kPowerRequests) << 1U | (sticky_error_ ? kStickyError : 0);
    default: return read_buffer_;  // RESEND, RDBUFF
  }
}

void DebugPort::write_debug_port(uint8_t address, uint32_t value) {
  if (address == kIdentifyOrAbort && (value & kClearErrors) != 0) sticky_error_ = false;
  if (address == kControl && (select_ & kBank) == 0) control_ = value & kKeptControl;
  if (address == kSelect) select_ = value;
}

Acknowledge DebugPort::read_access_port(uint32_t address, uint32_t* value) {
  *value = 0;
  if (select_ >> 24U != 0) return Acknowledge::kOk;  // there is only one
  switch (address) {
    case kCsw: *value = faults_.holds(ProbeFault::kLocked) ? csw_ & ~kDeviceEnabled : csw_; break;
    case kTar: *value = tar_; break;
    case kDrw: return read_memory(next_address(), value);
    case kBase: *value = kRomTable; break;
    case kIdr: *value = kIdrValue; break;
    default:
      if ((address & 0xF0U) == kBanked) return read_memory((tar_ & ~0xFU) | (address & 0xCU), value);
  }
  return Acknowledge::kOk;
}

Acknowledge DebugPort::write_access_port(uint32_t address, uint32_t value) {
  if (select_ >> 24U != 0) return Acknowledge::kOk;
  if (address == kCsw) csw_ = (value & kCswKept) | kDeviceEnabled;
  if (address == kTar) tar_ = value;
  if (address == kDrw) return write_memory(next_address(), value);
  if ((address & 0xF0U) == kBanked) return write_memory((tar_ & ~0xFU) | (address & 0xCU), value);
  return Acknowledge::kOk;
}

uint32_t DebugPort::next_address() {
  const uint32_t address = tar_;
  if ((csw_ & kIncrement) != 0) tar_ = (tar_ & ~(kWrap - 1)) | ((tar_ + access_bytes()) & (kWrap - 1));
  return address;
}

Acknowledge DebugPort::bus_answer(const Done& result) {
  if (result) return Acknowledge::kOk;
  sticky_error_ = true;
  return Acknowledge::kFault;
}

Acknowledge DebugPort::read_memory(uint32_t address, uint32_t* value) {
  if (faults_.holds(ProbeFault::kLocked))
    return bus_answer(base::fail(base::ErrorCode::kDeviceFault, "locked"));
  const unsigned bytes = access_bytes();
  const auto got = bus_.read(address & ~(bytes - 1), bytes);
  if (!got) return bus_answer(tl::unexpected(got.error()));
  *value = *got << 8U * (address & 3U & ~(bytes - 1));  // each byte in its own lane
  return Acknowledge::kOk;
}

Acknowledge DebugPort::write_memory(uint32_t address, uint32_t value) {
  if (faults_.holds(ProbeFault::kLocked))
    return bus_answer(base::fail(base::ErrorCode::kDeviceFault, "locked"));
  const unsigned bytes = access_bytes();
  const uint32_t wanted = bytes == 4 ? UINT32_MAX : (1U << 8U * bytes) - 1;
  return bus_answer(
      bus_.write(address & ~(bytes - 1), value >> 8U * (address & 3U & ~(bytes - 1)) & wanted, bytes));
}

// --- Many transfers at once

bool DebugPort::can_stream(PortRegister which) const {
  return which.access_port && which.address == kDrw && select_ >> 24U == 0 && (select_ & 0xF0U) == 0 &&
         (csw_ & kSizeMask) == kWordSize && (csw_ & kIncrement) != 0 && tar_ % 4 == 0 &&
         !kWithoutStreams.holds(tar_) && !faults_.holds(ProbeFault::kLocked);
}

Acknowledge DebugPort::read_many(PortRegister which, std::span<uint32_t> values, std::size_t* done) {
  *done = 0;
  while (*done < values.size()) {
    if (!can_stream(which)) {
      if (const auto answer = read(which, &values[*done]); answer != Acknowledge::kOk) return answer;
      ++*done;
      continue;
    }
    if (const auto answer = begin_transfer(); answer != Acknowledge::kOk) return answer;
    if (const auto answer = begin_access_port_transfer(which); answer != Acknowledge::kOk) return answer;
    const std::size_t words = std::min<std::size_t>(values.size() - *done, (kWrap - tar_ % kWrap) / 4);
    const auto piece = values.subspan(*done, words);
    faults_.count_transfers(words - 1);
    const auto answer =
        bus_answer(bus_.read_block(tar_, {reinterpret_cast<uint8_t*>(piece.data()), piece.size_bytes()}));
    if (answer != Acknowledge::kOk) return answer;
    tar_ = (tar_ & ~(kWrap - 1)) | ((tar_ + 4 * words) & (kWrap - 1));
    *done += words;
  }
  return Acknowledge::kOk;
}

Acknowledge DebugPort::write_many(PortRegister which, std::span<const uint32_t> values, std::size_t* done) {
  *done = 0;
  while (*done < values.size()) {
    if (!can_stream(which)) {
      if (const auto answer = write(which, values[*done]); answer != Acknowledge::kOk) return answer;
      ++*done;
      continue;
    }
    if (const auto answer = begin_transfer(); answer != Acknowledge::kOk) return answer;
    if (const auto answer = begin_access_port_transfer(which); answer != Acknowledge::kOk) return answer;
    const std::size_t words = std::min<std::size_t>(values.size() - *done, (kWrap - tar_ % kWrap) / 4);
    std::vector<uint32_t> piece(values.begin() + static_cast<std::ptrdiff_t>(*done),
                                values.begin() + static_cast<std::ptrdiff_t>(*done + words));
    faults_.count_transfers(words - 1);
    constexpr uint32_t kWrongBit = 1U << 13U;
    if (faults_.happens(ProbeFault::kCorruptWrite)) piece[words / 2] ^= kWrongBit;
    const std::size_t bytes = words * sizeof(uint32_t);
    const auto answer =
        bus_answer(bus_.write_block(tar_, {reinterpret_cast<const uint8_t*>(piece.data()), bytes}));
    if (answer != Acknowledge::kOk) return answer;
    tar_ = static_cast<uint32_t>((tar_ & ~(kWrap - 1)) | ((tar_ + bytes) & (kWrap - 1)));
    *done += words;
  }
  return Acknowledge::kOk;
}

}  // namespace slmrig::rigsim
