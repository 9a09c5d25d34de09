#include <catch2/catch.hpp>

#include <numeric>

#include "harness/rigsim/probe/debug_port.h"
#include "harness/rigsim/probe/fake_bus_for_test.h"

namespace slmrig::rigsim {
namespace {

constexpr PortRegister kAbort = {false, 0x0};
constexpr PortRegister kControl = {false, 0x4};
constexpr PortRegister kSelect = {false, 0x8};
constexpr PortRegister kCsw = {true, 0x0};
constexpr PortRegister kTar = {true, 0x4};
constexpr PortRegister kDrw = {true, 0xC};
constexpr uint32_t kWordsCountingUp = 0x03000012;
constexpr uint32_t kBytesCountingUp = 0x03000010;
constexpr uint32_t kRam = 0x20000000;

// A port that is powered up and set to words, the address counting up.
struct Bed {
  FakeBus bus{kRam, 16384};
  ProbeFaults faults;
  DebugPort port{bus, faults};

  Bed() {
    REQUIRE(port.write(kControl, 0x50000000) == Acknowledge::kOk);
    REQUIRE(port.write(kCsw, kWordsCountingUp) == Acknowledge::kOk);
  }
  uint32_t read(PortRegister which) {
    uint32_t value = 0;
    REQUIRE(port.read(which, &value) == Acknowledge::kOk);
    return value;
  }
};

}  // namespace

TEST_CASE("an access port answers only once the debug domain has power") {
  FakeBus bus(kRam, 64);
  ProbeFaults faults;
  DebugPort port(bus, faults);
  uint32_t value = 0;
  CHECK(port.read(kAbort, &value) == Acknowledge::kOk);
  CHECK(value == 0x2BA01477);
  CHECK(port.read(kCsw, &value) == Acknowledge::kFault);
  CHECK(port.write(kControl, 0x50000000) == Acknowledge::kOk);
  CHECK(port.read(kControl, &value) == Acknowledge::kOk);
  CHECK(value == 0xF0000000);
  CHECK(port.read(kCsw, &value) == Acknowledge::kOk);
}

TEST_CASE("there is one access port; the others have no identification") {
  Bed bed;
  REQUIRE(bed.port.write(kSelect, 0x000000F0) == Acknowledge::kOk);
  CHECK(bed.read({true, 0xC}) == 0x24770011);
  REQUIRE(bed.port.write(kSelect, 0x010000F0) == Acknowledge::kOk);
  CHECK(bed.read({true, 0xC}) == 0);
}

TEST_CASE("the address counts up by the size of the access, and each byte has its lane") {
  Bed bed;
  REQUIRE(bed.port.write(kTar, kRam + 4) == Acknowledge::kOk);
  REQUIRE(bed.port.write(kDrw, 0x44332211) == Acknowledge::kOk);
  CHECK(bed.read(kTar) == kRam + 8);
  REQUIRE(bed.port.write(kCsw, kBytesCountingUp) == Acknowledge::kOk);
  REQUIRE(bed.port.write(kTar, kRam + 5) == Acknowledge::kOk);
  CHECK(bed.read(kDrw) == 0x2200);
  CHECK(bed.read(kDrw) == 0x330000);
  REQUIRE(bed.port.write(kDrw, 0xAA000000) == Acknowledge::kOk);
  CHECK(bed.bus.memory[7] == 0xAA);
}

TEST_CASE("the address wraps at 4 kB, one word or many at a time") {
  const std::size_t at_once = GENERATE(1, 4);
  Bed bed;
  const std::vector<uint32_t> words = {1, 2, 3, 4};
  REQUIRE(bed.port.write(kTar, kRam + 0x1FF8) == Acknowledge::kOk);
  std::size_t done = 0;
  for (std::size_t i = 0; i < words.size(); i += at_once) {
    REQUIRE(bed.port.write_many(kDrw, std::span(words).subspan(i, at_once), &done) == Acknowledge::kOk);
    CHECK(done == at_once);
  }
  CHECK(bed.bus.memory[0x1FF8] == 1);
  CHECK(bed.bus.memory[0x1FFC] == 2);
  CHECK(bed.bus.memory[0x1000] == 3);
  CHECK(bed.bus.memory[0x1004] == 4);
  CHECK(bed.bus.memory[0x2000] == 0);
  CHECK(bed.read(kTar) == kRam + 0x1008);
}

TEST_CASE("many words take one access of the bus for each 4 kB") {
  Bed bed;
  std::vector<uint32_t> words(2048);
  std::iota(words.begin(), words.end(), 7U);
  std::size_t done = 0;
  for (uint32_t page = 0; page < 2; ++page) {
    REQUIRE(bed.port.write(kTar, kRam + page * 4096) == Acknowledge::kOk);
    REQUIRE(bed.port.write_many(kDrw, std::span(words).subspan(page * 1024, 1024), &done) ==
            Acknowledge::kOk);
  }
  CHECK(bed.bus.accesses == 2);
  std::vector<uint32_t> back(1024);
  REQUIRE(bed.port.write(kTar, kRam + 4096) == Acknowledge::kOk);
  REQUIRE(bed.port.read_many(kDrw, back, &done) == Acknowledge::kOk);
  CHECK(back[0] == 7 + 1024);
  CHECK(back[1023] == 7 + 2047);
  CHECK(bed.bus.accesses == 3);
}

TEST_CASE("a bus error sticks until it is cleared") {
  Bed bed;
  uint32_t value = 0;
  REQUIRE(bed.port.write(kTar, 0x60000000) == Acknowledge::kOk);
  CHECK(bed.port.read(kDrw, &value) == Acknowledge::kFault);
  CHECK(bed.port.read(kCsw, &value) == Acknowledge::kFault);
  CHECK((bed.read(kControl) & 0x20U) != 0);
  REQUIRE(bed.port.write(kAbort, 0x1E) == Acknowledge::kOk);
  CHECK(bed.port.read(kCsw, &value) == Acknowledge::kOk);
}

TEST_CASE("a chip without power, a locked one and a busy one answer as they do") {
  Bed bed;
  uint32_t value = 0;
  bed.faults.set({ProbeFault::kNoAck, 0, 1});
  CHECK(bed.port.read(kAbort, &value) == Acknowledge::kNone);
  bed.faults.set({ProbeFault::kWait, 0, 2});
  CHECK(bed.port.read(kAbort, &value) == Acknowledge::kWait);
  CHECK(bed.port.read(kAbort, &value) == Acknowledge::kWait);
  CHECK(bed.port.read(kAbort, &value) == Acknowledge::kOk);
  bed.faults.set({ProbeFault::kLocked, 0, 1});
  CHECK((bed.read(kCsw) & 0x40U) == 0);
  REQUIRE(bed.port.write(kTar, kRam) == Acknowledge::kOk);
  CHECK(bed.port.read(kDrw, &value) == Acknowledge::kFault);
  bed.faults.set({});
  bed.port.set_powered(false);
  CHECK(bed.port.read(kAbort, &value) == Acknowledge::kNone);
}

TEST_CASE("a corrupted write differs in one bit, once") {
  Bed bed;
  const std::vector<uint32_t> zeros(64);
  std::size_t done = 0;
  bed.faults.set({ProbeFault::kCorruptWrite, 0, 1});
  REQUIRE(bed.port.write(kTar, kRam) == Acknowledge::kOk);
  for (int i = 0; i < 2; ++i) REQUIRE(bed.port.write_many(kDrw, zeros, &done) == Acknowledge::kOk);
  int bits = 0;
  for (const uint8_t byte : bed.bus.memory) bits += __builtin_popcount(byte);
  CHECK(bits == 1);
}

}  // namespace slmrig::rigsim
