// The debug model over a real emulator: what runs is executed by QEMU.
#include <catch2/catch.hpp>

#include <array>

#include "harness/base/file.h"
#include "harness/rigsim/probe/cortex_registers.h"
#include "harness/rigsim/probe/emulated_board.h"

namespace slmrig::rigsim {
namespace {

constexpr uint32_t kRam = 0x20000000;
constexpr uint32_t kPsram = 0x21000000;
constexpr uint32_t kKey = kDebugKey << 16U;

// Stack pointer, reset vector, then `b .`.
constexpr std::array<uint32_t, 3> kIdleFirmware = {0x20001000, 0x9, 0xE7FEE7FE};

template <std::size_t kCount>
std::span<const uint8_t> bytes_of(const std::array<uint32_t, kCount>& words) {
  return {reinterpret_cast<const uint8_t*>(words.data()), sizeof words};
}

struct Bed {
  base::TemporaryDirectory folder = base::TemporaryDirectory::create("probe-test").value();
  std::unique_ptr<EmulatedBoard> board;
  std::unique_ptr<CortexDebug> debug;

  Bed() { start(); }
  void start() {
    EmulatedBoardOptions options;
    options.board_file = "boards/mps2-an386/board.json";
    options.unit_id = "unit-42";
    options.uart_socket = (folder.path() / "uart").string();
    options.flash_regions = {"code", "psram"};
    options.folder = folder.path();
    options.flash_folder = folder.path() / "flash";
    auto started = EmulatedBoard::start(options);
    if (!started) FAIL(started.error().text());
    board = std::move(*started);
    debug = std::make_unique<CortexDebug>(*board, board->memories());
    REQUIRE(debug->release_reset());
  }
  void write(uint32_t address, uint32_t value) { REQUIRE(debug->write(address, value, 4)); }
  uint32_t read(uint32_t address) { return debug->read(address, 4).value(); }
  void set(uint32_t number, uint32_t value) {
    write(kDcrdr, value);
    write(kDcrsr, number | kRegisterWrite);
  }
  uint32_t get(uint32_t number) {
    write(kDcrsr, number);
    return read(kDcrdr);
  }
  void halt() { write(kDhcsr, kKey | kDebugEnable | kHalt); }
  // DHCSR once the core has stopped; looks at most so often.
  uint32_t stopped() {
    uint32_t state = 0;
    for (int looks = 0; looks < 5000 && (state & (kIsHalted | kIsLockedUp)) == 0; ++looks)
      state = read(kDhcsr);
    return state;
  }
};

}  // namespace

TEST_CASE("a blank board is locked up; a routine in its RAM runs and halts") {
  Bed bed;
  CHECK((bed.read(kDhcsr) & kIsLockedUp) != 0);
  bed.halt();
  // bkpt; adds r0, r0, r1; bx lr
  const std::array<uint32_t, 2> routine = {0xE7FEBE00, 0x47701840};
  REQUIRE(bed.debug->write_block(kRam, bytes_of(routine)));
  bed.set(0, 40);
  bed.set(1, 2);
  bed.set(14, kRam + 1);
  bed.set(15, kRam + 4);
  bed.write(kDhcsr, kKey | kDebugEnable);
  CHECK((bed.stopped() & kIsHalted) != 0);
  CHECK(bed.get(0) == 42);
  CHECK(bed.get(15) == kRam);
  // Step by step, the same.
  bed.set(15, kRam + 4);
  bed.write(kDhcsr, kKey | kDebugEnable | kStep);
  CHECK(bed.get(0) == 44);
  CHECK(bed.get(15) == kRam + 6);
  CHECK(bed.read(kCpuid) == 0x410FC240);
}

TEST_CASE("what is read in blocks is what the memory holds now, whoever wrote it") {
  Bed bed;
  bed.halt();
  std::array<uint32_t, 4> words = {1, 2, 3, 4};
  REQUIRE(bed.debug->write_block(kPsram, bytes_of(words)));
  const auto block = [&](uint32_t address) {
    std::array<uint8_t, 16> bytes = {};
    REQUIRE(bed.debug->read_block(address, bytes));
    return bytes;
  };
  CHECK(block(kPsram)[12] == 4);
  CHECK(block(kPsram + 4)[0] == 2);
  CHECK(block(kPsram - 0x1000000)[0] == 0);
  CHECK(block(kPsram)[0] == 1);
  bed.write(kPsram + 12, 5);
  CHECK(block(kPsram)[12] == 5);
  // bkpt; str r1, [r0]; bx lr
  const std::array<uint32_t, 2> routine = {0xE7FEBE00, 0x47706001};
  REQUIRE(bed.debug->write_block(kRam, bytes_of(routine)));
  CHECK(block(kPsram)[12] == 5);
  bed.set(0, kPsram + 12);
  bed.set(1, 6);
  bed.set(14, kRam + 1);
  bed.set(15, kRam + 4);
  bed.write(kDhcsr, kKey | kDebugEnable);
  REQUIRE((bed.stopped() & kIsHalted) != 0);
  CHECK(block(kPsram)[12] == 6);
}

TEST_CASE("flash keeps its content without power, RAM does not, and the unit id is back") {
  Bed bed;
  bed.halt();
  REQUIRE(bed.debug->write_block(0, bytes_of(kIdleFirmware)));
  bed.write(kPsram + 0x100000, 0x12345678);
  bed.write(kRam + 0x100, 0x55555555);
  bed.write(kAircr, kVectorKey << 16U | kSystemReset);
  CHECK((bed.read(kDhcsr) & (kIsHalted | kIsLockedUp)) == 0);
  const bool new_process = GENERATE(false, true);
  if (new_process) {
    bed.board.reset();
    bed.start();
  } else {
    REQUIRE(bed.board->power_off());
    CHECK(bed.board->read(kRam, 4).error().code == base::ErrorCode::kLinkLost);
    REQUIRE(bed.board->power_on());
    bed.debug = std::make_unique<CortexDebug>(*bed.board, bed.board->memories());
    REQUIRE(bed.debug->release_reset());
  }
  CHECK((bed.read(kDhcsr) & (kIsHalted | kIsLockedUp)) == 0);
  CHECK(bed.read(kPsram + 0x100000) == 0x12345678);
  CHECK(bed.read(kPsram + 0x100004) == 0xFFFFFFFF);
  CHECK(bed.read(kRam + 0x100) == 0);
  CHECK(bed.read(0x203FFFC0) == 0x74696E75);  // "unit"
}

TEST_CASE("firmware that faults in its fault handler locks the core up, and the flash is still there") {
  Bed bed;
  bed.halt();
  // Every vector leads to an undefined instruction.
  std::array<uint32_t, 17> firmware;
  firmware.fill(0x41);
  firmware[0] = 0x20001000;
  firmware[16] = 0xDEDEDEDE;
  REQUIRE(bed.debug->write_block(0, bytes_of(firmware)));
  bed.write(kAircr, kVectorKey << 16U | kSystemReset);
  CHECK((bed.stopped() & kIsLockedUp) != 0);
  CHECK(bed.read(0x40) == 0xDEDEDEDE);
  bed.halt();
  CHECK(bed.get(15) == 0x40);
}

}  // namespace slmrig::rigsim
