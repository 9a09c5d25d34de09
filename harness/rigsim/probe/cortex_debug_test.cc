#include <catch2/catch.hpp>

#include <array>

#include "harness/rigsim/probe/cortex_debug.h"
#include "harness/rigsim/probe/cortex_registers.h"
#include "harness/rigsim/probe/fake_bus_for_test.h"

namespace slmrig::rigsim {
namespace {

constexpr uint32_t kRam = 0x20000000;
constexpr uint32_t kKey = kDebugKey << 16U;
constexpr uint32_t kFpbControl = 0xE0002000;

// A core that runs firmware, and a debugger's few moves.
struct Bed {
  FakeCore core{kRam, 65536};
  CortexDebug debug{core, {{kRam, 65536}}};

  explicit Bed(uint32_t counter = kRam + 0x100) {
    core.reset_counter = counter;
    REQUIRE(core.reset());
    REQUIRE(debug.release_reset());
  }
  void write(uint32_t address, uint32_t value) { REQUIRE(debug.write(address, value, 4)); }
  uint32_t read(uint32_t address) { return debug.read(address, 4).value(); }
  void halt() { write(kDhcsr, kKey | kDebugEnable | kHalt); }
  void go() { write(kDhcsr, kKey | kDebugEnable); }
  uint32_t get(uint32_t number) {
    write(kDcrsr, number);
    return read(kDcrdr);
  }
  void set(uint32_t number, uint32_t value) {
    write(kDcrdr, value);
    write(kDcrsr, number | kRegisterWrite);
  }
};

}  // namespace

TEST_CASE("a core runs after reset until it is halted, and then gives its registers") {
  Bed bed;
  CHECK(bed.core.runs);
  CHECK(bed.core.saves == 1);
  CHECK((bed.read(kDhcsr) & kWasReset) != 0);
  CHECK((bed.read(kDhcsr) & (kWasReset | kIsHalted)) == 0);
  bed.halt();
  CHECK_FALSE(bed.core.runs);
  CHECK((bed.read(kDhcsr) & (kIsHalted | kRegisterReady)) == (kIsHalted | kRegisterReady));
  CHECK((bed.read(kDfsr) & kStoppedByRequest) != 0);
  bed.core.registers[3] = 33;
  CHECK(bed.get(15) == kRam + 0x100);
  bed.go();
  CHECK(bed.core.runs);
}

TEST_CASE("a write to DHCSR without its key does nothing") {
  Bed bed;
  bed.write(kDhcsr, kDebugEnable | kHalt);
  CHECK(bed.core.runs);
}

TEST_CASE("registers that a debugger sets are the core's when it runs again") {
  Bed bed;
  bed.halt();
  bed.set(0, 111);
  bed.set(17, kRam + 0x1000);
  bed.set(15, kRam + 0x201);
  bed.set(20, 5);  // kept, without effect
  CHECK(bed.get(13) == kRam + 0x1000);
  CHECK(bed.get(15) == kRam + 0x200);
  CHECK(bed.get(20) == 5);
  CHECK(bed.core.registers[0] == 0);
  bed.go();
  CHECK(bed.core.registers[0] == 111);
  CHECK(bed.core.registers[kProgramCounter] == kRam + 0x200);
}

TEST_CASE("a routine that returns to a BKPT halts there") {
  Bed bed;
  bed.halt();
  bed.write(kRam, 0xE00ABE00);
  bed.set(14, kRam + 1);
  bed.go();
  CHECK(bed.core.breakpoints == std::vector<uint32_t>{kRam});
  CHECK((bed.read(kDhcsr) & kIsHalted) == 0);
  bed.core.stops_now = true;
  CHECK((bed.read(kDhcsr) & kIsHalted) != 0);
  CHECK((bed.read(kDfsr) & kStoppedByBreakpoint) != 0);
}

TEST_CASE("breakpoints come from the comparators and from BKPT instructions that were written") {
  Bed bed;
  bed.halt();
  bed.write(kFpbControl, 3);
  bed.write(kFpbControl + 8, (kRam & 0x1FFFFFFCU) | 0x300U | 2U << 30U | 1U);
  bed.write(kFpbControl + 12, 0x1000U | 1U << 30U | 1U);
  REQUIRE(bed.debug.write(kRam + 0x400, 0xBE00, 2));
  bed.go();
  CHECK(bed.core.breakpoints == std::vector<uint32_t>{0x302, 0x1000, kRam + 0x400});
  // Changed while the core runs: it is stopped for a moment, and runs on.
  bed.write(kFpbControl + 12, 0);
  CHECK(bed.core.breakpoints == std::vector<uint32_t>{0x302, kRam + 0x400});
  CHECK(bed.core.runs);
  bed.halt();
  const std::array<uint8_t, 8> nops = {};
  REQUIRE(bed.debug.write_block(kRam + 0x400, nops));
  bed.write(kFpbControl, 2);
  bed.go();
  CHECK(bed.core.breakpoints.empty());
}

TEST_CASE("a debugger that leaves lets the core run freely") {
  Bed bed;
  bed.halt();
  REQUIRE(bed.debug.write(kRam + 0x400, 0xBE00, 2));
  bed.write(kDhcsr, kKey);
  CHECK(bed.core.runs);
  CHECK(bed.core.breakpoints.empty());
  CHECK((bed.read(kDhcsr) & kDebugEnable) == 0);
}

TEST_CASE("a step is one instruction, and ends halted") {
  Bed bed;
  bed.halt();
  bed.write(kDhcsr, kKey | kDebugEnable | kStep);
  CHECK_FALSE(bed.core.runs);
  CHECK((bed.read(kDhcsr) & kIsHalted) != 0);
  CHECK(bed.get(15) == kRam + 0x102);
}

TEST_CASE("a reset is caught at the reset vector when that is asked for") {
  const bool by_pin = GENERATE(false, true);
  Bed bed;
  bed.halt();
  bed.write(kDemcr, kCatchReset);
  if (by_pin) {
    REQUIRE(bed.debug.assert_reset());
    CHECK((bed.read(kDhcsr) & kIsHalted) == 0);
    CHECK((bed.read(kDhcsr) & kWasReset) != 0);
    REQUIRE(bed.debug.release_reset());
  } else {
    bed.write(kAircr, kVectorKey << 16U | kSystemReset);
  }
  CHECK(bed.core.resets == 2);
  CHECK_FALSE(bed.core.runs);
  CHECK((bed.read(kDhcsr) & (kIsHalted | kWasReset)) == (kIsHalted | kWasReset));
  bed.write(kDemcr, 0);
  bed.write(kAircr, kVectorKey << 16U | kSystemReset);
  CHECK(bed.core.runs);
  CHECK((bed.read(kDhcsr) & (kHalt | kDebugEnable)) == kDebugEnable);
}

TEST_CASE("a chip without firmware is locked up, and can be halted") {
  Bed bed(0xFFFFFFFE);
  CHECK_FALSE(bed.core.runs);
  CHECK((bed.read(kDhcsr) & kIsLockedUp) != 0);
  bed.halt();
  CHECK((bed.read(kDhcsr) & (kIsLockedUp | kIsHalted)) == kIsHalted);
}

TEST_CASE("a processor that is lost comes back, locked up") {
  Bed bed;
  bed.halt();
  bed.core.dies_at_start = true;
  bed.go();
  CHECK(bed.core.recoveries == 1);
  CHECK((bed.read(kDhcsr) & kIsLockedUp) != 0);
  bed.halt();
  CHECK((bed.read(kDhcsr) & kIsHalted) != 0);
}

TEST_CASE("addresses without memory are bus errors; another chip has less of it, and another core") {
  Bed bed;
  CHECK(bed.debug.read(kRam + 65532, 4));
  CHECK(bed.debug.read(kRam + 65536, 4).error().code == base::ErrorCode::kDeviceFault);
  std::array<uint8_t, 8> bytes = {};
  CHECK_FALSE(bed.debug.read_block(kRam + 65532, bytes));
  CHECK_FALSE(bed.debug.write_block(0x60000000, bytes));
  bed.core.private_words[kCpuid] = 0x410FC241;
  CHECK(bed.read(kCpuid) == 0x410FC241);
  bed.debug.pretend_other_chip(true);
  CHECK(bed.read(kCpuid) == 0x410CC601);
  CHECK_FALSE(bed.debug.read(kRam + 32768, 4));
  CHECK(bed.debug.read(kRam + 8192, 4));
}

TEST_CASE("frozen firmware stands still, still seems to run, and goes on after a reset") {
  Bed bed;
  REQUIRE(bed.debug.freeze());
  CHECK_FALSE(bed.core.runs);
  CHECK((bed.read(kDhcsr) & (kIsHalted | kIsLockedUp)) == 0);
  REQUIRE(bed.debug.assert_reset());
  REQUIRE(bed.debug.release_reset());
  CHECK(bed.core.runs);
}

}  // namespace slmrig::rigsim
