#include "harness/rigsim/ppk2/ppk2_device.h"

#include <algorithm>

#include <fmt/format.h>

namespace slmrig::rigsim {
namespace {

constexpr int64_t kMs = 1'000'000;
constexpr int64_t kPowerFallsNs = 500 * kMs;
constexpr int64_t kPieceGapNs = 60 * kMs;
constexpr int kSupplyModeSource = 2;

// With the opcode, so that commands written together are told apart; unknown ones are one byte.
std::size_t command_bytes(uint8_t opcode) {
  switch (opcode) {
    case 0x01:
    case 0x0D: return 3;
    case 0x02:
    case 0x03:
    case 0x04:
    case 0x08:
    case 0x0C:
    case 0x0E:
    case 0x0F:
    case 0x11: return 2;
    case 0x12:
    case 0x25: return 6;
    default: return 1;
  }
}

}  // namespace

Ppk2Device::Ppk2Device(const Ppk2DeviceOptions& options, const Ppk2Constants& constants, SampleSource& source)
    : source_(source),
      constants_(constants),
      settings_(options.settings),
      sampler_(constants, options.imperfections),
      buffer_bytes_(options.buffer_bytes),
      powered_(options.powered),
      power_stays_(options.power_stays) {
  sampler_.set_supply(settings_.vdd_mv / 1000.0);
}

void Ppk2Device::receive(std::span<const uint8_t> bytes, int64_t now_ns) {
  if (bytes.empty()) return;
  if (faults_.has("shell")) {
    const std::string prompt = "\r\nuart:~$ ";
    output_.insert(output_.end(), bytes.begin(), bytes.end());
    output_.insert(output_.end(), prompt.begin(), prompt.end());
    return;
  }
  input_.insert(input_.end(), bytes.begin(), bytes.end());
  while (!input_.empty()) {
    const std::size_t length = command_bytes(input_.front());
    if (input_.size() < length) return;
    obey(std::span(input_).first(length), now_ns);
    input_.erase(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(length));
  }
}

void Ppk2Device::obey(std::span<const uint8_t> command, int64_t now_ns) {
  switch (command[0]) {
    case 0x06: start(now_ns); break;
    case 0x07:
      stopping_ = streaming_;
      stop_ns_ = now_ns + static_cast<int64_t>(faults_.number("tail") * kMs);
      break;
    case 0x0C: powered_ = command[1] == 1; break;
    case 0x0D:
      settings_.vdd_mv = command[1] << 8 | command[2];
      sampler_.set_supply(settings_.vdd_mv / 1000.0);
      break;
    case 0x11: settings_.mode = command[1] == 1 ? 1 : kSupplyModeSource; break;
    case 0x19: answer_metadata(now_ns); break;
    case 0x20: streaming_ = false; break;
    default: break;
  }
}

void Ppk2Device::answer_metadata(int64_t now_ns) {
  if (faults_.has("metadata-none")) return;
  std::string text(static_cast<std::size_t>(faults_.number("junk")), '\0');
  for (std::size_t i = 0; i + 4 <= text.size(); i += 4) {
    const uint32_t word = sampler_.sample(12'000, 0);
    for (std::size_t k = 0; k < 4; ++k) text[i + k] = static_cast<char>(word >> 8 * k);
  }
  text += ppk2_metadata(constants_, settings_, faults_.values("missing"), faults_.values("nan"));
  if (!faults_.has("metadata-split")) {
    later_.emplace_back(now_ns, text);
    return;
  }
  const std::size_t third = text.size() / 3;
  later_.emplace_back(now_ns, text.substr(0, third));
  later_.emplace_back(now_ns + kPieceGapNs, text.substr(third, third));
  later_.emplace_back(now_ns + 2 * kPieceGapNs, text.substr(2 * third));
}

void Ppk2Device::start(int64_t now_ns) {
  streaming_ = true;
  stopping_ = false;
  samples_ = 0;
  dropped_ = 0;
  source_.stream_started(now_ns);
}

void Ppk2Device::send_later(int64_t now_ns) {
  std::erase_if(later_, [&](const auto& piece) {
    if (piece.first > now_ns) return false;
    output_.insert(output_.end(), piece.second.begin(), piece.second.end());
    return true;
  });
}

void Ppk2Device::advance(int64_t now_ns) {
  if (!host_there_ && !power_stays_ && now_ns - gone_ns_ >= kPowerFallsNs) powered_ = false;
  if (streaming_) stream(now_ns);
  // One that cannot lose samples answers behind those that it has.
  if (!streaming_ || !source_.owes()) send_later(now_ns);
}

void Ppk2Device::stream(int64_t now_ns) {
  const bool waits_for_host = !source_.may_lose();
  const std::size_t room = output_.size() < buffer_bytes_ ? (buffer_bytes_ - output_.size()) / 4 : 0;
  constexpr std::size_t kMostAtOnce = 1U << 16U;
  due_.clear();
  source_.take_due(now_ns, waits_for_host ? room : kMostAtOnce, &due_);
  for (const DueSample& sample : due_) emit(sample);
  const bool ends = stopping_ && now_ns >= stop_ns_ && !source_.owes();
  if (ends && !faults_.has("deaf")) streaming_ = stopping_ = false;
}

void Ppk2Device::emit(const DueSample& sample) {
  const uint32_t word = sampler_.sample(powered_ ? sample.current_ua : 0, sample.lines);
  Ppk2Fault due;
  if (faults_.any_due(samples_) && faults_.take_due(samples_, &due)) {
    do_wrong(due, word);
  } else if (faults_.has("rubbish")) {
    emit_word(word * 2654435761U ^ word << 7U);
  } else if (!faults_.has("silent")) {
    emit_word(word);
  }
  ++samples_;
}

void Ppk2Device::emit_word(uint32_t word) {
  if (output_.size() + 4 > buffer_bytes_) {
    ++dropped_;
    return;
  }
  for (unsigned i = 0; i < 4; ++i) output_.push_back(static_cast<uint8_t>(word >> 8 * i));
}

void Ppk2Device::do_wrong(const Ppk2Fault& fault, uint32_t word) {
  uint32_t value = 0;
  for (const char c : fault.value) value = value * 10 + static_cast<uint32_t>(c - '0');
  if (fault.kind == "counter-skip") {
    // This one is sent, and the clock goes on over the next ones.
    emit_word(word);
    sampler_.skip(value);
    samples_ += value;
  } else if (fault.kind == "drop-bytes") {
    emit_word(word);
    output_.resize(output_.size() - std::min<std::size_t>(value, output_.size()));
  } else if (fault.kind == "range") {
    emit_word((word & ~(7U << 14U)) | value << 14U);
  } else if (fault.kind == "odd-counter") {
    emit_word(word ^ 9U << 18U);
  } else if (fault.kind == "saturate") {
    emit_word(word | 0x3FFFU);
  } else if (fault.kind == "unplug" || fault.kind == "replug") {
    unplug_ = true;
    away_ns_ = fault.kind == "replug" ? int64_t{value} * kMs : 0;
  }
}

// Mode and voltage are in its EEPROM; the board's power falls with its own.
void Ppk2Device::plug_in() {
  unplug_ = streaming_ = stopping_ = powered_ = false;
  input_.clear();
  output_.clear();
  later_.clear();
}

void Ppk2Device::host_is_there(bool there, int64_t now_ns) {
  if (host_there_ && !there) gone_ns_ = now_ns;
  host_there_ = there;
}

std::string Ppk2Device::state_text() const {
  return fmt::format("power={} mode={} voltage_mv={} streaming={} samples={} dropped={}",
                     powered_ ? "on" : "off", settings_.mode == 1 ? "ampere" : "source", settings_.vdd_mv,
                     streaming_ ? "yes" : "no", samples_, dropped_);
}

}  // namespace slmrig::rigsim
