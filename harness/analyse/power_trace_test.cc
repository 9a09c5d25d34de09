#include "harness/analyse/power_trace.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <limits>
#include <numeric>

namespace slmrig::analyse {
namespace {

constexpr int64_t kMsNs = 1'000'000;

base::Energy energy_of_one(int64_t start_ns, int64_t duration_ns) {
  base::Energy energy;
  base::GenerationEnergy generation;
  generation.start_ns = start_ns;
  generation.duration_ns = duration_ns;
  generation.token_net_uj = {1};
  energy.generations = {generation};
  return energy;
}

base::MeterFacts even_meter() {
  base::MeterFacts meter;
  meter.sample_rate_hz = 100'000;
  return meter;
}

// 100 ms of 1 mA at 10 us, 10 mA from 40 to 60 ms, and one sample of 50 mA at 45 ms.
base::PowerSamples even_samples() {
  base::PowerSamples samples;
  samples.current_ua.assign(10'000, 1000.0F);
  std::fill(samples.current_ua.begin() + 4000, samples.current_ua.begin() + 6000, 10'000.0F);
  samples.current_ua[4500] = 50'000.0F;
  return samples;
}

double energy_uj(const base::PowerTrace& trace) {
  const double step_s = static_cast<double>(trace.step_ns) * 1e-9;
  return std::accumulate(trace.mean_uw.begin(), trace.mean_uw.end(), 0.0) * step_s;
}

}  // namespace

TEST_CASE("a power trace keeps a generation's energy, its peaks and some idle around it", "[power_trace]") {
  PowerTraceBuilder builder(even_meter(), 3000, energy_of_one(40 * kMsNs, 20 * kMsNs));
  builder.add(even_samples());
  const auto trace = builder.finish();
  REQUIRE(trace);
  CHECK(trace->mean_uw.size() <= kPowerTraceSteps);
  CHECK(trace->mean_uw.size() > kPowerTraceSteps / 2);
  CHECK(trace->start_ns < 40 * kMsNs);
  CHECK(trace->mean_uw.front() == 3000);
  CHECK(trace->mean_uw.back() == 3000);
  CHECK(*std::max_element(trace->highest_uw.begin(), trace->highest_uw.end()) == 150'000);
  const double idle_ms =
      static_cast<double>(trace->step_ns) * 1e-6 * static_cast<double>(trace->mean_uw.size()) - 20;
  CHECK(energy_uj(*trace) == Approx(20 * 30.0 + 0.01 * 120.0 + idle_ms * 3.0).epsilon(1e-3));
}

TEST_CASE("a neighbour is not shown as idle", "[power_trace]") {
  base::PowerSamples samples = even_samples();
  std::fill(samples.current_ua.begin() + 3000, samples.current_ua.begin() + 3900, 7000.0F);
  std::fill(samples.current_ua.begin() + 6050, samples.current_ua.begin() + 7000, 7000.0F);
  base::Energy energy = energy_of_one(40 * kMsNs, 20 * kMsNs);
  energy.generations[0].token_net_uj = {1};
  energy.generations.push_back(energy_of_one(60'500'000, 10 * kMsNs).generations[0]);
  energy.generations.push_back(energy_of_one(30 * kMsNs, 9 * kMsNs).generations[0]);
  PowerTraceBuilder builder(even_meter(), 3000, energy);
  builder.add(samples);
  const auto trace = builder.finish();
  REQUIRE(trace);
  CHECK(trace->generation == 0);
  CHECK(trace->start_ns == 39 * kMsNs);
  CHECK(trace->mean_uw.front() == 3000);
  CHECK(trace->mean_uw.back() == 3000);
  const int64_t end_ns = trace->start_ns + trace->step_ns * static_cast<int64_t>(trace->mean_uw.size());
  CHECK(std::abs(end_ns - 60'500'000) <= trace->step_ns);
}

TEST_CASE("blocks may be cut anywhere", "[power_trace]") {
  const base::PowerSamples whole = even_samples();
  const base::Energy energy = energy_of_one(40 * kMsNs, 20 * kMsNs);
  PowerTraceBuilder one(even_meter(), 3000, energy);
  one.add(whole);
  PowerTraceBuilder many(even_meter(), 3000, energy);
  for (std::size_t at = 0; at < whole.current_ua.size(); at += 77) {
    base::PowerSamples block;
    block.first_index = 500 + static_cast<int64_t>(at);  // positions begin anywhere
    const std::size_t end = std::min(whole.current_ua.size(), at + 77);
    block.current_ua.assign(whole.current_ua.begin() + static_cast<ptrdiff_t>(at),
                            whole.current_ua.begin() + static_cast<ptrdiff_t>(end));
    many.add(block);
  }
  const auto expected = one.finish();
  const auto trace = many.finish();
  REQUIRE((expected && trace));
  CHECK(trace->start_ns == expected->start_ns);
  CHECK(trace->mean_uw == expected->mean_uw);
  CHECK(trace->lowest_uw == expected->lowest_uw);
}

TEST_CASE("lost samples keep their time, and their steps are joined by a line", "[power_trace]") {
  base::PowerSamples samples = even_samples();
  // 5 ms are lost from 50 ms on: what was at 55 ms still is.
  samples.current_ua.erase(samples.current_ua.begin() + 5000, samples.current_ua.begin() + 5500);
  samples.gaps = {{5500, 500}};
  PowerTraceBuilder builder(even_meter(), 3000, energy_of_one(40 * kMsNs, 20 * kMsNs));
  builder.add(samples);
  const auto trace = builder.finish();
  REQUIRE(trace);
  PowerTraceBuilder complete(even_meter(), 3000, energy_of_one(40 * kMsNs, 20 * kMsNs));
  complete.add(even_samples());
  CHECK(trace->mean_uw == complete.finish()->mean_uw);
}

TEST_CASE("invalid samples are left out", "[power_trace]") {
  base::PowerSamples samples = even_samples();
  samples.current_ua[4700] = std::numeric_limits<float>::quiet_NaN();
  samples.flags.assign(samples.current_ua.size(), 0);
  samples.flags[4700] = base::kSampleInvalid;
  PowerTraceBuilder builder(even_meter(), 3000, energy_of_one(40 * kMsNs, 20 * kMsNs));
  builder.add(samples);
  const auto trace = builder.finish();
  REQUIRE(trace);
  CHECK(energy_uj(*trace) > 600);
}

TEST_CASE("samples that carry their own time are drawn as they count", "[power_trace]") {
  base::MeterFacts meter;
  base::PowerSamples samples;
  for (int64_t at = 0; at <= 20; ++at) {
    samples.time_ns.push_back(7'000'000'000 + at * 100 * kMsNs);
    samples.power_uw.push_back(at > 5 && at <= 15 ? 2e6F : 1e6F);  // mean since the sample before
  }
  PowerTraceBuilder builder(meter, 0, energy_of_one(500 * kMsNs, 1000 * kMsNs));
  builder.add(samples);
  const auto trace = builder.finish();
  REQUIRE(trace);
  const double idle_s =
      static_cast<double>(trace->step_ns) * 1e-9 * static_cast<double>(trace->mean_uw.size()) - 1;
  CHECK(energy_uj(*trace) == Approx(2e6 + 1e6 * idle_s).epsilon(1e-3));
  // A current is that of a moment, and what lies between is a line.
  samples.power_uw.clear();
  samples.current_ua = {};
  for (int64_t at = 0; at <= 20; ++at) samples.current_ua.push_back(static_cast<float>(at));
  PowerTraceBuilder line(meter, 1000, energy_of_one(500 * kMsNs, 1000 * kMsNs));
  line.add(samples);
  const auto ramp = line.finish();
  REQUIRE(ramp);
  const double step_ms = static_cast<double>(ramp->step_ns) * 1e-6;
  for (std::size_t at = 0; at < ramp->mean_uw.size(); ++at) {
    const double middle_ms =
        static_cast<double>(ramp->start_ns) * 1e-6 + step_ms * (static_cast<double>(at) + 0.5);
    REQUIRE(ramp->mean_uw[at] == Approx(middle_ms / 100).epsilon(1e-3));
  }
}

TEST_CASE("the generation whose tokens are told is shown; without one or without samples there is no trace",
          "[power_trace]") {
  base::Energy energy = energy_of_one(10 * kMsNs, 10 * kMsNs);
  energy.generations[0].token_net_uj.clear();
  energy.generations.push_back(energy_of_one(40 * kMsNs, 20 * kMsNs).generations[0]);
  PowerTraceBuilder builder(even_meter(), 3000, energy);
  builder.add(even_samples());
  CHECK(builder.finish()->generation == 1);
  PowerTraceBuilder nothing(even_meter(), 3000, base::Energy());
  nothing.add(even_samples());
  CHECK_FALSE(nothing.finish());
  PowerTraceBuilder late(even_meter(), 3000, energy_of_one(400 * kMsNs, 20 * kMsNs));
  late.add(even_samples());
  CHECK_FALSE(late.finish());
  // Cut off in the middle: what was seen is shown.
  PowerTraceBuilder cut(even_meter(), 3000, energy_of_one(95 * kMsNs, 20 * kMsNs));
  cut.add(even_samples());
  CHECK(cut.finish()->mean_uw.size() < kPowerTraceSteps / 2);
}

}  // namespace slmrig::analyse
