#include "harness/rigsim/probe/emulated_board.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "harness/base/file.h"

namespace slmrig::rigsim {
namespace {

namespace fs = std::filesystem;
using base::Done;
using base::ErrorCode;
using base::fail;
using base::Result;

constexpr int64_t kStartAttempts = 500;
constexpr int64_t kAttemptMs = 20;
constexpr std::size_t kPieceBytes = 65536;
constexpr uint8_t kErased = 0xFF;
constexpr std::size_t kStubProgramStatus = 25;  // number of xPSR in QEMU's description of an M-profile core

std::string hex(std::string_view text) {
  std::string digits;
  for (const char c : text) digits += fmt::format("{:02x}", static_cast<uint8_t>(c));
  return digits;
}

std::size_t stub_number(std::size_t index) { return index == kProgramStatus ? kStubProgramStatus : index; }

// The stub writes registers as bytes in the order of memory.
uint32_t swapped(uint32_t value) { return __builtin_bswap32(value); }

Result<uint32_t> register_value(const std::string& answer) {
  uint32_t value = 0;
  const auto [end, problem] = std::from_chars(answer.data(), answer.data() + answer.size(), value, 16);
  if (problem != std::errc() || answer.size() != 8 || end != answer.data() + answer.size()) {
    return fail(ErrorCode::kDeviceFault,
                fmt::format("the emulator's debug stub read a register as '{}'", answer));
  }
  return swapped(value);
}

std::string breakpoint_packet(char action, uint32_t address) {
  constexpr int kThumbBytes = 2;
  return fmt::format("{}0,{:x},{}", action, address, kThumbBytes);
}

// What the emulator said last; never waits.
std::string last_words(const base::ChildProcess& process) {
  ::fcntl(process.errors(), F_SETFL, ::fcntl(process.errors(), F_GETFL) | O_NONBLOCK);
  std::string words(4096, '\0');
  const ssize_t got = ::read(process.errors(), words.data(), words.size());
  words.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  while (!words.empty() && words.back() == '\n') words.pop_back();
  return words;
}

}  // namespace

Result<std::unique_ptr<EmulatedBoard>> EmulatedBoard::start(const EmulatedBoardOptions& options) {
  std::unique_ptr<EmulatedBoard> board(new EmulatedBoard(options));
  SLMRIG_ASSIGN(board->facts_, read_board_facts(options));
  // The terminating zero is part of it: the memory behind it need not be zero.
  SLMRIG_TRY(base::write_file_atomically(
      options.folder / "unique_id", std::string_view(options.unit_id.c_str(), options.unit_id.size() + 1)));
  SLMRIG_TRY(base::make_directories(options.flash_folder));
  SLMRIG_TRY(board->power_on());
  return board;
}

EmulatedBoard::~EmulatedBoard() {
  if (process_ && options_.keeps_flash) static_cast<void>(power_off());
}

Done EmulatedBoard::power_on() {
  if (process_) return {};
  base::ChildOptions options;
  options.arguments = facts_.command;
  SLMRIG_ASSIGN(base::ChildProcess child, base::ChildProcess::spawn(options));
  process_ = std::make_unique<base::ChildProcess>(std::move(child));
  running_ = false;
  breakpoints_.clear();
  ahead_.clear();
  SLMRIG_TRY(connect());
  SLMRIG_TRY(load_flash());
  flash_may_differ_ = false;
  return reset();
}

Done EmulatedBoard::connect() {
  for (int64_t attempt = 0;; ++attempt) {
    auto gdb = GdbClient::connect((options_.folder / "gdb").string());
    auto memory = QtestClient::connect((options_.folder / "qtest").string());
    if (gdb && memory) {
      gdb_ = std::move(*gdb);
      memory_ = std::move(*memory);
      break;
    }
    if (const auto ended = process_->wait(kAttemptMs)) {
      return fail(ErrorCode::kIo, fmt::format("{} ended at once ({}): {}", facts_.command.front(),
                                              ended->text(), last_words(*process_)));
    }
    if (attempt >= kStartAttempts) return tl::unexpected(gdb ? memory.error() : gdb.error());
  }
  // Without its description read, the stub answers no p and no P.
  const std::vector<std::string> greeting = {"qSupported:xmlRegisters=arm",
                                             "qXfer:features:read:target.xml:0,ffb", "?"};
  SLMRIG_TRY(gdb_.ask_all(greeting));
  return {};
}

Done EmulatedBoard::power_off() {
  if (!process_) return {};
  Done saved = interrupt();
  if (saved) saved = save_flash();
  gdb_ = {};
  memory_ = {};
  process_.reset();
  return saved;
}

std::optional<std::string> EmulatedBoard::death() {
  if (!process_) return std::nullopt;
  const auto ended = process_->poll();
  if (!ended) return std::nullopt;
  return fmt::format("{}: {}", ended->text(), last_words(*process_));
}

Done EmulatedBoard::recover() {
  if (!process_) return fail(ErrorCode::kIo, "the board has no power");
  gdb_ = {};
  memory_ = {};
  process_.reset();
  return power_on();
}

// --- Non-volatile memory

fs::path EmulatedBoard::flash_file(const FlashRegion& region) const {
  return options_.flash_folder / (region.name + ".bin");
}

Done EmulatedBoard::save_flash() {
  if (!flash_may_differ_) return {};
  SLMRIG_TRY(memory_.settle());
  for (const FlashRegion& region : facts_.flash) {
    fs::path unfinished = flash_file(region);
    unfinished += ".part";
    // The emulator's own monitor writes the file; what it has to say about it is lost, so the size is looked
    // at.
    SLMRIG_TRY(gdb_.ask("qRcmd," + hex(fmt::format("pmemsave {:#x} {:#x} \"{}\"", region.range.begin,
                                                   region.range.bytes, unfinished.string()))));
    std::error_code problem;
    if (fs::file_size(unfinished, problem) != region.range.bytes) {
      return fail(ErrorCode::kIo, fmt::format("the emulator did not write {} bytes to {}; is the disk full?",
                                              region.range.bytes, unfinished.string()));
    }
    fs::rename(unfinished, flash_file(region), problem);
    if (problem) return tl::unexpected(base::file_error("renaming", unfinished, problem.value()));
  }
  flash_may_differ_ = false;
  return {};
}

Done EmulatedBoard::load_flash() {
  const std::vector<uint8_t> erased(kPieceBytes, kErased);
  for (const FlashRegion& region : facts_.flash) {
    SLMRIG_TRY(memory_.fill(region.range.begin, region.range.bytes, kErased));
    if (!fs::exists(flash_file(region))) continue;
    SLMRIG_ASSIGN(const std::vector<uint8_t> content, base::read_bytes(flash_file(region)));
    if (content.size() != region.range.bytes) {
      return fail(ErrorCode::kBadInput,
                  fmt::format("{} has {} bytes, the memory region '{}' has {}; remove the file",
                              flash_file(region).string(), content.size(), region.name, region.range.bytes));
    }
    for (std::size_t at = 0; at < content.size(); at += kPieceBytes) {
      const auto piece = std::span(content).subspan(at, std::min(kPieceBytes, content.size() - at));
      if (std::equal(piece.begin(), piece.end(), erased.begin())) continue;
      SLMRIG_TRY(memory_.write_block(static_cast<uint32_t>(region.range.begin + at), piece));
    }
  }
  return memory_.settle();
}

Done EmulatedBoard::before_start() { return save_flash(); }

// --- Registers and run control

Result<CoreRegisters> EmulatedBoard::read_registers() {
  CoreRegisters registers;
  std::vector<std::string> packets;
  for (std::size_t i = 0; i < registers.size(); ++i) packets.push_back(fmt::format("p{:x}", stub_number(i)));
  SLMRIG_ASSIGN(const std::vector<std::string> answers, gdb_.ask_all(packets));
  for (std::size_t i = 0; i < registers.size(); ++i) {
    SLMRIG_ASSIGN(registers[i], register_value(answers[i]));
  }
  return registers;
}

Done EmulatedBoard::write_registers(const CoreRegisters& registers, uint32_t mask) {
  std::vector<std::string> packets;
  for (std::size_t i = 0; i < registers.size(); ++i) {
    if ((mask >> i & 1U) == 0) continue;
    packets.push_back(fmt::format("P{:x}={:08x}", stub_number(i), swapped(registers[i])));
  }
  if (packets.empty()) return {};
  SLMRIG_ASSIGN(const std::vector<std::string> answers, gdb_.ask_all(packets));
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (answers[i] == "OK") continue;
    return fail(ErrorCode::kDeviceFault,
                fmt::format("the emulator's debug stub answered '{}' to '{}'", answers[i], packets[i]));
  }
  return {};
}

