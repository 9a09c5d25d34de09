#include "harness/gate/evaluate.h"

#include <algorithm>
#include <set>
#include <tuple>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/analyse/false_discovery.h"
#include "harness/base/sha256.h"
#include "harness/base/suggest.h"
#include "harness/gate/internal/judge.h"
#include "harness/gate/internal/readings.h"
#include "harness/gate/words.h"

namespace slmrig::gate {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;

// A session may come twice, when a run is named twice.
std::vector<const GateSession*> in_order(const std::vector<GateSession>& sessions) {
  std::vector<const GateSession*> ordered;
  for (const GateSession& session : sessions) ordered.push_back(&session);
  const auto key = [](const GateSession* session) {
    return std::tie(session->started_at_ns, session->session_id);
  };
  std::sort(ordered.begin(), ordered.end(),
            [&](const auto* left, const auto* right) { return key(left) < key(right); });
  const auto same = [](const auto* left, const auto* right) { return left->session_id == right->session_id; };
  ordered.erase(std::unique(ordered.begin(), ordered.end(), same), ordered.end());
  return ordered;
}

bool is_wildcard(const std::string& pattern) { return pattern.find_first_of("*?") != std::string::npos; }

base::Done check_boards(const BudgetFile& budgets, const GateInput& input, std::vector<std::string> known) {
  if (known.empty()) return {};
  for (const GateSession& session : input.sessions) known.push_back(session.board);
  const auto check = [&](const std::string& board, const std::string& place) -> base::Done {
    if (is_wildcard(board) || std::find(known.begin(), known.end(), board) != known.end()) return {};
    return fail(ErrorCode::kBadInput, base::unknown_name("board", board, known),
                fmt::format("{}: {}.board", budgets.file, place));
  };
  for (const Budget& budget : budgets.budgets) SLMRIG_TRY(check(budget.selectors.board, budget.place));
  for (const Waiver& waiver : budgets.waivers) SLMRIG_TRY(check(waiver.board, waiver.place));
  return {};
}

class Evaluation {
 public:
  Evaluation(const BudgetFile& budgets, const GateInput& input)
      : input_(input), sessions_(in_order(input.sessions)) {
    report_.budgets = budgets;
    report_.judged_at_ns = input.now_ns;
    for (const auto& [name, sessions] : input.releases) releases_[name] = in_order(sessions);
    std::set<std::string> runs;
    for (const GateSession* session : sessions_) runs.insert(session->run_id);
    report_.run_ids.assign(runs.begin(), runs.end());
  }

  GateReport run() {
    for (std::size_t i = 0; i < report_.budgets.budgets.size(); ++i) add_budget(i);
    excuse();
    waive();
    adjust_p_values();
    for (const std::string& run : input_.unfinished_runs) {
      report_.notes.push_back(fmt::format("run {} did not end: what it has not measured is not known", run));
    }
    report_.outcome = outcome();
    return std::move(report_);
  }

 private:
  const Budget& budget_of(const Row& row) const { return report_.budgets.budgets[row.budget]; }

  std::optional<KnownSpread> spread_of(const RowKey& key, const BenchReadings& bench,
                                       const std::string& bench_name, const base::Metric& metric) const {
    if (bench.readings.empty()) return std::nullopt;
    const HistoryNames names = names_of(key, bench, bench_name, metric);
    for (const HistorySpread& spread : input_.spreads) {
      if (spread.of == names && spread.nights >= kLeastNights)
        return KnownSpread{spread.standard_deviation, spread.nights};
    }
    return std::nullopt;
  }

  // Of the board that gave the newest figure; there is one.
  static HistoryNames names_of(const RowKey& key, const BenchReadings& bench, const std::string& bench_name,
                               const base::Metric& metric) {
    const GateSession& session = *bench.readings.back().session;
    return {bench_name,  session.unit_id, session.engine, key.model,
            key.variant, key.suite,       key.settings,   std::string(metric.name)};
  }

