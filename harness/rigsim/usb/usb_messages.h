// What the stand-in libusb and a virtual USB device say to each other, over a unix socket.
//
// A message is a header of five bytes (length of what follows as 32-bit little endian, kind) and a body. Each
// side takes the other's bytes as untrusted.
//
//   library -> device                               device -> library
//   kDescriptors  nothing                           kDescriptors  device descriptor, configuration descriptor
//   kControl      setup packet (8 bytes), data      kControl      status or length (i32), data
//   kClaim        interface (u8)                    kClaim        status (i32)
//   kRelease      interface (u8)
//   kBulk         endpoint (u8), data               kBulk         endpoint (u8), data of one transfer
//
// Statuses are libusb's error numbers, 0 for success. Descriptors are what the operating system would have
// read when the device was plugged in, and so are answered even by a device that has stopped working.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace slmrig::rigsim {

enum class UsbMessage : uint8_t {
  kDescriptors = 1,
  kControl = 2,
  kClaim = 3,
  kRelease = 4,
  kBulk = 5,
};

inline constexpr std::size_t kUsbHeaderBytes = 5;
inline constexpr std::size_t kMaxUsbBodyBytes = 1U << 20U;

enum UsbStatus : int32_t {
  kUsbOk = 0,
  kUsbIo = -1,
  kUsbInvalid = -2,
  kUsbNoDevice = -4,
  kUsbNotFound = -5,
  kUsbBusy = -6,
  kUsbTimeout = -7,
  kUsbPipe = -9,  // the device refused the request
  kUsbNoMemory = -11,
  kUsbNotSupported = -12,
};

struct UsbFrame {
  UsbMessage kind;
  std::string body;
};

inline std::string usb_message(UsbMessage kind, std::string_view body) {
  std::string bytes;
  bytes.reserve(kUsbHeaderBytes + body.size());
  for (unsigned shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(body.size() >> shift & 0xFFU);
  bytes += static_cast<char>(kind);
  bytes += body;
  return bytes;
}

inline std::string usb_status(int32_t status) {
  std::string bytes;
  for (unsigned shift = 0; shift < 32; shift += 8) {
    bytes += static_cast<char>(static_cast<uint32_t>(status) >> shift & 0xFFU);
  }
  return bytes;
}

// Needs four bytes.
inline uint32_t usb_word(std::string_view bytes) {
  uint32_t value = 0;
  for (unsigned i = 0; i < 4; ++i) value |= static_cast<uint32_t>(static_cast<uint8_t>(bytes[i])) << 8U * i;
  return value;
}

// Takes the first whole message off the front. Nothing while none is whole; `broken` is set for a length that
// no message has.
inline std::optional<UsbFrame> take_usb_message(std::string* received, bool* broken) {
  if (received->size() < kUsbHeaderBytes) return std::nullopt;
  const uint32_t bytes = usb_word(*received);
  *broken = bytes > kMaxUsbBodyBytes;
  if (*broken || received->size() < kUsbHeaderBytes + bytes) return std::nullopt;
  UsbFrame frame = {static_cast<UsbMessage>((*received)[4]), received->substr(kUsbHeaderBytes, bytes)};
  received->erase(0, kUsbHeaderBytes + bytes);
  return frame;
}

}  // namespace slmrig::rigsim
