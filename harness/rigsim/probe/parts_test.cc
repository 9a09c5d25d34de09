// The small parts: encodings, names of faults, identification words, what is read of a board file.
#include <catch2/catch.hpp>

#include <algorithm>

#include "harness/rigsim/probe/base64.h"
#include "harness/rigsim/probe/coresight.h"
#include "harness/rigsim/probe/emulated_board.h"
#include "harness/rigsim/probe/gdb_client.h"
#include "harness/rigsim/probe/probe_faults.h"

namespace slmrig::rigsim {
namespace {

std::vector<uint8_t> bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

EmulatedBoardOptions board_options() {
  EmulatedBoardOptions options;
  options.board_file = "boards/mps2-an386/board.json";
  options.uart_socket = "/folder,with comma/uart";
  options.folder = "/folder";
  options.flash_regions = {"code"};
  return options;
}

}  // namespace

TEST_CASE("base64 gives the words of RFC 4648, and takes them back") {
  const auto [text, encoded] = GENERATE(table<std::string, std::string>({{"", ""},
                                                                         {"f", "Zg=="},
                                                                         {"fo", "Zm8="},
                                                                         {"foo", "Zm9v"},
                                                                         {"foob", "Zm9vYg=="},
                                                                         {"fooba", "Zm9vYmE="},
                                                                         {"foobar", "Zm9vYmFy"}}));
  CHECK(base64_encode(bytes_of(text)) == encoded);
  std::vector<uint8_t> decoded(text.size());
  REQUIRE(base64_decode(encoded, decoded));
  CHECK(decoded == bytes_of(text));
}

TEST_CASE("base64 of another length, or with other characters, is refused") {
  std::vector<uint8_t> two(2);
  CHECK_FALSE(base64_decode("Zg==", two));
  CHECK_FALSE(base64_decode("Zm9v", two));
  CHECK_FALSE(base64_decode("Z?8=", two));
  CHECK_FALSE(base64_decode("Zm8", two));
}

TEST_CASE("a packet of the debug stub is framed with its checksum, and found among acknowledgements") {
  CHECK(gdb_frame("OK") == "$OK#9a");
  std::string received = "++$T05thread:01;#07$OK#9";
  CHECK(take_gdb_packet(&received) == "T05thread:01;");
  CHECK_FALSE(take_gdb_packet(&received));
  received += 'a';
  CHECK(take_gdb_packet(&received) == "OK");
  CHECK(received.empty());
}

TEST_CASE("a fault has a name, a beginning and a count") {
  const ProbeFaultPlan plan = parse_probe_fault("wait@1000x500").value();
  CHECK(plan.kind == ProbeFault::kWait);
  CHECK(plan.after_transfers == 1000);
  CHECK(plan.count == 500);
  CHECK(parse_probe_fault("no-ack").value().kind == ProbeFault::kNoAck);
  CHECK_THAT(parse_probe_fault("unplugg").error().message, Catch::Contains("did you mean 'unplug'"));
  CHECK_FALSE(parse_probe_fault("hang@soon"));
}

TEST_CASE("an event happens as often as planned, and not before its time") {
  ProbeFaults faults;
  faults.set({ProbeFault::kCorruptWrite, 10, 2});
  CHECK_FALSE(faults.happens(ProbeFault::kCorruptWrite));
  faults.count_transfers(10);
  CHECK_FALSE(faults.happens(ProbeFault::kWait));
  CHECK(faults.happens(ProbeFault::kCorruptWrite));
  CHECK(faults.happens(ProbeFault::kCorruptWrite));
  CHECK_FALSE(faults.happens(ProbeFault::kCorruptWrite));
}

TEST_CASE("the ROM table leads to the control space and the debug units, which say who they are") {
  CHECK(coresight_word(0xE00FF000) == 0xFFF0F003U);
  CHECK(coresight_word(0xE00FF004) == 0xFFF02003U);
  CHECK(coresight_word(0xE00FF008) == 0xFFF03003U);
  CHECK(coresight_word(0xE00FF00C) == 0U);
  // A ROM table of Arm's, part 0x4C4.
  CHECK(coresight_word(0xE00FFFE0) == 0xC4U);
  CHECK(coresight_word(0xE00FFFE4) == 0xB4U);
  CHECK(coresight_word(0xE00FFFE8) == 0x0BU);
  CHECK(coresight_word(0xE00FFFD0) == 0x04U);
  CHECK(coresight_word(0xE00FFFF4) == 0x10U);
  CHECK(coresight_word(0xE0002FF4) == 0xE0U);
  CHECK_FALSE(coresight_word(0xE000ED00));
  CHECK_FALSE(coresight_word(0x20000000));
}

TEST_CASE("the emulator is started as the board file says, without firmware, image or a running core") {
  const EmulatedBoardFacts facts = read_board_facts(board_options()).value();
  const auto has = [&](std::string_view wanted) {
    return std::find(facts.command.begin(), facts.command.end(), wanted) != facts.command.end();
  };
  CHECK(facts.command.front() == "qemu-system-arm");
  CHECK(has("-icount"));
  CHECK(has("-S"));
  CHECK_FALSE(has("-kernel"));
  CHECK(has("unix:/folder,,with comma/uart,server=on,wait=off"));
  for (const std::string& argument : facts.command) {
    CHECK_THAT(argument, !Catch::Contains("{"));
    CHECK_THAT(argument, !Catch::Contains("0x21000000"));
  }
  // Each option still has its value.
  CHECK(std::count(facts.command.begin(), facts.command.end(), "-device") == 1);
  REQUIRE(facts.flash.size() == 1);
  CHECK(facts.flash[0].range.begin == 0);
  CHECK(facts.memories.size() == 3);
}

TEST_CASE("a board that is no emulated Cortex-M, or a region that it has not got, is refused by name") {
  EmulatedBoardOptions options = board_options();
  options.flash_regions = {"cod"};
  CHECK_THAT(read_board_facts(options).error().text(), Catch::Contains("did you mean 'code'"));
  options.board_file = "boards/native/board.json";
  CHECK_THAT(read_board_facts(options).error().text(), Catch::Contains("the virtual probe models"));
}

}  // namespace slmrig::rigsim
