#include "harness/cli/self_test_text.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/cli/text_table.h"

namespace slmrig::cli {
namespace {

using analyse::SelfTrial;
using analyse::SelfTrialOptions;
using analyse::StepPower;
using nlohmann::ordered_json;

std::string height_text(const StepPower& step) {
  return step.is_share ? fmt::format("{:g} %", step.height * 100) : fmt::format("{:g} sigma", step.height);
}

// "90 % in 5"
std::string power_text(const StepPower& step) {
  if (step.tried == 0) return "-";
  const std::string share = fmt::format("{:.0f} %", step.power() * 100);
  const auto delay = step.median_delay();
  return delay ? fmt::format("{} in {:g}", share, *delay) : share;
}

std::vector<std::string> line_of(const std::string& name, const SelfTrial& test) {
  std::vector<std::string> cells = {name, std::to_string(test.nights),
                                    test.sigma > 0 ? fmt::format("{:.4g}", test.sigma) : ""};
  for (const StepPower& step : test.steps) cells.push_back(power_text(step));
  cells.push_back(std::to_string(test.alerts));
  cells.push_back(std::to_string(test.false_alerts));
  return cells;
}

std::vector<SelfTrial> tests_of(const std::vector<TestedSeries>& series) {
  std::vector<SelfTrial> tests;
  for (const TestedSeries& each : series) tests.push_back(each.test);
  return tests;
}

std::string why_not(const SelfTrial& test) {
  if (test.learning) return fmt::format("learning, {} of {} nights", test.nights, analyse::kSelfTrialNights);
  return "constant: a step of any height is a change";
}

bool is_tested(const TestedSeries& series) { return !series.test.learning && !series.test.is_constant; }

ordered_json to_json(const SelfTrial& test) {
  ordered_json json = {{"nights", test.nights}};
  if (test.learning || test.is_constant) {
    json["not_tested"] = why_not(test);
    return json;
  }
  if (test.sigma > 0) {
    json["level"] = test.level;
    json["sigma"] = test.sigma;
  }
  json["steps"] = ordered_json::array();
  for (const StepPower& step : test.steps) {
    ordered_json one = {{step.is_share ? "share" : "sigma", step.height},
                        {"tried", step.tried},
                        {"found", step.delays.size()},
                        {"power", step.power()},
                        {"median_delay_nights", nullptr}};
    if (const auto delay = step.median_delay()) one["median_delay_nights"] = *delay;
    json["steps"].push_back(std::move(one));
  }
  json["alerts"] = test.alerts;
  json["false_alerts"] = test.false_alerts;
  json["nights_reordered"] = test.nights_reordered;
  json["false_alerts_a_hundred_series_years"] = test.false_alerts_a_hundred_years();
  return json;
}

}  // namespace

std::vector<TestedSeries> self_test_series(const campaign::NightlyAnalysis& night,
                                           const SelfTrialOptions& options) {
  const auto& series = night.judgement.series;
  const auto board_of = [&](const analyse::SeriesJudgement& judged) {
    return night.history.sessions[judged.nights.segments.back().nights.back().session].board;
  };
  const auto scatters = [](const analyse::SeriesJudgement& judged) {
    return !judged.exact && !judged.nights.segments.empty();
  };
  std::map<std::string, std::size_t> of_board;
  for (const analyse::SeriesJudgement& judged : series) {
    if (scatters(judged)) ++of_board[board_of(judged)];
  }
  std::vector<TestedSeries> tested;
  for (std::size_t i = 0; i < series.size(); ++i) {
    if (!scatters(series[i])) continue;
    SelfTrialOptions one = options;
    one.series_of_board = of_board[board_of(series[i])];
    const store::SeriesKey& key = series[i].key;
    std::string name = fmt::format("{} {} {}", key.bench, key.model, key.variant);
    if (!key.suite.empty()) name += " " + key.suite;
    tested.push_back({fmt::format("{} {}", name, key.metric), night.history.series[i].unit,
                      analyse::self_trial(series[i].corrected, one)});
  }
  return tested;
}

std::string self_test_text(const std::vector<TestedSeries>& series, const SelfTrialOptions& options) {
  const SelfTrial all = analyse::together(tests_of(series));
  std::string text = fmt::format(
      "Steps put into the history at {} places each: how many are found within {} nights, and after how many "
      "(median).\n\n",
      options.trials, options.within_nights);
  std::vector<Column> columns = {{"series"}, {"nights", Align::kRight}, {"sigma", Align::kRight}};
  for (const StepPower& step : all.steps) columns.push_back({height_text(step), Align::kRight});
  columns.push_back({"alerts", Align::kRight});
  columns.push_back({"false", Align::kRight});
  TextTable table(std::move(columns), 2);
  for (const TestedSeries& each : series) {
    if (is_tested(each)) {
      table.add_row(line_of(each.name, each.test));
    } else {
      table.add_note_row({each.name}, why_not(each.test));
    }
  }
  const auto tested = std::count_if(series.begin(), series.end(), is_tested);
  if (tested > 1) table.add_row(line_of(fmt::format("all {}", tested), all));
  constexpr std::size_t kWide = 160;
  text += table.text(kWide);
  if (tested == 0) return text + "\nnothing to test: what scatters is still being learnt\n";
  return text + fmt::format(
                    "\nalerts: of the history as it is, looked at every night. false: of its noise alone, in "
                    "random order:\n{} in {} nights, {:.1f} a hundred series-years.\n",
                    all.false_alerts, all.nights_reordered, all.false_alerts_a_hundred_years());
}

std::string self_test_json(const std::vector<TestedSeries>& series, const SelfTrialOptions& options) {
  ordered_json json = {{"within_nights", options.within_nights}, {"trials", options.trials}};
  json["series"] = ordered_json::array();
  for (const TestedSeries& each : series) {
    ordered_json one = {{"name", each.name}, {"unit", each.unit}};
    one.update(to_json(each.test));
    json["series"].push_back(std::move(one));
  }
  json["together"] = to_json(analyse::together(tests_of(series)));
  return json.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace slmrig::cli
