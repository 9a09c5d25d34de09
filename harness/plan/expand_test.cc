#include "harness/plan/expand.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <catch2/catch.hpp>

namespace slmrig::plan {
namespace {

using base::ExpandedPlan;
using base::Plan;
using base::Rig;
using base::Session;
using Catch::Matchers::Contains;

base::Suite suite_named(const std::string& name, std::size_t prompts) {
  base::Suite suite;
  suite.name = name;
  for (std::size_t i = 0; i < prompts; ++i) suite.prompts.push_back({fmt::format("p{}", i), "text", {}});
  return suite;
}

Plan small_plan() {
  Plan plan;
  plan.name = "small";
  plan.file = "small.json";
  plan.models = {{"nano", "nano.gguf"}, {"wide", "wide.gguf"}};
  plan.variants = {"f32", "int8"};
  plan.suites = {{"intents", suite_named("intents", 10)}, {"summaries", suite_named("summaries", 4)}};
  return plan;
}

Rig small_rig() {
  Rig rig;
  rig.file = "rig.json";
  for (const auto& [bench, board] :
       {std::pair{"desk", "native"}, std::pair{"left", "mps2"}, std::pair{"right", "mps3"}}) {
    base::Bench entry;
    entry.name = bench;
    entry.board.name = board;
    rig.benches.push_back(entry);
  }
  return rig;
}

MakeId counter() {
  return [next = 0]() mutable { return fmt::format("id{}", next++); };
}

std::vector<std::string> order_of(const ExpandedPlan& expanded, const std::string& bench) {
  std::vector<std::string> order;
  for (const Session& session : expanded.sessions) {
    if (session.bench == bench)
      order.push_back(fmt::format("{}/{}/{}", session.ordinal, session.model, session.variant));
  }
  return order;
}

TEST_CASE("A plan becomes every bench x model x variant as a session, with a cell for each suite") {
  const auto expanded = expand(small_plan(), small_rig(), {}, counter());
  REQUIRE(expanded);
  REQUIRE(expanded->sessions.size() == 12);
  std::set<std::string> ids;
  for (const Session& session : expanded->sessions) {
    ids.insert(session.session_id);
    REQUIRE(session.cells.size() == 2);
    for (const auto& cell : session.cells) ids.insert(cell.cell_id);
  }
  CHECK(ids.size() == 12 + 24);
}

TEST_CASE("The order depends on the seed alone, and each round holds every pair once") {
  Plan plan = small_plan();
  plan.settings.sessions = 3;
  const auto first = expand(plan, small_rig(), {}, counter());
  const auto again = expand(plan, small_rig(), {}, counter());
  REQUIRE(first);
  CHECK(order_of(*first, "desk") == order_of(*again, "desk"));
  const std::vector<std::string> order = order_of(*first, "desk");
  REQUIRE(order.size() == 12);
  for (std::size_t round = 0; round < 3; ++round) {
    const auto begin = order.begin() + static_cast<std::ptrdiff_t>(round * 4);
    std::set<std::string> pairs(begin, begin + 4);
    CHECK(pairs.size() == 4);
    for (const std::string& pair : pairs) CHECK(pair[0] == static_cast<char>('0' + round));
  }
  plan.order_seed = 99;
  CHECK(order_of(*expand(plan, small_rig(), {}, counter()), "desk") != order);
}

// The order is part of what a seed means: a change here changes every plan that people have.
TEST_CASE("Seed 1 gives this order on every machine") {
  const auto expanded = expand(small_plan(), small_rig(), {}, counter());
  REQUIRE(expanded);
  CHECK(order_of(*expanded, "left") ==
        std::vector<std::string>{"0/wide/f32", "0/nano/int8", "0/nano/f32", "0/wide/int8"});
}

TEST_CASE("Benches of a plan are names or wildcards, and one that matches nothing is refused by name") {
  Plan plan = small_plan();
  plan.benches = {"?e*"};
  const auto expanded = expand(plan, small_rig(), {}, counter());
  REQUIRE(expanded);
  CHECK(expanded->sessions.size() == 8);
  plan.benches = {"lefft"};
  const auto refused = expand(plan, small_rig(), {}, counter());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == base::ErrorCode::kBadInput);
  CHECK_THAT(refused.error().text(),
             Contains("lefft") && Contains("did you mean 'left'") && Contains("rig.json"));
}

TEST_CASE("No sessions leave a pair out, and a later override takes some of them in again") {
  Plan plan = small_plan();
  const std::string model = plan.models[0].name;
  plan.overrides = {
      {{{"bench", "right"}}, {{"sessions", 0}}},
      {{{"bench", "right"}, {"model", model}, {"variant", plan.variants[0]}}, {{"sessions", 1}}}};
  const auto expanded = expand(plan, small_rig(), {}, counter());
  REQUIRE(expanded);
  CHECK(order_of(*expanded, "left").size() == 4);
  CHECK(order_of(*expanded, "right").size() == 1);
  plan.overrides = {{{{"bench", "*"}}, {{"sessions", 0}}}};
  CHECK_FALSE(expand(plan, small_rig(), {}, counter()));
}

TEST_CASE("Of several overrides that match, the last wins; a suite's own settings reach only its cells") {
  Plan plan = small_plan();
  plan.overrides = {{{{"board", "mps*"}}, {{"prompts", 4}, {"sessions", 2}}},
                    {{{"board", "mps3"}, {"suite", "summaries"}}, {{"prompts", 1}}}};
  const auto expanded = expand(plan, small_rig(), {}, counter());
  REQUIRE(expanded);
  CHECK(order_of(*expanded, "desk").size() == 4);
  CHECK(order_of(*expanded, "left").size() == 8);
  for (const Session& session : expanded->sessions) {
    for (const auto& cell : session.cells) {
      const uint32_t expected = session.bench == "desk"                                 ? 0U
                                : session.bench == "right" && cell.suite == "summaries" ? 1U
                                                                                        : 4U;
      CHECK(cell.settings.prompts == expected);
    }
  }
}

TEST_CASE("Conditions of --only with one key are alternatives, and different keys must all hold") {
  const std::vector<Only> only = {
      {"bench", "left"}, {"bench", "right"}, {"variant", "int8"}, {"suite", "int*"}};
  const auto expanded = expand(small_plan(), small_rig(), only, counter());
  REQUIRE(expanded);
  CHECK(expanded->sessions.size() == 4);
  for (const Session& session : expanded->sessions) {
    CHECK(session.variant == "int8");
    REQUIRE(session.cells.size() == 1);
    CHECK(session.cells[0].suite == "intents");
  }
}

TEST_CASE("An --only that matches nothing is refused with what it could have been") {
  const auto refused = expand(small_plan(), small_rig(), {{"variant", "int9"}}, counter());
  REQUIRE_FALSE(refused);
  CHECK_THAT(refused.error().text(), Contains("unknown variant 'int9'") && Contains("int8"));
  const auto disjoint = expand(small_plan(), small_rig(), {{"bench", "left"}, {"board", "mps3"}}, counter());
  REQUIRE_FALSE(disjoint);
  CHECK_THAT(disjoint.error().text(), Contains("nothing is left to measure"));
}

TEST_CASE("An --only is KEY=VALUE with a known key") {
  const auto only = parse_only("bench=mps*");
  REQUIRE(only);
  CHECK(only->key == "bench");
  CHECK(only->value == "mps*");
  CHECK_THAT(parse_only("bech=x").error().text(), Contains("did you mean 'bench'"));
  CHECK_THAT(parse_only("native").error().text(), Contains("KEY=VALUE"));
  CHECK_FALSE(parse_only("bench="));
  CHECK_FALSE(parse_only("=x"));
}

TEST_CASE("A variant fits when image and arena do, and else says what it needs and what the board has") {
  base::VariantFacts variant;
  variant.image_bytes = 1000;
  variant.arena_total_bytes = 500;
  base::Board board;
  board.slot_bytes = 1000;
  variant.context_tokens = 100;
  board.arena_bytes = 500 + 101 * 12 + 1536 + 256 + 304 * 4 + 32;  // with the trace of 100 tokens
  CHECK_FALSE(unfit_reason(variant, board));
  board.slot_bytes = 999;
  CHECK_THAT(*unfit_reason(variant, board), Contains("needs 1000 bytes, board has 999"));
  board.slot_bytes = 0;
  board.arena_bytes -= 1;
  CHECK_THAT(*unfit_reason(variant, board),
             Contains("arena needs 4752 bytes") && Contains("trace 4252") && Contains("board has 4751"));
  board.arena_bytes = 0;
  CHECK_FALSE(unfit_reason(variant, board));
}

TEST_CASE("The text of settings holds what makes a series, and not how often it was measured") {
  base::CellSettings settings;
  const base::Suite suite = suite_named("s", 10);
  CHECK(settings_text(settings, suite) == "ctx=256 new=32 top_k=1 temp=0 seed=1");
  base::Suite within = suite;
  within.fallback = base::SuiteFallback{250, 9000, base::AnswerForm::kAny, "later"};
  CHECK(settings_text(settings, within) ==
        "ctx=256 new=32 top_k=1 temp=0 seed=1 budget_ms=250 budget_instructions=9000");
  settings.repeats = 7;
  settings.sessions = 3;
  settings.cold_starts = 5;
  settings.prompts = 10;
  CHECK(settings_text(settings, suite) == "ctx=256 new=32 top_k=1 temp=0 seed=1");
  settings.prompts = 3;
  settings.max_new_tokens = 8;
  CHECK(settings_text(settings, suite) == "ctx=256 new=8 top_k=1 temp=0 seed=1 prompts=3");
  CHECK(base::prompt_count(settings, suite) == 3);
  base::Suite other = suite;
  other.generation.temperature = 0.8;
  other.generation.stop_at_end = false;
  CHECK(settings_text(settings, other) == "ctx=256 new=8 top_k=1 temp=0.8 seed=1 ignore_end prompts=3");
}

Rig metered_rig() {
  Rig rig = small_rig();
  rig.benches[1].meter.kind = "ppk2";
  rig.benches[1].meter.mode = "source";
  rig.benches[1].board.voltages = {1800, 3600, 3300};
  return rig;
}

TEST_CASE("A sweep has every pair once at each voltage, highest first, where the meter feeds the board") {
  Plan plan = small_plan();
  plan.settings.sessions = 2;
  plan.supply_mv = {3300, 2000};
  const ExpandedPlan expanded = expand(plan, metered_rig(), {}, counter()).value();
  std::vector<int> supplies;
  std::set<std::string> settings;
  std::set<std::string> ordinals;
  for (const Session& session : expanded.sessions) {
    if (session.bench != "left") {
      CHECK(session.supply_mv == 0);
      CHECK_THAT(session.cells[0].settings_text, !Contains("supply"));
      continue;
    }
    if (supplies.empty() || supplies.back() != session.supply_mv) supplies.push_back(session.supply_mv);
    ordinals.insert(fmt::format("{} {} {}", session.model, session.variant, session.ordinal));
    CHECK_THAT(session.cells[0].settings_text,
               Catch::EndsWith(fmt::format(" supply_mv={}", session.supply_mv)));
  }
  CHECK(supplies == std::vector<int>{3300, 2000, 3300, 2000});
  CHECK(ordinals.size() == 16);  // 4 pairs x 2 sessions x 2 voltages, each of its own
  CHECK(order_of(expanded, "desk").size() == 8);
}

TEST_CASE("A voltage that a board does not bear refuses the plan, and so does a sweep without a source") {
  Plan plan = small_plan();
  plan.supply_mv = {3300, 1700};
  const auto low = expand(plan, metered_rig(), {}, counter());
  REQUIRE_FALSE(low.has_value());
  CHECK(low.error().code == base::ErrorCode::kBadInput);
  CHECK_THAT(low.error().text(),
             Contains("1700 mV") && Contains("bench left") && Contains("1800 to 3600 mV"));
  plan.supply_mv = {3700};
  CHECK_FALSE(expand(plan, metered_rig(), {}, counter()).has_value());
  plan.supply_mv = {3300};
  CHECK_THAT(expand(plan, small_rig(), {}, counter()).error().text(),
             Contains("none of its benches has a meter"));
  // A board that does not say what it bears gets nothing.
  Rig silent = metered_rig();
  silent.benches[1].board.voltages = {};
  CHECK_FALSE(expand(plan, silent, {}, counter()).has_value());
}

}  // namespace
}  // namespace slmrig::plan
