#include "harness/analyse/internal/recommendation.h"

#include <array>
#include <cmath>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace slmrig::analyse {
namespace {

// "47 % less memory", "12 % more energy".
std::string amount(double ratio, std::string_view less, std::string_view more, std::string_view of) {
  const double percent = 100 * std::abs(ratio - 1);
  return fmt::format("{:.{}f} % {} {}", percent, percent < 10 ? 1 : 0, ratio < 1 ? less : more, of);
}

std::string rate_words(double ratio) {
  if (ratio >= 1) return fmt::format("{:.2g}x faster", ratio);
  return fmt::format("{:.2g}x slower", 1 / ratio);
}

struct Part {
  std::string_view metric;
  std::string (*words)(double change);
};

// What a variant may gain or lose beside its answers; the first metric of each kind that was measured speaks.
constexpr std::array<Part, 5> kParts = {{
    {"decode_tokens_per_s", &rate_words},
    {"token_instructions_mean",
     [](double ratio) { return amount(ratio, "fewer", "more", "instructions a token"); }},
    {"energy_uj_per_answer", [](double ratio) { return amount(ratio, "less", "more", "energy an answer"); }},
    {"memory_peak_bytes", [](double ratio) { return amount(ratio, "less", "more", "memory"); }},
    {"image_bytes", [](double ratio) { return amount(ratio, "smaller", "larger", "image"); }},
}};

double half_width_in_points(const ComparedFigure& figure) {
  return 50 * (figure.interval->high - figure.interval->low);
}

std::string accuracy_words(const ComparedFigure& accuracy) {
  const double points = 100 * *accuracy.change;
  const double half_width = half_width_in_points(accuracy);
  switch (accuracy.judgement) {
    case Judgement::kBetter:
      return fmt::format("accuracy {:.1f} points higher (±{:.1f})", points, half_width);
    case Judgement::kWorse: return fmt::format("accuracy {:.1f} points lower (±{:.1f})", -points, half_width);
    case Judgement::kSame: return fmt::format("no accuracy loss beyond noise (±{:.1f} points)", half_width);
    default: return fmt::format("accuracy {:+.1f} points, undecided (±{:.1f})", points, half_width);
  }
}

}  // namespace

std::string recommendation(const ComparedSubject& subject) {
  std::vector<std::string> words;
  bool any_better = false;
  bool any_worse = false;
  bool any_undecided = false;
  for (const Part& part : kParts) {
    const ComparedFigure* figure = subject.figure(part.metric);
    if (figure == nullptr || !figure->change) continue;
    any_better |= figure->judgement == Judgement::kBetter;
    any_worse |= figure->judgement == Judgement::kWorse;
    any_undecided |= figure->judgement == Judgement::kUndecided;
    if (figure->judgement == Judgement::kSame) continue;
    words.push_back(part.words(*figure->change));
    if (figure->judgement == Judgement::kUndecided) words.back() += " (undecided)";
  }
  const ComparedFigure* accuracy = subject.figure("accuracy");
  const bool has_accuracy = accuracy != nullptr && accuracy->change.has_value();
  if (has_accuracy) words.push_back(accuracy_words(*accuracy));
  const Judgement answers = has_accuracy ? accuracy->judgement : Judgement::kSame;
  const auto said = [&](std::string_view conclusion) {
    return words.empty() ? std::string(conclusion)
                         : fmt::format("{}: {}", fmt::join(words, ", "), conclusion);
  };
  const bool answers_gain = answers == Judgement::kBetter;
  if (!any_better && !answers_gain) {
    if (any_undecided || answers == Judgement::kUndecided) return said("undecided, measure more");
    return said(any_worse || answers == Judgement::kWorse ? "not better in anything, leave it"
                                                          : "no difference");
  }
  if (answers == Judgement::kWorse) return said("what it saves costs right answers");
  if (answers == Judgement::kUndecided) return said("ask more prompts before you use it");
  if (any_worse) return said("a trade: some figures gain, others lose");
  return said(has_accuracy ? "use it" : "use it, if its answers are good: none were checked");
}

}  // namespace slmrig::analyse
