#include "harness/base/check.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace slmrig::base {

namespace {

using nlohmann::json;

constexpr std::string_view kIntentLineForm = "intent_line";
constexpr std::string_view kSentenceForm = "sentence";

constexpr std::array<std::pair<CheckKind, std::string_view>, 8> kKindNames = {{
    {CheckKind::kExactIntent, "exact_intent"},
    {CheckKind::kSlots, "slots"},
    {CheckKind::kNumbersOfInput, "numbers_of_input"},
    {CheckKind::kContains, "contains"},
    {CheckKind::kRegex, "regex"},
    {CheckKind::kLength, "length"},
    {CheckKind::kValidForm, "valid_form"},
    {CheckKind::kEquals, "equals"},
}};

// The key that holds the one text of a kind; empty for kinds that have none.
std::string_view text_key(CheckKind kind) {
  switch (kind) {
    case CheckKind::kExactIntent: return "expected";
    case CheckKind::kContains:
    case CheckKind::kEquals: return "text";
    case CheckKind::kRegex: return "pattern";
    case CheckKind::kValidForm: return "form";
    case CheckKind::kSlots:
    case CheckKind::kNumbersOfInput:
    case CheckKind::kLength: break;
  }
  return {};
}

std::vector<std::string_view> keys_of(CheckKind kind) {
  switch (kind) {
    case CheckKind::kSlots: return {"kind", "expected"};
    case CheckKind::kNumbersOfInput: return {"kind", "required"};
    case CheckKind::kLength: return {"kind", "min", "max"};
    default: return {"kind", text_key(kind)};
  }
}

bool is_space(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

Result<Check> read_text(const json& from, Check check) {
  const std::string key(text_key(check.kind));
  const auto value = from.find(key);
  if (value == from.end() || !value->is_string() || value->get_ref<const std::string&>().empty()) {
    return fail(ErrorCode::kBadInput,
                fmt::format("a `{}` check needs the text `{}`", to_string(check.kind), key));
  }
  check.text = value->get<std::string>();
  if (check.kind == CheckKind::kValidForm && check.text != kIntentLineForm && check.text != kSentenceForm) {
    return fail(ErrorCode::kBadInput, fmt::format("`form` is `{}`, expected `{}` or `{}`", check.text,
                                                  kIntentLineForm, kSentenceForm));
  }
  if (check.kind == CheckKind::kRegex) {
    try {
      check.pattern = std::make_shared<const std::regex>(check.text, std::regex::ECMAScript);
    } catch (const std::regex_error& error) {
      return fail(ErrorCode::kBadInput,
                  fmt::format("`pattern` is not an ECMAScript regular expression: `{}` ({})", check.text,
                              error.what()));
    }
  }
  return check;
}

Result<Check> read_slots(const json& from, Check check) {
  const auto expected = from.find("expected");
  if (expected == from.end() || !expected->is_object()) {
    return fail(ErrorCode::kBadInput, "a `slots` check needs the object `expected`, slot name to value");
  }
  for (const auto& [name, value] : expected->items()) {
    if (!value.is_string()) {
      return fail(ErrorCode::kBadInput,
                  fmt::format("`expected.{}` must be a string, as the answer spells it", name));
    }
    check.slots[name] = value.get<std::string>();
  }
  return check;
}

Result<Check> read_required(const json& from, Check check) {
  const auto required = from.find("required");
  if (required == from.end()) return check;
  const bool is_list =
      required->is_array() && std::all_of(required->begin(), required->end(), [](const json& item) {
        return item.is_string() && !item.get_ref<const std::string&>().empty();
      });
  if (!is_list)
    return fail(ErrorCode::kBadInput, "`required` must be a list of texts such as \"131\" or \"14:08\"");
  check.required = required->get<std::vector<std::string>>();
  return check;
}

Result<Check> read_length(const json& from, Check check) {
  for (const auto& [key, bound] : {std::pair<const char*, std::size_t*>{"min", &check.min_characters},
                                   std::pair<const char*, std::size_t*>{"max", &check.max_characters}}) {
    const auto value = from.find(key);
    if (value == from.end()) continue;
    if (!value->is_number_unsigned()) {
      return fail(ErrorCode::kBadInput, fmt::format("`{}` must be a whole number, not negative", key));
    }
    *bound = value->get<std::size_t>();
  }
  if (check.min_characters > check.max_characters) {
    return fail(ErrorCode::kBadInput,
                fmt::format("`min` is {}, above `max`, {}", check.min_characters, check.max_characters));
  }
  return check;
}

std::size_t count_characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;  // not a continuation byte of UTF-8
  }));
}

