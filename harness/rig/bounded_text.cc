#include "harness/rig/bounded_text.h"

#include <fmt/format.h>

namespace slmrig::rig {

void BoundedText::add_line(std::string_view line) {
  constexpr std::size_t kMaxLineBytes = 4096;
  std::string whole(line.substr(0, kMaxLineBytes));
  whole.push_back('\n');
  if (!head_full_ && head_.size() + whole.size() <= head_limit_) {
    head_ += whole;
    return;
  }
  head_full_ = true;
  tail_bytes_ += whole.size();
  tail_.push_back(std::move(whole));
  while (tail_bytes_ > tail_limit_ && !tail_.empty()) {
    tail_bytes_ -= tail_.front().size();
    tail_.pop_front();
    ++left_out_;
  }
}

std::string BoundedText::text() const {
  std::string all = head_;
  if (left_out_ > 0) all += fmt::format("... {} lines left out ...\n", left_out_);
  for (const std::string& line : tail_) all += line;
  return all;
}

}  // namespace slmrig::rig
