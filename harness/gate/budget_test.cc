#include "harness/gate/budget.h"

#include <fmt/format.h>
#include <catch2/catch.hpp>

namespace slmrig::gate {
namespace {

using Catch::Matchers::Contains;

std::string error_of(const std::string& text) {
  const auto budgets = parse_budgets(text, "budgets.json");
  return budgets ? "" : budgets.error().text();
}

std::string one(const std::string& budget) { return fmt::format(R"({{"budgets": [{}]}})", budget); }

const base::Metric& metric(std::string_view name) { return *base::find_metric(name); }

TEST_CASE("A limit is a number in the metric's unit or another of its kind, or a share of a release") {
  CHECK(parse_limit("<= 80", metric("token_ms_p99"))->value == 80);
  CHECK(parse_limit("<=0.08 s", metric("token_ms_p99"))->value == Approx(80));
  CHECK(parse_limit("<= 35 kB", metric("memory_peak_bytes"))->value == 35000);
  CHECK(parse_limit("<= 2MiB", metric("memory_peak_bytes"))->value == 2097152);
  CHECK(parse_limit(">= 93 %", metric("accuracy"))->value == Approx(0.93));
  const Limit relative = *parse_limit("<= 1.03x release-1.2", metric("token_ms_p99"));
  CHECK(relative.release == "release-1.2");
  CHECK(relative.factor == 1.03);
  CHECK(parse_limit(">= 1x baseline", metric("accuracy"))->release == kBaseline);
}

TEST_CASE("What is no limit is refused, with what one looks like") {
  for (const char* text : {"", "80", "< 80", "<=", "<= ten", "<= 1.03 x", "<= 1.03x", "<= 1.03x a b",
                           "<= 0x r", "<= -1x r", "<= nan", "<= inf"}) {
    INFO(text);
    const auto limit = parse_limit(text, metric("token_ms_p99"));
    REQUIRE(!limit);
    CHECK(limit.error().code == base::ErrorCode::kBadInput);
  }
  CHECK_THAT(parse_limit("<= 80 mss", metric("token_ms_p99")).error().text(), Contains("did you mean 'ms'?"));
  CHECK_THAT(parse_limit("<= 80 kB", metric("token_ms_p99")).error().text(),
             Contains("token_ms_p99 is in ms"));
}

TEST_CASE("The file of the documentation is read") {
  const auto budgets = parse_budgets(R"({
    "name": "watch", "confidence": 0.95, "coverage": 0.9,
    "budgets": [
      {"board": "*", "variant": "int8", "suite": "intents", "metric": "token_ms_p99", "limit": "<= 80"},
      {"metric": "memory_peak_bytes", "limit": "<= 1.03x release-1.2", "context_tokens": 256, "least_units": 3,
       "coverage": 0.5, "supply_mv": "lowest", "temperature_c": {"most": 40}},
      {"metric": "accuracy", "limit": ">= 93 %", "prompts": "sample"}
    ],
    "waivers": [{"board": "nucleo", "model": "nano", "variant": "int8", "suite": "intents",
                 "metric": "token_ms_p99", "ceiling": "<= 95", "expires": "2026-03-31", "issue": "PERF-12",
                 "reason": "new sampler", "owner": "kim"}]})",
                                     "budgets.json");
  REQUIRE(budgets);
  CHECK(budgets->confidence == 0.95);
  REQUIRE(budgets->budgets.size() == 3);
  CHECK(budgets->budgets[0].selectors.variant == "int8");
  CHECK(budgets->budgets[0].selectors.model == "*");
  CHECK(budgets->budgets[0].coverage == 0.9);
  CHECK(budgets->budgets[1].context_tokens == 256U);
  CHECK(budgets->budgets[1].lowest_supply);
  CHECK(budgets->budgets[1].most_temperature_c == 40.0);
  CHECK(budgets->budgets[1].coverage == 0.5);
  CHECK(budgets->budgets[2].metric->name == "accuracy");
  CHECK(budgets->releases() == std::vector<std::string>{"release-1.2"});
  // 2026-04-01 00:00 UTC, less a nanosecond.
  CHECK(budgets->waivers[0].ends_at_ns == 1'775'001'599'999'999'999);
}

