#include "harness/rig/meters/ppk2_tail.h"

#include <catch2/catch.hpp>
#include <string>

namespace slmrig::rig {
namespace {

std::vector<uint8_t> bytes_of(const std::string& text) { return {text.begin(), text.end()}; }

const std::string kAnswer = "Calibrated: 0\nR0: 1003.3506\nVDD: 3000\nEND\n";

TEST_CASE("samples end where the answer begins, whatever pieces they come in") {
  // Samples may hold letters, and those of the answer, too.
  const std::string samples =
      std::string("\x1b\0\x14\xa5", 4) + "Cali" + "END\n" + "brat" + "Calibrated\xa5\x14";
  const std::vector<uint8_t> all = bytes_of(samples + kAnswer);
  for (std::size_t piece = 1; piece <= all.size(); ++piece) {
    Ppk2Tail tail;
    std::string given;
    for (std::size_t at = 0; at < all.size(); at += piece) {
      REQUIRE_FALSE(tail.has_ended());
      const auto some = tail.samples_of(std::span(all).subspan(at, std::min(piece, all.size() - at)));
      given.append(some.begin(), some.end());
    }
    CAPTURE(piece);
    CHECK(given == samples);
    CHECK(tail.has_ended());
  }
}

TEST_CASE("an answer that is cut short is no end") {
  Ppk2Tail tail;
  CHECK(tail.samples_of(bytes_of(kAnswer.substr(0, kAnswer.size() - 1))).empty());
  CHECK_FALSE(tail.has_ended());
  CHECK(tail.samples_of(bytes_of("\n")).empty());
  CHECK(tail.has_ended());
}

}  // namespace
}  // namespace slmrig::rig