  // What the history knows of the figure's level; its `missing` says why it knows none.
  analyse::StableLevel stable_of(const RowKey& key, const BenchReadings& bench, const std::string& bench_name,
                                 const base::Metric& metric) const {
    analyse::StableLevel none;
    none.missing = "the history has no night of this on this bench";
    if (bench.readings.empty()) return none;
    const HistoryNames names = names_of(key, bench, bench_name, metric);
    const base::Tier tier = bench.readings.back().session->tier;
    for (const StableFigure& stable : input_.stable) {
      HistoryNames same_board = stable.of;
      same_board.unit_id = names.unit_id;
      if (same_board != names || stable.tier != tier) continue;
      if (stable.of.unit_id == names.unit_id) return stable.level;
      none.missing =
          fmt::format("the history is of another board ({}; now it is {}), which differs by itself",
                      stable.of.unit_id, names.unit_id);
    }
    return none;
  }

  BenchResult judge_bench(const Budget& budget, const RowKey& key, const std::string& bench,
                          const BenchReadings& readings) const {
    JudgeQuestion question;
    question.budget = &budget;
    question.confidence = report_.budgets.confidence;
    question.most_sessions = report_.budgets.most_sessions;
    // Of selected answers alone nothing is in the history.
    if (!budget.answers.any()) question.spread = spread_of(key, readings, bench, *budget.metric);
    if (budget.limit.is_of_drift()) {
      question.stable = stable_of(key, readings, bench, *budget.metric);
    } else if (!budget.limit.release.empty()) {
      const auto release = releases_.find(budget.limit.release);
      if (release != releases_.end()) question.release = read_release(budget, key, bench, release->second);
      // The same board differs as much from session to session as it did then.
      question.release_spread = question.spread;
    }
    BenchResult result = judge(question, readings);
    result.bench = bench;
    return result;
  }

  void add_budget(std::size_t index) {
    const Budget& budget = report_.budgets.budgets[index];
    const BudgetReadings rows = read_budget_rows(budget, sessions_);
    for (const auto& [key, benches] : rows) {
      Row row;
      row.budget = index;
      row.metric = budget.metric;
      row.board = key.board;
      row.model = key.model;
      row.variant = key.variant;
      row.suite = key.suite;
      row.settings = key.settings;
      for (const auto& [bench, readings] : benches) {
        row.tier = readings.all.front()->tier;
        row.benches.push_back(judge_bench(budget, key, bench, readings));
      }
      judge_row(budget, row);
      report_.rows.push_back(std::move(row));
    }
    if (rows.empty()) add_nothing(index);
    note_coverage(index);
  }

  void add_nothing(std::size_t index) {
    const Budget& budget = report_.budgets.budgets[index];
    Row row;
    row.budget = index;
    row.metric = budget.metric;
    row.board = budget.selectors.board;
    row.model = budget.selectors.model;
    row.variant = budget.selectors.variant;
    row.suite = budget.metric->scope == base::MetricScope::kSession ? "" : budget.selectors.suite;
    row.verdict = Verdict::kMissing;
    row.reason = why_nothing(budget, sessions_);
    row.id = id_of(row);
    report_.rows.push_back(std::move(row));
  }

  // Independent of where the budget stands in its file.
  std::string id_of(const Row& row) const {
    const Budget& budget = budget_of(row);
    std::string text;
    for (const std::string* part : {&budget.selectors.bench, &row.board, &row.model, &row.variant, &row.suite,
                                    &row.settings, &budget.limit.text}) {
      text += *part + '\n';
    }
    text += fmt::format("{}\n{} {} {}", row.metric->name, budget.answers.tokens, budget.answers.full_context,
                        budget.answers.no_early_end);
    constexpr std::size_t kDigits = 8;
    return base::sha256_hex(text).substr(0, kDigits);
  }

