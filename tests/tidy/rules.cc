#include "tests/tidy/rules.h"

#include <algorithm>
#include <filesystem>
#include <regex>
#include <sstream>

#include "tests/tidy/blank.h"
#include "tests/tidy/functions.h"

namespace slmrig::tidy {
namespace {

// One violation for each match of `pattern` in `text`, which has the offsets of the file.
std::vector<Violation> report_matches(const SourceFile& file, const std::string& text,
                                      const std::regex& pattern, const std::string& message) {
  std::vector<Violation> violations;
  for (auto it = std::sregex_iterator(text.begin(), text.end(), pattern); it != std::sregex_iterator();
       ++it) {
    const auto offset = static_cast<std::size_t>(it->position(0));
    violations.push_back({file.path, line_of(text, offset), message + ": " + it->str(0)});
  }
  return violations;
}

bool is_device_room(std::string_view path) {
  return path.starts_with("device-agent/wire/") || path.starts_with("device-agent/core/") ||
         path.starts_with("device-agent/engines/") || path.starts_with("workloads/runtime/");
}

std::size_t word_count(const std::string& text) {
  std::istringstream words(text);
  std::size_t count = 0;
  for (std::string word; words >> word;) ++count;
  return count;
}

}  // namespace

std::vector<Violation> check_file_length(const SourceFile& file) {
  const std::size_t lines = line_count(file.text);
  if (lines <= kLongestFileLines) return {};
  return {{file.path, lines,
           "has " + std::to_string(lines) + " lines; the limit is " + std::to_string(kLongestFileLines)}};
}

std::vector<Violation> check_function_lengths(const SourceFile& file) {
  std::vector<Violation> violations;
  for (const FunctionSpan& function : find_functions(file)) {
    if (function.lines() <= kLongestFunctionLines) continue;
    violations.push_back({file.path, function.first_line,
                          "function of " + std::to_string(function.lines()) + " lines; the limit is " +
                              std::to_string(kLongestFunctionLines) + ": " + function.head});
  }
  return violations;
}

std::vector<Violation> check_left_over_work(const SourceFile& file) {
  // Spelled in halves, so that the rule does not find itself.
  static const std::regex kWords(
      "\\b(TO"
      "DO|FIX"
      "ME|XX"
      "X)\\b(?!\\([^)\\n]{3,}\\))");
  const Language language = language_of(file.path);
  const std::string text =
      language == Language::kOther ? file.text : split_layers(file.text, language).comments;
  return report_matches(file, text, kWords, "left-over work without a reason in parentheses");
}

std::vector<Violation> check_machine_traces(const SourceFile& file) {
  static const std::regex kTraces(
      "(^|[^\\w.}/])/(wo"
      "rk|ho"
      "me/\\w+|ro"
      "ot)/|registry\\.n"
      "pmjs|proxy\\.golang");
  return report_matches(file, file.text, kTraces, "trace of one machine or of a registry");
}

std::vector<Violation> check_cpp_habits(const SourceFile& file, const std::vector<SourceFile>& tree) {
  namespace fs = std::filesystem;
  static const std::regex kFirstInclude(R"re((^|\n)[ \t]*#[ \t]*include[ \t]*["<]([^">\n]+)[">])re");
  static const std::regex kSnakeCase("[a-z0-9_]+");
  if (language_of(file.path) != Language::kCpp) return {};
  std::vector<Violation> violations;
  const fs::path path(file.path);
  if (!std::regex_match(path.stem().string(), kSnakeCase)) {
    violations.push_back({file.path, 1, "file names are snake_case"});
  }
  if (path.extension() == ".h") {
    if (split_layers(file.text, Language::kCpp).code.find("#pragma once") == std::string::npos) {
      violations.push_back({file.path, 1, "a header begins with #pragma once"});
    }
    return violations;
  }
  const std::string header = fs::path(path).replace_extension(".h").generic_string();
  const bool has_header =
      std::any_of(tree.begin(), tree.end(), [&](const auto& other) { return other.path == header; });
  std::smatch first;
  if (has_header && (!std::regex_search(file.text, first, kFirstInclude) || first[2] != header)) {
    violations.push_back({file.path, 1, "the first include is the own header, " + header});
  }
  return violations;
}

std::vector<Violation> check_no_throw(const SourceFile& file) {
  static const std::regex kThrow(R"(\bthrow\b)");
  if (language_of(file.path) != Language::kCpp) return {};
  return report_matches(file, split_layers(file.text, Language::kCpp).code, kThrow,
                        "errors are returned, not thrown");
}

std::vector<Violation> check_freestanding(const SourceFile& file) {
  static const std::regex kHosted(
      "#[ \\t]*include[ "
      "\\t]*<(vector|string|memory|map|unordered_map|set|deque|list|functional|iostream|sstream|"
      "fstream|stdexcept|exception|thread|mutex|regex|filesystem|cstdio|cstdlib|stdio.h|stdlib.h)>");
  if (!is_device_room(file.path) || is_test_code(file.path)) return {};
  return report_matches(file, split_layers(file.text, Language::kCpp).code, kHosted,
                        "device code is freestanding");
}

std::vector<Violation> check_board_names(const SourceFile& file, const std::vector<std::string>& boards) {
  static const std::regex kPartNumber(".*[0-9].*");
  if (language_of(file.path) != Language::kCpp || is_test_code(file.path)) return {};
  std::vector<Violation> violations;
  const std::string comments = split_layers(file.text, Language::kCpp).comments;
  for (const std::string& board : boards) {
    // "native" and the like are words of their own; what has a digit is a name.
    if (!std::regex_match(board, kPartNumber)) continue;
    std::size_t offset = file.text.find(board);
    while (offset != std::string::npos && comments[offset] != ' ') offset = file.text.find(board, offset + 1);
    if (offset == std::string::npos) continue;
    violations.push_back(
        {file.path, line_of(file.text, offset), "boards are data; C++ names the board " + board});
  }
  return violations;
}

std::vector<Violation> check_test_names(const SourceFile& file) {
  static const std::regex kTestCase(
      R"re(\b(TEST_CASE|SCENARIO)\(\s*"((?:[^"\\]|\\.)*)"\s*(?:,\s*"([^"]*)")?)re");
  static const std::regex kHiddenTag(R"(\[(\.[^\]]*|!mayfail|!shouldfail|!hide)\])");
  if (language_of(file.path) != Language::kCpp) return {};
  std::vector<Violation> violations;
  const std::string code = split_layers(file.text, Language::kCpp).code;
  for (auto it = std::sregex_iterator(file.text.begin(), file.text.end(), kTestCase);
       it != std::sregex_iterator(); ++it) {
    const auto offset = static_cast<std::size_t>(it->position(0));
    if (code[offset] == ' ') continue;  // in a comment or a literal
    const std::string name = (*it)[2];
    const std::string tags = (*it)[3];
    const auto refuse = [&](const std::string& why) {
      violations.push_back({file.path, line_of(code, offset), why});
    };
    if (word_count(name) < 3)
      refuse("a test's name says what holds, in at least three words: \"" + name + "\"");
    if (std::regex_search(tags, kHiddenTag))
      refuse("no test is hidden or allowed to fail: \"" + name + "\" " + tags);
  }
  return violations;
}

}  // namespace slmrig::tidy
