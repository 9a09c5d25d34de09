#include "harness/rig/meters/ppk2_tail.h"

#include <algorithm>
#include <string_view>

namespace slmrig::rig {
namespace {

// Its first and its last line.
constexpr std::string_view kAnswerBegin = "Calibrated:";
constexpr std::string_view kAnswerEnd = "\nEND";

}  // namespace

std::span<const uint8_t> Ppk2Tail::samples_of(std::span<const uint8_t> bytes) {
  kept_.insert(kept_.end(), bytes.begin(), bytes.end());
  const auto answer = std::search(kept_.begin(), kept_.end(), kAnswerBegin.begin(), kAnswerBegin.end());
  const auto held = static_cast<std::ptrdiff_t>(std::min(kept_.size(), kAnswerBegin.size() - 1));
  const auto end = answer != kept_.end() ? answer : kept_.end() - held;
  given_.assign(kept_.begin(), end);
  kept_.erase(kept_.begin(), end);
  const std::string_view text(reinterpret_cast<const char*>(kept_.data()), kept_.size());
  const std::size_t last_line =
      text.starts_with(kAnswerBegin) ? text.find(kAnswerEnd) : std::string_view::npos;
  // With the line's end: whatever comes next is another stream's.
  has_ended_ = last_line != std::string_view::npos &&
               text.find('\n', last_line + kAnswerEnd.size()) != std::string_view::npos;
  return given_;
}

}  // namespace slmrig::rig
