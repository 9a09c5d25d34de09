// The host's side of virtual USB devices: who is on the bus, and transfers to one of them.
//
// Inside the stand-in libusb, so inside somebody else's process: nothing here ends it or writes to its
// streams.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "harness/base/unique_fd.h"
#include "harness/rigsim/usb/libusb_abi.h"
#include "harness/rigsim/usb/usb_messages.h"

namespace slmrig::rigsim {

// A device as it was when it was first seen. Lives as long as the process.
struct UsbDevice {
  std::string socket;
  uint8_t address = 0;  // on the bus, from 1
  LibusbDeviceDescriptor descriptor = {};

  // The configuration, and what it points to. One interface with one setting.
  LibusbConfiguration configuration = {};
  LibusbInterface interface = {};
  LibusbAlternateSetting setting = {};
  std::vector<LibusbEndpoint> endpoints;
};

// False where the bytes are no device descriptor and configuration descriptor of that form.
bool parse_usb_descriptors(std::string_view bytes, UsbDevice* device);

// The devices behind the sockets of SLMRIG_USB_SOCKETS (separated by colons) that are there now. The same
// device is the same pointer each time. Safe from many threads.
std::vector<UsbDevice*> find_usb_devices();

// An open device. One thread may read from the bulk endpoint while another writes to it or asks for strings.
class UsbConnection {
 public:
  // Nothing when the device has left the bus.
  static std::unique_ptr<UsbConnection> open(const std::string& socket);

  // 0, or one of UsbStatus.
  int claim(uint8_t interface);
  int release(uint8_t interface);
  // Bytes that arrived in `data`, or one of UsbStatus. `setup` has eight bytes. 0 ms waits for ever.
  int control(std::string_view setup, std::span<uint8_t> data, unsigned timeout_ms);
  int bulk_out(uint8_t endpoint, std::span<const uint8_t> data, unsigned timeout_ms);
  // One transfer; what does not fit into `data` is lost, as on the bus.
  int bulk_in(uint8_t endpoint, std::span<uint8_t> data, int* received, unsigned timeout_ms);

  // The raw exchange for find_usb_devices().
  std::optional<std::string> ask(UsbMessage kind, std::string_view body, unsigned timeout_ms, int* status);

 private:
  explicit UsbConnection(base::UniqueFd fd) : fd_(std::move(fd)) {}
  int send(UsbMessage kind, std::string_view body, unsigned timeout_ms);
  std::optional<std::string> take(UsbMessage kind, unsigned timeout_ms, int* status);
  std::optional<std::string> take_received(UsbMessage kind, int wait_ms, int* status);

  base::UniqueFd fd_;
  std::mutex sending_;
  std::mutex receiving_;
  std::string received_;
  std::map<UsbMessage, std::deque<std::string>> waiting_;  // whole messages that nobody took yet
  bool gone_ = false;
};

}  // namespace slmrig::rigsim
