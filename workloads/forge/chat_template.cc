#include "workloads/forge/chat_template.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "workloads/forge/chat_expression.h"

namespace slmrig::forge {

using base::Done;
using base::ErrorCode;
using base::fail;
using base::Result;
using nlohmann::json;

namespace {

constexpr std::string_view kWhiteSpace = " \t\r\n";
// What a template may write: it is input from outside, and a loop in a loop writes much.
constexpr std::size_t kMostOutputBytes = 1U << 20;
constexpr int kMostDepth = 32;

enum class Kind { kText, kOutput, kTag };

struct Part {
  Kind kind;
  std::string text;  // of an output or a tag: what is between the braces, trimmed
  std::size_t line;
};

std::string_view first_word(std::string_view text) { return text.substr(0, text.find_first_of(" \t\r\n(")); }
std::string_view behind_word(std::string_view text) { return trimmed(text.substr(first_word(text).size())); }

void strip_end(std::string* text) { text->erase(text->find_last_not_of(kWhiteSpace) + 1); }

// lstrip_blocks: spaces between the start of a line and a tag are no output.
void strip_indent(std::string* text, bool is_at_start) {
  const std::size_t end = text->find_last_not_of(" \t");
  if (end == std::string::npos ? is_at_start : (*text)[end] == '\n') text->erase(end + 1);
}

// Of "{{", "{%" or "{#" from `place` on; the size of the source where there is none.
std::size_t find_open(std::string_view source, std::size_t place) {
  for (; place + 1 < source.size(); ++place) {
    const char next = source[place + 1];
    if (source[place] == '{' && (next == '{' || next == '%' || next == '#')) return place;
  }
  return source.size();
}

// Cuts a template into text, outputs and tags, white space already handled.
Result<std::vector<Part>> cut(std::string_view source) {
  if (!source.empty() && source.back() == '\n') source.remove_suffix(1);
  std::vector<Part> parts;
  std::size_t place = 0;
  bool strip_next = false;
  while (place < source.size()) {
    const std::size_t open = find_open(source, place);
    std::string text(source.substr(place, open - place));
    if (strip_next) text.erase(0, std::min(text.size(), text.find_first_not_of(kWhiteSpace)));
    const auto line = static_cast<std::size_t>(
        1 + std::count(source.begin(), source.begin() + static_cast<std::ptrdiff_t>(open), '\n'));
    if (open == source.size()) {
      parts.push_back({Kind::kText, std::move(text), line});
      break;
    }
    const char sign = source[open + 1];
    const std::string close = sign == '{' ? "}}" : std::string(1, sign) + "}";
    const std::size_t end = source.find(close, open + 2);
    if (end == std::string_view::npos) {
      return fail(ErrorCode::kBadInput, fmt::format("line {}: a `{{{}` without its end", line, sign));
    }
    std::string_view inner = source.substr(open + 2, end - open - 2);
    const bool strips_before = !inner.empty() && inner.front() == '-';
    if (strips_before) inner.remove_prefix(1);
    if (strips_before) {
      strip_end(&text);
    } else if (sign != '{') {
      strip_indent(&text, parts.empty());
    }
    strip_next = !inner.empty() && inner.back() == '-';
    if (strip_next) inner.remove_suffix(1);
    parts.push_back({Kind::kText, std::move(text), line});
    if (sign != '#')
      parts.push_back({sign == '{' ? Kind::kOutput : Kind::kTag, std::string(trimmed(inner)), line});
    place = end + 2;
    // trim_blocks: the line feed behind a tag is no output.
    if (sign != '{' && place < source.size() && source[place] == '\n') ++place;
  }
  return parts;
}

class Renderer {
 public:
  Renderer(std::vector<Part> parts, ChatScopes scopes)
      : parts_(std::move(parts)), scopes_(std::move(scopes)) {}

  Result<std::string> run() {
    SLMRIG_TRY(run_range(0, parts_.size(), 0));
    return std::move(output_);
  }

 private:
  template <typename T>
  Result<T> located(Result<T> result, const Part& part) const {
    if (result) return result;
    base::Error error = result.error();
    error.message = fmt::format("line {}: {}", part.line, error.message);
    return tl::unexpected(std::move(error));
  }

  Result<json> value_of(std::string_view expression, const Part& part) const {
    return located(evaluate_chat(expression, scopes_), part);
  }

  // The places of the tag's else, elif and end, in order; the last is the end.
  Result<std::vector<std::size_t>> stations(std::size_t begin, std::size_t end) const {
    std::vector<std::size_t> found;
    int depth = 0;
    for (std::size_t i = begin + 1; i < end; ++i) {
      if (parts_[i].kind != Kind::kTag) continue;
      const std::string_view word = first_word(parts_[i].text);
      if (word == "for" || word == "if") ++depth;
      if (depth == 0 && (word == "elif" || word == "else")) found.push_back(i);
      if (word == "endfor" || word == "endif") {
        if (depth-- > 0) continue;
        found.push_back(i);
        return found;
      }
    }
    return fail(ErrorCode::kBadInput,
                fmt::format("line {}: `{}` without its end", parts_[begin].line, parts_[begin].text));
  }