TEST_CASE("Unknown keys, metrics and units name the nearest known one") {
  CHECK_THAT(error_of(one(R"({"metric": "token_ms_p9", "limit": "<= 80"})")),
             Contains("budgets.json: budgets[0].metric") && Contains("did you mean 'token_ms_p95'?"));
  CHECK_THAT(error_of(one(R"({"metric": "token_ms_p99", "limit": "<= 80", "varient": "int8"})")),
             Contains("varient") && Contains("variant"));
  CHECK_THAT(error_of(one(R"({"metric": "token_ms_p99", "limit": "<= 80 mz"})")), Contains("unit 'mz'"));
}

TEST_CASE("A limit on the good side, and an empty file, are refused") {
  CHECK_THAT(error_of(one(R"({"metric": "token_ms_p99", "limit": ">= 80"})")), Contains("lower is better"));
  CHECK_THAT(error_of(one(R"({"metric": "accuracy", "limit": "<= 0.9"})")), Contains("higher is better"));
  CHECK_THAT(error_of(R"({"budgets": []})"), Contains("one or more"));
  CHECK_THAT(error_of("{}"), Contains("budgets"));
  CHECK_THAT(error_of("{"), Contains("budgets.json"));
}

TEST_CASE("Budgets that contradict each other are refused") {
  const std::string first = R"({"board": "nucleo", "metric": "token_ms_p99", "limit": "<= 80"})";
  CHECK_THAT(error_of(one(first + R"(, {"board": "nucleo", "metric": "token_ms_p99", "limit": "<= 90"})")),
             Contains("budgets[1]") && Contains("contradicts budgets[0]"));
  CHECK_THAT(error_of(one(first + ", " + first)), Contains("says the same"));
  // A narrower one beside a wider one is none, nor is another context.
  CHECK(error_of(one(first + R"(, {"board": "*", "metric": "token_ms_p99", "limit": "<= 90"})")).empty());
  CHECK(error_of(one(first + R"(, {"board": "nucleo", "context_tokens": 64, "metric": "token_ms_p99",
                                    "limit": "<= 40"})"))
            .empty());
}

TEST_CASE("Conditions are refused where they mean nothing") {
  CHECK_THAT(error_of(one(R"({"metric": "token_ms_p99", "limit": "<= 8", "cold_cache": true})")),
             Contains("cold_start"));
  CHECK_THAT(error_of(one(R"({"metric": "token_ms_p99", "limit": "<= 8", "answer_tokens": 32})")),
             Contains("whole answers"));
  CHECK_THAT(error_of(one(R"({"metric": "image_bytes", "limit": "<= 8", "full_context": true})")),
             Contains("image_bytes"));
  CHECK_THAT(error_of(one(R"({"metric": "image_bytes", "limit": "<= 8", "prompts": "sample"})")),
             Contains("accuracy"));
  CHECK_THAT(error_of(one(R"({"metric": "image_bytes", "limit": "<= 8", "supply_mv": "low"})")),
             Contains("lowest"));
  CHECK_THAT(error_of(one(
                 R"({"metric": "image_bytes", "limit": "<= 8", "temperature_c": {"least": 9, "most": 8}})")),
             Contains("nothing is in between"));
}

TEST_CASE("A waiver is of one row, until a day, with a reason and an owner") {
  const auto with = [](const std::string& waiver) {
    return fmt::format(R"({{"budgets": [{{"metric": "token_ms_p99", "limit": "<= 80"}}], "waivers": [{}]}})",
                       waiver);
  };
  const auto waiver = [](const std::string& board, const std::string& day, const std::string& more) {
    return fmt::format(
        R"({{"board": "{}", "model": "m", "variant": "v", "suite": "s", "metric": "token_ms_p99",
                            "ceiling": "<= 95", "expires": "{}", "issue": "i", "reason": "r"{}}})",
        board, day, more);
  };
  const std::string owner = R"(, "owner": "o")";
  CHECK(error_of(with(waiver("b", "2026-02-28", owner))).empty());
  CHECK_THAT(error_of(with(waiver("*", "2026-02-28", owner))), Contains("names one row exactly"));
  CHECK_THAT(error_of(with(waiver("b", "2026-02-30", owner))), Contains("no day"));
  CHECK_THAT(error_of(with(waiver("b", "soon", owner))), Contains("no day"));
  CHECK_THAT(error_of(with(waiver("b", "2026-02-28", ""))), Contains("owner"));
  CHECK_THAT(error_of(with(waiver("b", "2026-02-28", owner) + "," + waiver("b", "2026-03-28", owner))),
             Contains("waives the row that waivers[0] waives"));
}

}  // namespace
}  // namespace slmrig::gate
