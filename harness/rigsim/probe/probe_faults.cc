#include "harness/rigsim/probe/probe_faults.h"

#include <array>
#include <charconv>

#include <fmt/format.h>

#include "harness/base/suggest.h"

namespace slmrig::rigsim {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;

struct Name {
  ProbeFault kind;
  std::string_view text;
};
constexpr std::array kNames = {
    Name{ProbeFault::kNone, "none"},
    Name{ProbeFault::kNoAck, "no-ack"},
    Name{ProbeFault::kLocked, "locked"},
    Name{ProbeFault::kWait, "wait"},
    Name{ProbeFault::kUnplug, "unplug"},
    Name{ProbeFault::kHang, "hang"},
    Name{ProbeFault::kBusy, "busy"},
    Name{ProbeFault::kWrongTarget, "wrong-target"},
    Name{ProbeFault::kCorruptWrite, "corrupt-write"},
};

// Cuts what follows `mark` off `text` and reads it. True where there is no such mark.
bool take_number(std::string_view* text, char mark, uint64_t* value) {
  const std::size_t at = text->find(mark);
  if (at == std::string_view::npos) return true;
  const std::string_view digits = text->substr(at + 1);
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), *value);
  *text = text->substr(0, at);
  return problem == std::errc() && end == digits.data() + digits.size();
}

}  // namespace

std::vector<std::string> probe_fault_names() {
  std::vector<std::string> names;
  for (const Name& name : kNames) names.emplace_back(name.text);
  return names;
}

Result<ProbeFaultPlan> parse_probe_fault(std::string_view text) {
  ProbeFaultPlan plan;
  std::string_view kind = text;
  // No name of a fault has an x or an @ in it.
  if (!take_number(&kind, 'x', &plan.count) || !take_number(&kind, '@', &plan.after_transfers)) {
    return fail(
        ErrorCode::kBadInput,
        fmt::format("'{}' is no fault: KIND, KIND@AFTER_TRANSFERS, KIND@AFTER_TRANSFERSxCOUNT", text));
  }
  for (const Name& name : kNames) {
    if (name.text != kind) continue;
    plan.kind = name.kind;
    return plan;
  }
  return fail(ErrorCode::kBadInput, base::unknown_name("fault", kind, probe_fault_names()));
}

void ProbeFaults::set(const ProbeFaultPlan& plan) {
  plan_ = plan;
  transfers_ = 0;
  happened_ = 0;
}

bool ProbeFaults::happens(ProbeFault kind) {
  if (!holds(kind) || happened_ >= plan_.count) return false;
  ++happened_;
  return true;
}

}  // namespace slmrig::rigsim
