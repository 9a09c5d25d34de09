#include "harness/cli/finding_text.h"

#include <limits>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace slmrig::cli {
namespace {

constexpr int64_t kDayNs = 86'400'000'000'000;

store::FindingRow slower(const std::string& variant) {
  store::FindingRow finding;
  finding.finding_id = "01890000-0000-7000-8000-0000a1b2c3d4";
  finding.series = {"desk-1",  "slm",     "wrist",        variant,
                    "intents", "ctx=256", "token_ms_p99", base::Tier::kHardware};
  finding.unit = "ms";
  finding.board = "board-x";
  finding.unit_id = "unit-a";
  finding.level = store::FindingLevel::kAlert;
  finding.cause = store::FindingCause::kCode;
  finding.onset_session = "session-30";
  finding.onset_at_ns = 30 * kDayNs;
  finding.onset_low_at_ns = 29 * kDayNs;
  finding.onset_high_at_ns = 31 * kDayNs;
  finding.last_good_commit = "c28";
  finding.first_bad_commit = "c31";
  finding.before = 100;
  finding.after = variant == "int8" ? 110 : 120;
  finding.effect_low = 9;
  finding.effect_high = 11;
  finding.p_value = 1e-5;
  finding.q_value = 2e-4;
  finding.changes = {{store::FindingCause::kCode, "agent.build_id", "old", "new"}};
  finding.samples_before = {99.5, 100.5};
  finding.samples_after = {110};
  return finding;
}

}  // namespace

TEST_CASE("findings that began together are told once, by the largest", "[cli]") {
  CHECK(
      finding_groups_text({slower("int8"), slower("int4")}) ==
      "alert regression on desk-1: wrist/int4 intents token_ms_p99 +20% (100 to 120 ms), and 1 more series\n"
      "    new, since 1970-01-31 (1970-01-30 to 1970-02-01), commits c28..c31\n"
      "    cause: the code: agent.build_id old -> new\n"
      "    slmrig finding show a1b2c3d4\n");
}

TEST_CASE("a finding's card has samples, interval, p and q, and the command that reproduces it", "[cli]") {
  const std::string card =
      finding_card(slower("int8"), {{1, 33 * kDayNs, "acknowledged", "kim", "known"}}, " --db x.db");
  CHECK_THAT(card, Catch::Contains("95 %: +9% to +11% (9 to 11 ms)"));
  CHECK_THAT(card, Catch::Contains("p 1e-05 of the largest split, q 0.0002 among the board's series"));
  CHECK_THAT(card, Catch::Contains("99.5 100.5\n"));
  CHECK_THAT(card,
             Catch::Contains("slmrig analyse --db x.db --look --bench desk-1 --model wrist --variant int8 "
                             "--metric token_ms_p99"));
  CHECK_THAT(card, Catch::Contains("1970-02-03 acknowledged by kim: known"));
}

TEST_CASE("a finding as JSON has what the card has, and no number that JSON has not", "[cli]") {
  store::FindingRow finding = slower("int8");
  finding.effect_high = std::numeric_limits<double>::infinity();
  finding.series.model = "wr\xffst";
  const nlohmann::json json = nlohmann::json::parse(finding_json(finding, {}));
  CHECK(json["direction"] == "regression");
  CHECK(json["effect"] == 10.0);
  CHECK(json["effect_high"].is_null());
  CHECK(json["changes"][0]["name"] == "agent.build_id");
  CHECK(json["events"].empty());
  CHECK(nlohmann::json::parse(findings_json({slower("int8"), slower("int4")})).size() == 2);
}

}  // namespace slmrig::cli
