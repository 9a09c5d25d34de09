#include "harness/rig/serial_link.h"

#include <libserialport.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <climits>
#include <thread>

#include <fmt/format.h>

#include "harness/base/clock.h"

namespace slmrig::rig {
namespace {

using base::Done;
using base::ErrorCode;
using base::fail;
using base::Result;

constexpr unsigned kWriteStallMs = 5000;

std::string last_error(sp_return code) {
  if (code != SP_ERR_FAIL) return code == SP_ERR_ARG ? "not a serial port" : "not supported by the port";
  char* text = sp_last_error_message();
  std::string copy = text != nullptr ? text : "unknown error";
  sp_free_error_message(text);
  return copy;
}

struct PortCloser {
  void operator()(sp_port* port) const {
    sp_close(port);
    sp_free_port(port);
  }
};
using Port = std::unique_ptr<sp_port, PortCloser>;

tl::unexpected<base::Error> taken_by_others(const std::string& name) {
  const std::string holder = holder_of(name);
  return fail(ErrorCode::kLocked,
              fmt::format("the serial port {} is in use by {}; end it, or keep it off the port "
                          "(`slmrig rig doctor` says how)",
                          name, holder.empty() ? "another program" : holder));
}

class SerialLink final : public Link {
 public:
  SerialLink(Port port, int descriptor, std::string description)
      : port_(std::move(port)), descriptor_(descriptor), description_(std::move(description)) {}

