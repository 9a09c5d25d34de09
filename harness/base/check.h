// Whether an answer of a model is right: the checks that a suite may ask for.
//
// The same judge serves the forge (accuracy of a card) and the harness (accuracy of a cell), so that the two
// figures can be compared. Pure; no state but the compiled pattern; safe from many threads.
//
// JSON of a check (the published form is workloads/suites/suite.schema.json):
//   {"kind":"exact_intent","expected":"timer.set"}           the intent of the answer's line
//   {"kind":"slots","expected":{"duration":"12m"}}           exactly these slots with these values, any order
//   {"kind":"numbers_of_input","required":["131","14:08"]}   every number and clock time of the answer occurs
//   in
//                                                            the prompt; each required one occurs in the
//                                                            answer
//   {"kind":"contains","text":"..."}   {"kind":"equals","text":"..."}   {"kind":"regex","pattern":"..."}
//   {"kind":"length","min":1,"max":80}                       characters (UTF-8 code points)
//   {"kind":"valid_form","form":"intent_line"|"sentence"}
// White space at both ends of an answer is ignored throughout.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "harness/base/error.h"

namespace slmrig::base {

enum class CheckKind {
  kExactIntent,
  kSlots,
  kNumbersOfInput,
  kContains,
  kRegex,
  kLength,
  kValidForm,
  kEquals,
};

std::string_view to_string(CheckKind kind);

struct Check {
  CheckKind kind = CheckKind::kContains;
  std::string text;                          // intent, text, pattern or form, by kind
  std::map<std::string, std::string> slots;  // kSlots
  std::vector<std::string> required;         // kNumbersOfInput
  std::size_t min_characters = 0;            // kLength
  std::size_t max_characters = static_cast<std::size_t>(-1);
  std::shared_ptr<const std::regex> pattern;  // kRegex, compiled; ECMAScript, searched anywhere in the answer
};

// `json` is one element of a prompt's "checks". The error says which key is wrong and what was expected.
Result<Check> parse_check(const nlohmann::json& json);
nlohmann::json to_json(const Check& check);

bool passes(const Check& check, std::string_view prompt, std::string_view answer);
bool passes_all(const std::vector<Check>& checks, std::string_view prompt, std::string_view answer);

// One line: `intent slot=value slot=value`. The intent is dotted lower case ("timer.set"); a slot's value
// runs to the next word that holds '=', so values may have spaces ("text=buy milk").
struct IntentLine {
  std::string intent;
  std::map<std::string, std::string> slots;
};
// Nothing when the answer is not of that form (more lines, an empty value, a slot twice, ...).
std::optional<IntentLine> parse_intent_line(std::string_view answer);

// The numbers and clock times of a text, in order: "131", "14:08", "7.5". A clock time is one item.
std::vector<std::string> numbers_in(std::string_view text);

}  // namespace slmrig::base