  void judge_row(const Budget& budget, Row& row) const {
    row.id = id_of(row);
    std::vector<std::string> silent;
    std::set<std::string> units;
    std::optional<std::size_t> worst;
    const auto badness = [&](const BenchResult& bench) {
      return distance_beyond(budget.limit, bench.estimate->value, bench.limit);
    };
    for (std::size_t i = 0; i < row.benches.size(); ++i) {
      const BenchResult& bench = row.benches[i];
      if (!answered(bench)) {
        silent.push_back(fmt::format("{}: {}", bench.bench, bench.reason));
        if (bench.estimate && !row.worst) row.worst = i;
        continue;
      }
      units.insert(bench.units.begin(), bench.units.end());
      // Imported figures do not say which board it was: all such are one.
      if (bench.units.empty()) units.emplace();
      if (!worst || std::pair(bench.verdict, badness(bench)) >
                        std::pair(row.benches[*worst].verdict, badness(row.benches[*worst]))) {
        worst = i;
      }
    }
    if (!worst) {
      const bool doubted = std::any_of(row.benches.begin(), row.benches.end(), [](const auto& bench) {
        return bench.verdict == Verdict::kUntrusted;
      });
      row.verdict = doubted ? Verdict::kUntrusted : Verdict::kMissing;
      row.reason =
          row.benches.size() == 1 ? row.benches.front().reason : fmt::format("{}", fmt::join(silent, "; "));
      return;
    }
    row.worst = worst;
    row.verdict = row.benches[*worst].verdict;
    row.reason = row.benches[*worst].reason;
    if (units.size() < budget.least_units && row.verdict == Verdict::kPass) {
      row.verdict = Verdict::kMissing;
      row.reason = fmt::format("{} different board{} of the {} that are asked for", units.size(),
                               units.size() == 1 ? "" : "s", budget.least_units);
    }
    if (!silent.empty()) {
      row.reason += fmt::format("{}{} of {} benches did not answer ({})", row.reason.empty() ? "" : "; ",
                                silent.size(), row.benches.size(), fmt::join(silent, "; "));
    }
  }

  static bool answered(const BenchResult& bench) {
    return bench.verdict != Verdict::kMissing && bench.verdict != Verdict::kUntrusted;
  }

  void note_coverage(std::size_t index) {
    std::set<std::string> expected;
    std::set<std::string> silent;
    for (const Row& row : report_.rows) {
      if (row.budget != index) continue;
      for (const BenchResult& bench : row.benches) {
        expected.insert(bench.bench);
        if (!answered(bench)) silent.insert(bench.bench);
      }
    }
    Coverage coverage;
    coverage.budget = index;
    coverage.expected.assign(expected.begin(), expected.end());
    coverage.silent.assign(silent.begin(), silent.end());
    constexpr double kRounding = 1e-9;
    const auto all = static_cast<double>(expected.size());
    coverage.met =
        !expected.empty() && silent.size() < expected.size() &&
        all - static_cast<double>(silent.size()) >= report_.budgets.budgets[index].coverage * all - kRounding;
    report_.coverage.push_back(std::move(coverage));
  }

  void excuse() {
    for (Row& row : report_.rows) {
      const bool silent = row.verdict == Verdict::kMissing || row.verdict == Verdict::kUntrusted;
      // Too few units are no matter of coverage.
      const bool any_answered = std::any_of(row.benches.begin(), row.benches.end(), answered);
      row.excused = silent && !row.benches.empty() && !any_answered && report_.coverage[row.budget].met;
    }
  }

  static bool names(const Waiver& waiver, const Row& row) {
    return waiver.board == row.board && waiver.model == row.model && waiver.variant == row.variant &&
           waiver.suite == row.suite && waiver.metric == row.metric->name;
  }