Done EmulatedBoard::resume(const std::vector<uint32_t>& breakpoints) {
  SLMRIG_TRY(memory_.settle());
  const std::set<uint32_t> wanted(breakpoints.begin(), breakpoints.end());
  std::vector<std::string> packets;
  for (const uint32_t address : breakpoints_) {
    if (!wanted.contains(address)) packets.push_back(breakpoint_packet('z', address));
  }
  for (const uint32_t address : wanted) {
    if (!breakpoints_.contains(address)) packets.push_back(breakpoint_packet('Z', address));
  }
  if (!packets.empty()) SLMRIG_TRY(gdb_.ask_all(packets));
  breakpoints_ = wanted;
  ahead_.clear();
  SLMRIG_TRY(gdb_.go("c"));
  running_ = true;
  flash_may_differ_ = true;
  return {};
}

Done EmulatedBoard::step() {
  SLMRIG_TRY(memory_.settle());
  flash_may_differ_ = true;
  ahead_.clear();
  SLMRIG_TRY(gdb_.ask("s"));
  return {};
}

Done EmulatedBoard::interrupt() {
  if (!running_) return {};
  SLMRIG_TRY(gdb_.interrupt());
  running_ = false;
  return {};
}

Result<bool> EmulatedBoard::wait_stop(int timeout_ms) {
  if (!running_) return false;  // frozen
  SLMRIG_ASSIGN(const std::optional<std::string> answer, gdb_.wait_stop(timeout_ms));
  if (!answer) return false;
  running_ = false;
  return true;
}

