// Against the sequence that other hosts' filters give for a real unit's calibration at 3.3 V.
#include "harness/analyse/spike_filter.h"

#include <catch2/catch.hpp>
#include <vector>

namespace slmrig::analyse {

namespace {

struct Sequence {
  std::vector<float> current_ua;
  std::vector<uint8_t> range;
  void add(float value, uint8_t in_range, int count) {
    for (int i = 0; i < count; ++i) {
      current_ua.push_back(value);
      range.push_back(in_range);
    }
  }
};

Sequence golden_sequence() {
  Sequence sequence;
  sequence.add(4403.50834F, 2, 3);
  sequence.add(47606.4562F, 3, 5);
  sequence.add(367458.74F, 4, 5);
  sequence.add(4403.50834F, 2, 4);
  return sequence;
}

const std::vector<double> kGolden = {4403.508,   4403.508,   4403.508,   12180.039,  18556.794, 23785.733,
                                     47606.456,  47606.456,  15899.639,  15899.639,  36993.185, 367458.740,
                                     367458.740, 150254.962, 124001.700, 102474.026, 4403.508};

void check_equal(const std::vector<float>& found) {
  REQUIRE(found.size() == kGolden.size());
  for (std::size_t i = 0; i < kGolden.size(); ++i) {
    INFO(i);
    CHECK(found[i] == Approx(kGolden[i]).epsilon(2e-7));
  }
}

}  // namespace

TEST_CASE("the spike filter gives what other hosts of the meter show") {
  const Sequence sequence = golden_sequence();
  std::vector<float> out(sequence.range.size());
  SpikeFilter filter;
  filter.apply(sequence.current_ua.data(), sequence.range.data(), out.size(), out.data());
  check_equal(out);
  filter.reset();
  out = sequence.current_ua;
  filter.apply(out.data(), sequence.range.data(), out.size(), out.data());  // in place, and anew
  check_equal(out);
}

TEST_CASE("the spike filter does not care how a stream is cut") {
  const Sequence sequence = golden_sequence();
  for (std::size_t cut = 0; cut <= sequence.range.size(); ++cut) {
    std::vector<float> out(sequence.range.size());
    SpikeFilter filter;
    filter.apply(sequence.current_ua.data(), sequence.range.data(), cut, out.data());
    filter.apply(sequence.current_ua.data() + cut, sequence.range.data() + cut, out.size() - cut,
                 out.data() + cut);
    check_equal(out);
  }
}

}  // namespace slmrig::analyse
