#include "harness/rig/serial_link.h"

#include <libserialport.h>

#include <algorithm>
#include <climits>
#include <filesystem>

#include <fmt/format.h>

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

class SerialLink final : public Link {
 public:
  SerialLink(Port port, std::string description)
      : port_(std::move(port)), description_(std::move(description)) {}

  Result<std::size_t> read(std::span<uint8_t> buffer, int64_t timeout_ms) override {
    if (!port_) return fail(ErrorCode::kLinkLost, description_ + " was closed");
    // A timeout of 0 means "for ever" to libserialport.
    const auto limit_ms = static_cast<unsigned>(std::clamp<int64_t>(timeout_ms, 1, INT_MAX));
    const sp_return got = sp_blocking_read_next(port_.get(), buffer.data(), buffer.size(), limit_ms);
    if (got < 0)
      return fail(ErrorCode::kLinkLost, fmt::format("reading {}: {}", description_, last_error(got)));
    return static_cast<std::size_t>(got);
  }

  Done write(std::span<const uint8_t> bytes) override {
    if (!port_) return fail(ErrorCode::kLinkLost, description_ + " was closed");
    while (!bytes.empty()) {
      const sp_return written = sp_blocking_write(port_.get(), bytes.data(), bytes.size(), kWriteStallMs);
      if (written < 0) {
        return fail(ErrorCode::kLinkLost, fmt::format("writing {}: {}", description_, last_error(written)));
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
  const std::string& description() const override { return description_; }

 private:
  Port port_;
  std::string description_;
};

}  // namespace

Result<std::unique_ptr<Link>> open_serial(const std::string& address, int baud) {
  // libserialport looks the name up under /sys/class/tty, where by-id names do not occur.
  std::error_code missing;
  const std::filesystem::path device = std::filesystem::canonical(address, missing);
  if (missing) {
    return fail(ErrorCode::kBadInput,
                fmt::format("no serial port {}: {}; is the board plugged in?", address, missing.message()));
  }
  sp_port* raw = nullptr;
  if (const sp_return found = sp_get_port_by_name(device.c_str(), &raw); found != SP_OK) {
    return fail(ErrorCode::kBadInput,
                fmt::format("{} cannot be used as a serial port: {}; a pseudo-terminal is a "
                            "link of kind \"tty\"",
                            address, last_error(found)));
  }
  if (const sp_return opened = sp_open(raw, SP_MODE_READ_WRITE); opened != SP_OK) {
    std::string reason = last_error(opened);
    sp_free_port(raw);
    return fail(ErrorCode::kIo, fmt::format("cannot open the serial port {}: {}", address, reason));
  }
  Port port(raw);
  for (const sp_return set :
       {sp_set_baudrate(raw, baud), sp_set_bits(raw, 8), sp_set_parity(raw, SP_PARITY_NONE),
        sp_set_stopbits(raw, 1), sp_set_flowcontrol(raw, SP_FLOWCONTROL_NONE), sp_flush(raw, SP_BUF_BOTH)}) {
    if (set != SP_OK) {
      return fail(ErrorCode::kIo,
                  fmt::format("cannot set up the serial port {}: {}", address, last_error(set)));
    }
  }
  return std::make_unique<SerialLink>(std::move(port),
                                      fmt::format("serial port {} at {} baud", address, baud));
}

}  // namespace slmrig::rig
