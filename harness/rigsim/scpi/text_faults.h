// What an instrument that answers in text can do wrong, by name.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"

namespace slmrig::rigsim {

enum class TextFault {
  kNone,
  kSlow,      // answers VALUE milliseconds late
  kNan,       // SCPI's not-a-number instead of a figure
  kOverload,  // SCPI's infinity
  kReturn,    // answers end in CR LF
  kSilent,    // no answer
  kJunk,      // bytes that are no figure
  kFlood,     // bytes without an end of line
};

// KIND[=VALUE][@AFTER][xCOUNT]: from the answer number AFTER on (0: the next), COUNT of them (absent: all).
struct TextFaultPlan {
  TextFault kind = TextFault::kNone;
  int64_t value = 0;
  int64_t after = 0;
  int64_t count = INT64_MAX;
};

base::Result<TextFaultPlan> parse_text_fault(std::string_view text);

// One thread.
class TextFaults {
 public:
  void set(const TextFaultPlan& plan) { plan_ = plan; }
  struct Reply {
    std::string bytes;
    int64_t delay_ms = 0;
  };
  // What goes out instead of `answer`, which is not empty, and the line's end.
  Reply reply(const std::string& answer, const std::string& line_end);

 private:
  TextFaultPlan plan_;
};

}  // namespace slmrig::rigsim
