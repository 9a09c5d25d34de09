#include "harness/rig/meters/ppk2_protocol.h"

#include <catch2/catch.hpp>

#include "harness/rig/meters/ppk2_words_for_test.h"

namespace slmrig::rig {
namespace {

void replace(std::string* text, const std::string& from, const std::string& to) {
  const std::size_t at = text->find(from);
  REQUIRE(at != std::string::npos);
  text->replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("the metadata of a PPK2 is read") {
  const auto metadata = parse_ppk2_metadata(ppk2_metadata_a());
  REQUIRE(metadata);
  CHECK(metadata->missing.empty());
  CHECK(metadata->vdd_mv == 3000);
  CHECK(metadata->hardware == 9173);
  CHECK(metadata->mode == 2);
  CHECK_FALSE(metadata->says_calibrated);
  CHECK(metadata->ranges[0].quadratic_gain == 0);  // a true zero stays one
  CHECK(metadata->ranges[4].shunt_ohm == 0.0564);
  CHECK(metadata->ranges[4].constant == -0.009388455);
  CHECK(metadata->ranges[2].complete);
}

TEST_CASE("metadata is found behind stale samples, with any line ends and in any order") {
  std::string text = ppk2_metadata_a();
  replace(&text, "Calibrated: 0\n", "");
  std::string junk = "\nEND";  // stale samples may hold anything
  for (int i = 0; i < 17'412; ++i) junk += static_cast<char>(i * 7 % 256);
  for (std::size_t at = 0; (at = junk.find("\nEND", at)) != std::string::npos;) junk.erase(at, 1);
  CHECK(parse_ppk2_metadata(junk + text)->missing.empty());
  std::string with_returns;
  for (const char c : text) with_returns += c == '\n' ? std::string("\r\n") : std::string(1, c);
  CHECK(parse_ppk2_metadata(with_returns)->missing.empty());
  CHECK(parse_ppk2_metadata("New: 1\nXR0: 5\nIA: 1\n" + text)->ranges[0].shunt_ohm == 1003.3506);
}

TEST_CASE("metadata without its end is waited for") {
  std::string text = ppk2_metadata_a();
  text.resize(text.size() - 2);
  CHECK_FALSE(parse_ppk2_metadata(text));
  CHECK_FALSE(parse_ppk2_metadata("uart:~$ \nEND\n"));
  CHECK_FALSE(parse_ppk2_metadata(""));
}

TEST_CASE("a constant that is missing or no number leaves its range uncalibrated") {
  std::string text = ppk2_metadata_a();
  replace(&text, "O0: 112.9420\n", "");
  replace(&text, "GI3: 0.9519", "GI3: -nan");
  replace(&text, "R4: 0.0564", "R4: 0.0000");
  const auto metadata = parse_ppk2_metadata(text);
  REQUIRE(metadata);
  CHECK(metadata->missing == std::vector<std::string>{"O0", "GI3", "R4"});
  CHECK_FALSE(metadata->ranges[0].complete);
  CHECK(metadata->ranges[1].complete);
  CHECK(metadata->ranges[2].complete);
  CHECK_FALSE(metadata->ranges[3].complete);
  CHECK_FALSE(metadata->ranges[4].complete);
  CHECK(metadata->ranges[4].shunt_ohm == 0.043);
}

// Computed by two independent programs from the constants of unit A at 3.3 V.
TEST_CASE("codes become the currents that other programs compute") {
  struct Golden {
    uint32_t range, code, word;
    double current_ua;
  };
  const Golden golden[] = {{0, 27, 0xA514001B, 0.000286877833}, {0, 28, 0xA514001C, 0.0440854389},
                           {0, 4000, 0xA5140FA0, 174.01197},    {0, 16383, 0xA5143FFF, 716.369551},
                           {1, 1000, 0xA51443E8, 432.325501},   {1, 8000, 0xA5145F40, 4692.24407},
                           {2, 1000, 0xA51483E8, 4403.50834},   {2, 8000, 0xA5149F40, 53664.8197},
                           {3, 1000, 0xA514C3E8, 47606.4562},   {3, 8000, 0xA514DF40, 667914.677},
                           {4, 500, 0xA51501F4, 367458.74},     {4, 2000, 0xA51507D0, 1650436.39}};
  const auto metadata = parse_ppk2_metadata(ppk2_metadata_a());
  REQUIRE(metadata);
  for (const Golden& one : golden) {
    INFO(one.range << " " << one.code);
    CHECK(ppk2_word(one.range, one.code, 5, 0xA5) == one.word);
    CHECK(ppk2_range(one.word) == one.range);
    CHECK(ppk2_code(one.word) == one.code);
    CHECK(ppk2_counter(one.word) == 5);
    CHECK(ppk2_lines(one.word) == 0xA5);
    CHECK(ppk2_current_ua(metadata->ranges[one.range], one.code, 3.3) ==
          Approx(one.current_ua).epsilon(5e-9).margin(5e-13));
  }
  CHECK(ppk2_current_ua(metadata->ranges[0], 27, 3.741) == Approx(0.0214548778334).epsilon(1e-9));
}

TEST_CASE("voltages are big-endian millivolts") {
  const std::pair<int, std::vector<uint8_t>> golden[] = {{800, {0x0D, 0x03, 0x20}},
                                                         {1800, {0x0D, 0x07, 0x08}},
                                                         {3300, {0x0D, 0x0C, 0xE4}},
                                                         {3700, {0x0D, 0x0E, 0x74}},
                                                         {5000, {0x0D, 0x13, 0x88}}};
  for (const auto& [millivolts, bytes] : golden) CHECK(ppk2_regulator(millivolts) == bytes);
  CHECK(ppk2_power(true) == std::vector<uint8_t>{0x0C, 1});
  CHECK(ppk2_mode(Ppk2Mode::kAmpere) == std::vector<uint8_t>{0x11, 1});
  CHECK(ppk2_command(Ppk2Opcode::kStart) == std::vector<uint8_t>{0x06});
}

}  // namespace slmrig::rig
