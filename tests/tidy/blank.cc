#include "tests/tidy/blank.h"

#include <cctype>
#include <vector>

namespace slmrig::tidy {
namespace {

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '$'; }

class Splitter {
 public:
  Splitter(std::string_view text, Language language) : text_(text), language_(language) {
    layers_.code.assign(text.size(), ' ');
    layers_.comments.assign(text.size(), ' ');
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\n') layers_.code[i] = layers_.comments[i] = '\n';
    }
  }

  Layers run() {
    while (at_ < text_.size()) step();
    return std::move(layers_);
  }

 private:
  char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  bool looking_at(std::string_view token) const { return text_.substr(at_, token.size()) == token; }
  bool cpp() const { return language_ == Language::kCpp; }

  void keep(std::string& layer) {
    layer[at_] = text_[at_];
    ++at_;
  }

  void step() {
    const char c = peek();
    if (looking_at("//")) return line_comment();
    if (looking_at("/*")) return block_comment();
    if (cpp() && c == '"' && at_ > 0 && text_[at_ - 1] == 'R') return raw_string();
    if (c == '"') return quoted('"');
    if (c == '\'' && !(cpp() && is_digit_separator())) return quoted('\'');
    if (!cpp() && c == '`') {
      ++at_;
      return template_literal();
    }
    if (!cpp() && c == '/' && regex_may_start()) return regex_literal();
    if (!cpp() && closes_template_hole(c)) {
      ++at_;
      return template_literal();
    }
    if (!std::isspace(static_cast<unsigned char>(c))) last_code_ = c;
    keep(layers_.code);
  }

  void line_comment() {
    while (at_ < text_.size() && peek() != '\n') {
      if (peek() == '\\' && peek(1) == '\n') ++at_;
      if (at_ < text_.size()) keep(layers_.comments);
    }
  }

  void block_comment() {
    const std::size_t close = text_.find("*/", at_ + 2);
    const std::size_t end = close == std::string_view::npos ? text_.size() : close + 2;
    while (at_ < end) keep(layers_.comments);
  }

  void quoted(char quote) {
    keep(layers_.code);
    while (at_ < text_.size() && peek() != quote && peek() != '\n') at_ += peek() == '\\' ? 2 : 1;
    if (peek() == quote) keep(layers_.code);
    last_code_ = quote;
  }

  void raw_string() {
    const std::size_t open = text_.find('(', at_);
    if (open == std::string_view::npos) {
      at_ = text_.size();
      return;
    }
    const std::string close = ")" + std::string(text_.substr(at_ + 1, open - at_ - 1)) + "\"";
    keep(layers_.code);
    const std::size_t end = text_.find(close, open);
    at_ = end == std::string_view::npos ? text_.size() : end + close.size() - 1;
    if (at_ < text_.size()) keep(layers_.code);
  }

  // 1'000: the word before the quote begins with a digit.
  bool is_digit_separator() const {
    std::size_t begin = at_;
    while (begin > 0 && (is_word(text_[begin - 1]) || text_[begin - 1] == '\'')) --begin;
    return begin < at_ && std::isdigit(static_cast<unsigned char>(text_[begin])) != 0;
  }

  void template_literal() {
    while (at_ < text_.size() && peek() != '`') {
      if (looking_at("${")) {
        at_ += 2;
        holes_.push_back(0);
        return;
      }
      at_ += peek() == '\\' ? 2 : 1;
    }
    ++at_;
    last_code_ = '`';
  }

  bool closes_template_hole(char c) {
    if (holes_.empty()) return false;
    if (c == '{') ++holes_.back();
    if (c != '}') return false;
    if (holes_.back() > 0) {
      --holes_.back();
      return false;
    }
    holes_.pop_back();
    return true;
  }

  // A slash after an operator or an opening begins a regular expression; after a value it divides.
  bool regex_may_start() const {
    return last_code_ == '\0' ||
           std::string_view("(,=:[!&|?{};+*%<>~^").find(last_code_) != std::string_view::npos ||
           follows_return();
  }

  bool follows_return() const {
    std::size_t end = at_;
    while (end > 0 && text_[end - 1] == ' ') --end;
    return end >= 6 && text_.substr(end - 6, 6) == "return";
  }

  void regex_literal() {
    keep(layers_.code);
    bool in_class = false;
    while (at_ < text_.size() && peek() != '\n' && (in_class || peek() != '/')) {
      if (peek() == '[') in_class = true;
      if (peek() == ']') in_class = false;
      at_ += peek() == '\\' ? 2 : 1;
    }
    if (peek() == '/') keep(layers_.code);
    last_code_ = '/';
  }

  std::string_view text_;
  Language language_;
  Layers layers_;
  std::size_t at_ = 0;
  char last_code_ = '\0';
  std::vector<int> holes_;  // open braces inside each `${ }`
};

}  // namespace

Layers split_layers(std::string_view text, Language language) { return Splitter(text, language).run(); }

}  // namespace slmrig::tidy
