// A virtual USB device on a unix socket: one debug probe, with claims as an operating system keeps them.
//
// The messages are in usb_messages.h; the other side is the stand-in libusb. One thread: the owner polls
// descriptors() and calls serve() where one is ready.
#pragma once

#include <poll.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/unique_fd.h"
#include "harness/rigsim/usb/usb_messages.h"

namespace slmrig::rigsim {

struct UsbServerOptions {
  std::string socket;
  std::string serial_number;
  // One packet of the host on the bulk endpoint, and the device's answer; empty: none.
  std::function<std::vector<uint8_t>(std::span<const uint8_t>)> answer;
  // Nobody holds the device any more, or the cable is gone.
  std::function<void()> released = [] {};
};

class UsbServer {
 public:
  explicit UsbServer(UsbServerOptions options) : options_(std::move(options)) {}
  ~UsbServer() { unplug(); }

  // On the bus, and off it: every connection ends, the socket vanishes.
  base::Done plug();
  void unplug();
  bool plugged() const { return static_cast<bool>(listener_); }

  // While set: nothing is answered but what the operating system would know by itself.
  void set_hung(bool hung) { hung_ = hung; }
  // While set: the device's interface is claimed by somebody else.
  void set_busy(bool busy) { busy_ = busy; }

  void add_descriptors(std::vector<pollfd>* wait) const;
  void serve();

 private:
  struct Connection {
    base::UniqueFd fd;
    std::string received;
    bool has_claimed = false;
    bool ended = false;
  };

  void accept_all();
  void take_in(Connection* connection);
  void handle(Connection* connection, const UsbFrame& frame);
  void handle_bulk(Connection* connection, std::string_view body);
  std::string control_answer(std::string_view body) const;
  int32_t claim(Connection* connection);
  void release(Connection* connection);
  void send(Connection* connection, UsbMessage kind, std::string_view body);

  UsbServerOptions options_;
  base::UniqueFd listener_;
  std::vector<std::unique_ptr<Connection>> connections_;
  bool hung_ = false;
  bool busy_ = false;
};

}  // namespace slmrig::rigsim
