#include "harness/rigsim/scpi/text_faults.h"

#include <charconv>
#include <map>

#include <fmt/format.h>

#include "harness/base/suggest.h"

namespace slmrig::rigsim {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;

const std::map<std::string, TextFault, std::less<>>& kinds() {
  static const std::map<std::string, TextFault, std::less<>> kKinds = {
      {"none", TextFault::kNone},         {"slow", TextFault::kSlow},     {"nan", TextFault::kNan},
      {"overload", TextFault::kOverload}, {"return", TextFault::kReturn}, {"silent", TextFault::kSilent},
      {"junk", TextFault::kJunk},         {"flood", TextFault::kFlood},
  };
  return kKinds;
}

// The number after `mark`, which is cut off with it.
bool cut_number(std::string* text, char mark, int64_t* into) {
  const std::size_t at = text->find(mark);
  if (at == std::string::npos) return true;
  const char* begin = text->data() + at + 1;
  const char* end = text->data() + text->size();
  const auto parsed = std::from_chars(begin, end, *into);
  const bool good = parsed.ec == std::errc() && parsed.ptr == end && *into >= 0;
  text->resize(at);
  return good;
}

}  // namespace

Result<TextFaultPlan> parse_text_fault(std::string_view text) {
  TextFaultPlan plan;
  std::string rest(text);
  const bool good = cut_number(&rest, 'x', &plan.count) && cut_number(&rest, '@', &plan.after) &&
                    cut_number(&rest, '=', &plan.value);
  const auto found = kinds().find(rest);
  if (good && found != kinds().end()) {
    plan.kind = found->second;
    return plan;
  }
  std::vector<std::string> names;
  for (const auto& [name, kind] : kinds()) names.push_back(name);
  return fail(ErrorCode::kBadInput,
              base::unknown_name("fault", text, names) + "; a fault is KIND[=VALUE][@AFTER][xCOUNT]");
}

TextFaults::Reply TextFaults::reply(const std::string& answer, const std::string& line_end) {
  constexpr std::size_t kFloodBytes = 20'000;
  const Reply plain = {answer + line_end, 0};
  if (plan_.kind == TextFault::kNone || plan_.count == 0) return plain;
  if (plan_.after > 0) {
    --plan_.after;
    return plain;
  }
  if (plan_.count != INT64_MAX) --plan_.count;
  switch (plan_.kind) {
    case TextFault::kSlow: return {plain.bytes, plan_.value};
    case TextFault::kNan: return {"+9.91000000E+37" + line_end, 0};
    case TextFault::kOverload: return {"+9.90000000E+37" + line_end, 0};
    case TextFault::kReturn: return {answer + "\r" + line_end, 0};
    case TextFault::kSilent: return {};
    case TextFault::kJunk: return {"\x02\xfe?#" + line_end, 0};
    case TextFault::kFlood: return {std::string(kFloodBytes, '#'), 0};
    case TextFault::kNone: break;
  }
  return plain;
}

}  // namespace slmrig::rigsim
