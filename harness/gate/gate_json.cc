#include <cmath>

#include <nlohmann/json.hpp>

#include "harness/gate/words.h"
#include "harness/gate/writers.h"

namespace slmrig::gate {
namespace {

using nlohmann::ordered_json;

ordered_json number(double value) { return std::isfinite(value) ? ordered_json(value) : ordered_json(); }

ordered_json estimate_json(const Estimate& estimate) {
  ordered_json json;
  json["value"] = number(estimate.value);
  json["low"] = number(estimate.low);
  json["high"] = number(estimate.high);
  json["exact"] = estimate.exact;
  json["sessions"] = estimate.sessions;
  json["samples"] = estimate.samples;
  json["of_sessions"] = estimate.of_sessions;
  json["standard_deviation"] = number(estimate.standard_deviation);
  json["degrees_of_freedom"] = number(estimate.degrees_of_freedom);
  json["systematic"] = number(estimate.systematic);
  json["method"] = estimate.method;
  return json;
}

ordered_json bench_json(const BenchResult& bench) {
  ordered_json json;
  json["bench"] = bench.bench;
  json["units"] = bench.units;
  json["verdict"] = to_string(bench.verdict);
  json["reason"] = bench.reason;
  if (bench.estimate) {
    json["figure"] = estimate_json(*bench.estimate);
    json["limit"] = number(bench.limit);
    json["p_value"] = number(bench.p_value);
    json["detectable"] = number(bench.detectable);
  }
  if (bench.release) json["release_figure"] = estimate_json(*bench.release);
  if (bench.more_sessions > 0) json["more_sessions"] = bench.more_sessions;
  if (bench.more_prompts > 0) json["more_prompts"] = bench.more_prompts;
  json["run_ids"] = bench.run_ids;
  json["session_ids"] = bench.session_ids;
  return json;
}

ordered_json row_json(const GateReport& report, const Row& row) {
  const Budget& budget = report.budgets.budgets[row.budget];
  ordered_json json;
  json["id"] = row.id;
  json["budget"] = budget.place;
  json["name"] = row_name(row);
  json["board"] = row.board;
  json["model"] = row.model;
  json["variant"] = row.variant;
  json["suite"] = row.suite;
  json["settings"] = row.settings;
  json["metric"] = row.metric->name;
  json["unit"] = row.metric->unit;
  json["tier"] = base::to_string(row.tier);
  json["verdict"] = to_string(row.verdict);
  json["verdict_text"] = verdict_text(report, row);
  json["holds_back"] = row.holds_back();
  json["reason"] = row.reason;
  json["figure_text"] = figure_text(row);
  json["limit_text"] = limit_text(report, row);
  json["distance_text"] = distance_text(row, budget.limit);
  json["waived"] = row.waived;
  json["lapsed"] = row.lapsed;
  json["excused"] = row.excused;
  if (row.q_value) json["q_value"] = number(*row.q_value);
  if (row.worst) json["worst_bench"] = row.benches[*row.worst].bench;
  json["benches"] = ordered_json::array();
  for (const BenchResult& bench : row.benches) json["benches"].push_back(bench_json(bench));
  return json;
}

ordered_json waiver_json(const Waiver& waiver, const WaiverState& state) {
  ordered_json json;
  json["place"] = waiver.place;
  json["board"] = waiver.board;
  json["model"] = waiver.model;
  json["variant"] = waiver.variant;
  json["suite"] = waiver.suite;
  json["metric"] = waiver.metric;
  json["ceiling"] = waiver.ceiling.text;
  json["expires"] = waiver.expires;
  json["issue"] = waiver.issue;
  json["reason"] = waiver.reason;
  json["owner"] = waiver.owner;
  json["used"] = state.used;
  json["lapsed"] = state.lapsed;
  json["note"] = state.note;
  return json;
}

}  // namespace

std::string gate_json(const GateReport& report) {
  ordered_json json;
  json["outcome"] = to_string(report.outcome);
  json["headline"] = headline(report);
  json["budgets"] = {{"file", report.budgets.file},
                     {"sha256", report.budgets.sha256},
                     {"name", report.budgets.name},
                     {"confidence", report.budgets.confidence}};
  json["run_ids"] = report.run_ids;
  json["rows"] = ordered_json::array();
  for (const Row& row : report.rows) json["rows"].push_back(row_json(report, row));
  json["coverage"] = ordered_json::array();
  for (const Coverage& coverage : report.coverage) {
    json["coverage"].push_back({{"budget", report.budgets.budgets[coverage.budget].place},
                                {"wanted", report.budgets.budgets[coverage.budget].coverage},
                                {"benches", coverage.expected},
                                {"silent", coverage.silent},
                                {"met", coverage.met}});
  }
  json["waivers"] = ordered_json::array();
  for (std::size_t i = 0; i < report.waivers.size(); ++i) {
    json["waivers"].push_back(waiver_json(report.budgets.waivers[i], report.waivers[i]));
  }
  json["artifacts"] = ordered_json::array();
  for (const Artifact& artifact : report.artifacts) {
    json["artifacts"].push_back({{"file", artifact.file},
                                 {"sha256", artifact.sha256},
                                 {"what", artifact.what},
                                 {"measured", artifact.measured}});
  }
  json["notes"] = report.notes;
  constexpr int kIndent = 2;
  return json.dump(kIndent, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace slmrig::gate
