#include "reports/sentence.h"

#include <catch2/catch.hpp>

namespace slmrig::reports {
namespace {

constexpr int64_t kStartNs = 1'795'336'440'000'000'000;  // 2026-11-22 08:34 UTC

store::RunData run_of(uint32_t ok, uint32_t failed, uint32_t unfit) {
  store::RunData data;
  data.run.plan_name = "demo";
  data.run.label = "nightly";
  data.run.started_at_ns = kStartNs;
  data.run.ended_at_ns = kStartNs + 1;
  data.run.cells_ok = ok;
  data.run.cells_failed = failed;
  data.run.cells_unfit = unfit;
  store::SessionData session;
  session.session.board = "native";
  store::CellData cell;
  cell.generations.resize(1);
  cell.generations[0].token_costs.assign(1234, 5);
  session.cells.push_back(cell);
  data.sessions.push_back(session);
  return data;
}

std::string sentence(const store::RunData& run) { return report_sentence({&run, 1}); }

}  // namespace

TEST_CASE("the sentence says what was measured, when and how it ended", "[reports]") {
  CHECK(sentence(run_of(21, 1, 2)) ==
        "Plan demo on 1 board, 2026-11-22 08:34 UTC: 24 cells, 21 ok, 1 failed, 2 unfit; 1,234 tokens "
        "measured.");
}

TEST_CASE("cells that all ended alike are not counted twice", "[reports]") {
  CHECK(sentence(run_of(8, 0, 0)).find("8 cells, all ok;") != std::string::npos);
  CHECK(sentence(run_of(0, 3, 0)).find("3 cells, all failed;") != std::string::npos);
  CHECK(sentence(run_of(1, 0, 0)).find("1 cell, it is ok;") != std::string::npos);
}

TEST_CASE("a run that was stopped or never ended is said to be so", "[reports]") {
  store::RunData run = run_of(1, 0, 0);
  run.run.interrupted = true;
  CHECK(sentence(run).find("The run was interrupted.") != std::string::npos);
  run.run.interrupted = false;
  run.run.ended_at_ns.reset();
  CHECK(sentence(run).find("has not ended") != std::string::npos);
}

TEST_CASE("a database without runs and a run without cells have a sentence, too", "[reports]") {
  CHECK(report_sentence({}) == "The database holds no run yet: there is nothing to show.");
  CHECK(report_title({}) == "slmrig: no run yet");
  store::RunData run = run_of(0, 0, 0);
  run.sessions.clear();
  CHECK(sentence(run) ==
        "Plan demo on 0 boards, 2026-11-22 08:34 UTC: no cell was reached; 0 tokens measured.");
}

TEST_CASE("the title names the run and its day", "[reports]") {
  store::RunData run = run_of(1, 0, 0);
  CHECK(report_title({&run, 1}) == "slmrig: nightly, 2026-11-22");
  run.run.label.clear();
  CHECK(report_title({&run, 1}) == "slmrig: demo, 2026-11-22");
}

}  // namespace slmrig::reports
