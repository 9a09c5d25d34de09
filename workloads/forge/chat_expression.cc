#include "workloads/forge/chat_expression.h"

#include <algorithm>
#include <cctype>
#include <optional>

#include <fmt/format.h>

namespace slmrig::forge {

using base::ErrorCode;
using base::fail;
using base::Result;
using nlohmann::json;

namespace {

constexpr int kMostDepth = 64;  // of parentheses, subscripts and signs: a template is input from outside
constexpr std::string_view kWhiteSpace = " \t\r\n";

json undefined() { return json(json::value_t::discarded); }

bool is_name_character(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

// Evaluates while it reads. Both sides of an operator are always evaluated, which nothing here can tell.
class Evaluator {
 public:
  Evaluator(std::string_view text, const ChatScopes& scopes) : text_(text), scopes_(scopes) {}

  Result<json> run() {
    SLMRIG_ASSIGN(json value, conditional());
    skip_space();
    if (place_ != text_.size()) return unknown(text_.substr(place_));
    return value;
  }

 private:
  tl::unexpected<base::Error> unknown(std::string_view what) const {
    return fail(ErrorCode::kUnsupported, fmt::format("`{}` in `{}` is beyond the part of Jinja that slmforge "
                                                     "understands",
                                                     what, text_));
  }

  void skip_space() {
    while (place_ < text_.size() && kWhiteSpace.find(text_[place_]) != std::string_view::npos) ++place_;
  }

  // Takes a sign (or a word, which must end there) if it is next.
  bool take(std::string_view wanted) {
    skip_space();
    if (text_.substr(place_, wanted.size()) != wanted) return false;
    const std::size_t end = place_ + wanted.size();
    const bool is_word = is_name_character(wanted[0]);
    if (is_word && end < text_.size() && is_name_character(text_[end])) return false;
    place_ = end;
    return true;
  }

  std::string_view take_name() {
    skip_space();
    const std::size_t begin = place_;
    while (place_ < text_.size() && is_name_character(text_[place_])) ++place_;
    return text_.substr(begin, place_ - begin);
  }

  Result<json> conditional() {
    if (++depth_ > kMostDepth) return unknown("so many parentheses");
    SLMRIG_ASSIGN(json value, disjunction());
    if (take("if")) {
      SLMRIG_ASSIGN(const json condition, disjunction());
      json other = undefined();
      if (take("else")) {
        SLMRIG_ASSIGN(other, conditional());
      }
      if (!is_true(condition)) value = std::move(other);
    }
    --depth_;
    return value;
  }

  Result<json> disjunction() {
    SLMRIG_ASSIGN(json left, conjunction());
    while (take("or")) {
      SLMRIG_ASSIGN(json right, conjunction());
      if (!is_true(left)) left = std::move(right);
    }
    return left;
  }

  Result<json> conjunction() {
    SLMRIG_ASSIGN(json left, negation());
    while (take("and")) {
      SLMRIG_ASSIGN(json right, negation());
      if (is_true(left)) left = std::move(right);
    }
    return left;
  }

  Result<json> negation() {
    bool is_negated = false;
    bool is_plain = true;
    while (take("not")) {
      is_negated = !is_negated;
      is_plain = false;
    }
    SLMRIG_ASSIGN(json value, comparison());
    if (is_plain) return value;
    return json(is_true(value) != is_negated);
  }

  static bool contains(const json& where, const json& what) {
    if (where.is_string()) return what.is_string() && text_of(where).find(text_of(what)) != std::string::npos;
    if (where.is_object()) return what.is_string() && where.contains(text_of(what));
    return where.is_array() && std::find(where.begin(), where.end(), what) != where.end();
  }

  Result<json> comparison() {
    SLMRIG_ASSIGN(json left, sum());
    for (const std::string_view sign : {"==", "!=", "<=", ">=", "<", ">", "in", "not in"}) {
      if (!take(sign)) continue;
      SLMRIG_ASSIGN(const json right, sum());
      if (sign == "==") return json(left == right);
      if (sign == "!=") return json(!(left == right));
      if (sign == "in") return json(contains(right, left));
      if (sign == "not in") return json(!contains(right, left));
      if (left.type_name() != std::string_view(right.type_name()))
        return unknown("a comparison of two types");
      if (sign == "<=") return json(left <= right);
      if (sign == ">=") return json(left >= right);
      return json(sign == "<" ? left < right : left > right);
    }
    return left;
  }

  Result<json> sum() {
    SLMRIG_ASSIGN(json left, joined());
    for (;;) {
      const bool is_plus = take("+");
      if (!is_plus && !take("-")) return left;
      SLMRIG_ASSIGN(const json right, joined());
      if (left.is_number_integer() && right.is_number_integer()) {
        const auto a = left.get<std::int32_t>();
        const auto b = right.get<std::int32_t>();
        left = std::int64_t{a} + (is_plus ? std::int64_t{b} : -std::int64_t{b});
      } else if (is_plus && left.is_string() && right.is_string()) {
        left = text_of(left) + text_of(right);
      } else {
        return unknown(fmt::format("{} {} {}", left.type_name(), is_plus ? "+" : "-", right.type_name()));
      }
    }
  }

  Result<json> joined() {
    SLMRIG_ASSIGN(json left, product());
    while (take("~")) {
      SLMRIG_ASSIGN(const json right, product());
      left = text_of(left) + text_of(right);
    }
    return left;
  }

  Result<json> product() {
    SLMRIG_ASSIGN(json left, filtered());
    for (;;) {
      const bool is_times = take("*");
      if (!is_times && !take("%")) return left;
      SLMRIG_ASSIGN(const json right, filtered());
      if (!left.is_number_integer() || !right.is_number_integer() || (!is_times && right.get<int>() <= 0)) {
        return unknown(is_times ? "*" : "%");
      }
      const auto a = std::int64_t{left.get<std::int32_t>()};
      const auto b = std::int64_t{right.get<std::int32_t>()};
      left = is_times ? a * b : (a % b + b) % b;
    }
  }

  Result<json> filtered() {
    SLMRIG_ASSIGN(json value, element());
    for (;;) {
      if (take("|")) {
        const std::string_view name = take_name();
        if (name == "trim") {
          value = std::string(trimmed(text_of(value)));
        } else if (name == "length" || name == "count") {
          value = value.is_string() ? value.get_ref<const std::string&>().size() : value.size();
        } else if (name == "string") {
          value = text_of(value);
        } else {
          return unknown(fmt::format("| {}", name));
        }
      } else if (take("is")) {
        const bool is_negated = take("not");
        const std::string_view name = take_name();
        bool holds = false;
        if (name == "defined") {
          holds = !value.is_discarded();
        } else if (name == "none") {
          holds = value.is_null();
        } else if (name == "string") {
          holds = value.is_string();
        } else {
          return unknown(fmt::format("is {}", name));
        }
        value = holds != is_negated;
      } else {
        return value;
      }
    }
  }

  // A value and what is picked from it: .name, [index], [from:to], .strip().
  Result<json> element() {
    SLMRIG_ASSIGN(json value, atom());
    for (;;) {
      if (take(".")) {
        const std::string_view name = take_name();
        if (take("(")) {
          if ((name != "strip" && name != "trim") || !take(")")) return unknown(fmt::format(".{}()", name));
          value = std::string(trimmed(text_of(value)));
        } else {
          value = picked(value, json(std::string(name)));
        }
      } else if (take("[")) {
        SLMRIG_ASSIGN(value, subscript(value));
      } else {
        return value;
      }
    }
  }

  static json picked(const json& value, const json& key) {
    if (value.is_object() && key.is_string()) {
      const auto found = value.find(text_of(key));
      return found == value.end() ? undefined() : *found;
    }
    if (value.is_array() && key.is_number_integer()) {
      auto index = key.get<std::int64_t>();
      if (index < 0) index += static_cast<std::int64_t>(value.size());
      if (index >= 0 && index < static_cast<std::int64_t>(value.size())) {
        return value[static_cast<std::size_t>(index)];
      }
    }
    return undefined();
  }

  // Behind the bracket.
  Result<json> subscript(const json& value) {
    json from = 0;
    bool is_slice = take(":");
    if (!is_slice) {
      SLMRIG_ASSIGN(from, conditional());
      is_slice = take(":");
    }
    if (!is_slice) {
      if (!take("]")) return unknown("[");
      return picked(value, from);
    }
    json to = value.size();
    if (!take("]")) {
      SLMRIG_ASSIGN(to, conditional());
      if (!take("]")) return unknown("[:");
    }
    if (!value.is_array() || !from.is_number_integer() || !to.is_number_integer()) return unknown("[:]");
    const auto size = static_cast<std::int64_t>(value.size());
    const auto bound = [size](const json& at) {
      const auto place = at.get<std::int64_t>();
      return std::clamp<std::int64_t>(place < 0 ? place + size : place, 0, size);
    };
    json slice = json::array();
    for (std::int64_t i = bound(from); i < bound(to); ++i)
      slice.push_back(value[static_cast<std::size_t>(i)]);
    return slice;
  }

  Result<json> atom() {
    skip_space();
    if (place_ == text_.size()) return unknown("nothing");
    const char first = text_[place_];
    if (first == '\'' || first == '"') return string(first);
    if (take("(")) {
      SLMRIG_ASSIGN(json value, conditional());
      if (!take(")")) return unknown("(");
      return value;
    }
    if (take("-")) {
      if (++depth_ > kMostDepth) return unknown("so many signs");
      SLMRIG_ASSIGN(const json number, atom());
      if (!number.is_number_integer()) return unknown("-");
      return json(-number.get<std::int64_t>());
    }
    const std::string_view name = take_name();
    if (name.empty()) return unknown(text_.substr(place_));
    if (std::isdigit(static_cast<unsigned char>(name[0])) != 0) return number(name);
    if (name == "true" || name == "True") return json(true);
    if (name == "false" || name == "False") return json(false);
    if (name == "none" || name == "None") return json();
    if (take("(")) return call(name);
    for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope) {
      if (const auto found = scope->find(name); found != scope->end()) return found->second;
    }
    return undefined();
  }

  Result<json> number(std::string_view digits) const {
    if (digits.size() > 9 || digits.find_first_not_of("0123456789") != std::string_view::npos) {
      return unknown(digits);
    }
    return json(std::stol(std::string(digits)));
  }

  // A template says so of conversations that it cannot write.
  Result<json> call(std::string_view name) {
    if (name != "raise_exception") return unknown(fmt::format("{}()", name));
    SLMRIG_ASSIGN(const json reason, conditional());
    return fail(ErrorCode::kBadInput, fmt::format("the template refuses this: {}", text_of(reason)));
  }

  Result<json> string(char quote) {
    std::string value;
    for (++place_; place_ < text_.size() && text_[place_] != quote; ++place_) {
      if (text_[place_] != '\\' || place_ + 1 == text_.size()) {
        value += text_[place_];
        continue;
      }
      const char escaped = text_[++place_];
      value += escaped == 'n' ? '\n' : escaped == 't' ? '\t' : escaped == 'r' ? '\r' : escaped;
    }
    if (place_ == text_.size()) return unknown("a string without an end");
    ++place_;
    return json(std::move(value));
  }

  std::string_view text_;
  const ChatScopes& scopes_;
  std::size_t place_ = 0;
  int depth_ = 0;
};

}  // namespace

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kWhiteSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kWhiteSpace) - begin + 1);
}

bool is_true(const json& value) {
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_string()) return !value.get_ref<const std::string&>().empty();
  if (value.is_number_integer()) return value.get<std::int64_t>() != 0;
  return (value.is_array() || value.is_object()) && !value.empty();
}

std::string text_of(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_discarded()) return {};
  if (value.is_null()) return "None";
  if (value.is_boolean()) return value.get<bool>() ? "True" : "False";
  return value.dump();
}

Result<json> evaluate_chat(std::string_view expression, const ChatScopes& scopes) {
  return Evaluator(expression, scopes).run();
}

}  // namespace slmrig::forge
