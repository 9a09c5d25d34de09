#include "harness/analyse/summary.h"

#include <catch2/catch.hpp>

#include "harness/analyse/rows_for_test.h"
#include "harness/base/metrics.h"

namespace slmrig::analyse {

using store::SessionData;

namespace {

CellSummary only(const SessionData& data) {
  const std::vector<CellSummary> summaries = summarise(data, "watch-1.0");
  REQUIRE(summaries.size() == 1);
  return summaries.front();
}

}  // namespace

TEST_CASE("the first token is the time to first token and not a decode token") {
  // Decode tokens: 100, 200, 300 and 400, 1000: sorted 100 200 300 400 1000.
  const CellSummary cell = only(
      session_of({cell_of("c", {generation_of({5000, 100, 200, 300}), generation_of({7000, 400, 1000})})}));
  CHECK(cell.build == "watch-1.0");
  CHECK(cell.generations == 2);
  CHECK(cell.decode_tokens == 5);
  CHECK(cell.ttft_cost_p50 == 6000);
  CHECK(*cell.ttft_cost_p95 == Approx(6900));
  CHECK(cell.token_cost_p50 == 300);
  CHECK(*cell.token_cost_p95 == Approx(880));  // 400 + 0.8 * 600
  CHECK(*cell.token_cost_p99 == Approx(976));  // 400 + 0.96 * 600
  CHECK(cell.token_cost_max == 1000);
  CHECK(cell.token_cost_mean == 400);                  // 2000 / 5
  CHECK(*cell.decode_tokens_per_s == Approx(2.5e6));   // 5 tokens in 2000 ns
  CHECK(*cell.prefill_tokens_per_s == Approx(2.5e7));  // 20 tokens in 800 ns
  CHECK(cell.prefill_cost_per_token == 40);
}

TEST_CASE("a board that counts instructions has no rate") {
  const CellSummary cell = only(emulated(session_of({cell_of("c", {generation_of({5000, 100, 300})})})));
  CHECK(cell.cost_unit == store::CostUnit::kInstructions);
  CHECK(cell.token_cost_mean == 200);
  CHECK(cell.prefill_cost_per_token == 40);
  CHECK_FALSE(cell.decode_tokens_per_s.has_value());
  CHECK_FALSE(cell.prefill_tokens_per_s.has_value());
}

TEST_CASE("answers that are the suite's fallback text are counted by reason") {
  SessionData data = session_of(
      {cell_of("c", {generation_of({5}), generation_of({5}), generation_of({5}), generation_of({})})});
  std::vector<store::GenerationRow>& generations = data.cells[0].generations;
  CHECK(only(data).fallbacks() == 0);
  generations[0].fallback = generations[3].fallback = base::FallbackReason::kBudget;
  generations[2].fallback = base::FallbackReason::kForm;
  const CellSummary cell = only(data);
  CHECK(cell.fallback_late == 2);
  CHECK(cell.fallback_form == 1);
  CHECK(cell.fallbacks() == 3);
}

TEST_CASE("where only answers are real there is no cost at all") {
  SessionData data = session_of({cell_of("c", {generation_of({5000, 100, 300})})});
  data.session.tier = base::Tier::kFunctional;
  data.session.cost_unit = store::CostUnit::kNone;
  data.cold_starts = {{0, "exec", 1, 2, 3, 4, 10}};
  data.cells[0].generations[0].correct = true;
  const CellSummary cell = only(data);
  CHECK_FALSE(cell.token_cost_p50.has_value());
  CHECK_FALSE(cell.ttft_cost_p50.has_value());
  CHECK_FALSE(cell.cold_start.total_cost_p50.has_value());
  CHECK(cell.accuracy() == 1.0);
  CHECK(cell.decode_tokens == 2);
}

TEST_CASE("what was not measured is absent, not zero") {
  SessionData data = session_of({cell_of("c", {})});
  data.cells[0].cell.status = base::CellStatus::kUnfit;
  data.cells[0].cell.reason = "needs 9 bytes, board has 8";
  const CellSummary cell = only(data);
  CHECK(cell.status == base::CellStatus::kUnfit);
  CHECK(cell.reason == "needs 9 bytes, board has 8");
  CHECK_FALSE(cell.token_cost_p50.has_value());
  CHECK_FALSE(cell.token_cost_mean.has_value());
  CHECK_FALSE(cell.decode_tokens_per_s.has_value());
  CHECK_FALSE(cell.accuracy().has_value());
  CHECK_FALSE(cell.reference_agreement().has_value());
  CHECK_FALSE(cell.memory_peak_bytes.has_value());
  CHECK_FALSE(cell.cold_start.total_cost_p50.has_value());
}

TEST_CASE("an answer of one token, and of none, has no decode") {
  const CellSummary cell = only(session_of({cell_of("c", {generation_of({5000}), generation_of({})})}));
  CHECK(cell.generations == 2);
  CHECK(cell.ttft_cost_p50 == 5000);
  CHECK(cell.decode_tokens == 0);
  CHECK_FALSE(cell.decode_tokens_per_s.has_value());
}

TEST_CASE("accuracy is over the checked, agreement over the compared") {
  std::vector<store::GenerationRow> generations(5, generation_of({500, 100}));
  generations[0].correct = true;
  generations[1].correct = true;
  generations[2].correct = false;
  generations[3].matches_reference = false;
  generations[4].matches_reference = true;
  const CellSummary cell = only(session_of({cell_of("c", generations)}));
  CHECK(cell.checked == 3);
  CHECK(cell.correct == 2);
  CHECK(*cell.accuracy() == Approx(2.0 / 3));
  CHECK(cell.compared == 2);
  CHECK(cell.reference_agreement() == 0.5);
}

TEST_CASE("the memory peak is the sum of what does not overlap") {
  SessionData data = session_of({cell_of("c", {})});
  data.memory = {{"weights", 1000},  {"kv", 200},           {"activations", 30}, {"scratch", 4},
                 {"stack", 50},      {"wire", 600},         {"trace", 7},        {"text", 1'000'000},
                 {"bss", 2'000'000}, {"process", 9'000'000}};
  CHECK(only(data).memory_peak_bytes == 1891);
  CHECK(only(data).memory.size() == 10);
}

TEST_CASE("cold starts: the median of each part, and none across origins") {
  SessionData data = session_of({cell_of("c", {})});
  data.cold_starts = {{0, "reset", 10, 100, 1000, 5, 1115}, {1, "reset", 20, 300, 2000, 7, 2327}};
  ColdStartSummary cold = only(data).cold_start;
  CHECK(cold.origin == "reset");
  CHECK(cold.repeats == 2);
  CHECK(cold.total_cost_p50 == 1721);
  CHECK(cold.boot_cost_p50 == 15);
  CHECK(cold.load_cost_p50 == 200);
  CHECK(cold.first_prefill_cost_p50 == 1500);
  CHECK(cold.first_token_cost_p50 == 6);
  data.cold_starts[1].origin = "power";
  cold = only(data).cold_start;
  CHECK(cold.origin == "mixed");
  CHECK_FALSE(cold.total_cost_p50.has_value());
}

TEST_CASE("the summaries of a run are in the order of its sessions and cells") {
  store::RunData run;
  run.run.build = "watch-1.0";
  run.sessions = {session_of({cell_of("a", {}), cell_of("b", {})}), session_of({cell_of("c", {})})};
  const std::vector<CellSummary> summaries = summarise(run);
  REQUIRE(summaries.size() == 3);
  CHECK(summaries[0].cell_id == "a");
  CHECK(summaries[2].cell_id == "c");
  CHECK(summaries[2].build == "watch-1.0");
}

}  // namespace slmrig::analyse
