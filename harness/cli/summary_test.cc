#include "harness/cli/summary.h"

#include <sstream>

#include <catch2/catch.hpp>

#include "harness/cli/text_table.h"

namespace slmrig::cli {
namespace {

using Catch::Matchers::Contains;

analyse::CellSummary measured_cell() {
  analyse::CellSummary cell;
  cell.bench = cell.board = "native";
  cell.unit_id = "x86-host";
  cell.model = "wrist-wide";
  cell.variant = "int8";
  cell.suite = "summaries";
  cell.status = base::CellStatus::kOk;
  cell.cold_start.total_cost_p50 = 12.34e6;
  cell.ttft_cost_p50 = 2.5e6;
  cell.token_cost_p50 = 123.4e3;
  cell.token_cost_p95 = 150.0e3;
  cell.token_cost_p99 = 199.9e3;
  cell.token_cost_max = 1.23e6;
  cell.token_cost_mean = 125e3;
  cell.decode_tokens_per_s = 8123.0;
  cell.memory_peak_bytes = 1'310'000;
  cell.checked = 400;
  cell.correct = 390;
  cell.compared = 400;
  cell.equal_to_reference = 400;
  return cell;
}

TEST_CASE("A measured cell shows every figure, and the line fits 100 columns") {
  const std::string text = summary_text({measured_cell()});
  for (const char* figure :
       {"12.3ms", "2.50ms", "123µs", "150µs", "200µs", "1.23ms", "8.12k", "1.31MB", "97.5% 400", "100%"}) {
    CHECK_THAT(text, Contains(figure));
  }
  CHECK_THAT(text, Contains("tier hardware: times") && Contains("unit x86-host"));
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) CHECK(display_width(line) <= kTableWidth);
}

TEST_CASE("An emulated bench shows instructions, says so, and has no rate") {
  analyse::CellSummary cell = measured_cell();
  cell.tier = base::Tier::kEmulated;
  cell.cost_unit = store::CostUnit::kInstructions;
  cell.decode_tokens_per_s.reset();
  const std::string text = summary_text({cell});
  CHECK_THAT(text, Contains("tier emulated: counts of instructions, not times") && Contains("a tok"));
  CHECK_THAT(text, Contains("125k") && !Contains("ms") && !Contains("µs"));
}

TEST_CASE("A cell that was not measured shows its status and reason in place of figures") {
  analyse::CellSummary cell = measured_cell();
  cell.status = base::CellStatus::kUnfit;
  cell.reason = "the model image needs 5000000 bytes, board has 4194304 in its model slot";
  const std::string text = summary_text({measured_cell(), cell});
  CHECK_THAT(text, Contains("unfit: the model image needs 5000000 bytes"));
}

TEST_CASE("A reason that all suites of a session share is said once") {
  analyse::CellSummary one = measured_cell();
  one.status = base::CellStatus::kNotApplicable;
  one.reason = "rows of 64 do not hold a block of 256";
  analyse::CellSummary two = one;
  two.suite = "intents";
  const std::string text = summary_text({one, two});
  CHECK_THAT(text, Contains("2 suites") && !Contains("intents"));
  CHECK(text.find("rows of 64") == text.rfind("rows of 64"));
  two.reason = "another";
  CHECK_THAT(summary_text({one, two}), Contains("intents") && Contains("summaries") && Contains("another"));
}

TEST_CASE("Each bench has a block of its own, and doubts are written out below") {
  analyse::CellSummary other = measured_cell();
  other.bench = other.board = "desk";
  other.doubts = {"device ticks and host clock differ by 0.9 %, more than 0.5 %"};
  const std::string text = summary_text({measured_cell(), other});
  CHECK(text.find("desk, unit") < text.find("native, unit"));
  CHECK_THAT(text, Contains("100% !1") && Contains("!1 doubtful: device ticks and host clock differ"));
}

TEST_CASE("Fallback answers have a column on the benches that gave some") {
  CHECK_THAT(summary_text({measured_cell()}), !Contains("fallback"));
  analyse::CellSummary other = measured_cell();
  other.bench = "desk";
  other.fallback_late = 20;
  other.fallback_form = 3;
  const std::string text = summary_text({measured_cell(), other});
  CHECK_THAT(text, Contains("=host fallback") && Contains("100%       23\n") && Contains("100%\n"));
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) CHECK(display_width(line) <= kTableWidth);
}

TEST_CASE("Cells are counted by status, and only statuses that occur are named") {
  store::RunRow run;
  run.cells_ok = 22;
  CHECK(cells_text(run) == "22 ok");
  run.cells_unfit = 2;
  run.cells_interrupted = 1;
  CHECK(cells_text(run) == "22 ok, 2 unfit, 1 interrupted");
}

}  // namespace
}  // namespace slmrig::cli
