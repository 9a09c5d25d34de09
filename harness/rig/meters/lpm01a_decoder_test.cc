#include "harness/rig/meters/lpm01a_decoder.h"

#include <algorithm>
#include <array>
#include <string>

#include <catch2/catch.hpp>

namespace slmrig::rig {
namespace {

using base::PowerSamples;

PowerSamples decoded(Lpm01aDecoder& decoder, const std::string& stream, std::size_t piece) {
  PowerSamples block;
  for (std::size_t at = 0; at < stream.size(); at += piece) {
    const std::string part = stream.substr(at, piece);
    decoder.feed(std::span(reinterpret_cast<const uint8_t*>(part.data()), part.size()), block);
  }
  return block;
}

std::string lines(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += "6409-07\r\n";
  return text;
}

const std::string kStamp("\r\n\0TimeStamp: 001s 000ms, buff 03%\0\r\n", 38);

std::string binary_samples(int count) {
  std::string bytes;
  for (int i = 0; i < count; ++i) bytes += "\x52\xA0";
  return bytes;
}

// At so many milliseconds, with so full a buffer.
std::string binary_stamp(char last_byte_of_ms, char percent, char first = 0) {
  return std::string("\xF0\xF3") + first + std::string(2, '\0') + last_byte_of_ms + percent + "\xFF\xFF";
}

}  // namespace

TEST_CASE("numbers of an LPM01A are read") {
  double value = 0;
  CHECK(parse_lpm01a_number("6409-07", &value));
  CHECK(value == Approx(640.9e-6));
  CHECK(parse_lpm01a_number("3292-03", &value));
  CHECK(value == Approx(3.292));
  CHECK_FALSE(parse_lpm01a_number("TimeSta", &value));
  CHECK_FALSE(parse_lpm01a_number("6409-7", &value));
  CHECK(lpm01a_amperes(0x52, 0xA0) == Approx(640.9e-6).epsilon(2e-4));
  CHECK(lpm01a_amperes(0x31, 0x45) == Approx(325.0 / 4096));
}

TEST_CASE("text is decoded whatever pieces it comes in") {
  for (const std::size_t piece : {1U, 3U, 10U, 4096U}) {
    Lpm01aDecoder decoder(false);
    const PowerSamples block = decoded(
        decoder,
        "PowerShield > ack start\r\n" + kStamp + lines(1000) + kStamp + lines(20) + "end\r\nsummary beg\r\n",
        piece);
    REQUIRE(block.current_ua.size() == 1020);
    CHECK(block.current_ua[7] == Approx(640.9));
    CHECK(block.gaps.empty());
    CHECK(decoder.buffer_percent() == 3);
    CHECK(decoder.ended());
    CHECK(decoder.error().empty());
  }
}

TEST_CASE("other than a thousand samples between time stamps are a loss") {
  Lpm01aDecoder decoder(false);
  const PowerSamples block = decoded(decoder, kStamp + lines(990) + kStamp + lines(5), 64);
  REQUIRE(block.gaps.size() == 1);
  CHECK(block.gaps[0].index == 1000);
  CHECK(block.gaps[0].count == 10);
  CHECK(decoder.next_index() == 1005);
  CHECK(decoder.lost_samples() == 10);
}

TEST_CASE("events toggle a marker line, and a missing one is told") {
  Lpm01aDecoder decoder(false);
  const PowerSamples block =
      decoded(decoder, lines(2) + "event 00 ris\r\n" + lines(2) + "event 01 ris\r\n" + lines(1), 7);
  CHECK(block.markers == std::vector<uint8_t>{0, 0, 1, 1, 0});
  CHECK(decoder.error().empty());
  decoded(decoder, "event 03 ris\r\n", 7);
  CHECK(decoder.events() == 3);
  CHECK_THAT(decoder.error(), Catch::Contains("event 3 came where 2 was expected"));
}

TEST_CASE("errors in the text are kept") {
  Lpm01aDecoder decoder(false);
  decoded(decoder, lines(3) + "error: voltage drop\r\n" + lines(1), 5);
  CHECK_THAT(decoder.error(), Catch::Contains("voltage drop"));
}

TEST_CASE("the binary form is decoded whatever pieces it comes in") {
  const std::string stream = "PowerShield > ack start\r\n" + binary_stamp(0, 0) + binary_samples(1000) +
                             binary_stamp(10, 42) + binary_samples(7) + "\xF0\xF4\xFF\xFF" +
                             "summary beg\r\n";
  for (const std::size_t piece : {1U, 2U, 3U, 5U, 4096U}) {
    Lpm01aDecoder decoder(true);
    const PowerSamples block = decoded(decoder, stream, piece);
    REQUIRE(block.current_ua.size() == 1007);
    CHECK(std::all_of(block.current_ua.begin(), block.current_ua.end(),
                      [](float current) { return current == Approx(640.9).epsilon(2e-4); }));
    CHECK(block.gaps.empty());
    CHECK(decoder.buffer_percent() == 42);
    CHECK(decoder.ended());
    CHECK(decoder.error().empty());
  }
}

TEST_CASE("overflow, overcurrent and error records are told") {
  Lpm01aDecoder overflow(true);
  decoded(overflow, binary_stamp(0, 99) + binary_samples(1000) + binary_stamp(10, 99, '\x80'), 3);
  CHECK_THAT(overflow.error(), Catch::Contains("overflowed"));
  Lpm01aDecoder overcurrent(true);
  decoded(overcurrent, binary_stamp(0, 0) + "\xF0\xF5\xFF\xFF", 1);
  CHECK(overcurrent.error() == "overcurrent");
  Lpm01aDecoder text(true);
  const PowerSamples block =
      decoded(text, binary_stamp(0, 0) + "\xF0\xF1" + "voltage drop" + "\xFF\xFF" + binary_samples(2), 4);
  CHECK(text.error() == "voltage drop");
  CHECK(block.current_ua.size() == 2);
}

TEST_CASE("an LPM01A that was asked for binary samples and sends text is understood") {
  Lpm01aDecoder decoder(true);
  base::PowerSamples block;
  const std::string text =
      "PowerShield > ack start\r\n\r\nTimeStamp: 000s 000ms, buff 00%\r\n6409-07\r\n6410-07\r\n";
  for (const char c : text) {  // however it is cut
    const auto byte = static_cast<uint8_t>(c);
    decoder.feed(std::span(&byte, 1), block);
  }
  REQUIRE(block.current_ua.size() == 2);
  CHECK(block.current_ua[0] == Approx(640.9));
  CHECK(block.current_ua[1] == Approx(641.0));
  decoder.restart();
  const std::array<uint8_t, 11> binary = {0xF0, 0xF3, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0x52, 0xA0};
  base::PowerSamples next;
  decoder.feed(binary, next);
  REQUIRE(next.current_ua.size() == 1);
  CHECK(next.current_ua[0] == Approx(640.9).epsilon(2e-3));
}

}  // namespace slmrig::rig
