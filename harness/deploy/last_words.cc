#include "harness/deploy/last_words.h"

#include "harness/base/utf8.h"

namespace slmrig::deploy {

std::string last_words(std::string_view words) {
  constexpr std::size_t kMostBytes = 400;
  std::string text;
  for (const char c : words) {
    const bool blank = static_cast<unsigned char>(c) < 0x20;
    if (!blank || (!text.empty() && text.back() != ' ')) text += blank ? ' ' : c;
  }
  while (!text.empty() && text.back() == ' ') text.pop_back();
  if (text.size() > kMostBytes) text = "..." + text.substr(text.size() - kMostBytes);
  return base::make_valid_utf8(text);
}

}  // namespace slmrig::deploy
