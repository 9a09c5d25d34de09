#include "workloads/forge/grammar.h"

#include <algorithm>

#include "harness/base/error.h"

namespace slmrig::forge {

namespace {

using Texts = std::vector<std::string>;

Texts product(const Texts& left, const Texts& right) {
  Texts all;
  all.reserve(left.size() * right.size());
  for (const std::string& a : left) {
    for (const std::string& b : right) all.push_back(a + b);
  }
  return all;
}

// Recursive descent over alternatives; our tables nest two deep.
class Parser {
 public:
  explicit Parser(std::string_view pattern) : pattern_(pattern) {}

  Texts parse_all() {
    Texts texts = alternatives();
    SLMRIG_CHECK(at_ == pattern_.size());
    return texts;
  }

 private:
  bool more() const { return at_ < pattern_.size(); }

  Texts alternatives() {
    Texts all = sequence();
    while (more() && pattern_[at_] == '|') {
      ++at_;
      Texts next = sequence();
      all.insert(all.end(), next.begin(), next.end());
    }
    return all;
  }

  Texts sequence() {
    Texts texts{""};
    while (more() && pattern_[at_] != '|' && pattern_[at_] != ')' && pattern_[at_] != ']') {
      const char c = pattern_[at_];
      if (c == '(' || c == '[') {
        ++at_;
        Texts inner = alternatives();
        SLMRIG_CHECK(more() && pattern_[at_] == (c == '(' ? ')' : ']'));
        ++at_;
        if (c == '[') inner.insert(inner.begin(), "");
        texts = product(texts, inner);
      } else {
        for (std::string& text : texts) text += c;
        ++at_;
      }
    }
    return texts;
  }

  std::string_view pattern_;
  std::size_t at_ = 0;
};

std::string with_single_spaces(std::string_view text) {
  std::string tidy;
  for (const char c : text) {
    if (c != ' ' || (!tidy.empty() && tidy.back() != ' ')) tidy += c;
  }
  while (!tidy.empty() && tidy.back() == ' ') tidy.pop_back();
  return tidy;
}

}  // namespace

std::vector<std::string> expand_pattern(std::string_view pattern) {
  Texts texts = Parser(pattern).parse_all();
  for (std::string& text : texts) text = with_single_spaces(text);
  std::sort(texts.begin(), texts.end());
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
  return texts;
}

}  // namespace slmrig::forge
