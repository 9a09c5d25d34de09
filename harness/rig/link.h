// A byte stream to a device: what lies between a bench's agent and us, whatever carries it.
//
// Links know nothing of frames. One thread at a time uses a link; of serial ports and terminals one thread
// may read while another writes. Every wait has a limit. Errors: kLinkLost
// when the other end is gone for good, kTimeout when it takes no bytes, kIo when the operating system
// refused, kBadInput when what the rig file names cannot be opened.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "harness/base/child_process.h"
#include "harness/base/error.h"
#include "harness/base/records/rig.h"

namespace slmrig::rig {

class Link {
 public:
  virtual ~Link() = default;
  // Waits at most timeout_ms for the first byte; returns how many came, 0 when none did.
  virtual base::Result<std::size_t> read(std::span<uint8_t> buffer, int64_t timeout_ms) = 0;
  // All of them, or an error: an end that takes nothing for 5 s is a kTimeout.
  virtual base::Done write(std::span<const uint8_t> bytes) = 0;
  virtual void close() = 0;

  // Where the stream is a serial line. Others answer kUnsupported.
  // From now on, in bits a second; what was written before has left at the old rate.
  virtual base::Done set_baud(int baud);
  // Asserts a control line ("dtr" or "rts"), or lets it go.
  virtual base::Done set_line(std::string_view line, bool asserted);

  // "unix socket /tmp/x/uart": for messages.
  virtual const std::string& description() const = 0;
};

// Opens what `spec` names, trying again for `patience_ms` where a server may still be starting (unix, tcp).
// The kinds:
//   unix    address is the socket's path
//   tcp     host:port (ser2net, labgrid's network serial, emulators)
//   rfc2217 the same with control of the port's rate and lines (ser2net's telnet(rfc2217), labgrid)
//   tty     a terminal device through termios: pseudo-terminals
//   serial  a serial port through libserialport: real hardware; "/dev/serial/by-id/..." keeps its name
// "stdio" has no address: it is the child process that a flasher starts (child_link).
base::Result<std::unique_ptr<Link>> open_link(const base::LinkSpec& spec, int64_t patience_ms);

// stdin and stdout of a child that was started with pipes; `child` must outlive the link.
std::unique_ptr<Link> child_link(base::ChildProcess& child, std::string description);

// Takes over a connected descriptor that serves both ways.
std::unique_ptr<Link> descriptor_link(base::UniqueFd fd, std::string description);

}  // namespace slmrig::rig
