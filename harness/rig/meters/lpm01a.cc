#include "harness/rig/meters/lpm01a.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "harness/base/clock.h"
#include "harness/base/suggest.h"
#include "harness/rig/meters/lpm01a_decoder.h"
#include "harness/rig/meters/meter_stream.h"
#include "harness/rig/meters/stream_check.h"

namespace slmrig::rig {
namespace {

using base::Done;
using base::ErrorCode;
using base::fail;
using base::PowerSamples;
using base::Result;

constexpr int kBaud = 3'686'400;
constexpr int kLowestMv = 1800;
constexpr int kHighestMv = 3300;
constexpr int64_t kSilenceMs = 150;
constexpr int64_t kSettleLimitMs = 3000;
constexpr int64_t kAnswerMs = 3000;  // a change of voltage recalibrates
constexpr int64_t kSilentMs = 3000;
constexpr std::size_t kMostSamples = std::size_t{1} << 17U;
constexpr int kFastestText = 5000;

const std::map<std::string, std::string>& rates() {
  static const std::map<std::string, std::string> kRates = {
      {"1000", "1k"},   {"2000", "2k"},   {"5000", "5k"},    {"10000", "10k"},
      {"20000", "20k"}, {"50000", "50k"}, {"100000", "100k"}};
  return kRates;
}

std::string setting(const base::MeterSpec& spec, const std::string& name, const std::string& fallback) {
  const auto found = spec.settings.find(name);
  return found == spec.settings.end() ? fallback : found->second;
}

class Lpm01a final : public Meter {
 public:
  Lpm01a(base::MeterSpec spec, MeterPort port)
      : spec_(std::move(spec)),
        stream_(std::make_unique<MeterStream>(std::move(port.link))),
        format_(setting(spec_, "format", "bin_hexa")),
        decoder_(format_ == "bin_hexa") {
    facts_.kind = "lpm01a";
    facts_.model = "X-NUCLEO-LPM01A";
    facts_.serial = port.usb_serial;
    facts_.address = port.address;
  }
  ~Lpm01a() override { close(); }
  Lpm01a(const Lpm01a&) = delete;
  Lpm01a& operator=(const Lpm01a&) = delete;

  Done prepare();

  const base::MeterFacts& facts() const override { return facts_; }
  Result<std::vector<MeterCheck>> self_check() override;
  Done set_voltage(int millivolts) override;
  Done set_power(bool on) override;
  Done start() override;
  Result<bool> read(PowerSamples& block, int64_t timeout_ms) override;
  Done stop() override;
  void close() override;

 private:
  // Sends a line and returns the answer's text; kDeviceFault where it is an error.
  Result<std::string> command(const std::string& line);
  Done configure(const std::string& rate);
  Done send(const std::string& line);