  Done run_range(std::size_t begin, std::size_t end, int depth) {
    if (depth > kMostDepth) return fail(ErrorCode::kUnsupported, "the template nests too deep");
    for (std::size_t i = begin; i < end; ++i) {
      const Part& part = parts_[i];
      if (part.kind == Kind::kText) {
        output_ += part.text;
      } else if (part.kind == Kind::kOutput) {
        SLMRIG_ASSIGN(const json value, value_of(part.text, part));
        output_ += text_of(value);
      } else {
        const std::string_view word = first_word(part.text);
        if (word == "if" || word == "for") {
          SLMRIG_ASSIGN(const std::vector<std::size_t> places, stations(i, end));
          SLMRIG_TRY(word == "if" ? run_if(i, places, depth) : run_for(i, places, depth));
          i = places.back();
        } else if (word == "set") {
          SLMRIG_TRY(run_set(part));
        } else {
          return fail(
              ErrorCode::kUnsupported,
              fmt::format("line {}: the tag `{}` is beyond the part of Jinja that slmforge understands",
                          part.line, word));
        }
      }
      if (output_.size() > kMostOutputBytes) {
        return fail(ErrorCode::kBadInput, fmt::format("the template writes over {} bytes", kMostOutputBytes));
      }
    }
    return {};
  }

  Done run_if(std::size_t tag, const std::vector<std::size_t>& places, int depth) {
    std::size_t branch = tag;
    for (const std::size_t next : places) {
      const std::string_view word = first_word(parts_[branch].text);
      bool taken = word == "else";
      if (!taken) {
        SLMRIG_ASSIGN(const json value, value_of(behind_word(parts_[branch].text), parts_[branch]));
        taken = is_true(value);
      }
      if (taken) return run_range(branch + 1, next, depth + 1);
      branch = next;
    }
    return {};
  }

  Done run_for(std::size_t tag, const std::vector<std::size_t>& places, int depth) {
    const Part& part = parts_[tag];
    const std::string_view head = behind_word(part.text);
    const std::string name(first_word(head));
    const std::string_view rest = behind_word(head);
    if (first_word(rest) != "in" || places.size() != 1) {
      return fail(ErrorCode::kUnsupported,
                  fmt::format("line {}: `{}` is beyond the part of Jinja that slmforge understands",
                              part.line, part.text));
    }
    SLMRIG_ASSIGN(const json list, value_of(behind_word(rest), part));
    if (!list.is_array()) {
      return fail(ErrorCode::kUnsupported, fmt::format("line {}: `{}` runs over a {}, expected a list",
                                                       part.line, part.text, list.type_name()));
    }
    for (std::size_t i = 0; i < list.size(); ++i) {
      scopes_.push_back({{name, list[i]},
                         {"loop",
                          {{"index0", i},
                           {"index", i + 1},
                           {"first", i == 0},
                           {"last", i + 1 == list.size()},
                           {"length", list.size()}}}});
      const Done done = run_range(tag + 1, places.back(), depth + 1);
      scopes_.pop_back();
      if (!done) return done;
    }
    return {};
  }

  Done run_set(const Part& part) {
    const std::string_view assignment = behind_word(part.text);
    const std::size_t sign = assignment.find('=');
    const std::string_view name = trimmed(assignment.substr(0, sign));
    if (sign == std::string_view::npos || name.find_first_of(". ,[") != std::string_view::npos) {
      return fail(ErrorCode::kUnsupported,
                  fmt::format("line {}: `{}` is beyond the part of Jinja that slmforge understands",
                              part.line, part.text));
    }
    SLMRIG_ASSIGN(json value, value_of(assignment.substr(sign + 1), part));
    scopes_.back().insert_or_assign(std::string(name), std::move(value));
    return {};
  }

  std::vector<Part> parts_;
  ChatScopes scopes_;
  std::string output_;
};

}  // namespace

Result<std::string> render_chat(std::string_view chat_template, const ChatValues& values) {
  SLMRIG_ASSIGN(std::vector<Part> parts, cut(chat_template));
  json messages = json::array();
  for (const ChatMessage& message : values.messages) {
    messages.push_back({{"role", message.role}, {"content", message.content}});
  }
  ChatScopes scopes(1);
  scopes[0]["messages"] = std::move(messages);
  scopes[0]["bos_token"] = values.bos_token;
  scopes[0]["eos_token"] = values.eos_token;
  scopes[0]["add_generation_prompt"] = values.add_generation_prompt;
  return Renderer(std::move(parts), std::move(scopes)).run();
}

}  // namespace slmrig::forge