  // A waiver lets through what its ceiling lets through; what was not measured it cannot judge.
  void waive() {
    for (std::size_t i = 0; i < report_.budgets.waivers.size(); ++i) {
      const Waiver& waiver = report_.budgets.waivers[i];
      WaiverState state;
      state.lapsed = input_.now_ns > waiver.ends_at_ns;
      bool any_row = false;
      bool above = false;
      for (Row& row : report_.rows) {
        if (!names(waiver, row)) continue;
        any_row = true;
        if (row.verdict == Verdict::kPass || row.verdict == Verdict::kMissing ||
            row.verdict == Verdict::kUntrusted) {
          continue;
        }
        row.waiver = i;
        const bool within = std::all_of(
            row.benches.begin(), row.benches.end(),
            [&](const BenchResult& bench) { return !answered(bench) || is_within(waiver.ceiling, bench); });
        above = above || !within;
        row.waived = within && !state.lapsed;
        row.lapsed = within && state.lapsed;
        state.used = state.used || within;
      }
      state.note = !any_row     ? "there is no such row"
                   : above      ? "the row is beyond its ceiling"
                   : state.used ? ""
                                : "its row needs none";
      report_.waivers.push_back(std::move(state));
    }
  }

  // Over the rows that a statistic decides: the share of rows at least as clear as this that would meet their
  // limit all the same.
  void adjust_p_values() {
    std::vector<Row*> rows;
    for (Row& row : report_.rows) {
      if (row.worst && row.benches[*row.worst].estimate && !row.benches[*row.worst].estimate->exact)
        rows.push_back(&row);
    }
    std::vector<double> p_values;
    for (const Row* row : rows) p_values.push_back(row->benches[*row->worst].p_value);
    const std::vector<double> q_values = analyse::adjusted_p_values(p_values);
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i]->q_value = q_values[i];
  }

  Outcome outcome() const {
    const auto any_row = [&](auto condition) {
      return std::any_of(report_.rows.begin(), report_.rows.end(), condition);
    };
    if (any_row([](const Row& row) { return row.verdict == Verdict::kFail && !row.waived && !row.lapsed; })) {
      return Outcome::kFail;
    }
    const bool lapsed = std::any_of(report_.waivers.begin(), report_.waivers.end(),
                                    [](const WaiverState& waiver) { return waiver.lapsed; });
    if (lapsed) return Outcome::kLapsed;
    const bool covered = std::all_of(report_.coverage.begin(), report_.coverage.end(),
                                     [](const Coverage& coverage) { return coverage.met; });
    const bool held = any_row([](const Row& row) { return row.holds_back(); });
    return held || !covered || !input_.unfinished_runs.empty() ? Outcome::kUndecided : Outcome::kPass;
  }

  const GateInput& input_;
  std::vector<const GateSession*> sessions_;
  std::map<std::string, std::vector<const GateSession*>> releases_;
  GateReport report_;
};

}  // namespace

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPass: return "pass";
    case Verdict::kMissing: return "missing";
    case Verdict::kUntrusted: return "untrusted";
    case Verdict::kInconclusive: return "inconclusive";
    case Verdict::kUnmeasurable: return "unmeasurable";
    case Verdict::kSystematicLimited: return "systematic-limited";
    case Verdict::kFail: return "fail";
  }
  return "";
}

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::kPass: return "pass";
    case Outcome::kFail: return "fail";
    case Outcome::kLapsed: return "waiver lapsed";
    case Outcome::kUndecided: return "undecided";
  }
  return "";
}

std::size_t GateReport::count(Verdict verdict) const {
  return static_cast<std::size_t>(
      std::count_if(rows.begin(), rows.end(), [&](const Row& row) { return row.verdict == verdict; }));
}

Result<GateReport> evaluate(const BudgetFile& budgets, const GateInput& input,
                            const std::vector<std::string>& known_boards) {
  SLMRIG_TRY(check_boards(budgets, input, known_boards));
  for (const std::string& release : budgets.releases()) {
    if (!input.releases.contains(release)) {
      return fail(ErrorCode::kBadInput,
                  fmt::format("limits compare with release {}, and it is not known", release), budgets.file);
    }
  }
  return Evaluation(budgets, input).run();
}

}  // namespace slmrig::gate
