// Commands: a wording with its slots filled, and the intent line that answers it.
#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "harness/base/error.h"
#include "workloads/forge/corpus.h"
#include "workloads/forge/corpus_intents_tables.h"
#include "workloads/forge/corpus_parts.h"
#include "workloads/forge/corpus_slots.h"
#include "workloads/forge/corpus_words.h"
#include "workloads/forge/grammar.h"

namespace slmrig::forge {

namespace {

// Slots of an answer come in this order, free text last: one right answer for a command.
constexpr std::array<std::string_view, 21> kSlotOrder = {
    "type",   "genre", "playlist", "contact",  "app",   "city",     "place",
    "day",    "time",  "duration", "distance", "level", "steps",    "amount",
    "weight", "value", "from",     "to",       "item",  "language", "title"};  // then "text"

// Slots whose name in an answer is not the kind of their value.
constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kSlotNames = {{
    {"workout", "type"},
    {"past", "day"},
    {"quantity", "value"},
    {"message", "text"},
    {"note", "text"},
    {"task", "text"},
    {"phrase", "text"},
    {"event", "title"},
}};

struct Template {
  std::string text;      // "set a timer for {duration}"
  std::string identity;  // "timer.set: set a timer for {duration}"
  bool is_order;
};

struct Intent {
  std::string name;
  std::vector<Template> by_split[4];
  bool has_slots = false;
};

Intent build_intent(const IntentSpec& spec) {
  Intent intent;
  intent.name = spec.name;
  std::vector<Template> templates;
  for (std::string_view pattern : spec.patterns) {
    const bool is_order = pattern.starts_with('!');
    if (is_order) pattern.remove_prefix(1);
    for (std::string& text : expand_pattern(pattern)) {
      std::string identity = fmt::format("{}: {}", spec.name, text);
      const bool known = std::any_of(templates.begin(), templates.end(),
                                     [&](const Template& other) { return other.identity == identity; });
      if (!known) templates.push_back({std::move(text), std::move(identity), is_order});
    }
  }
  std::vector<std::string> identities;
  for (const Template& t : templates) identities.push_back(t.identity);
  const std::vector<Split> splits = split_templates(identities);
  for (std::size_t i = 0; i < templates.size(); ++i) {
    intent.has_slots = intent.has_slots || templates[i].text.find('{') != std::string::npos;
    intent.by_split[static_cast<std::size_t>(splits[i])].push_back(std::move(templates[i]));
  }
  return intent;
}

const std::vector<Intent>& intents() {
  static const std::vector<Intent> kIntents = [] {
    std::vector<Intent> all;
    for (const auto& part : {day_intents(), device_intents(), body_intents()}) {
      for (const IntentSpec& spec : part) all.push_back(build_intent(spec));
    }
    return all;
  }();
  return kIntents;
}

std::string_view slot_name(std::string_view written_name) {
  for (const auto& [kind, name] : kSlotNames) {
    if (kind == written_name) return name;
  }
  return written_name;
}

// Appends the pieces of a filled template; returns false where the values make no sense together.
bool fill(std::string_view text, bool invents_names, Random& random, std::vector<Segment>& segments,
          std::map<std::string, std::string>& slots) {
  while (!text.empty()) {
    const std::size_t open = text.find('{');
    segments.push_back({std::string(text.substr(0, open)), false});
    if (open == std::string_view::npos) break;
    const std::size_t close = text.find('}', open);
    const std::string_view inner = text.substr(open + 1, close - open - 1);
    const std::size_t colon = inner.find(':');
    const std::string_view kind = colon == std::string_view::npos ? inner : inner.substr(colon + 1);
    SlotValue value = make_slot(kind, invents_names, random);
    segments.push_back({std::move(value.spoken), true});
    slots[std::string(slot_name(colon == std::string_view::npos ? inner : inner.substr(0, colon)))] =
        std::move(value.canonical);
    text.remove_prefix(close + 1);
  }
  const auto from = slots.find("from");
  const auto to = slots.find("to");
  return from == slots.end() || to == slots.end() || units_convert(from->second, to->second);
}

std::string intent_line(const std::string& intent, const std::map<std::string, std::string>& slots) {
  std::vector<std::pair<std::size_t, const std::pair<const std::string, std::string>*>> ordered;
  for (const auto& slot : slots) {
    const auto* place = std::find(kSlotOrder.begin(), kSlotOrder.end(), slot.first);
    ordered.emplace_back(static_cast<std::size_t>(place - kSlotOrder.begin()), &slot);
  }
  std::sort(ordered.begin(), ordered.end());
  std::string line = intent;
  for (const auto& [place, slot] : ordered) line += fmt::format(" {}={}", slot->first, slot->second);
  return line;
}

// Politeness around orders; part of no template, like noise.
void wrap_politely(std::vector<Segment>& segments, Random& random) {
  static constexpr std::array<std::string_view, 10> kBefore = {
      "please ",    "can you ",       "could you ", "could you please ", "hey ", "ok ",
      "would you ", "i want you to ", "now ",       "hey can you "};
  static constexpr std::array<std::string_view, 4> kAfter = {" please", " now", " thanks", " for me"};
  if (random.chance(0.35)) {
    segments.insert(segments.begin(), {std::string(kBefore[random.below(kBefore.size())]), false});
  }
  if (random.chance(0.12)) segments.push_back({std::string(kAfter[random.below(kAfter.size())]), false});
}

// One attempt: nothing where the combination that came up belongs to another split.
bool try_command(const Intent& intent, Split split, Random& random, Draft& draft) {
  const std::vector<Template>& templates = intent.by_split[static_cast<std::size_t>(split)];
  if (templates.empty()) return false;
  const Template& chosen = templates[random.below(templates.size())];
  draft = {};
  Example& example = draft.example;
  if (!fill(chosen.text, split == Split::kTrain, random, draft.segments, example.slots)) return false;
  example.answer = intent_line(intent.name, example.slots);
  if (!example.slots.empty()) {
    if (split_of_combination(example.answer) != split) return false;
    example.combination = example.answer;
  }
  if (chosen.is_order) wrap_politely(draft.segments, random);
  example.kind = ExampleKind::kCommand;
  example.template_text = chosen.identity;
  example.intent = intent.name;
  return true;
}

}  // namespace

Draft draft_command(Split split, Random& random) {
  Draft draft;
  while (true) {
    const Intent& intent = intents()[random.below(intents().size())];
    // Intents with slots have far more to learn than those that are a fixed line.
    if (!intent.has_slots && random.chance(0.65)) continue;
    for (int attempt = 0; attempt < 20; ++attempt) {
      if (try_command(intent, split, random, draft)) return draft;
    }
  }
}

Example make_command(Split split, Random& random) { return finish(draft_command(split, random)); }

std::vector<std::string> intent_names() {
  std::vector<std::string> names;
  for (const Intent& intent : intents()) names.push_back(intent.name);
  return names;
}

std::optional<Draft> draft_command_of(std::size_t intent, Split split, Random& random) {
  SLMRIG_CHECK(intent < intents().size());
  // The rarest split takes one combination in seventeen.
  constexpr int kAttempts = 1000;
  Draft draft;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    if (try_command(intents()[intent], split, random, draft)) return draft;
  }
  return std::nullopt;
}

}  // namespace slmrig::forge
