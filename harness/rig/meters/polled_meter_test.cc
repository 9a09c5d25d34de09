#include "harness/rig/meters/polled_meter.h"

#include <atomic>

#include <catch2/catch.hpp>

#include "harness/base/clock.h"

namespace slmrig::rig {
namespace {

using base::ErrorCode;
using base::PowerSamples;
using base::Result;

constexpr int64_t kWaitMs = 5000;

// Counts up; what it answers at each poll is scripted.
class ScriptedSource final : public PolledSource {
 public:
  ScriptedSource(std::atomic<int>* polls, int fails_at) : polls_(polls), fails_at_(fails_at) {
    facts_.address = "script";
  }
  const base::MeterFacts& facts() const override { return facts_; }
  PolledColumns columns() const override { return {true, false, false}; }
  int64_t interval_ns() const override { return 100'000; }
  Result<std::optional<PolledReading>> poll() override {
    const int number = (*polls_)++;
    if (number == fails_at_) return base::fail(ErrorCode::kLinkLost, "unplugged");
    if (number % 2 == 1) return std::nullopt;
    PolledReading reading;
    reading.time_ns = base::monotonic_now_ns();
    reading.current_ua = number;
    reading.valid = number != 4;
    reading.saturated = number == 6;
    return reading;
  }

 private:
  std::atomic<int>* polls_;
  int fails_at_;
  base::MeterFacts facts_;
};

void wait_for(const std::atomic<int>& polls, int count) {
  while (polls < count) std::this_thread::yield();
}

}  // namespace

TEST_CASE("readings are handed out in order, with what is known of each", "[meters]") {
  std::atomic<int> polls = 0;
  PolledMeter meter(std::make_unique<ScriptedSource>(&polls, -1));
  REQUIRE(meter.start());
  wait_for(polls, 20);
  REQUIRE(meter.stop());
  PowerSamples block;
  const auto got = meter.read(block, kWaitMs);
  REQUIRE(got);
  REQUIRE(*got);
  REQUIRE(block.current_ua.size() >= 10);
  CHECK(block.first_index == 0);
  CHECK(block.current_ua[1] == 2);
  CHECK(block.flags[2] == base::kSampleInvalid);
  CHECK(block.flags[3] == base::kSampleSaturated);
  CHECK(block.flags[4] == 0);
  CHECK(block.power_uw.empty());
  CHECK(block.time_ns.size() == block.current_ua.size());
  // Drained: false for ever.
  CHECK_FALSE(*meter.read(block, kWaitMs));
}

TEST_CASE("what nobody reads is dropped from its old end and counted", "[meters]") {
  std::atomic<int> polls = 0;
  PolledMeter meter(std::make_unique<ScriptedSource>(&polls, -1), 8);
  REQUIRE(meter.start());
  wait_for(polls, 61);
  REQUIRE(meter.stop());
  PowerSamples block;
  REQUIRE(*meter.read(block, kWaitMs));
  REQUIRE(block.current_ua.size() == 8);
  REQUIRE(block.gaps.size() == 1);
  // Every second poll gave a reading.
  CHECK(block.gaps[0].count == static_cast<int64_t>(block.current_ua[0]) / 2);
  CHECK(block.first_index == block.gaps[0].count);
  CHECK(block.gaps[0].index == block.first_index);
}

TEST_CASE("an error comes after all that was read before it", "[meters]") {
  std::atomic<int> polls = 0;
  PolledMeter meter(std::make_unique<ScriptedSource>(&polls, 9));
  REQUIRE(meter.start());
  wait_for(polls, 10);
  PowerSamples block;
  int64_t readings = 0;
  auto got = meter.read(block, kWaitMs);
  for (; got && *got; got = meter.read(block, kWaitMs)) readings += static_cast<int64_t>(block.flags.size());
  CHECK(readings == 5);
  REQUIRE_FALSE(got);
  CHECK(got.error().code == ErrorCode::kLinkLost);
  // A new start begins anew.
  REQUIRE(meter.stop());
  REQUIRE(meter.start());
  REQUIRE(*meter.read(block, kWaitMs));
  CHECK(block.first_index == 0);
}

}  // namespace slmrig::rig
