#include "harness/rig/meters/ppk2_decoder.h"

#include <algorithm>
#include <random>

#include <catch2/catch.hpp>

#include "harness/rig/meters/ppk2_words_for_test.h"

namespace slmrig::rig {
namespace {

using base::PowerSamples;
using base::SampleGap;

Ppk2Decoder decoder_a() { return Ppk2Decoder(*parse_ppk2_metadata(ppk2_metadata_a()), 3.3); }

// Marker lines that tell the sample. Neither they nor the codes count up by one, as a counter does.
uint8_t lines_of(int64_t sample) { return static_cast<uint8_t>(sample * 37); }

std::vector<uint32_t> words(uint32_t first, uint32_t count) {
  std::vector<uint32_t> all;
  for (uint32_t i = first; i < first + count; ++i)
    all.push_back(ppk2_word(2, 100 + i * 5 % 8000, i, lines_of(i)));
  return all;
}

std::vector<uint8_t> joined(std::vector<uint8_t> a, const std::vector<uint8_t>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

PowerSamples decoded(Ppk2Decoder& decoder, const std::vector<uint8_t>& bytes, std::size_t piece = 1000) {
  PowerSamples block;
  for (std::size_t at = 0; at < bytes.size(); at += piece)
    decoder.feed(std::span(bytes).subspan(at, std::min(piece, bytes.size() - at)), block);
  decoder.finish(block);
  return block;
}

bool same(const std::vector<SampleGap>& gaps, const std::vector<SampleGap>& expected) {
  return std::equal(
      gaps.begin(), gaps.end(), expected.begin(), expected.end(),
      [](const SampleGap& a, const SampleGap& b) { return a.index == b.index && a.count == b.count; });
}

}  // namespace

TEST_CASE("a stream is decoded whatever pieces it comes in") {
  const std::vector<uint8_t> bytes = ppk2_bytes(words(40, 500));
  for (const std::size_t piece : {1U, 2U, 3U, 5U, 7U, 64U, 255U, 4096U}) {
    Ppk2Decoder decoder = decoder_a();
    const PowerSamples block = decoded(decoder, bytes, piece);
    REQUIRE(block.current_ua.size() == 500);
    CHECK(block.first_index == 0);
    CHECK(block.gaps.empty());
    CHECK(decoder.next_index() == 500);
    CHECK(decoder.dropped_bytes() == 0);
    for (std::size_t i = 0; i < 500; ++i) CHECK(block.markers[i] == lines_of(40 + static_cast<int64_t>(i)));
    CHECK(std::count(block.flags.begin(), block.flags.end(), 0) == 500);
    CHECK(block.range[3] == 2);
  }
}

TEST_CASE("decoded currents are those of the formula") {
  const auto metadata = parse_ppk2_metadata(ppk2_metadata_a());
  Ppk2Decoder decoder(*metadata, 3.3);
  const PowerSamples block =
      decoded(decoder, ppk2_bytes({ppk2_word(0, 27, 0), ppk2_word(1, 8000, 1), ppk2_word(4, 2000, 2),
                                   ppk2_word(3, 0, 3), ppk2_word(2, 8000, 4), ppk2_word(0, 0, 5)}));
  REQUIRE(block.current_ua.size() == 6);
  CHECK(block.current_ua[0] == Approx(0.000286877833));
  CHECK(block.current_ua[1] == Approx(4692.24407));
  CHECK(block.current_ua[2] == Approx(1650436.39));
  CHECK(block.current_ua[4] == Approx(53664.8197));
  CHECK(block.current_ua[5] < 0);  // kept signed
}

TEST_CASE("full scale and ranges that there are none of are flagged") {
  Ppk2Decoder decoder = decoder_a();
  std::vector<uint32_t> stream = words(0, 20);
  stream[7] |= 0x3FFFU;
  stream[9] = ppk2_word(6, 1000, 9);
  const PowerSamples block = decoded(decoder, ppk2_bytes(stream));
  REQUIRE(block.flags.size() == 20);
  CHECK(block.flags[7] == base::kSampleSaturated);
  CHECK(block.flags[9] == base::kSampleInvalid);
  CHECK(block.range[9] < kPpk2Ranges);
  CHECK(block.current_ua[9] == 0);
  CHECK(std::count(block.flags.begin(), block.flags.end(), 0) == 18);
}

TEST_CASE("lost samples advance the index and never move those before them") {
  for (const uint32_t lost : {1U, 4U, 62U, 63U}) {
    Ppk2Decoder decoder = decoder_a();
    const auto bytes = joined(ppk2_bytes(words(0, 100)), ppk2_bytes(words(100 + lost, 50)));
    const PowerSamples block = decoded(decoder, bytes, 36);
    REQUIRE(block.current_ua.size() == 150);
    CHECK(same(block.gaps, {{100 + lost, lost}}));
    CHECK(block.flags[100] == base::kSampleDoubtful);
    CHECK(decoder.next_index() == 150 + lost);
    CHECK(decoder.lost_samples() == lost);
  }
  // A multiple of 64 is not seen, and 100 look like 36: the rate tells.
  Ppk2Decoder decoder = decoder_a();
  CHECK(decoded(decoder, joined(ppk2_bytes(words(0, 100)), ppk2_bytes(words(164, 50)))).gaps.empty());
  decoder.restart();
  CHECK(same(decoded(decoder, joined(ppk2_bytes(words(0, 100)), ppk2_bytes(words(200, 50)))).gaps,
             {{136, 36}}));
}

TEST_CASE("gaps that follow each other closely are all counted") {
  Ppk2Decoder decoder = decoder_a();
  std::vector<uint32_t> stream = words(0, 10);
  for (const uint32_t at : {12U, 13U, 20U, 21U, 22U, 30U, 31U, 32U, 33U, 34U, 35U, 36U})
    stream.push_back(words(at, 1).front());
  const PowerSamples block = decoded(decoder, ppk2_bytes(stream));
  REQUIRE(block.current_ua.size() == 22);
  CHECK(same(block.gaps, {{12, 2}, {20, 6}, {30, 7}}));
  CHECK(decoder.next_index() == 37);
}

TEST_CASE("one odd counter in an unbroken stream is one invalid sample") {
  Ppk2Decoder decoder = decoder_a();
  std::vector<uint32_t> stream = words(0, 100);
  stream[50] ^= 9U << 18U;
  const PowerSamples block = decoded(decoder, ppk2_bytes(stream));
  CHECK(block.current_ua.size() == 100);
  CHECK(block.gaps.empty());
  CHECK(block.flags[50] == base::kSampleInvalid);
  CHECK(block.flags[51] == 0);
}

TEST_CASE("lost bytes cost the sample they belong to and nothing behind it") {
  for (const int bytes_lost : {1, 2, 3}) {
    for (const int within : {0, 1, 2, 3}) {
      INFO(bytes_lost << " bytes from byte " << within << " of a word");
      Ppk2Decoder decoder = decoder_a();
      std::vector<uint8_t> bytes = ppk2_bytes(words(0, 200));
      bytes.erase(bytes.begin() + 400 + within, bytes.begin() + 400 + within + bytes_lost);
      const PowerSamples block = decoded(decoder, bytes, 17);
      // By number, from the marker lines: everything from two samples behind the loss on is as it was.
      const auto last = static_cast<int64_t>(block.current_ua.size()) - 1;
      CHECK(block.markers.back() == lines_of(199));
      CHECK(decoder.next_index() == 200);
      CHECK(decoder.lost_samples() >= 1);
      CHECK(decoder.lost_samples() <= 2);
      for (int64_t back = 0; back < 97; ++back)
        CHECK(block.markers[static_cast<std::size_t>(last - back)] == lines_of(199 - back));
      for (std::size_t i = 0; i < 100; ++i) CHECK(block.markers[i] == lines_of(static_cast<int64_t>(i)));
    }
  }
}

TEST_CASE("a stream that begins in the middle of a word is aligned") {
  Ppk2Decoder decoder = decoder_a();
  std::vector<uint8_t> bytes = ppk2_bytes(words(7, 100));
  bytes.erase(bytes.begin(), bytes.begin() + 3);
  const PowerSamples block = decoded(decoder, bytes);
  CHECK(block.current_ua.size() == 99);
  CHECK(block.first_index == 0);
  CHECK(block.markers.front() == lines_of(8));
  CHECK(decoder.dropped_bytes() == 1);
}

TEST_CASE("rubbish is dropped, and a stream behind it is found") {
  std::mt19937 random(5);
  std::vector<uint8_t> rubbish(4001);
  for (uint8_t& byte : rubbish) byte = static_cast<uint8_t>(random());
  Ppk2Decoder decoder = decoder_a();
  PowerSamples block;
  decoder.feed(rubbish, block);
  CHECK(block.current_ua.empty());
  CHECK(decoder.senseless_bytes() > 3900);
  decoder.feed(ppk2_bytes(words(0, 1000)), block);
  CHECK(block.current_ua.size() == 1000);
  CHECK(decoder.senseless_bytes() == 0);
}

TEST_CASE("bytes that the queue had no room for become a gap of their length") {
  Ppk2Decoder decoder = decoder_a();
  PowerSamples block;
  decoder.feed(ppk2_bytes(words(0, 100)), block);
  decoder.skip(4000);  // samples 100 to 1099
  decoder.feed(ppk2_bytes(words(1100, 100)), block);
  decoder.finish(block);
  CHECK(block.current_ua.size() == 200);
  CHECK(same(block.gaps, {{1100, 1000}}));
  CHECK(decoder.next_index() == 1200);
}

TEST_CASE("blocks go on where the one before ended") {
  Ppk2Decoder decoder = decoder_a();
  PowerSamples first, second;
  decoder.feed(ppk2_bytes(words(0, 30)), first);
  decoder.feed(ppk2_bytes(words(35, 30)), second);
  decoder.finish(second);
  CHECK(first.current_ua.size() == 30);
  CHECK(second.first_index == 35);
  CHECK(same(second.gaps, {{35, 5}}));
}

}  // namespace slmrig::rig
