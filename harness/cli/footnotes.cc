#include "harness/cli/footnotes.h"

#include <fmt/format.h>

#include "harness/cli/text_table.h"

namespace slmrig::cli {

std::string Footnotes::mark(const std::vector<std::string>& texts) {
  std::string marks;
  for (const std::string& text : texts) {
    const auto [entry, is_new] = numbers_.try_emplace(text, numbers_.size() + 1);
    if (is_new) texts_.push_back(text);
    marks += fmt::format("!{}", entry->second);
  }
  return marks;
}

std::string Footnotes::text() const {
  std::string text;
  for (std::size_t i = 0; i < texts_.size(); ++i) {
    const std::vector<std::string> lines = wrap_words(texts_[i], kTableWidth - 12);
    for (std::size_t j = 0; j < lines.size(); ++j) {
      text += j == 0 ? fmt::format("!{} {}{}\n", i + 1, head_, lines[j]) : fmt::format("   {}\n", lines[j]);
    }
  }
  return text;
}

}  // namespace slmrig::cli
