#include "harness/rig/meters/ppk2.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/base/clock.h"
#include "harness/rig/meters/meter_stream.h"
#include "harness/rig/meters/ppk2_decoder.h"
#include "harness/rig/meters/ppk2_protocol.h"
#include "harness/rig/meters/ppk2_tail.h"
#include "harness/rig/meters/stream_check.h"

namespace slmrig::rig {
namespace {

using base::Done;
using base::ErrorCode;
using base::fail;
using base::PowerSamples;
using base::Result;

constexpr int kBaud = 115200;  // cosmetic: it is USB
constexpr int64_t kSilenceMs = 50;
constexpr int64_t kSettleLimitMs = 1000;
constexpr int64_t kAnswerMs = 700;
constexpr int kAsks = 2;
constexpr int64_t kSilentMs = 1500;
constexpr std::size_t kMostSamples = std::size_t{1} << 18U;
constexpr int64_t kMostSenseless = 65536;

// As Nordic's table has them (half-widths of the typical accuracy; resolution); the shunts are the unit's
// own.
std::vector<base::MeterRange> ranges_of(const Ppk2Metadata& metadata) {
  constexpr std::array<const char*, kPpk2Ranges> kNames = {"50 uA", "500 uA", "5 mA", "50 mA", "1 A"};
  constexpr std::array<double, kPpk2Ranges> kHighestUa = {50, 500, 5000, 50'000, 1'000'000};
  constexpr std::array<double, kPpk2Ranges> kGain = {0.10, 0.10, 0.10, 0.10, 0.15};
  constexpr std::array<double, kPpk2Ranges> kResolutionUa = {0.2, 0.5, 5, 50, 1000};
  std::vector<base::MeterRange> ranges;
  for (int i = 0; i < kPpk2Ranges; ++i) {
    const Ppk2Calibration& calibration = metadata.ranges[i];
    ranges.push_back(
        {kNames[i], kHighestUa[i], kGain[i], kResolutionUa[i], calibration.shunt_ohm, calibration.complete});
  }
  return ranges;
}

class Ppk2 final : public Meter {
 public:
  Ppk2(base::MeterSpec spec, MeterPort port)
      : spec_(std::move(spec)),
        stream_(std::make_unique<MeterStream>(std::move(port.link))),
        address_(port.address) {
    facts_.kind = "ppk2";
    facts_.model = port.product.empty() ? "PPK2" : port.product;
    facts_.serial = port.usb_serial;
    facts_.address = port.address;
  }
  ~Ppk2() override { close(); }
  Ppk2(const Ppk2&) = delete;
  Ppk2& operator=(const Ppk2&) = delete;

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
  Result<Ppk2Metadata> ask_metadata();
  Done settle();
  Done apply_mode();
  Result<bool> drain_tail(PowerSamples& block);
  Result<bool> drain_modelled_tail(PowerSamples& block);
  Result<std::optional<MeterBytes>> next_bytes(int64_t timeout_ms);
  Done check_sense() const;
  std::optional<int64_t> expected_load_ohm() const;

  base::MeterSpec spec_;
  std::unique_ptr<MeterStream> stream_;
  std::string address_;
  base::MeterFacts facts_;
  Ppk2Metadata metadata_;
  std::optional<Ppk2Decoder> decoder_;
  int supply_mv_ = 0;
  std::optional<bool> powered_;      // nothing: not ours to say
  std::optional<MeterBytes> first_;  // already taken from the stream
  Ppk2Tail tail_;                    // in modelled time, after stop()
  bool streaming_ = false;
  bool draining_ = false;
  bool silent_ = false;  // surely: nothing was asked for since it said so
  int64_t heard_ns_ = 0;
  int64_t stopped_ns_ = 0;
};

std::string printable(const std::string& bytes) {
  constexpr std::size_t kMost = 40;
  std::string text;
  for (const char c : bytes.substr(0, kMost)) text += c >= ' ' && c <= '~' ? c : '.';
  return text;
}

Result<Ppk2Metadata> Ppk2::ask_metadata() {
  std::string received;
  for (int ask = 0; ask < kAsks; ++ask) {
    received.clear();
    SLMRIG_TRY(stream_->write(ppk2_command(Ppk2Opcode::kMetadata)));
    const int64_t deadline_ns = base::monotonic_now_ns() + kAnswerMs * 1'000'000;
    for (;;) {
      const int64_t left_ms = (deadline_ns - base::monotonic_now_ns()) / 1'000'000;
      if (left_ms <= 0) break;
      SLMRIG_ASSIGN(const std::optional<MeterBytes> got, stream_->next(left_ms));
      if (!got) break;
      received.append(got->bytes.begin(), got->bytes.end());
      if (auto metadata = parse_ppk2_metadata(received)) return *metadata;
    }
  }
  return fail(
      ErrorCode::kBadInput,
      fmt::format("{} is not the measuring port of a PPK2: asked {} times for its calibration, it sent {} "
                  "bytes without an end{}; of the two ports of a PPK2 name the one whose by-id name has "
                  "the lower -ifNN",
                  address_, kAsks, received.size(),
                  received.empty() ? "" : " (\"" + printable(received) + "\")"));
}

// It may still stream for somebody who was killed.
Done Ppk2::settle() {
  SLMRIG_TRY(stream_->write(ppk2_command(Ppk2Opcode::kStop)));
  return stream_->drain(kSilenceMs, kSettleLimitMs);
}

Done Ppk2::prepare() {
  if (const Done settled = settle(); !settled) {
    base::Error error = settled.error();
    if (error.code == ErrorCode::kTimeout) error.code = ErrorCode::kBadInput;
    return tl::unexpected(base::within("a PPK2 was expected", std::move(error)));
  }
  SLMRIG_ASSIGN(metadata_, ask_metadata());
  supply_mv_ = spec_.voltage_mv > 0 ? spec_.voltage_mv : metadata_.vdd_mv;
  facts_.sample_rate_hz = kPpk2SampleRateHz;
  facts_.ranges = ranges_of(metadata_);
  facts_.marker_lines = kPpk2Lines;
  SLMRIG_TRY(apply_mode());
  const bool source = metadata_.mode == static_cast<int>(Ppk2Mode::kSource);
  facts_.sources = source;
  // Nobody states how far the regulator is off; 1 % is what its kind does.
  facts_.voltage_half_width = 0.01;
  facts_.settings["mode"] = source ? "source" : "ampere";
  facts_.settings["voltage_mv"] = fmt::format("{}", supply_mv_);
  facts_.settings["voltage_half_width"] = "assumed, not stated by the maker";
  facts_.settings["hardware_id"] = fmt::format("{}", metadata_.hardware);
  if (!metadata_.missing.empty())
    facts_.settings["calibration_missing"] = fmt::format("{}", fmt::join(metadata_.missing, " "));
  for (int range = 0; range < kPpk2Ranges; ++range) {
    const double gain = metadata_.ranges[range].user_gain;
    if (gain != 1) facts_.settings[fmt::format("user_gain_{}", range)] = fmt::format("{}", gain);
  }
  decoder_.emplace(metadata_, supply_mv_ / 1000.0);
  return {};
}

Done Ppk2::apply_mode() {
  if (spec_.mode.empty()) return {};
  const Ppk2Mode mode = spec_.mode == "source" ? Ppk2Mode::kSource : Ppk2Mode::kAmpere;
  if (mode == Ppk2Mode::kSource && spec_.voltage_mv == 0) {
    return fail(ErrorCode::kBadInput,
                "a PPK2 that feeds the board (\"mode\": \"source\") must be told its \"voltage_mv\"");
  }
  if (metadata_.mode != static_cast<int>(mode)) {
    // Not over a board that is fed: its supply would change under it.
    if (mode == Ppk2Mode::kSource) SLMRIG_TRY(stream_->write(ppk2_power(false)));
    SLMRIG_TRY(stream_->write(ppk2_mode(mode)));
    metadata_.mode = static_cast<int>(mode);
  }
  if (mode == Ppk2Mode::kSource) {
    facts_.sources = true;
    SLMRIG_TRY(set_voltage(spec_.voltage_mv));
  }
  return set_power(spec_.leave_powered);
}

Done Ppk2::set_voltage(int millivolts) {
  if (!facts_.sources) {
    return fail(
        ErrorCode::kUnsupported,
        fmt::format("the PPK2 {} measures amperes in the board's own supply and makes no voltage", address_));
  }
  if (millivolts < kPpk2LowestMv || millivolts > kPpk2HighestMv) {
    return fail(ErrorCode::kBadInput,
                fmt::format("a PPK2 makes {} to {} mV; {} mV were asked for, and nothing was changed",
                            kPpk2LowestMv, kPpk2HighestMv, millivolts));
  }
  SLMRIG_TRY(stream_->write(ppk2_regulator(millivolts)));
  supply_mv_ = millivolts;
  facts_.settings["voltage_mv"] = fmt::format("{}", supply_mv_);
  if (decoder_) decoder_->set_supply(supply_mv_ / 1000.0);
  return {};
}

Done Ppk2::set_power(bool on) {
  SLMRIG_TRY(stream_->write(ppk2_power(on)));
  powered_ = on;
  return {};
}

Done Ppk2::start() {
  if (!silent_) SLMRIG_TRY(settle());
  silent_ = false;
  decoder_->restart();
  SLMRIG_TRY(stream_->write(ppk2_command(Ppk2Opcode::kStart)));
  streaming_ = true;
  draining_ = false;
  first_.reset();
  heard_ns_ = base::monotonic_now_ns();
  if (!spec_.modelled_clock) return {};
  // Commands are not acknowledged. One that samples in modelled time sends a sample at once, so that the
  // board does not begin before it.
  SLMRIG_ASSIGN(first_, stream_->next(kSilentMs));
  if (first_) return {};
  return fail(ErrorCode::kTimeout,
              fmt::format("{} was told to stream and sent no sample for {} ms; is it one "
                          "that samples in modelled time (\"modelled_clock\")?",
                          address_, kSilentMs));
}

Result<std::optional<MeterBytes>> Ppk2::next_bytes(int64_t timeout_ms) {
  if (first_) return std::exchange(first_, std::nullopt);
  return stream_->next(timeout_ms);
}

Done Ppk2::check_sense() const {
  if (decoder_->senseless_bytes() <= kMostSenseless) return {};
  return fail(
      ErrorCode::kCorrupt,
      fmt::format("{} streams what are no samples of a PPK2: {} bytes in which no counter runs; is it "
                  "another device, or another program on its port?",
                  address_, decoder_->senseless_bytes()));
}

Result<bool> Ppk2::read(PowerSamples& block, int64_t timeout_ms) {
  clear(block);
  if (draining_) return spec_.modelled_clock ? drain_modelled_tail(block) : drain_tail(block);
  if (!streaming_) return false;
  const int64_t deadline_ns = base::monotonic_now_ns() + timeout_ms * 1'000'000;
  int64_t wait_ms = timeout_ms;
  while (block.current_ua.size() < kMostSamples) {
    SLMRIG_ASSIGN(const std::optional<MeterBytes> got, next_bytes(wait_ms));
    const int64_t now_ns = base::monotonic_now_ns();
    if (!got) {
      if (!block.current_ua.empty()) break;
      if (!spec_.modelled_clock && now_ns - heard_ns_ > kSilentMs * 1'000'000) {
        return fail(ErrorCode::kTimeout,
                    fmt::format("{} sent nothing for {} ms while it should stream: plug it anew", address_,
                                (now_ns - heard_ns_) / 1'000'000));
      }
      if (now_ns >= deadline_ns) return false;
      wait_ms = std::max<int64_t>(1, (deadline_ns - now_ns) / 1'000'000);
      continue;
    }
    heard_ns_ = now_ns;
    block.received_ns = got->received_ns;
    if (got->lost_before > 0) decoder_->skip(got->lost_before);
    decoder_->feed(got->bytes, block);
    SLMRIG_TRY(check_sense());
    // What is there already is taken along; nothing further is waited for.
    if (!block.current_ua.empty()) wait_ms = 0;
  }
  return true;
}

Result<bool> Ppk2::drain_tail(PowerSamples& block) {
  while (block.current_ua.size() < kMostSamples) {
    SLMRIG_ASSIGN(const std::optional<MeterBytes> got, next_bytes(kSilenceMs));
    if (!got) {
      decoder_->finish(block);
      draining_ = false;
      break;
    }
    block.received_ns = got->received_ns;
    if (got->lost_before > 0) decoder_->skip(got->lost_before);
    decoder_->feed(got->bytes, block);
    if (got->received_ns - stopped_ns_ > kSettleLimitMs * 1'000'000) {
      draining_ = false;
      return fail(ErrorCode::kDeviceFault,
                  fmt::format("{} goes on streaming {} ms after it was told to stop: plug it anew", address_,
                              kSettleLimitMs));
    }
  }
  return !block.current_ua.empty();
}

// Silence says little of modelled time, which comes in bursts: it was asked for its calibration behind the
// stop, and what comes before the answer is the rest of its samples.
Result<bool> Ppk2::drain_modelled_tail(PowerSamples& block) {
  while (block.current_ua.size() < kMostSamples) {
    SLMRIG_ASSIGN(const std::optional<MeterBytes> got, next_bytes(kSilentMs));
    if (!got) {
      draining_ = false;
      return fail(ErrorCode::kTimeout,
                  fmt::format("{} was told to stop and did not answer for {} ms: samples may be missing",
                              address_, kSilentMs));
    }
    block.received_ns = got->received_ns;
    if (got->lost_before > 0) decoder_->skip(got->lost_before);
    decoder_->feed(tail_.samples_of(got->bytes), block);
    if (!tail_.has_ended()) continue;
    decoder_->finish(block);
    draining_ = false;
    silent_ = true;
    break;
  }
  return !block.current_ua.empty();
}

Done Ppk2::stop() {
  if (!streaming_) return {};
  streaming_ = false;
  draining_ = true;
  stopped_ns_ = base::monotonic_now_ns();
  tail_ = {};
  SLMRIG_TRY(stream_->write(ppk2_command(Ppk2Opcode::kStop)));
  return spec_.modelled_clock ? stream_->write(ppk2_command(Ppk2Opcode::kMetadata)) : Done{};
}

void Ppk2::close() {
  if (!stream_) return;
  // The port may be gone, and then nobody can be told anything.
  if (streaming_) static_cast<void>(stop());
  if (!spec_.mode.empty()) static_cast<void>(set_power(spec_.leave_powered));
  stream_.reset();
}

std::optional<int64_t> Ppk2::expected_load_ohm() const {
  const auto found = spec_.settings.find("known_load_ohm");
  if (found == spec_.settings.end()) return std::nullopt;
  return std::strtoll(found->second.c_str(), nullptr, 10);
}

Result<std::vector<MeterCheck>> Ppk2::self_check() {
  std::vector<MeterCheck> checks;
  checks.push_back({"calibration", metadata_.missing.empty(),
                    metadata_.missing.empty()
                        ? std::string("all constants of its five ranges were told")
                        : fmt::format("not told, so that their ranges are not calibrated: {}",
                                      fmt::join(metadata_.missing, " "))});
  if (spec_.modelled_clock) {
    checks.push_back({"rate", true, "it samples in modelled time, which has no rate by the host's clock"});
    return checks;
  }
  SLMRIG_ASSIGN(const StreamSummary seen, watch_stream(*this, kCheckStreamMs));
  checks.push_back(check_rate(seen, facts_.sample_rate_hz));
  checks.push_back(check_losses(seen));
  if (powered_ == false) checks.push_back(check_zero(seen, facts_.ranges.front()));
  checks.push_back(check_lines(seen, spec_));
  if (const auto ohm = expected_load_ohm(); ohm && powered_ != false && *ohm > 0)
    checks.push_back(check_load(seen, 1000.0 * supply_mv_ / static_cast<double>(*ohm), facts_));
  return checks;
}

}  // namespace

MeterUsb ppk2_usb() { return {0x1915, 0xC00A, "Nordic Power Profiler Kit II", ""}; }

Result<std::unique_ptr<Meter>> open_ppk2(const base::MeterSpec& spec, const HostRoots& roots) {
  SLMRIG_ASSIGN(MeterPort port, open_meter_port(spec, ppk2_usb(), kBaud, roots));
  auto meter = std::make_unique<Ppk2>(spec, std::move(port));
  SLMRIG_TRY(meter->prepare());
  return meter;
}

}  // namespace slmrig::rig
