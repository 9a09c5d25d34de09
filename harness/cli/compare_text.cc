#include "harness/cli/compare_text.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "harness/cli/figures.h"
#include "harness/cli/text_table.h"

namespace slmrig::cli {
namespace {

using analyse::ComparedFigure;
using analyse::ComparedSubject;
using analyse::Comparison;
using analyse::Judgement;
using Json = nlohmann::ordered_json;

constexpr double kNanosecondsPerMillisecond = 1e6;

std::string value_text(const base::Metric& metric, double value) {
  if (metric.unit == "ms") return time_text(value * kNanosecondsPerMillisecond);
  if (metric.unit == "bytes") return bytes_text(value);
  if (metric.unit == "ratio") return share_text(value);
  if (metric.unit == "uj") return energy_text(value);
  return count_text(value);
}

// "x0.55", "x1.80 ±0.02"; shares: "-2.1 ±1.0 points".
std::string change_text(const ComparedFigure& figure) {
  if (!figure.change) return "";
  const double half_width = figure.interval ? (figure.interval->high - figure.interval->low) / 2 : 0;
  if (figure.metric->unit == "ratio") {
    return fmt::format("{:+.1f} ±{:.1f}", 100 * *figure.change, 100 * half_width);
  }
  return figure.interval ? fmt::format("x{:.3f} ±{:.3f}", *figure.change, half_width)
                         : fmt::format("x{:.3f}", *figure.change);
}

// Never colour alone.
std::string_view mark_of(Judgement judgement) {
  switch (judgement) {
    case Judgement::kBetter: return "better";
    case Judgement::kWorse: return "worse";
    case Judgement::kSame: return "same";
    case Judgement::kUndecided: return "undecided";
    case Judgement::kReference: break;
  }
  return "";
}

std::string what_text(const Comparison& comparison) {
  std::string text =
      fmt::format("{} on {} ({}), {}, {}; tier {}\n", comparison.model, comparison.bench, comparison.board,
                  comparison.suite, comparison.settings, base::to_string(comparison.tier));
  if (comparison.tier == base::Tier::kEmulated) text += "An emulated board: instructions, not speed.\n";
  if (comparison.tier == base::Tier::kFunctional) text += "An emulated processor: answers alone are real.\n";
  return text;
}

std::string title_of(const ComparedFigure& figure, base::Tier tier) {
  std::string title(figure.metric->title);
  if (figure.tier != tier) title += fmt::format(" ({})", base::to_string(figure.tier));
  return title;
}

void add_rows(const Comparison& comparison, TextTable& table) {
  const ComparedSubject& reference = comparison.subjects.front();
  for (const ComparedFigure& first : reference.figures) {
    std::vector<std::string> row = {title_of(first, comparison.tier), value_text(*first.metric, first.value)};
    for (std::size_t i = 1; i < comparison.subjects.size(); ++i) {
      const ComparedFigure* figure = comparison.subjects[i].figure(first.metric->name);
      row.push_back(figure == nullptr ? kNothing : value_text(*figure->metric, figure->value));
      row.push_back(figure == nullptr ? "" : change_text(*figure));
      row.emplace_back(figure == nullptr ? "" : mark_of(figure->judgement));
    }
    table.add_row(std::move(row));
  }
}

uint32_t sessions_of(const ComparedSubject& subject) {
  uint32_t most = 0;
  for (const ComparedFigure& figure : subject.figures) most = std::max(most, figure.sessions);
  return most;
}

void add_sessions_row(const Comparison& comparison, TextTable& table) {
  std::vector<std::string> row = {"sessions", fmt::format("{}", sessions_of(comparison.subjects.front()))};
  for (std::size_t i = 1; i < comparison.subjects.size(); ++i) {
    row.push_back(fmt::format("{}", sessions_of(comparison.subjects[i])));
    row.emplace_back();
    row.emplace_back();
  }
  table.add_row(std::move(row));
}

// The reasons of undecided figures, each once.
std::string reasons_text(const Comparison& comparison) {
  std::vector<std::string> seen;
  std::string text;
  for (const ComparedSubject& subject : comparison.subjects) {
    for (const ComparedFigure& figure : subject.figures) {
      if (figure.reason.empty() || std::find(seen.begin(), seen.end(), figure.reason) != seen.end()) continue;
      seen.push_back(figure.reason);
      text += fmt::format("undecided: {}, {}: {}\n", subject.name, figure.metric->title, figure.reason);
    }
  }
  return text;
}

std::string modelled_text(const Comparison& comparison, const base::Board* board) {
  std::string text;
  for (const ComparedSubject& subject : comparison.subjects) {
    const std::optional<double> ns = modelled_token_ns(subject, board);
    if (!ns) continue;
    text += text.empty() ? "a decode token, modelled: " : ", ";
    text += fmt::format("{} {}", subject.name, time_text(*ns));
  }
  if (text.empty()) return text;
  return fmt::format("{} (board file: {} MHz, {} cycles an instruction; no claim of a real board)\n", text,
                     static_cast<double>(board->clock_hz) / 1e6, board->power_model.cycles_per_instruction);
}

Json figure_json(const ComparedFigure& figure) {
  Json json = {{"metric", figure.metric->name},        {"unit", figure.metric->unit},
               {"tier", base::to_string(figure.tier)}, {"value", figure.value},
               {"sessions", figure.sessions},          {"judgement", analyse::to_string(figure.judgement)}};
  if (figure.change) json["change"] = *figure.change;
  if (figure.change) json["change_is"] = figure.metric->unit == "ratio" ? "difference" : "ratio";
  if (figure.interval) json["interval"] = {figure.interval->low, figure.interval->high};
  if (figure.is_exact) json["exact"] = true;
  if (!figure.reason.empty()) json["reason"] = figure.reason;
  return json;
}

Json flip_json(const analyse::Flip& flip) {
  Json json = {{"prompt_id", flip.prompt_id},
               {"prompt", flip.prompt_text},
               {"reference_answer", flip.reference_text},
               {"answer", flip.text}};
  if (flip.reference_correct) json["reference_correct"] = *flip.reference_correct;
  if (flip.correct) json["correct"] = *flip.correct;
  return json;
}

Json answer_json(const gate::CandidateAnswer& answer) {
  Json json = {{"answer", gate::to_string(answer.decision)}, {"sentence", answer.sentence}};
  json["conditions"] = Json::array();
  for (const gate::AcceptedRow& row : answer.rows) {
    Json each = {{"condition", row.condition},
                 {"verdict", gate::to_string(row.verdict)},
                 {"figure", row.figure},
                 {"distance", row.distance},
                 {"reason", row.reason}};
    if (row.more_sessions > 0) each["more_sessions"] = row.more_sessions;
    if (row.more_prompts > 0) each["more_prompts"] = row.more_prompts;
    json["conditions"].push_back(std::move(each));
  }
  return json;
}

std::string_view rightness(const std::optional<bool>& correct) {
  if (!correct) return "";
  return *correct ? " (right)" : " (wrong)";
}

// One line of text for the terminal: a model can say anything.
std::string printable(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20U || c == 0x7f; },
      ' ');
  return text;
}

}  // namespace

