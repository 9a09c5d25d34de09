#include "harness/rig/rfc2217_link.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "harness/base/clock.h"
#include "harness/rig/telnet.h"

namespace slmrig::rig {
namespace {

using base::Done;
using base::ErrorCode;
using base::fail;
using base::Result;
using telnet::ComPort;

constexpr int64_t kAnswerMs = 3000;

class Rfc2217Link final : public Link {
 public:
  Rfc2217Link(std::unique_ptr<Link> stream, std::string description)
      : stream_(std::move(stream)), description_(std::move(description)) {}

  Done start(const base::LinkSpec& spec) {
    std::vector<uint8_t> hello;
    const auto say = [&](uint8_t verb, uint8_t which) {
      const auto bytes = telnet::option(verb, which);
      hello.insert(hello.end(), bytes.begin(), bytes.end());
    };
    for (const uint8_t which : {telnet::kBinary, telnet::kSuppressGoAhead}) {
      say(telnet::kWill, which);
      say(telnet::kDo, which);
    }
    say(telnet::kWill, telnet::kComPort);
    SLMRIG_TRY(stream_->write(hello));
    SLMRIG_TRY(await_agreement());
    const uint8_t reset_off = spec.reset_line == "dtr" ? telnet::kDtrOff : telnet::kRtsOff;
    if (!spec.reset_line.empty()) SLMRIG_TRY(ask(ComPort::kSetControl, std::array{reset_off}));
    SLMRIG_TRY(set_baud(spec.baud));
    SLMRIG_TRY(ask(ComPort::kSetDataSize, std::array{uint8_t{8}}));
    SLMRIG_TRY(ask(ComPort::kSetParity, std::array{uint8_t{1}}));
    SLMRIG_TRY(ask(ComPort::kSetStopSize, std::array{uint8_t{1}}));
    SLMRIG_TRY(ask(ComPort::kSetControl, std::array{telnet::kNoFlowControl}));
    received_.clear();  // what lay in the port before it was ours
    return {};
  }

  Result<std::size_t> read(std::span<uint8_t> buffer, int64_t timeout_ms) override {
    if (received_.empty()) SLMRIG_TRY(fill(timeout_ms));
    const std::size_t count = std::min(buffer.size(), received_.size());
    std::copy_n(received_.begin(), count, buffer.begin());
    received_.erase(received_.begin(), received_.begin() + static_cast<std::ptrdiff_t>(count));
    return count;
  }

  Done write(std::span<const uint8_t> bytes) override { return stream_->write(telnet::escaped(bytes)); }
  void close() override { stream_->close(); }
  const std::string& description() const override { return description_; }

  // The server changes once it has written what came before: requests and data share one stream.
  Done set_baud(int baud) override {
    const auto wanted = static_cast<uint32_t>(baud);
    SLMRIG_ASSIGN(const std::vector<uint8_t> value, ask(ComPort::kSetBaudRate, telnet::number(wanted)));
    if (value == telnet::number(wanted)) return {};
    return fail(ErrorCode::kBadInput, fmt::format("{} cannot run at {} baud", description_, baud));
  }

  Done set_line(std::string_view line, bool asserted) override {
    const bool dtr = line == "dtr";
    const uint8_t value =
        dtr ? (asserted ? telnet::kDtrOn : telnet::kDtrOff) : (asserted ? telnet::kRtsOn : telnet::kRtsOff);
    SLMRIG_TRY(ask(ComPort::kSetControl, std::array{value}));
    return {};
  }

 private:
  // Reads once; data is kept, events are noted.
  Done fill(int64_t timeout_ms) {
    std::array<uint8_t, 4096> piece;
    SLMRIG_ASSIGN(const std::size_t got, stream_->read(piece, timeout_ms));
    decoder_.take(std::span(piece).first(got), received_, events_);
    return {};
  }

  // Calls take(event) for what comes until it says true.
  template <typename Take>
  Done await(const std::string& what, const Take& take) {
    const int64_t deadline_ns = base::monotonic_now_ns() + kAnswerMs * 1'000'000;
    for (;;) {
      while (!events_.empty()) {
        const telnet::Event event = std::move(events_.front());
        events_.erase(events_.begin());
        if (take(event)) return {};
      }
      const int64_t left_ms = (deadline_ns - base::monotonic_now_ns()) / 1'000'000;
      if (left_ms <= 0) {
        return fail(ErrorCode::kTimeout,
                    fmt::format("{} did not answer to {} within {} ms; if its server serves a raw port, "
                                "the link is of kind \"tcp\"",
                                description_, what, kAnswerMs));
      }
      SLMRIG_TRY(fill(left_ms));
    }
  }

  Done await_agreement() {
    bool refused = false;
    SLMRIG_TRY(await("the RFC 2217 option", [&](const telnet::Event& event) {
      refused = event.verb == telnet::kDont && event.option == telnet::kComPort;
      return refused || (event.verb == telnet::kDo && event.option == telnet::kComPort);
    }));
    if (!refused) return {};
    return fail(ErrorCode::kUnsupported,
                description_ +
                    " refuses the RFC 2217 option; turn it on in the server (ser2net: "
                    "telnet(rfc2217)), or write kind \"tcp\"");
  }

  Result<std::vector<uint8_t>> ask(ComPort command, std::span<const uint8_t> value) {
    SLMRIG_TRY(stream_->write(telnet::com_port(command, value)));
    std::vector<uint8_t> answer;
    const auto wanted = static_cast<uint8_t>(static_cast<uint8_t>(command) + telnet::kServerOffset);
    SLMRIG_TRY(await(fmt::format("request {} of the port", static_cast<int>(command)),
                     [&](const telnet::Event& event) {
                       if (event.verb != telnet::kSb || event.option != wanted) return false;
                       answer = event.value;
                       return true;
                     }));
    return answer;
  }

  std::unique_ptr<Link> stream_;
  std::string description_;
  telnet::Decoder decoder_;
  std::vector<uint8_t> received_;
  std::vector<telnet::Event> events_;
};

}  // namespace

Result<std::unique_ptr<Link>> start_rfc2217(std::unique_ptr<Link> stream, const base::LinkSpec& spec) {
  auto link = std::make_unique<Rfc2217Link>(std::move(stream), fmt::format("rfc2217 {}", spec.address));
  SLMRIG_TRY(link->start(spec));
  return link;
}

}  // namespace slmrig::rig
