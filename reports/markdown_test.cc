#include "reports/markdown.h"

#include <catch2/catch.hpp>

#include "reports/summary_svg.h"
#include "reports/testing/sample_gate.h"
#include "reports/testing/sample_history.h"
#include "reports/testing/sample_run.h"

namespace slmrig::reports {
namespace {

bool holds(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

ReportInput input_of(const ReportHistory& history) {
  ReportInput input;
  input.history = &history;
  return input;
}

TEST_CASE("markdown says the sentence, each group of findings, and what was not measured") {
  const SampleHistory sample = sample_history();
  const ReportHistory history = sample.input();
  const std::string text = report_markdown(input_of(history));
  CHECK(text.starts_with("# 1 regression, 1 improvement"));
  CHECK(holds(text, "- **regression**: native, wrist-nano int8, intents: token p99 +10."));
  CHECK(holds(text, "- **improvement**: mps2-an386, wrist-nano int4"));
  CHECK(holds(text, " more series with it"));
  CHECK(holds(text, "(emulated)"));
  CHECK(holds(text, "## Could not be measured\n\n- native, wrist-wide f32"));
  CHECK(report_markdown(input_of(history)) == text);
}

TEST_CASE("markdown of a gate names what holds back, and no name ends a cell") {
  const gate::GateReport gate = sample_gate();
  ReportInput input;
  input.gate = &gate;
  const std::string text = report_markdown(input);
  CHECK(holds(text, "**Gate:** fail: "));
  CHECK(holds(text, "| a\\|b&lt;script&gt; wrist-nano int8 intents token\\_ms\\_p99 |"));
  CHECK(holds(summary_svg(input), "✗ gate: "));
}

TEST_CASE("the picture has a row for each group and nothing that runs") {
  const SampleHistory sample = sample_history();
  const ReportHistory history = sample.input();
  const std::string svg = summary_svg(input_of(history));
  CHECK(svg.starts_with("<svg xmlns="));
  CHECK(holds(svg, "✗ regression: token p99 +10."));
  CHECK(holds(svg, "✓ improvement: "));
  CHECK(holds(svg, "<polyline"));

  const SampleHistory hostile = hostile_history();
  const ReportHistory names = hostile.input();
  for (const std::string& text : {summary_svg(input_of(names)), report_markdown(input_of(names))}) {
    CHECK_FALSE(holds(text, "<script"));
    CHECK_FALSE(holds(text, "<img"));
  }
}

TEST_CASE("nothing measured yet is said in both") {
  const ReportInput empty;
  CHECK(holds(report_markdown(empty), "holds no run yet"));
  CHECK(holds(summary_svg(empty), "holds no run yet"));
}

}  // namespace
}  // namespace slmrig::reports