Done EmulatedBoard::reset() {
  ahead_.clear();
  SLMRIG_TRY(interrupt());
  SLMRIG_TRY(memory_.settle());
  // The reset is done by the time the question behind it is answered, which also removes all breakpoints.
  const std::vector<std::string> packets = {"qRcmd," + hex("system_reset"), "?"};
  for (const std::string& packet : packets) SLMRIG_TRY(gdb_.ask(packet));
  breakpoints_.clear();
  return {};
}

// --- Memory

Result<uint32_t> EmulatedBoard::read(uint32_t address, unsigned bytes) {
  return memory_.read(address, bytes);
}

Done EmulatedBoard::write(uint32_t address, uint32_t value, unsigned bytes) {
  flash_may_differ_ = true;
  ahead_.clear();
  return memory_.write(address, value, bytes);
}

bool EmulatedBoard::can_read_ahead(uint32_t address) const {
  return !running_ &&
         std::any_of(facts_.memories.begin(), facts_.memories.end(), [&](const AddressRange& memory) {
           return memory.holds(address) && memory.holds(static_cast<uint32_t>(address + kPieceBytes - 1));
         });
}

// Debuggers read large memories in small blocks, one after the other.
Done EmulatedBoard::read_block(uint32_t address, std::span<uint8_t> bytes) {
  if (!can_read_ahead(address) || bytes.size() > kPieceBytes) return memory_.read_block(address, bytes);
  if (address - ahead_address_ + bytes.size() > ahead_.size() || address < ahead_address_) {
    ahead_.resize(kPieceBytes);
    ahead_address_ = address;
    if (Done got = memory_.read_block(address, ahead_); !got) {
      ahead_.clear();
      return got;
    }
  }
  std::copy_n(ahead_.begin() + (address - ahead_address_), bytes.size(), bytes.begin());
  return {};
}

Done EmulatedBoard::write_block(uint32_t address, std::span<const uint8_t> bytes) {
  flash_may_differ_ = true;
  ahead_.clear();
  return memory_.write_block(address, bytes);
}

}  // namespace slmrig::rigsim
