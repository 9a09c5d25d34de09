#include "harness/measure/sample_log.h"

#include <catch2/catch.hpp>

#include "harness/base/file.h"

namespace slmrig::measure {
namespace {

using Catch::Matchers::Contains;

CaptureHeader header() {
  CaptureHeader header;
  header.meter.kind = "scripted";
  header.meter.sample_rate_hz = 100'000;
  return header;
}

base::PowerSamples block_at(int64_t first_index, std::size_t count, int64_t received_ns) {
  base::PowerSamples block;
  block.first_index = first_index;
  block.received_ns = received_ns;
  for (std::size_t i = 0; i < count; ++i) {
    block.current_ua.push_back(static_cast<float>((first_index + static_cast<int64_t>(i)) * 7919 % 10'007));
    block.markers.push_back(static_cast<uint8_t>(i / 5000 % 2));
  }
  return block;
}

}  // namespace

TEST_CASE("Samples are read again as often as one likes, between additions, and are then a capture") {
  const auto folder = base::TemporaryDirectory::create("log").value();
  const auto file = folder.path() / "log";
  auto log = SampleLog::create(file, header(), 0).value();
  int64_t end = 0;
  for (int round = 1; round <= 3; ++round) {
    for (int i = 0; i < 20; ++i) {
      REQUIRE(log->add(block_at(end, 1000, end * 10'000)));
      end += 1000;
    }
    for (int again = 0; again < 2; ++again) {
      int64_t next = 0;
      bool right = true;
      REQUIRE(log->for_each([&](const base::PowerSamples& block) {
        right = right && block.first_index == next;
        for (const float current : block.current_ua)
          right = right && current == float(next++ * 7919 % 10'007);
      }));
      CHECK(right);
      CHECK(next == end);
    }
  }
  // Each block arrived 10 ms after the one before.
  CHECK(log->arrivals().size() == 60);
  CHECK(log->arrivals()[1].end_index == 2000);
  const base::CaptureFacts facts = log->finish().value();
  log.reset();
  CHECK(facts.samples == 60'000);
  CHECK(facts.bytes == std::filesystem::file_size(file));
  const auto reader = CaptureReader::open(file).value();
  base::PowerSamples block;
  while (reader->next(block).value()) {
  }
  CHECK(reader->is_complete());
}

TEST_CASE("A log that nobody finishes leaves no file behind") {
  const auto folder = base::TemporaryDirectory::create("log").value();
  const auto file = folder.path() / "log";
  { REQUIRE(SampleLog::create(file, header(), 0)); }
  CHECK_FALSE(std::filesystem::exists(file));
}

TEST_CASE("A log that may not grow any more says where, how far, and what room there is") {
  const auto folder = base::TemporaryDirectory::create("log").value();
  const auto file = folder.path() / "log";
  const auto log = SampleLog::create(file, header(), 100'000).value();
  base::Done done;
  int64_t end = 0;
  for (; done && end < 1'000'000; end += 1000) done = log->add(block_at(end, 1000, end * 10'000));
  REQUIRE_FALSE(done);
  CHECK(done.error().code == base::ErrorCode::kIo);
  CHECK_THAT(done.error().text(), Contains(file.string()) && Contains("0.100 MB") && Contains("MB free") &&
                                      Contains("samples were written before"));
  CHECK(std::filesystem::file_size(file) <= 100'000);
  CHECK_FALSE(log->add(block_at(end, 1, 0)));
  const auto none = SampleLog::create("/dev/full", header(), 0);
  REQUIRE_FALSE(none);
  CHECK_THAT(none.error().text(), Contains("/dev/full"));
}

}  // namespace slmrig::measure
