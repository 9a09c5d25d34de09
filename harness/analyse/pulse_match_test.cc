#include "harness/analyse/pulse_match.h"

#include <random>
#include <vector>

#include <catch2/catch.hpp>

namespace slmrig::analyse {
namespace {

constexpr bool kPattern[] = {false, true, false, true, true, false, false, true, false, true, true, false};

std::vector<Pulse> pulses() {
  std::vector<Pulse> made;
  int64_t at_ns = 0;
  for (const bool is_busy : kPattern) {
    made.push_back({at_ns + 100, at_ns + 900, is_busy});
    at_ns += 1000;
  }
  return made;
}

std::vector<PulseReading> readings(const std::vector<Pulse>& followed, double busy, double idle,
                                   double noise) {
  std::mt19937_64 random(3);
  std::normal_distribution<double> error(0, 1);
  std::vector<PulseReading> made;
  for (const Pulse& pulse : followed) {
    for (int64_t at = pulse.start_ns - 100; at < pulse.end_ns + 100; at += 50)
      made.push_back({at, (pulse.is_busy ? busy : idle) + noise * error(random)});
  }
  return made;
}

}  // namespace

TEST_CASE("A meter that sees the pulses follows them, through noise and on a large steady load") {
  const std::vector<Pulse> given = pulses();
  const PulseMatch clean = match_pulses(given, readings(given, 3000, 1000, 0));
  CHECK(clean.follows);
  CHECK(clean.correlation == Approx(1));
  CHECK(clean.busy_uw == Approx(3000));
  CHECK(clean.idle_uw == Approx(1000));
  CHECK(match_pulses(given, readings(given, 101'000, 100'000, 500)).follows);
}

TEST_CASE("A meter beside another load does not follow, nor one that sees nothing or half of it") {
  const std::vector<Pulse> given = pulses();
  CHECK_FALSE(match_pulses(given, {}).follows);
  CHECK_FALSE(match_pulses(given, readings(given, 1000, 1000, 0)).follows);
  CHECK_FALSE(match_pulses(given, readings(given, 1000, 1000, 50)).follows);
  // The opposite, and pulses of another order.
  CHECK_FALSE(match_pulses(given, readings(given, 1000, 3000, 0)).follows);
  std::vector<Pulse> other = given;
  for (std::size_t i = 0; i < other.size(); ++i) other[i].is_busy = i % 2 == 0;
  CHECK_FALSE(match_pulses(given, readings(other, 3000, 1000, 0)).follows);
  std::vector<PulseReading> half = readings(given, 3000, 1000, 0);
  half.resize(half.size() / 2);
  const PulseMatch cut = match_pulses(given, half);
  CHECK_FALSE(cut.follows);
  CHECK(cut.pulses == 6);
}

}  // namespace slmrig::analyse