bool contains(const std::vector<std::string>& list, const std::string& item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

bool numbers_are_of_input(const Check& check, std::string_view prompt, std::string_view answer) {
  const std::vector<std::string> given = numbers_in(prompt);
  const std::vector<std::string> stated = numbers_in(answer);
  return std::all_of(stated.begin(), stated.end(),
                     [&](const std::string& item) { return contains(given, item); }) &&
         std::all_of(check.required.begin(), check.required.end(),
                     [&](const std::string& item) { return contains(stated, item); });
}

// One line that ends like a sentence and has a word in it.
bool is_sentence(std::string_view answer) {
  if (answer.empty() || answer.find('\n') != std::string_view::npos) return false;
  const char last = answer.back();
  const bool has_letter = std::any_of(
      answer.begin(), answer.end(), [](char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; });
  return has_letter && (last == '.' || last == '!' || last == '?');
}

// "timer.set": dotted lower-case names.
bool is_intent_name(std::string_view name) {
  bool at_start = true;
  for (const char c : name) {
    const bool is_letter = c >= 'a' && c <= 'z';
    if (at_start ? !is_letter : !(is_letter || is_digit(c) || c == '_' || c == '.')) return false;
    at_start = c == '.';
  }
  return !at_start;
}

bool matches(const Check& check, std::string_view answer) {
  // A pattern of the suite on an answer of the model: the library may still give up on its complexity.
  try {
    return check.pattern != nullptr && std::regex_search(answer.begin(), answer.end(), *check.pattern);
  } catch (const std::regex_error&) {
    return false;
  }
}

}  // namespace

std::string_view to_string(CheckKind kind) {
  for (const auto& [known, name] : kKindNames) {
    if (known == kind) return name;
  }
  return "unknown";
}

Result<Check> parse_check(const json& from) {
  if (!from.is_object()) return fail(ErrorCode::kBadInput, "a check must be an object with a `kind`");
  const auto kind = from.find("kind");
  if (kind == from.end() || !kind->is_string()) {
    return fail(ErrorCode::kBadInput, "a check needs the text `kind`");
  }
  const auto& wanted = kind->get_ref<const std::string&>();
  const auto* known = std::find_if(kKindNames.begin(), kKindNames.end(),
                                   [&](const auto& entry) { return entry.second == wanted; });
  if (known == kKindNames.end()) {
    std::vector<std::string_view> names;
    names.reserve(kKindNames.size());
    for (const auto& entry : kKindNames) names.push_back(entry.second);
    return fail(ErrorCode::kBadInput,
                fmt::format("`kind` is `{}`, expected one of {}", wanted, fmt::join(names, ", ")));
  }
  Check check;
  check.kind = known->first;
  const std::vector<std::string_view> keys = keys_of(check.kind);
  for (const auto& [key, value] : from.items()) {
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) {
      return fail(ErrorCode::kBadInput, fmt::format("a `{}` check has no key `{}`, expected {}", wanted, key,
                                                    fmt::join(keys, ", ")));
    }
  }
  switch (check.kind) {
    case CheckKind::kSlots: return read_slots(from, std::move(check));
    case CheckKind::kNumbersOfInput: return read_required(from, std::move(check));
    case CheckKind::kLength: return read_length(from, std::move(check));
    default: return read_text(from, std::move(check));
  }
}

