#include "harness/gate/budget.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <tuple>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/base/file.h"
#include "harness/base/json_reader.h"
#include "harness/base/suggest.h"
#include "harness/base/wildcard.h"

namespace slmrig::gate {
namespace {

using base::JsonDocument;
using base::JsonObject;
using base::Metric;
using base::Result;

const Metric* read_metric(JsonObject& object) {
  std::string name = object.required_string("metric");
  if (name.empty()) return nullptr;
  if (const Metric* metric = base::find_metric(name)) return metric;
  std::vector<std::string> known;
  for (const Metric& metric : base::metrics()) known.emplace_back(metric.name);
  object.fail("metric", base::unknown_name("metric", name, known));
  return nullptr;
}

Limit read_limit(JsonObject& object, std::string_view key, const Metric* metric) {
  const std::string text = object.required_string(key);
  if (metric == nullptr || text.empty()) return {};
  Result<Limit> limit = parse_limit(text, *metric);
  if (!limit) {
    object.fail(key, limit.error().text());
    return {};
  }
  if (const std::string wrong = wrong_side(*limit, *metric); !wrong.empty()) object.fail(key, wrong);
  return *limit;
}

Selectors read_selectors(JsonObject& object) {
  Selectors selectors;
  selectors.bench = object.optional_string("bench", "*");
  selectors.board = object.optional_string("board", "*");
  selectors.model = object.optional_string("model", "*");
  selectors.variant = object.optional_string("variant", "*");
  selectors.suite = object.optional_string("suite", "*");
  return selectors;
}

void read_supply(JsonObject& object, Budget& budget) {
  const nlohmann::json* supply = object.raw("supply_mv");
  if (supply == nullptr) return;
  if (supply->is_string() && *supply == "lowest") {
    budget.lowest_supply = true;
  } else if (supply->is_number_integer() && *supply > 0 && *supply <= 60'000) {
    budget.supply_mv = supply->get<int>();
  } else {
    object.fail("supply_mv", "expected millivolts (1 to 60000) or \"lowest\"");
  }
}

void read_temperature(JsonObject& object, Budget& budget) {
  if (!object.has("temperature_c")) return;
  JsonObject range = object.required_object("temperature_c");
  constexpr double kColdest = -273.15;
  constexpr double kHottest = 1000;
  if (range.has("least")) budget.least_temperature_c = range.optional_number("least", 0, kColdest, kHottest);
  if (range.has("most")) budget.most_temperature_c = range.optional_number("most", 0, kColdest, kHottest);
  if (!budget.least_temperature_c && !budget.most_temperature_c) {
    object.fail("temperature_c", "expected \"least\", \"most\" or both");
  } else if (budget.least_temperature_c.value_or(kColdest) > budget.most_temperature_c.value_or(kHottest)) {
    object.fail("temperature_c", "\"least\" is above \"most\": nothing is in between");
  }
}

bool is_of_answers(const Metric& metric) { return metric.name.starts_with("answer_"); }
bool is_of_single_costs(const Metric& metric) {
  return is_of_answers(metric) || metric.name.starts_with("token_") || metric.name.starts_with("ttft_");
}

void read_answers(JsonObject& object, Budget& budget) {
  constexpr uint64_t kMostTokens = 1'048'576;
  AnswerConditions& answers = budget.answers;
  answers.tokens = static_cast<uint32_t>(object.optional_uint("answer_tokens", 0, 1, kMostTokens));
  answers.full_context = object.optional_bool("full_context", false);
  answers.no_early_end = object.optional_bool("no_early_end", false);
  if (object.optional_bool("cold_cache", false) && budget.metric != nullptr &&
      !budget.metric->name.starts_with("cold_start")) {
    object.fail("cold_cache",
                fmt::format("{} is measured after a warm-up; a cold cache is what cold_start_... "
                            "metrics are measured with",
                            budget.metric->name));
  }
  if (budget.metric == nullptr || !answers.any()) return;
  if (answers.tokens != 0 && !is_of_answers(*budget.metric)) {
    object.fail("answer_tokens",
                fmt::format("{} is no metric of whole answers (answer_...)", budget.metric->name));
  } else if (!is_of_single_costs(*budget.metric)) {
    object.fail(answers.full_context ? "full_context" : "no_early_end",
                fmt::format("{} is no metric of single answers or tokens (answer_..., token_..., ttft_...)",
                            budget.metric->name));
  }
}

// The history keeps one figure a session: of all its answers, at whatever temperature.
void refuse_selected_drift(JsonObject& object, const Budget& budget) {
  const bool is_selected = budget.answers.any() || budget.prompts_are_sample || budget.least_temperature_c ||
                           budget.most_temperature_c;
  if (!budget.limit.is_of_drift() || !is_selected) return;
  object.fail(
      "limit",
      fmt::format("\"{}\" compares with nights of which the history keeps a figure of all answers; leave "
                  "out answer_tokens, full_context, no_early_end, prompts and temperature_c, or compare "
                  "with a release",
                  budget.limit.text));
}

Budget read_budget(JsonObject object, double coverage) {
  Budget budget;
  budget.place = object.path();
  budget.name = object.optional_string("name");
  budget.selectors = read_selectors(object);
  budget.metric = read_metric(object);
  budget.limit = read_limit(object, "limit", budget.metric);
  if (object.has("context_tokens")) {
    budget.context_tokens = static_cast<uint32_t>(object.required_uint("context_tokens", 1, UINT32_MAX));
  }
  read_supply(object, budget);
  read_temperature(object, budget);
  read_answers(object, budget);
  budget.prompts_are_sample = object.optional_choice("prompts", {"fixed", "sample"}, "fixed") == "sample";
  if (budget.prompts_are_sample && budget.metric != nullptr && !is_share_of_prompts(*budget.metric)) {
    object.fail("prompts", fmt::format("{} is no share of right answers (accuracy, intent_accuracy)",
                                       budget.metric->name));
  }
  refuse_selected_drift(object, budget);
  budget.least_units = static_cast<uint32_t>(object.optional_uint("least_units", 1, 1, 100'000));
  constexpr double kLeastCoverage = 0.01;
  budget.coverage = object.optional_number("coverage", coverage, kLeastCoverage, 1);
  return budget;
}

// The last nanosecond of a day; nothing where the text is no day.
std::optional<int64_t> end_of_day_ns(const std::string& text) {
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
  int length = 0;
  constexpr std::size_t kLength = 10;
  if (text.size() != kLength ||
      std::sscanf(text.c_str(), "%4d-%2u-%2u%n", &year, &month, &day, &length) != 3 ||
      length != static_cast<int>(kLength)) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                         std::chrono::day(day)};
  constexpr int kYears[] = {1970, 2200};
  if (!date.ok() || year < kYears[0] || year > kYears[1]) return std::nullopt;
  const std::chrono::sys_days next = std::chrono::sys_days(date) + std::chrono::days(1);
  return std::chrono::duration_cast<std::chrono::nanoseconds>(next.time_since_epoch()).count() - 1;
}

Waiver read_waiver(JsonObject object) {
  Waiver waiver;
  waiver.place = object.path();
  const Metric* metric = read_metric(object);
  if (metric != nullptr) waiver.metric = metric->name;
  const bool of_session = metric != nullptr && metric->scope == base::MetricScope::kSession;
  const auto exact = [&](const char* key) {
    const std::string name = object.required_string(key);
    if (name.find_first_of("*?") != std::string::npos) {
      object.fail(key, fmt::format("\"{}\" is a wildcard; a waiver names one row exactly", name));
    }
    return name;
  };
  waiver.board = exact("board");
  waiver.model = exact("model");
  waiver.variant = exact("variant");
  if (!of_session) waiver.suite = exact("suite");
  waiver.ceiling = read_limit(object, "ceiling", metric);
  if (!waiver.ceiling.release.empty()) {
    object.fail("ceiling", "a ceiling is a value of its own, not one of a release");
  }
  waiver.expires = object.required_string("expires");
  const std::optional<int64_t> end = end_of_day_ns(waiver.expires);
  if (!end) object.fail("expires", fmt::format("\"{}\" is no day; expected \"2026-03-31\"", waiver.expires));
  waiver.ends_at_ns = end.value_or(0);
  waiver.issue = object.required_string("issue");
  waiver.reason = object.required_string("reason");
  waiver.owner = object.required_string("owner");
  return waiver;
}

bool may_meet(const std::string& left, const std::string& right) {
  return base::matches_wildcard(left, right) || base::matches_wildcard(right, left);
}

bool may_meet(const Selectors& left, const Selectors& right) {
  return may_meet(left.bench, right.bench) && may_meet(left.board, right.board) &&
         may_meet(left.model, right.model) && may_meet(left.variant, right.variant) &&
         may_meet(left.suite, right.suite);
}

bool same_conditions(const Budget& left, const Budget& right) {
  return left.context_tokens == right.context_tokens && left.supply_mv == right.supply_mv &&
         left.lowest_supply == right.lowest_supply && left.answers == right.answers &&
         left.least_temperature_c == right.least_temperature_c &&
         left.most_temperature_c == right.most_temperature_c &&
         left.prompts_are_sample == right.prompts_are_sample;
}

// Why the two cannot both be meant; empty: they can. A narrower budget beside a wider one is no
// contradiction, both hold.
std::string contradiction(const Budget& left, const Budget& right) {
  if (left.metric != right.metric || !same_conditions(left, right) ||
      !may_meet(left.selectors, right.selectors) || left.limit.release != right.limit.release) {
    return {};
  }
  const auto amount = [](const Budget& budget) {
    return budget.limit.release.empty() ? budget.limit.value : budget.limit.factor;
  };
  if (left.limit.comparison == right.limit.comparison) {
    if (!(left.selectors == right.selectors)) return {};
    if (amount(left) == amount(right)) return "says the same";
    return "limits the same rows otherwise";
  }
  const Budget& at_most = left.limit.comparison == Comparison::kAtMost ? left : right;
  const Budget& at_least = left.limit.comparison == Comparison::kAtMost ? right : left;
  return amount(at_most) < amount(at_least) ? "leaves no value that meets both" : std::string();
}

void refuse_contradictions(JsonObject& root, const std::vector<Budget>& budgets) {
  for (std::size_t i = 0; i < budgets.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const std::string why = contradiction(budgets[j], budgets[i]);
      if (why.empty()) continue;
      root.fail(budgets[i].place,
                fmt::format("\"{} {}\" contradicts {} (\"{} {}\"): it {}; keep one of them",
                            budgets[i].metric->name, budgets[i].limit.text, budgets[j].place,
                            budgets[j].metric->name, budgets[j].limit.text, why));
    }
  }
}

void refuse_repeated_waivers(JsonObject& root, const std::vector<Waiver>& waivers) {
  const auto row = [](const Waiver& waiver) {
    return std::tie(waiver.board, waiver.model, waiver.variant, waiver.suite, waiver.metric);
  };
  for (std::size_t i = 0; i < waivers.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (row(waivers[i]) != row(waivers[j])) continue;
      root.fail(waivers[i].place,
                fmt::format("waives the row that {} waives; keep one of them", waivers[j].place));
    }
  }
}

}  // namespace

