// Packets as a debugger sends them, byte for byte.
#include <catch2/catch.hpp>

#include "harness/rigsim/probe/cmsis_dap.h"
#include "harness/rigsim/probe/fake_bus_for_test.h"

namespace slmrig::rigsim {
namespace {

using Bytes = std::vector<uint8_t>;

struct Bed {
  FakeBus bus{0x20000000, 8192};
  ProbeFaults faults;
  DebugPort port{bus, faults};
  bool in_reset = false;
  CmsisDap dap{port,
               {[this] { in_reset = true; }, [this] { in_reset = false; }, [this] { return in_reset; }},
               "PROBE-7"};

  Bytes answer(const Bytes& packet) { return dap.answer(packet); }
  void power_up() {
    // DAP_Transfer: CTRL/STAT, then CSW to words that count up.
    REQUIRE(answer({0x05, 0, 2, 0x04, 0, 0, 0, 0x50, 0x01, 0x12, 0, 0, 0x03}) == Bytes{0x05, 2, 1});
  }
};

}  // namespace

TEST_CASE("a probe tells its serial number, its packets and that it does SWD") {
  Bed bed;
  CHECK(bed.answer({0x00, 0x03}) == Bytes{0x00, 8, 'P', 'R', 'O', 'B', 'E', '-', '7', 0});
  CHECK(bed.answer({0x00, 0xFE}) == Bytes{0x00, 1, kPacketCount});
  CHECK(bed.answer({0x00, 0xFF}) == Bytes{0x00, 2, kPacketBytes & 0xFF, kPacketBytes >> 8});
  CHECK(bed.answer({0x00, 0xF0}) == Bytes{0x00, 1, 0x11});
  CHECK(bed.answer({0x00, 0x05}) == Bytes{0x00, 0});
  CHECK(bed.answer({0x02, 0x00}) == Bytes{0x02, 1});
  CHECK(bed.answer({0x02, 0x02}) == Bytes{0x02, 0});
}

TEST_CASE("settings of the wire are taken") {
  Bed bed;
  CHECK(bed.answer({0x01, 0, 1}) == Bytes{0x01, 0});
  CHECK(bed.answer({0x04, 2, 80, 0, 0, 0}) == Bytes{0x04, 0});
  CHECK(bed.answer({0x11, 0x40, 0x42, 0x0F, 0}) == Bytes{0x11, 0});
  CHECK(bed.answer({0x12, 51, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x03}) == Bytes{0x12, 0});
  CHECK(bed.answer({0x13, 0}) == Bytes{0x13, 0});
  CHECK(bed.answer({0x03}) == Bytes{0x03, 0});
}

TEST_CASE("a transfer reads the identification") {
  Bed bed;
  CHECK(bed.answer({0x05, 0, 1, 0x02}) == Bytes{0x05, 1, 1, 0x77, 0x14, 0xA0, 0x2B});
}

TEST_CASE("a list of transfers ends at the first that fails, and says how many went well") {
  Bed bed;
  // DPIDR, then the access port without power, then DPIDR again.
  CHECK(bed.answer({0x05, 0, 3, 0x02, 0x03, 0x02}) == Bytes{0x05, 1, 4, 0x77, 0x14, 0xA0, 0x2B});
}

TEST_CASE("blocks of words are written and read") {
  Bed bed;
  bed.power_up();
  REQUIRE(bed.answer({0x05, 0, 1, 0x05, 0x10, 0, 0, 0x20}) == Bytes{0x05, 1, 1});
  CHECK(bed.answer({0x06, 0, 2, 0, 0x0D, 1, 2, 3, 4, 5, 6, 7, 8}) == Bytes{0x06, 2, 0, 1});
  CHECK(bed.bus.memory[0x10] == 1);
  CHECK(bed.bus.memory[0x17] == 8);
  REQUIRE(bed.answer({0x05, 0, 1, 0x05, 0x14, 0, 0, 0x20}) == Bytes{0x05, 1, 1});
  CHECK(bed.answer({0x06, 0, 1, 0, 0x0F}) == Bytes{0x06, 1, 0, 1, 5, 6, 7, 8});
}

TEST_CASE("a match waits for its value, and tells when it does not come") {
  Bed bed;
  bed.power_up();
  REQUIRE(bed.answer({0x04, 0, 10, 0, 3, 0}) == Bytes{0x04, 0});
  // Mask, then CTRL/STAT's power acknowledges.
  CHECK(bed.answer({0x05, 0, 2, 0x20, 0, 0, 0, 0xA0, 0x16, 0, 0, 0, 0xA0}) == Bytes{0x05, 2, 1});
  CHECK(bed.answer({0x05, 0, 2, 0x20, 0, 0, 0, 0xA0, 0x16, 0, 0, 0, 0x20}) == Bytes{0x05, 1, 0x11});
}

TEST_CASE("a chip that asks to wait is asked again, as often as was configured") {
  Bed bed;
  REQUIRE(bed.answer({0x04, 0, 10, 0, 0, 0}) == Bytes{0x04, 0});
  bed.faults.set({ProbeFault::kWait, 0, 10});
  CHECK(bed.answer({0x05, 0, 1, 0x02}) == Bytes{0x05, 1, 1, 0x77, 0x14, 0xA0, 0x2B});
  bed.faults.set({ProbeFault::kWait, 0, 11});
  CHECK(bed.answer({0x05, 0, 1, 0x02}) == Bytes{0x05, 0, 2});
  CHECK(bed.answer({0x05, 0, 1, 0x02}) == Bytes{0x05, 1, 1, 0x77, 0x14, 0xA0, 0x2B});
}

TEST_CASE("a block goes on where the chip asked to wait") {
  Bed bed;
  bed.power_up();
  REQUIRE(bed.answer({0x04, 0, 10, 0, 0, 0}) == Bytes{0x04, 0});
  REQUIRE(bed.answer({0x05, 0, 1, 0x05, 0xF8, 0x0F, 0, 0x20}) == Bytes{0x05, 1, 1});
  // After two words, where the address wraps.
  bed.faults.set({ProbeFault::kWait, 2, 1});
  CHECK(bed.answer({0x06, 0, 3, 0, 0x0D, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0}) == Bytes{0x06, 3, 0, 1});
  CHECK(bed.bus.memory[0xFF8] == 1);
  CHECK(bed.bus.memory[0xFFC] == 2);
  CHECK(bed.bus.memory[0] == 3);
}

TEST_CASE("the reset pin follows, and is read back") {
  Bed bed;
  CHECK(bed.answer({0x10, 0x00, 0x80, 0, 0, 0, 0}) == Bytes{0x10, 0x03});
  CHECK(bed.in_reset);
  CHECK(bed.answer({0x10, 0x00, 0x00, 0, 0, 0, 0}) == Bytes{0x10, 0x03});
  CHECK(bed.answer({0x10, 0x80, 0x80, 0, 0, 0, 0}) == Bytes{0x10, 0x83});
  CHECK(bed.answer({0x0A}) == Bytes{0x0A, 0, 1});
  CHECK_FALSE(bed.in_reset);
}

TEST_CASE("a list of commands is answered in one packet; a list inside it is refused") {
  Bed bed;
  CHECK(bed.answer({0x7F, 2, 0x03, 0x05, 0, 1, 0x02}) ==
        Bytes{0x7F, 2, 0x03, 0, 0x05, 1, 1, 0x77, 0x14, 0xA0, 0x2B});
  CHECK(bed.answer({0x7F, 1, 0x7F, 0}) == Bytes{0x7F, 1, 0xFF});
}

TEST_CASE("a packet that ends too early, asks for too much or is unknown is an error, and does nothing") {
  Bed bed;
  bed.power_up();
  const Bytes packet = GENERATE(Bytes{}, Bytes{0x05, 0}, Bytes{0x05, 0, 1}, Bytes{0x05, 0, 1, 0x05, 1, 2},
                                Bytes{0x06, 0, 2, 0, 0x0D, 1, 2, 3, 4}, Bytes{0x06, 0, 0xFF, 0xFF, 0x0F},
                                Bytes{0x12, 64, 1}, Bytes{0x10, 0}, Bytes{0x80}, Bytes{0x7F, 1});
  CHECK(bed.answer(packet) == Bytes{0xFF});
  CHECK(bed.bus.accesses == 0);
  CHECK_FALSE(bed.in_reset);
}

TEST_CASE("any bytes are answered, within a packet") {
  Bed bed;
  uint32_t state = 12345;
  for (int i = 0; i < 20000; ++i) {
    Bytes packet(state >> 16U & 31U);
    for (uint8_t& byte : packet) {
      state = state * 1664525U + 1013904223U;
      byte = static_cast<uint8_t>(state >> 24U);
    }
    constexpr uint8_t kCommands[] = {0x05, 0x06, 0x7F, 0x10, 0x12, 0x00, 0x08, 0x04};
    if (!packet.empty()) packet[0] = kCommands[i % 8];
    state = state * 1664525U + 1013904223U;
    REQUIRE(bed.answer(packet).size() <= kPacketBytes);
  }
}

}  // namespace slmrig::rigsim