json to_json(const Check& check) {
  json to = {{"kind", to_string(check.kind)}};
  switch (check.kind) {
    case CheckKind::kSlots: to["expected"] = check.slots; break;
    case CheckKind::kNumbersOfInput:
      if (!check.required.empty()) to["required"] = check.required;
      break;
    case CheckKind::kLength:
      if (check.min_characters != 0) to["min"] = check.min_characters;
      if (check.max_characters != Check{}.max_characters) to["max"] = check.max_characters;
      break;
    default: to[std::string(text_key(check.kind))] = check.text; break;
  }
  return to;
}

bool passes(const Check& check, std::string_view prompt, std::string_view untrimmed_answer) {
  const std::string_view answer = trimmed(untrimmed_answer);
  switch (check.kind) {
    case CheckKind::kExactIntent: {
      const std::optional<IntentLine> line = parse_intent_line(answer);
      return line && line->intent == check.text;
    }
    case CheckKind::kSlots: {
      const std::optional<IntentLine> line = parse_intent_line(answer);
      return line && line->slots == check.slots;
    }
    case CheckKind::kNumbersOfInput: return numbers_are_of_input(check, prompt, answer);
    case CheckKind::kContains: return answer.find(check.text) != std::string_view::npos;
    case CheckKind::kRegex: return matches(check, answer);
    case CheckKind::kLength: {
      const std::size_t count = count_characters(answer);
      return count >= check.min_characters && count <= check.max_characters;
    }
    case CheckKind::kValidForm:
      return check.text == kSentenceForm ? is_sentence(answer) : parse_intent_line(answer).has_value();
    case CheckKind::kEquals: return answer == trimmed(check.text);
  }
  return false;
}

bool passes_all(const std::vector<Check>& checks, std::string_view prompt, std::string_view answer) {
  return std::all_of(checks.begin(), checks.end(),
                     [&](const Check& check) { return passes(check, prompt, answer); });
}

std::optional<IntentLine> parse_intent_line(std::string_view untrimmed_answer) {
  std::string_view rest = trimmed(untrimmed_answer);
  if (rest.find('\n') != std::string_view::npos) return std::nullopt;
  const auto next_word = [&rest] {
    const std::size_t end = std::min(rest.find(' '), rest.size());
    const std::string_view word = rest.substr(0, end);
    rest.remove_prefix(end == rest.size() ? end : end + 1);
    return word;
  };
  IntentLine line;
  line.intent = next_word();
  if (!is_intent_name(line.intent)) return std::nullopt;
  std::string* value = nullptr;
  while (!rest.empty()) {
    const std::string_view word = next_word();
    const std::size_t equals = word.find('=');
    if (equals == std::string_view::npos) {
      // A word of the value before it; there must be one, and words are one space apart.
      if (value == nullptr || word.empty()) return std::nullopt;
      value->append(" ").append(word);
      continue;
    }
    if (equals == 0 || equals + 1 == word.size()) return std::nullopt;
    const auto [slot, is_new] = line.slots.emplace(word.substr(0, equals), word.substr(equals + 1));
    if (!is_new) return std::nullopt;
    value = &slot->second;
  }
  return line;
}

std::vector<std::string> numbers_in(std::string_view text) {
  std::vector<std::string> numbers;
  for (std::size_t at = 0; at < text.size();) {
    if (!is_digit(text[at])) {
      ++at;
      continue;
    }
    const std::size_t begin = at;
    // ':' and '.' belong to a number only between digits: "14:08", "7.5", but not the full stop of "at
    // 14:08."
    while (at < text.size() && (is_digit(text[at]) || ((text[at] == ':' || text[at] == '.') &&
                                                       at + 1 < text.size() && is_digit(text[at + 1])))) {
      ++at;
    }
    numbers.emplace_back(text.substr(begin, at - begin));
  }
  return numbers;
}

}  // namespace slmrig::base
