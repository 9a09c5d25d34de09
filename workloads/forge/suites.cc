#include "workloads/forge/suites.h"

#include <set>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/base/check.h"
#include "harness/base/file.h"
#include "workloads/forge/corpus_parts.h"
#include "workloads/forge/prompt_format.h"

namespace slmrig::forge {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint64_t kSuiteSeed = 70001;
constexpr std::uint64_t kNoiseSeed = 70002;
constexpr std::size_t kIntentPrompts = 400;
constexpr std::size_t kSummaryPrompts = 150;
constexpr std::size_t kReplyPrompts = 36;

Json check_json(const base::Check& check) { return Json(base::to_json(check)); }

base::Check text_check(base::CheckKind kind, std::string text) {
  base::Check check;
  check.kind = kind;
  check.text = std::move(text);
  return check;
}

Json checks_of(const Example& example) {
  Json checks = Json::array();
  switch (example.kind) {
    case ExampleKind::kCommand: {
      checks.push_back(check_json(text_check(base::CheckKind::kExactIntent, example.intent)));
      base::Check slots;
      slots.kind = base::CheckKind::kSlots;
      slots.slots = example.slots;
      checks.push_back(check_json(slots));
      break;
    }
    case ExampleKind::kSummary: {
      checks.push_back(check_json(text_check(base::CheckKind::kValidForm, "sentence")));
      base::Check numbers;
      numbers.kind = base::CheckKind::kNumbersOfInput;
      numbers.required = example.facts;
      checks.push_back(check_json(numbers));
      for (const std::string& phrase : example.phrases) {
        checks.push_back(check_json(text_check(base::CheckKind::kContains, phrase)));
      }
      break;
    }
    case ExampleKind::kTalk:
      checks.push_back(check_json(text_check(base::CheckKind::kEquals, example.answer)));
      break;
  }
  return checks;
}

struct Header {
  std::string_view name;
  std::string_view description;
  char id_letter;
  int max_new_tokens;
};

// `noise` null: as drafted.
SuiteText suite_text(const Header& header, const std::vector<Draft>& drafts, Random* noise) {
  Json suite;
  suite["$schema"] = "suite.schema.json";
  suite["name"] = header.name;
  suite["description"] = header.description;
  suite["store_text"] = true;
  suite["generation"] = {{"max_new_tokens", header.max_new_tokens},
                         {"top_k", 1},
                         {"temperature", 0},
                         {"seed", 1},
                         {"stop_at_end", true}};
  Json& prompts = suite["prompts"] = Json::array();
  for (std::size_t i = 0; i < drafts.size(); ++i) {
    const Example example = noise == nullptr ? finish(drafts[i]) : finish_disturbed(drafts[i], *noise);
    Json prompt;
    prompt["id"] = fmt::format("{}{:04}", header.id_letter, i + 1);
    prompt["text"] = prompt_text(example.utterance);
    prompt["checks"] = checks_of(example);
    prompts.push_back(std::move(prompt));
  }
  return {std::string(header.name), suite.dump(1) + "\n"};
}

// Goes round the kinds until there are `wanted` different prompts.
template <typename MakeDraft>
std::vector<Draft> collect(std::size_t kind_count, std::size_t wanted, MakeDraft make_draft) {
  Random random(kSuiteSeed);
  std::vector<std::size_t> order(kind_count);
  for (std::size_t i = 0; i < kind_count; ++i) {
    order[i] = i;
    std::swap(order[i], order[random.below(i + 1)]);
  }
  std::vector<Draft> drafts;
  std::set<std::string> seen;
  for (std::size_t turn = 0; drafts.size() < wanted; ++turn) {
    SLMRIG_CHECK(turn < 100 * wanted);
    std::optional<Draft> draft = make_draft(order[turn % kind_count], random);
    if (draft && seen.insert(finish(*draft).utterance).second) drafts.push_back(std::move(*draft));
  }
  return drafts;
}

}  // namespace

std::vector<SuiteText> bundled_suites() {
  const std::vector<Draft> commands =
      collect(intent_names().size(), kIntentPrompts,
              [](std::size_t kind, Random& random) { return draft_command_of(kind, Split::kTest, random); });
  const std::vector<Draft> summaries =
      collect(summary_kind_count(), kSummaryPrompts, [](std::size_t kind, Random& random) {
        return std::optional<Draft>(draft_summary_of(kind, Split::kTest, random));
      });
  const std::vector<Draft> replies =
      collect(talk_topic_count(), kReplyPrompts, [](std::size_t kind, Random& random) {
        return std::optional<Draft>(draft_talk_of(kind, Split::kTest, random));
      });
  Random noise(kNoiseSeed);
  return {
      suite_text(
          {"intents", "Spoken commands: intent and slots, wordings and values never trained on", 'i', 48},
          commands, nullptr),
      suite_text({"intents-noisy",
                  "The commands of `intents` with typos, lost words, mishearings and odd casing", 'i', 48},
                 commands, &noise),
      suite_text({"summaries", "Sensor streams: one sentence whose numbers and times are those of the input",
                  's', 64},
                 summaries, nullptr),
      suite_text({"summaries-noisy", "The streams of `summaries`, asked for in disturbed wordings", 's', 64},
                 summaries, &noise),
      suite_text({"replies", "Small talk: one fixed reply a topic, wordings never trained on", 'r', 32},
                 replies, nullptr),
  };
}

base::Done write_bundled_suites(const std::filesystem::path& folder) {
  SLMRIG_TRY(base::make_directories(folder));
  for (const SuiteText& suite : bundled_suites()) {
    SLMRIG_TRY(base::write_file_atomically(folder / (suite.name + ".json"), suite.json));
  }
  return {};
}

}  // namespace slmrig::forge