  // By poll and not by libserialport's own waiting, which takes a port that was unplugged for a silent one.
  Result<std::size_t> read(std::span<uint8_t> buffer, int64_t timeout_ms) override {
    if (!port_) return fail(ErrorCode::kLinkLost, description_ + " was closed");
    pollfd wait = {descriptor_, POLLIN, 0};
    const int ready = ::poll(&wait, 1, static_cast<int>(std::clamp<int64_t>(timeout_ms, 0, INT_MAX)));
    if (ready <= 0) return std::size_t{0};
    const int got = sp_nonblocking_read(port_.get(), buffer.data(), buffer.size());
    if (got < 0)
      return fail(ErrorCode::kLinkLost,
                  fmt::format("reading {}: {}", description_, last_error(static_cast<sp_return>(got))));
    if (got == 0 && (wait.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0)
      return fail(ErrorCode::kLinkLost, description_ + " is gone: it was unplugged");
    return static_cast<std::size_t>(got);
  }

  Done write(std::span<const uint8_t> bytes) override {
    if (!port_) return fail(ErrorCode::kLinkLost, description_ + " was closed");
    while (!bytes.empty()) {
      const int written = sp_blocking_write(port_.get(), bytes.data(), bytes.size(), kWriteStallMs);
      if (written < 0) {
        return fail(ErrorCode::kLinkLost,
                    fmt::format("writing {}: {}", description_, last_error(static_cast<sp_return>(written))));
      }
      if (written == 0) {
        return fail(ErrorCode::kTimeout,
                    fmt::format("{} took no bytes for {} ms", description_, kWriteStallMs));
      }
      bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return {};
  }

  void close() override { port_.reset(); }

  Done set_baud(int baud) override {
    if (!port_) return fail(ErrorCode::kLinkLost, description_ + " was closed");
    if (const sp_return drained = sp_drain(port_.get()); drained != SP_OK)
      return fail(ErrorCode::kLinkLost, fmt::format("writing {}: {}", description_, last_error(drained)));
    const sp_return set = sp_set_baudrate(port_.get(), baud);
    if (set == SP_OK) return {};
    return fail(ErrorCode::kBadInput,
                fmt::format("{} cannot run at {} baud: {}", description_, baud, last_error(set)));
  }

  Done set_line(std::string_view line, bool asserted) override {
    if (!port_) return fail(ErrorCode::kLinkLost, description_ + " was closed");
    const sp_return set = line == "dtr" ? sp_set_dtr(port_.get(), asserted ? SP_DTR_ON : SP_DTR_OFF)
                                        : sp_set_rts(port_.get(), asserted ? SP_RTS_ON : SP_RTS_OFF);
    if (set == SP_OK) return {};
    return fail(ErrorCode::kIo, fmt::format("{}: cannot set {}: {}", description_, line, last_error(set)));
  }

  const std::string& description() const override { return description_; }

 private:
  Port port_;
  int descriptor_;  // the port's own
  std::string description_;
};

Result<std::unique_ptr<Link>> configured(Port port, const std::string& name, const base::LinkSpec& spec) {
  sp_port* raw = port.get();
  int descriptor = -1;
  if (sp_get_port_handle(raw, &descriptor) != SP_OK)
    return fail(ErrorCode::kIo, fmt::format("the serial port {} has no descriptor", name));
  // The lock keeps other users of flock (another slmrig, picocom, labgrid) away, the exclusive mode the rest.
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) return taken_by_others(name);
  ::ioctl(descriptor, TIOCEXCL);
  for (const sp_return set :
       {sp_set_baudrate(raw, spec.baud), sp_set_bits(raw, 8), sp_set_parity(raw, SP_PARITY_NONE),
        sp_set_stopbits(raw, 1), sp_set_flowcontrol(raw, SP_FLOWCONTROL_NONE)}) {
    if (set != SP_OK) {
      return fail(ErrorCode::kIo, fmt::format("cannot set up the serial port {} at {} baud: {}", name,
                                              spec.baud, last_error(set)));
    }
  }
  auto link = std::make_unique<SerialLink>(std::move(port), descriptor,
                                           fmt::format("serial port {} at {} baud", name, spec.baud));
  // Opening a port asserts both lines, which holds a board in reset that has one of them wired to it.
  if (!spec.reset_line.empty()) SLMRIG_TRY(link->set_line(spec.reset_line, false));
  sp_flush(raw, SP_BUF_BOTH);
  return link;
}

Result<std::unique_ptr<Link>> open_now(const base::LinkSpec& spec, const HostRoots& roots) {
  SLMRIG_ASSIGN(const std::string device, find_serial_port(spec, roots));
  const std::string name =
      spec.address.empty() ? fmt::format("{} ({})", device, spec.usb_serial) : spec.address;
  sp_port* raw = nullptr;
  if (const sp_return found = sp_get_port_by_name(device.c_str(), &raw); found != SP_OK) {
    return fail(ErrorCode::kBadInput,
                fmt::format("{} cannot be used as a serial port: {}; a pseudo-terminal is a "
                            "link of kind \"tty\"",
                            name, last_error(found)));
  }
  errno = 0;
  if (const sp_return opened = sp_open(raw, SP_MODE_READ_WRITE); opened != SP_OK) {
    const int problem = errno;
    std::string reason = last_error(opened);
    sp_free_port(raw);
    if (problem == EBUSY) return taken_by_others(name);
    if (problem == EACCES) reason += "; `slmrig rig doctor` says how to get the permission";
    const bool may_come = problem == ENOENT || problem == ENODEV || problem == ENXIO || problem == EIO;
    return fail(may_come ? ErrorCode::kLinkLost : ErrorCode::kIo,
                fmt::format("cannot open the serial port {}: {}", name, reason));
  }
  return configured(Port(raw), name, spec);
}

}  // namespace

Result<std::unique_ptr<Link>> open_serial(const base::LinkSpec& spec, int64_t patience_ms,
                                          const HostRoots& roots) {
  constexpr auto kRetryInterval = std::chrono::milliseconds(50);
  const int64_t deadline_ns = base::monotonic_now_ns() + patience_ms * 1'000'000;
  for (;;) {
    auto link = open_now(spec, roots);
    const bool may_come = !link && link.error().code == ErrorCode::kLinkLost;
    if (!may_come || base::monotonic_now_ns() >= deadline_ns) return link;
    std::this_thread::sleep_for(kRetryInterval);
  }
}

}  // namespace slmrig::rig
