#include "tests/tidy/functions.h"

#include <algorithm>
#include <regex>
#include <string_view>

#include "tests/tidy/blank.h"

namespace slmrig::tidy {
namespace {

enum class Block { kScope, kFunction, kInitializer };

struct Level {
  Block block = Block::kScope;
  std::size_t head_begin = 0;  // where the text before the next brace begins
  int parens = 0;
  std::size_t opened_at = 0;  // of the head of this level
};

std::string one_line(std::string_view text) {
  std::string line;
  for (const char c : text) {
    const bool space = c == ' ' || c == '\n' || c == '\t' || c == '\r';
    if (!space) {
      line += c;
    } else if (!line.empty() && line.back() != ' ') {
      line += ' ';
    }
  }
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

// Macros may hold anything, unbalanced braces too.
std::string without_preprocessor(std::string code) {
  bool directive = false;
  bool line_start = true;
  for (std::size_t i = 0; i < code.size(); ++i) {
    if (code[i] == '\n') {
      directive = directive && i > 0 && code[i - 1] == '\\';
      line_start = true;
      continue;
    }
    if (line_start && code[i] == '#') directive = true;
    if (code[i] != ' ' && code[i] != '\t') line_start = false;
    // The backslash stays: the next line needs to see it.
    if (directive && code[i] != '\\') code[i] = ' ';
  }
  std::replace(code.begin(), code.end(), '\\', ' ');
  return code;
}

bool is_cpp_function_head(const std::string& head) {
  static const std::regex kScopeWords(R"(^(inline )?(namespace|enum|union|extern "\s*")\b)");
  static const std::regex kTail(
      R"(\)( ?(const|noexcept|override|final|mutable|try|&&?|[A-Z_]{4,}))*( ?-> ?[^{};=]+)?( ?requires .+)?$)");
  static const std::regex kBareLambda(R"(\[[^\[\]]*\]( mutable)?$)");
  static const std::regex kAfterMemberInitializer(R"(\).*[^:]:[^:].*\}$)");
  if (std::regex_search(head, kScopeWords)) return false;
  return std::regex_search(head, kTail) || std::regex_search(head, kBareLambda) ||
         std::regex_search(head, kAfterMemberInitializer);
}

bool is_typescript_function_head(const std::string& head) {
  static const std::regex kControl(R"(^(\} ?)?(else )?(if|for|while|switch|catch|with)\b)");
  static const std::regex kTail(R"((=>|\)( ?: ?[^=]+)?)$)");
  return !std::regex_search(head, kControl) && std::regex_search(head, kTail);
}

class Finder {
 public:
  explicit Finder(const SourceFile& file)
      : cpp_(language_of(file.path) == Language::kCpp),
        code_(split_layers(file.text, language_of(file.path)).code) {
    if (cpp_) code_ = without_preprocessor(std::move(code_));
  }

  std::vector<FunctionSpan> run() {
    levels_.push_back({});
    for (std::size_t i = 0; i < code_.size(); ++i) {
      Level& level = levels_.back();
      switch (code_[i]) {
        case '(': ++level.parens; break;
        case ')': --level.parens; break;
        case '{': open(i); break;
        case '}': close(i); break;
        case ';':
          if (level.parens == 0) level.head_begin = i + 1;
          break;
        case ':':
          if (follows_access_word(i)) level.head_begin = i + 1;
          break;
        default: break;
      }
    }
    return std::move(functions_);
  }

 private:
  // Bounded, because std::regex recurses: a head longer than this is a table of data.
  std::string head_text(std::size_t begin, std::size_t end) const {
    constexpr std::size_t kLongestHead = 2000;
    if (end - begin > kLongestHead) begin = end - kLongestHead;
    return one_line(std::string_view(code_).substr(begin, end - begin));
  }

  bool follows_access_word(std::size_t colon) const {
    const std::string head = head_text(levels_.back().head_begin, colon);
    return head == "public" || head == "private" || head == "protected";
  }

  Block classify(const std::string& head) const {
    const Level& outer = levels_.back();
    if (outer.block == Block::kFunction) return Block::kFunction;
    const bool function = cpp_ ? is_cpp_function_head(head) : is_typescript_function_head(head);
    if (outer.parens > 0 || outer.block == Block::kInitializer) {
      static const std::regex kLambdaIntroducer(R"(\[[^\[\]]*\] ?(\(|$|mutable))");
      const bool lambda = !cpp_ || std::regex_search(head, kLambdaIntroducer);
      return function && lambda ? Block::kFunction : Block::kInitializer;
    }
    if (function) return Block::kFunction;
    static const std::regex kScope(R"(\b(namespace|class|struct|union|enum|extern|interface|export)\b|^$)");
    static const std::regex kBoundValue(R"([=(,:\[]$|\breturn$)");
    if (std::regex_search(head, kBoundValue)) return Block::kInitializer;
    return std::regex_search(head, kScope) || !cpp_ ? Block::kScope : Block::kInitializer;
  }

  void open(std::size_t at) {
    const std::size_t begin = levels_.back().head_begin;
    const std::string head = head_text(begin, at);
    const Block block = classify(head);
    const bool outermost = block == Block::kFunction && levels_.back().block != Block::kFunction;
    if (outermost) pending_head_ = head;
    levels_.push_back({block, at + 1, 0, begin});
  }

  void close(std::size_t at) {
    if (levels_.size() == 1) return;
    const Level done = levels_.back();
    levels_.pop_back();
    Level& outer = levels_.back();
    if (done.block == Block::kFunction && outer.block != Block::kFunction) {
      const std::size_t first = std::min(code_.find_first_not_of(" \n\t\r", done.opened_at), at);
      functions_.push_back({pending_head_, line_of(code_, first), line_of(code_, at)});
    }
    // `int a{0};` and `: a_{1}` go on with the same head; a body ends it.
    if (outer.parens == 0 && done.block != Block::kInitializer) outer.head_begin = at + 1;
  }

  bool cpp_;
  std::string code_;
  std::vector<Level> levels_;
  std::vector<FunctionSpan> functions_;
  std::string pending_head_;
};

}  // namespace

std::vector<FunctionSpan> find_functions(const SourceFile& file) {
  if (language_of(file.path) == Language::kOther) return {};
  return Finder(file).run();
}

}  // namespace slmrig::tidy
