#include "harness/rig/meters/scpi_profile.h"

#include <catch2/catch.hpp>

#include "harness/base/file.h"

namespace slmrig::rig {
namespace {

base::Result<ScpiProfile> read(const std::string& text) {
  const auto folder = base::TemporaryDirectory::create("profile").value();
  const auto file = folder.path() / "mine.json";
  REQUIRE(base::write_file_atomically(file, text));
  return read_scpi_profile(file);
}

}  // namespace

TEST_CASE("the profiles that come along are read, and each names its instruments", "[scpi]") {
  const auto profiles = read_scpi_profiles("boards/meters");
  REQUIRE(profiles);
  CHECK(profiles->size() >= 6);
  const auto of = [&](const std::string& idn) {
    std::string names;
    for (const ScpiProfile& profile : *profiles) {
      if (*matches(idn, profile.idn)) names += profile.name + " ";
    }
    return names;
  };
  CHECK(of("RIGOL TECHNOLOGIES,DP832A,DP8B000001,00.01.16") == "rigol-dp800 ");
  CHECK(of("RIGOL TECHNOLOGIES,DP711,DP7A000001,00.01.02") == "rigol-dp700 ");
  CHECK(of("Rohde&Schwarz,HMC8043,100045,HW1,SW1") == "rs-hmc8043 ");
  CHECK(of("HEWLETT-PACKARD,6632B,0,A.01") == "hp-66xx ");
  CHECK(of("Agilent Technologies,66312A,0,A.01") == "hp-66xx ");
  CHECK(of("Agilent Technologies,N5763A,0,A.01") == "hp-66xx ");
  CHECK(of("Keysight Technologies,34465A,MY1,A.03") == "keysight-dmm ");
  CHECK(of("KORADKA3005PV2.0") == "korad-ka ");
  CHECK(of("TENMA 72-2540 V2.1") == "korad-ka ");
  CHECK(of("RIGOL TECHNOLOGIES,DS1054Z,DS1ZA,00.04") == "");
}

TEST_CASE("a profile with an unknown key, a bad expression or no question is refused", "[scpi]") {
  const std::string head = R"({"name":"mine","description":"d","source":"s",)";
  const auto good = read(head + R"("idn":"^ACME","measure":{"current":"I?"}})");
  REQUIRE(good);
  CHECK(good->current == "I?");
  CHECK_FALSE(good->accuracy_stated);
  const auto typo = read(head + R"("idn":"^ACME","mesure":{},"measure":{"current":"I?"}})");
  REQUIRE_FALSE(typo);
  CHECK(typo.error().message.find("mesure") != std::string::npos);
  CHECK_FALSE(read(head + R"("idn":"(","measure":{"current":"I?"}})"));
  CHECK_FALSE(read(head + R"("idn":"^ACME","measure":{"voltage":"V?"}})"));
  CHECK_FALSE(
      read(R"({"name":"other","description":"d","source":"s","idn":"A","measure":{"current":"I?"}})"));
}

TEST_CASE("figures in commands and answers", "[scpi]") {
  CHECK(figure_text(3.3, 2, 5) == "03.30");
  CHECK(figure_text(0.5, 3, 5) == "0.500");
  CHECK(figure_text(3.3, 3, 0) == "3.300");
  CHECK(fill_command(":INST:NSEL {channel};V {volts}", {{"channel", "2"}, {"volts", "1.8"}}) ==
        ":INST:NSEL 2;V 1.8");
  CHECK(parse_figure("+3.300123E+00")->value == Approx(3.300123));
  CHECK(parse_figure("0.234 A")->value == Approx(0.234));
  CHECK(parse_figure("05.00")->value == 5);
  CHECK_FALSE(parse_figure("9.91E37")->valid);
  CHECK_FALSE(parse_figure("+9.91000000E+37")->valid);
  CHECK(parse_figure("9.9E37")->saturated);
  CHECK(parse_figure("-9.9E+37")->saturated);
  CHECK_FALSE(parse_figure("nan")->valid);
  CHECK_FALSE(parse_figure(""));
  CHECK_FALSE(parse_figure("3.3,1.2"));
  CHECK_FALSE(parse_figure("\x02?"));
}

}  // namespace slmrig::rig
