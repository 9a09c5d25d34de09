#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "harness/analyse/self_trial.h"
#include "harness/base/clock.h"
#include "harness/campaign/nightly_analysis.h"
#include "harness/cli/analyse_series.h"
#include "harness/cli/commands.h"
#include "harness/cli/finding_text.h"
#include "harness/cli/self_test_text.h"

namespace slmrig::cli {
namespace {

using base::Result;

struct AnalyseOptions {
  Places places;
  std::string series;  // a file instead of the database
  bool exact = false;
  campaign::NightlyRequest night;
  int64_t last_days = 0;
  bool look = false;
  bool self_test = false;
  analyse::SelfTrialOptions tests;
  bool json = false;
};

// A regression that nobody acknowledged is a bad result; a night that measured nothing decides nothing.
ExitCode exit_code_of_night(const campaign::NightlyAnalysis& night) {
  if (night.counts.regressions != 0) return ExitCode::kBadResult;
  const analyse::JudgementCounts& counts = night.counts;
  const bool anything = counts.unchanged + counts.learning + counts.improvements + counts.trades +
                            counts.changes + counts.watches !=
                        0;
  return anything || counts.unmeasured == 0 ? ExitCode::kGood : ExitCode::kUndecided;
}

Result<campaign::NightlyAnalysis> judge_database(AnalyseOptions options) {
  constexpr int64_t kNsPerDay = 86'400'000'000'000;
  options.night.database = options.places.database();
  options.night.now_ns = base::utc_now_ns();
  options.night.keep = !options.look;
  if (options.last_days > 0)
    options.night.filter.since_ns = options.night.now_ns - options.last_days * kNsPerDay;
  return campaign::analyse_nights(options.night);
}

Result<ExitCode> analyse_database(const AnalyseOptions& options) {
  SLMRIG_ASSIGN(const campaign::NightlyAnalysis night, judge_database(options));
  const std::string text = options.json ? analysis_json(night) : analysis_text(night);
  std::fputs(text.c_str(), stdout);
  return exit_code_of_night(night);
}

Result<ExitCode> analyse_series(const AnalyseOptions& options) {
  SLMRIG_TRY(analyse_series_file(options.series, options.json, options.exact));
  return ExitCode::kGood;
}

void print_self_test(const AnalyseOptions& options, const std::vector<TestedSeries>& series) {
  const std::string text =
      options.json ? self_test_json(series, options.tests) : self_test_text(series, options.tests);
  std::fputs(text.c_str(), stdout);
}

Result<ExitCode> self_test_file(const AnalyseOptions& options) {
  SLMRIG_ASSIGN(const NumberSeries series, read_series(options.series));
  print_self_test(options, {{options.series, "", analyse::self_trial(series.values, options.tests)}});
  return ExitCode::kGood;
}

Result<ExitCode> self_test_database(AnalyseOptions options) {
  options.look = true;
  SLMRIG_ASSIGN(const campaign::NightlyAnalysis night, judge_database(options));
  print_self_test(options, self_test_series(night, options.tests));
  return ExitCode::kGood;
}

}  // namespace

void add_analyse_command(CLI::App& app, Action& action) {
  auto options = std::make_shared<AnalyseOptions>();
  CLI::App* command = app.add_subcommand(
      "analyse", "What changed over the nights: regressions and improvements, since when, and why");
  store::HistoryFilter& filter = options->night.filter;
  command->add_option("--bench", filter.benches, "Only these (* and ?), repeatable")->allow_extra_args(false);
  command->add_option("--board", filter.boards, "Only these kinds of boards")->allow_extra_args(false);
  command->add_option("--model", filter.models, "Only these models")->allow_extra_args(false);
  command->add_option("--variant", filter.variants, "Only these variants")->allow_extra_args(false);
  command->add_option("--suite", filter.suites, "Only these suites")->allow_extra_args(false);
  command->add_option("--metric", filter.metrics, "Only these metrics")->allow_extra_args(false);
  command->add_option("--days", options->last_days, "Only sessions of the last so many days; 0: all")
      ->check(CLI::Range(0, 36'500));
  command->add_flag("--look", options->look, "Only looks: findings are not kept in the database");
  command->add_flag("--json", options->json, "Everything, as JSON");
  add_output_option(*command, options->places);
  add_database_option(*command, options->places);
  command->add_option("--series", options->series,
                      "Instead of the database a CSV file: time,value; or one value a line");
  command->add_flag("--exact", options->exact, "Of counts without noise: every difference is a change")
      ->needs("--series");
  CLI::Option* const self_test =
      command->add_flag("--self-test", options->self_test,
                        "Puts steps of known height into the history and tells how many would be found, and "
                        "how late, and how often noise alone alarms");
  self_test->excludes("--exact");
  command->add_option("--trials", options->tests.trials, "Places at which a step of each height is put")
      ->check(CLI::Range(1, 1000))
      ->needs(self_test);
  command->add_option("--within", options->tests.within_nights, "Nights in which a step must be found")
      ->check(CLI::Range(4, 365))
      ->needs(self_test);
  command->callback([&action, options] {
    action = [options] {
      if (options->self_test)
        return options->series.empty() ? self_test_database(*options) : self_test_file(*options);
      return options->series.empty() ? analyse_database(*options) : analyse_series(*options);
    };
  });
}

}  // namespace slmrig::cli