std::string Budget::what() const {
  std::vector<std::string> parts;
  for (const std::string* part :
       {&selectors.bench, &selectors.board, &selectors.model, &selectors.variant, &selectors.suite}) {
    if (*part != "*") parts.push_back(*part);
  }
  return parts.empty() ? "everything" : fmt::format("{}", fmt::join(parts, " "));
}

bool is_share_of_prompts(const Metric& metric) {
  return metric.name == "accuracy" || metric.name == "intent_accuracy";
}

std::vector<std::string> BudgetFile::releases() const {
  std::vector<std::string> names;
  for (const Budget& budget : budgets) {
    const std::string& release = budget.limit.release;
    const bool known = std::find(names.begin(), names.end(), release) != names.end();
    if (!release.empty() && !budget.limit.is_of_drift() && !known) names.push_back(release);
  }
  return names;
}

Result<BudgetFile> parse_budgets(std::string text, const std::string& file) {
  SLMRIG_ASSIGN(JsonDocument document, JsonDocument::parse(std::move(text), file));
  JsonObject root = document.root();
  BudgetFile budgets;
  budgets.file = file;
  budgets.sha256 = document.sha256();
  budgets.name = root.optional_string("name", std::filesystem::path(file).stem().string());
  root.optional_string("description");
  budgets.confidence = root.optional_number("confidence", budgets.confidence, 0.8, 0.99999);
  budgets.most_sessions =
      static_cast<uint32_t>(root.optional_uint("most_sessions", budgets.most_sessions, 2, 10'000));
  const double coverage = root.optional_number("coverage", 1, 0.01, 1);
  for (JsonObject& object : root.required_objects("budgets")) {
    budgets.budgets.push_back(read_budget(object, coverage));
  }
  if (budgets.budgets.empty())
    root.fail("budgets", "expected one or more; a gate without a limit lets all through");
  for (JsonObject& object : root.optional_objects("waivers")) budgets.waivers.push_back(read_waiver(object));
  SLMRIG_TRY(document.finish());
  refuse_contradictions(root, budgets.budgets);
  refuse_repeated_waivers(root, budgets.waivers);
  SLMRIG_TRY(document.finish());
  return budgets;
}

Result<BudgetFile> load_budgets(const std::filesystem::path& file) {
  SLMRIG_ASSIGN(std::string text, base::read_text(file));
  return parse_budgets(std::move(text), file.string());
}

}  // namespace slmrig::gate
