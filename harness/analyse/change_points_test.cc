#include "harness/analyse/change_points.h"

#include <catch2/catch.hpp>

#include <cmath>
#include <limits>

#include "harness/analyse/internal/random.h"

namespace slmrig::analyse {
namespace {

// Flow of the Nile at Aswan, 1871 to 1970, in 1e8 m^3 a year (Cobb, Biometrika 65, 1978; `Nile` of R). The
// first dam was begun in 1898; the change is known between 1898 and 1899.
constexpr double kNile[] = {
    1120, 1160, 963,  1210, 1160, 1160, 813,  1230, 1370, 1140, 995,  935,  1110, 994, 1020, 960,  1180,
    799,  958,  1140, 1100, 1210, 1150, 1250, 1260, 1220, 1030, 1100, 774,  840,  874, 694,  940,  833,
    701,  916,  692,  1020, 1050, 969,  831,  726,  456,  824,  702,  1120, 1100, 832, 764,  821,  768,
    845,  864,  862,  698,  845,  744,  796,  1040, 759,  781,  865,  845,  944,  984, 897,  822,  1010,
    771,  676,  649,  846,  812,  742,  801,  1040, 860,  874,  848,  890,  744,  749, 838,  1050, 918,
    986,  797,  923,  975,  815,  1020, 906,  901,  1170, 912,  746,  919,  718,  714, 740};

TEST_CASE("The Nile's flow changes with the year 1899") {
  const std::vector<ChangePoint> changes = find_change_points(kNile);
  REQUIRE(changes.size() == 1);
  CHECK(changes[0].index == 28);
  CHECK(changes[0].level == ChangeLevel::kAlert);
  CHECK(changes[0].onset_low <= 28);
  CHECK(changes[0].onset_high >= 28);
  CHECK(changes[0].before == Approx(1098).margin(30));
  CHECK(changes[0].after == Approx(850).margin(30));
  CHECK(changes[0].p_value < 1e-4);
}

}  // namespace
}  // namespace slmrig::analyse
