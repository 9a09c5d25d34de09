#include "harness/cli/power_summary.h"

#include <catch2/catch.hpp>

#include "harness/cli/power_plot.h"

namespace slmrig::cli {
namespace {

base::MeterFacts thousand_hz() {
  base::MeterFacts facts;
  facts.sample_rate_hz = 1000;
  return facts;
}

base::PowerSamples block_of(int64_t first, std::vector<float> current_ua) {
  base::PowerSamples block;
  block.first_index = first;
  block.current_ua = std::move(current_ua);
  return block;
}

}  // namespace

TEST_CASE("samples add up to charge and energy over blocks") {
  PowerSummary summary(thousand_hz(), 2.0);
  summary.add(block_of(0, {1000, 3000}));
  summary.add(block_of(2, {2000, 2000}));
  CHECK(summary.seconds() == Approx(0.004));
  CHECK(summary.charge_uc() == Approx(8.0));
  CHECK(summary.energy_uj() == Approx(16.0));
  CHECK(summary.mean_ua() == Approx(2000));
  const std::vector<std::string> lines = summary.lines();
  CHECK(lines.at(0) == "mean     2.000000 mA");
  CHECK(lines.at(1) == "min      1.000000 mA");
  CHECK(lines.at(2) == "max      3.000000 mA");
  CHECK(lines.at(3) == "charge   8 uC");
  CHECK(lines.at(4) == "energy   16 uJ");
  CHECK(lines.at(6) == "lost     0");
}

TEST_CASE("time goes on in gaps, within a block and between two") {
  PowerSummary summary(thousand_hz(), 1.0);
  base::PowerSamples inside = block_of(0, {1000, 3000});
  inside.gaps = {{5, 4}};
  summary.add(inside);
  base::PowerSamples between = block_of(8, {3000});
  between.gaps = {{8, 2}};
  summary.add(between);
  CHECK(summary.samples() == 3);
  CHECK(summary.lost() == 6);
  CHECK(summary.seconds() == Approx(0.009));
  CHECK(summary.charge_uc() == Approx(1 + 4 * 2 + 3 + 2 * 3 + 3));
}

TEST_CASE("an invalid sample is counted and its value is not") {
  PowerSummary summary(thousand_hz(), 1.0);
  base::PowerSamples block = block_of(0, {1000, 900'000, 1000});
  block.flags = {0, base::kSampleInvalid, base::kSampleSaturated};
  summary.add(block);
  CHECK(summary.invalid() == 1);
  CHECK(summary.saturated() == 1);
  CHECK(summary.mean_ua() == Approx(1000));
}

TEST_CASE("quantities take the prefix that fits") {
  CHECK(quantity_text(12'345'000, "J") == "12.35 J");
  CHECK(quantity_text(12'000, "A") == "12 mA");
  CHECK(quantity_text(0.25, "A") == "250 nA");
  CHECK(quantity_text(-3.5, "C") == "-3.5 uC");
}

TEST_CASE("the plot shows the newest stretches, with its scale") {
  PlotBins bins(2, 4);
  bins.add(block_of(0, {0, 0, 0, 1000, 1000, 1000, 0, 0, 1000}));
  CHECK(bins.bins().size() == 4);
  const std::vector<std::string> lines = plot_lines(bins.bins(), 12, 2);
  REQUIRE(lines.size() == 2);
  CHECK_THAT(lines[0], Catch::StartsWith("     1 mA "));
  CHECK_THAT(lines[1], Catch::StartsWith("     0 nA "));
  CHECK(plot_lines({}, 40, 5).size() == 5);
}

}  // namespace slmrig::cli