std::optional<double> modelled_token_ns(const ComparedSubject& subject, const base::Board* board) {
  const ComparedFigure* figure = subject.figure("token_instructions_mean");
  if (figure == nullptr || board == nullptr || board->clock_hz == 0) return std::nullopt;
  if (board->power_model.cycles_per_instruction <= 0) return std::nullopt;
  return figure->value * board->power_model.cycles_per_instruction * 1e9 /
         static_cast<double>(board->clock_hz);
}

std::string comparison_text(const Comparison& comparison, const base::Board* board, std::size_t width) {
  std::vector<Column> columns = {{""}, {comparison.subjects.front().name, Align::kRight}};
  for (std::size_t i = 1; i < comparison.subjects.size(); ++i) {
    columns.push_back({comparison.subjects[i].name, Align::kRight});
    columns.push_back({"change", Align::kRight});
    columns.push_back({""});
  }
  TextTable table(std::move(columns), 2);
  add_rows(comparison, table);
  add_sessions_row(comparison, table);
  std::string text = what_text(comparison) + "\n" + table.text(width) + "\n";
  text += modelled_text(comparison, board);
  text += reasons_text(comparison);
  for (const ComparedSubject& subject : comparison.subjects) {
    if (subject.recommendation.empty()) continue;
    text += fmt::format("{}: {}\n", subject.name, subject.recommendation);
  }
  return text;
}

std::string flips_text(const Comparison& comparison, std::size_t most) {
  std::string text;
  for (std::size_t i = 1; i < comparison.subjects.size(); ++i) {
    const ComparedSubject& subject = comparison.subjects[i];
    text += fmt::format("{}: {} of {} answers differ from {}'s\n", subject.name, subject.flips.size(),
                        subject.answers, comparison.subjects.front().name);
    for (std::size_t at = 0; at < std::min(most, subject.flips.size()); ++at) {
      const analyse::Flip& flip = subject.flips[at];
      text += fmt::format("  {}  {}\n", flip.prompt_id, printable(flip.prompt_text));
      text += fmt::format("    - {}{}\n", printable(flip.reference_text), rightness(flip.reference_correct));
      text += fmt::format("    + {}{}\n", printable(flip.text), rightness(flip.correct));
    }
    if (subject.flips.size() > most) {
      text += fmt::format("  and {} more: --flips all\n", subject.flips.size() - most);
    }
  }
  return text;
}

std::string acceptance_text(const gate::Acceptance& acceptance, const std::string& reference) {
  std::string text =
      fmt::format("accept {}? (each bound holds at {:g} %; prompts stand for all that people say)\n",
                  fmt::join(acceptance.conditions, ", "), 100 * gate::kAcceptanceConfidence);
  for (const gate::CandidateAnswer& answer : acceptance.answers) {
    const std::string_view note = answer.name == reference ? " (reference, not counted)" : "";
    text += fmt::format("  {}{}: {}\n", answer.name, note, answer.sentence);
  }
  return text;
}

std::string comparison_json(const Comparison& comparison, const base::Board* board,
                            const gate::Acceptance* acceptance) {
  Json json = {{"bench", comparison.bench},       {"board", comparison.board},
               {"model", comparison.model},       {"suite", comparison.suite},
               {"settings", comparison.settings}, {"tier", base::to_string(comparison.tier)}};
  if (acceptance != nullptr) json["accept"] = acceptance->conditions;
  json["subjects"] = Json::array();
  for (const ComparedSubject& subject : comparison.subjects) {
    Json each = {{"name", subject.name}, {"figures", Json::array()}};
    for (const ComparedFigure& figure : subject.figures) each["figures"].push_back(figure_json(figure));
    if (const std::optional<double> ns = modelled_token_ns(subject, board)) {
      each["modelled_token_ns"] = *ns;
    }
    if (&subject != &comparison.subjects.front()) {
      each["answers"] = subject.answers;
      each["flips"] = Json::array();
      for (const analyse::Flip& flip : subject.flips) each["flips"].push_back(flip_json(flip));
      each["recommendation"] = subject.recommendation;
    }
    if (const gate::CandidateAnswer* answer =
            acceptance == nullptr ? nullptr : acceptance->answer_of(subject.name)) {
      each["accepted"] = answer_json(*answer);
    }
    json["subjects"].push_back(std::move(each));
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace slmrig::cli