  base::MeterSpec spec_;
  std::unique_ptr<MeterStream> stream_;
  std::string format_;
  Lpm01aDecoder decoder_;
  base::MeterFacts facts_;
  std::optional<bool> powered_;
  bool streaming_ = false;
  bool draining_ = false;
  int64_t heard_ns_ = 0;
};

Done Lpm01a::send(const std::string& line) {
  const std::string text = line + "\n";
  return stream_->write(std::span(reinterpret_cast<const uint8_t*>(text.data()), text.size()));
}

Result<std::string> Lpm01a::command(const std::string& line) {
  SLMRIG_TRY(send(line));
  const int64_t deadline_ns = base::monotonic_now_ns() + kAnswerMs * 1'000'000;
  std::string answer;
  for (;;) {
    const int64_t left_ms = (deadline_ns - base::monotonic_now_ns()) / 1'000'000;
    if (left_ms <= 0) break;
    SLMRIG_ASSIGN(const std::optional<MeterBytes> got, stream_->next(left_ms));
    if (!got) break;
    for (const uint8_t byte : got->bytes) {
      if (byte != 0) answer += static_cast<char>(byte);
    }
    for (const char* bad : {"> error", "> err "}) {
      const std::size_t at = answer.find(bad);
      if (at == std::string::npos || answer.find('\n', at) == std::string::npos) continue;
      return fail(ErrorCode::kDeviceFault,
                  fmt::format("{} refused '{}': {}", facts_.address, line,
                              answer.substr(at + 2, answer.find('\n', at) - at - 2)));
    }
    const std::size_t ack = answer.find("> ack");
    if (ack != std::string::npos && answer.find('\n', ack) != std::string::npos)
      return answer.substr(ack + 2);
  }
  return fail(ErrorCode::kBadInput,
              fmt::format("{} is no LPM01A: '{}' was not acknowledged within {} ms ({} bytes came)",
                          facts_.address, line, kAnswerMs, answer.size()));
}

Done Lpm01a::configure(const std::string& rate) {
  for (const std::string& line :
       {std::string("acqmode dyn"), std::string("output current"), "format " + format_, "freq " + rate,
        std::string("acqtime inf"), std::string("trigdelay 0"), std::string("trigsrc sw")}) {
    SLMRIG_TRY(command(line));
  }
  // Not in older firmware, and not needed without markers.
  const auto events = command("eventsrc d7 fal");
  facts_.marker_lines = events ? 1 : 0;
  return events || events.error().code == ErrorCode::kDeviceFault ? Done{} : tl::unexpected(events.error());
}

Done Lpm01a::prepare() {
  const std::string rate_hz = setting(spec_, "rate_hz", "10000");
  const auto rate = rates().find(rate_hz);
  if (rate == rates().end())
    return fail(ErrorCode::kBadInput,
                fmt::format("rate_hz is '{}', which an LPM01A cannot sample at", rate_hz));
  if (format_ != "bin_hexa" && format_ != "ascii_dec")
    return fail(ErrorCode::kBadInput, base::unknown_name("format", format_, {"bin_hexa", "ascii_dec"}));
  facts_.sample_rate_hz = std::stod(rate_hz);
  if (format_ == "ascii_dec" && facts_.sample_rate_hz > kFastestText)
    return fail(ErrorCode::kBadInput,
                fmt::format("ascii_dec goes up to {} Hz; rate_hz is {}", kFastestText, rate_hz));
  if (spec_.mode == "ampere")
    return fail(ErrorCode::kUnsupported, "an LPM01A always feeds the board: \"mode\" is \"source\"");
  // A stream that somebody left running would swallow the first command.
  SLMRIG_TRY(send("stop"));
  SLMRIG_TRY(send("hrc"));
  SLMRIG_TRY(stream_->drain(kSilenceMs, kSettleLimitMs));
  SLMRIG_TRY(command("htc"));
  if (const auto version = command("version")) {
    facts_.version = version->substr(0, version->find_first_of("\r\n"));
    facts_.version.erase(0, std::min(facts_.version.size(), facts_.version.find(':') + 2));
  }
  SLMRIG_TRY(configure(rate->second));
  // The maker's accuracy was not at hand; the quantisation of the binary form is 0.2 %.
  facts_.ranges = {{"dynamic", 50'000, 0.02, 0.1, 0, true}};
  facts_.voltage_half_width = 0.01;
  facts_.sources = true;
  facts_.settings = {{"format", format_}, {"rate_hz", rate_hz}, {"gain_half_width", "assumed"}};
  if (spec_.voltage_mv > 0) facts_.settings["voltage_mv"] = fmt::format("{}", spec_.voltage_mv);
  if (spec_.mode.empty()) return {};
  if (spec_.voltage_mv == 0)
    return fail(ErrorCode::kBadInput, "an LPM01A that feeds the board must be told its \"voltage_mv\"");
  SLMRIG_TRY(set_voltage(spec_.voltage_mv));
  return set_power(spec_.leave_powered);
}

Done Lpm01a::set_voltage(int millivolts) {
  if (millivolts < kLowestMv || millivolts > kHighestMv) {
    return fail(ErrorCode::kBadInput,
                fmt::format("an LPM01A makes {} to {} mV; {} mV were asked for, and nothing was changed",
                            kLowestMv, kHighestMv, millivolts));
  }
  SLMRIG_TRY(command(fmt::format("volt {}m", millivolts)));
  facts_.settings["voltage_mv"] = fmt::format("{}", millivolts);
  return {};
}

Done Lpm01a::set_power(bool on) {
  // While it streams, its answer would be among the samples.
  if (streaming_) SLMRIG_TRY(send(on ? "pwr on nostatus" : "pwr off nostatus"));
  if (!streaming_) SLMRIG_TRY(command(on ? "pwr on nostatus" : "pwr off nostatus"));
  powered_ = on;
  return {};
}

Done Lpm01a::start() {
  decoder_.restart();
  SLMRIG_TRY(stream_->drain(kSilenceMs, kSettleLimitMs));
  SLMRIG_TRY(send("start"));
  streaming_ = true;
  draining_ = false;
  heard_ns_ = base::monotonic_now_ns();
  return {};
}

Result<bool> Lpm01a::read(PowerSamples& block, int64_t timeout_ms) {
  clear(block);
  if (!streaming_ && !draining_) return false;
  // What came before it was handed out by the read that met it.
  if (streaming_ && !decoder_.error().empty())
    return fail(ErrorCode::kDeviceFault, fmt::format("{}: {}", facts_.address, decoder_.error()));
  const int64_t deadline_ns =
      base::monotonic_now_ns() + (draining_ ? kSettleLimitMs : timeout_ms) * 1'000'000;
  int64_t wait_ms = draining_ ? kSilenceMs : timeout_ms;
  while (block.current_ua.size() < kMostSamples) {
    SLMRIG_ASSIGN(const std::optional<MeterBytes> got, stream_->next(wait_ms));
    if (!got) break;
    block.received_ns = got->received_ns;
    decoder_.feed(got->bytes, block);
    if (!block.current_ua.empty() && !draining_) wait_ms = 0;
    // Bytes that never become samples must not keep us here.
    if (base::monotonic_now_ns() >= deadline_ns) break;
  }
  if (!block.current_ua.empty()) {
    heard_ns_ = block.received_ns;
    return true;
  }
  if (draining_) {
    draining_ = false;
  } else if (base::monotonic_now_ns() - heard_ns_ > kSilentMs * 1'000'000) {
    return fail(ErrorCode::kTimeout,
                fmt::format("{} sent no sample for {} ms while it should stream", facts_.address, kSilentMs));
  }
  return false;
}

Done Lpm01a::stop() {
  if (!streaming_) return {};
  streaming_ = false;
  draining_ = true;
  return send("stop");
}

void Lpm01a::close() {
  if (!stream_) return;
  // The port may be gone, and then nobody can be told anything.
  if (streaming_) static_cast<void>(stop());
  if (!spec_.mode.empty())
    static_cast<void>(send(spec_.leave_powered ? "pwr on nostatus" : "pwr off nostatus"));
  static_cast<void>(send("hrc"));
  stream_.reset();
}

Result<std::vector<MeterCheck>> Lpm01a::self_check() {
  SLMRIG_ASSIGN(const StreamSummary seen, watch_stream(*this, kCheckStreamMs));
  std::vector<MeterCheck> checks = {check_rate(seen, facts_.sample_rate_hz), check_losses(seen)};
  if (powered_ == false) checks.push_back(check_zero(seen, facts_.ranges.front()));
  return checks;
}

}  // namespace

MeterUsb lpm01a_usb() { return {0x0483, 0x5740, "X-NUCLEO-LPM01A", "PowerShield"}; }

Result<std::unique_ptr<Meter>> open_lpm01a(const base::MeterSpec& spec, const HostRoots& roots) {
  SLMRIG_ASSIGN(MeterPort port, open_meter_port(spec, lpm01a_usb(), kBaud, roots));
  auto meter = std::make_unique<Lpm01a>(spec, std::move(port));
  SLMRIG_TRY(meter->prepare());
  return meter;
}

}  // namespace slmrig::rig
