#include "harness/base/placeholders.h"

namespace slmrig::base {

std::string filled_in(std::string text, const std::map<std::string, std::string>& values) {
  std::size_t at = 0;
  while ((at = text.find('{', at)) != std::string::npos) {
    std::size_t advance = 1;
    for (const auto& [placeholder, value] : values) {
      if (text.compare(at, placeholder.size(), placeholder) != 0) continue;
      text.replace(at, placeholder.size(), value);
      advance = value.size();
      break;
    }
    at += advance;
  }
  return text;
}

}  // namespace slmrig::base
