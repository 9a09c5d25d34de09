#include "harness/cli/undecided.h"

#include <catch2/catch.hpp>

namespace slmrig::cli {
namespace {

using gate::Verdict;

gate::BenchResult bench_with(Verdict verdict, std::size_t sessions, uint32_t more_sessions = 0) {
  gate::BenchResult bench;
  bench.bench = "desk";
  bench.verdict = verdict;
  bench.session_ids.resize(sessions, "s");
  bench.more_sessions = more_sessions;
  return bench;
}

gate::GateReport report_of(gate::BenchResult bench) {
  gate::GateReport report;
  gate::Row row;
  row.board = "m4";
  row.variant = "int8";
  row.benches.push_back(std::move(bench));
  report.rows.push_back(row);
  return report;
}

}  // namespace

TEST_CASE("what passes or fails is decided, and nothing else is") {
  CHECK(undecided_cells(report_of(bench_with(Verdict::kPass, 1))).empty());
  CHECK(undecided_cells(report_of(bench_with(Verdict::kFail, 1))).empty());
  for (const Verdict verdict : {Verdict::kMissing, Verdict::kUnmeasurable, Verdict::kSystematicLimited}) {
    const auto cells = undecided_cells(report_of(bench_with(verdict, 1)));
    REQUIRE(cells.size() == 1);
    CHECK(cells[0].bench == "desk");
    CHECK(cells[0].variant == "int8");
    CHECK_FALSE(cells[0].more_would_tell);
  }
}

TEST_CASE("sessions are asked for where they would decide, and doubted ones not for ever") {
  CHECK(undecided_cells(report_of(bench_with(Verdict::kInconclusive, 1, 4)))[0].more_would_tell);
  CHECK_FALSE(undecided_cells(report_of(bench_with(Verdict::kInconclusive, 1)))[0].more_would_tell);
  CHECK(undecided_cells(report_of(bench_with(Verdict::kUntrusted, 4)))[0].more_would_tell);
  CHECK_FALSE(undecided_cells(report_of(bench_with(Verdict::kUntrusted, 5)))[0].more_would_tell);
}

TEST_CASE("what is waived or excused is let be, and a row of no bench is told") {
  gate::GateReport report = report_of(bench_with(Verdict::kInconclusive, 1, 4));
  report.rows[0].waived = true;
  CHECK(undecided_cells(report).empty());
  report.rows[0].waived = false;
  report.rows[0].excused = true;
  CHECK(undecided_cells(report).empty());
  report.rows[0].excused = false;
  report.rows[0].benches.clear();
  const auto cells = undecided_cells(report);
  REQUIRE(cells.size() == 1);
  CHECK(cells[0].board == "m4");
  CHECK_FALSE(cells[0].more_would_tell);
}

}  // namespace slmrig::cli
