#include "harness/campaign/board_condition.h"

#include <catch2/catch.hpp>

namespace slmrig::campaign {

using Catch::Matchers::Contains;
using rig::BoardFacts;

TEST_CASE("what a board tells becomes provenance, by when it was asked") {
  const base::Provenance provenance = condition_facts({{"thermal.zone0.cpu_mc", "48000"}}, "before");
  CHECK(provenance == base::Provenance{{"board.before.thermal.zone0.cpu_mc", "48000"}});
}

TEST_CASE("a processor that was slowed down makes what it measured doubtful, and one that was not does not") {
  const BoardFacts cool = {{"throttle.core_count", "7"},
                           {"throttle.cooling0.cpufreq_state", "0"},
                           {"throttle.firmware_bits", "0x50000"},
                           {"cpufreq.policy0.maximum_hz", "1500000000"},
                           {"cpufreq.policy0.frequency_hz", "1500000000"},
                           {"thermal.zone0.cpu_mc", "48000"}};
  const auto doubt_after = [&](const std::string& key, const std::string& value) {
    BoardFacts after = cool;
    after[key] = value;
    return throttling_doubt(cool, after);
  };
  CHECK(throttling_doubt(cool, cool).empty());
  CHECK(throttling_doubt({}, cool).empty());
  CHECK(doubt_after("thermal.zone0.cpu_mc", "61000").empty());
  CHECK(doubt_after("cpufreq.policy0.frequency_hz", "600000000").empty());  // it may idle now
  CHECK_THAT(doubt_after("throttle.core_count", "9"), Contains("throttle.core_count 7 before, 9 after"));
  CHECK_THAT(doubt_after("throttle.cooling0.cpufreq_state", "2"), Contains("slowed down to cool it"));
  CHECK_THAT(doubt_after("cpufreq.policy0.maximum_hz", "1000000000"), Contains("frequency limit moved"));
  CHECK_THAT(doubt_after("throttle.firmware_bits", "0x50004"), Contains("0x50000 before, 0x50004 after"));
  CHECK_THAT(doubt_after("throttle.firmware_bits", "0x70000"), Contains("too little voltage"));
}

}  // namespace slmrig::campaign
