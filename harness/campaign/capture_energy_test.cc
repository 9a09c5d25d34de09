#include "harness/campaign/capture_energy.h"

#include <catch2/catch.hpp>

#include "harness/base/file.h"
#include "harness/measure/sample_log.h"

namespace slmrig::campaign {
namespace {

constexpr int64_t kMs = 1'000'000;
constexpr float kIdleUa = 1000;
constexpr float kActiveUa = 11'000;

// A meter of 1000 samples a second without marker lines, at 1 V, and a board that answers at times the host
// knows. A tick of the board is a microsecond.
class HostClockBed {
 public:
  HostClockBed() {
    meter_.kind = "bed";
    meter_.sample_rate_hz = 1000;
    measure::CaptureHeader header;
    header.meter = meter_;
    header.supply_mv = 1000;
    log_ = measure::SampleLog::create(folder_.path() / "log", header, 0).value();
    capture.samples = log_.get();
  }

  // 3 s from `host_ns` on: an answer of two tokens of `token_ms` each after the first second, idle around it.
  void span(int64_t host_ns, int64_t token_ms) {
    capture.span_starts.push_back(next_index_);
    const auto active = static_cast<std::size_t>(2 * token_ms);
    for (std::size_t i = 0; i < 3000; i += 10) {
      base::PowerSamples block;
      block.first_index = next_index_;
      for (std::size_t k = i; k < i + 10; ++k)
        block.current_ua.push_back(k >= 1000 && k < 1000 + active ? kActiveUa : kIdleUa);
      block.received_ns = host_ns + static_cast<int64_t>(i + 10) * kMs;
      REQUIRE(log_->add(block));
      next_index_ += 10;
    }
    measure::MeteredGeneration generation;
    generation.prompt_id = "p";
    generation.repeat = generation.span = static_cast<uint32_t>(capture.span_starts.size() - 1);
    generation.generated_tokens = 2;
    const auto ticks = static_cast<uint64_t>(token_ms) * 1000;
    generation.token_ticks = {ticks, ticks};
    generation.total_ticks = 2 * ticks;
    generation.accepted_ns = host_ns + 1000 * kMs;
    generation.reported_ns = generation.accepted_ns + 2 * token_ms * kMs;
    capture.generations.push_back(generation);
  }

  base::Energy energy(uint32_t windows = 0) {
    base::MeterSpec spec;
    spec.active_line = -1;
    return energy_of_capture(capture,
                             {.spec = spec,
                              .meter = meter_,
                              .supply_mv = 1000,
                              .has_markers = false,
                              .windows = windows,
                              .meter_ns = [](uint64_t ticks) { return static_cast<int64_t>(ticks) * 1000; }})
        .value();
  }

  measure::EnergyCapture capture;

 private:
  base::TemporaryDirectory folder_ = base::TemporaryDirectory::create("capture-energy").value();
  base::MeterFacts meter_;
  std::unique_ptr<measure::SampleLog> log_;
  int64_t next_index_ = 0;
};

}  // namespace

TEST_CASE("answers of a later span lie where they were, however long the host paused before it") {
  HostClockBed bed;
  bed.span(1'000'000 * kMs, 400);
  bed.span(1'017'000 * kMs, 400);
  const base::Energy energy = bed.energy();
  INFO((energy.doubts.empty() ? "" : energy.doubts.front()));
  CHECK(energy.doubts.empty());
  REQUIRE(energy.generations.size() == 2);
  for (const base::GenerationEnergy& answer : energy.generations) {
    CHECK(answer.net_uj == Approx(8000).epsilon(0.01));  // 10 mW for 0.8 s
    CHECK(answer.duration_ns == Approx(800 * kMs).epsilon(0.01));
  }
  CHECK(energy.generations[1].start_ns - energy.generations[0].start_ns == Approx(3000 * kMs).epsilon(0.01));
  CHECK(energy.sample_rate_hz == Approx(1000).epsilon(1e-3));
  CHECK(energy.idle_before_uw == Approx(1000));
}

TEST_CASE("tokens by the host's clock are told where they are long, and refused where their edges are not") {
  HostClockBed slow;
  slow.span(1'000'000 * kMs, 400);
  const base::GenerationEnergy told = slow.energy().generations.at(0);
  REQUIRE(told.token_net_uj.size() == 2);
  CHECK(told.token_net_uj[0] == Approx(4000).epsilon(0.01));
  CHECK(told.token_net_uj[1] == Approx(4000).epsilon(0.01));
  HostClockBed fast;
  fast.span(1'000'000 * kMs, 100);
  const base::GenerationEnergy refused = fast.energy().generations.at(0);
  CHECK(refused.token_net_uj.empty());
  CHECK_THAT(refused.tokens_refused, Catch::Contains("edges are uncertain by 16.000 ms"));
  CHECK(refused.net_uj == Approx(2000).epsilon(0.02));
}

TEST_CASE("spans are windows where they were asked for as such") {
  HostClockBed bed;
  bed.span(1'000'000 * kMs, 400);
  bed.span(1'010'000 * kMs, 500);
  const base::Energy energy = bed.energy(2);
  REQUIRE(energy.windows.size() == 2);
  CHECK(energy.windows[0].net_uj == Approx(8000).epsilon(0.01));
  CHECK(energy.windows[1].net_uj == Approx(10'000).epsilon(0.01));
}

}  // namespace slmrig::campaign
