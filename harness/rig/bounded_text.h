// Text that grows without asking, kept within a limit: its beginning and its end, the middle left out.
//
// For transcripts and logs of processes, where the first lines tell what was started and the last what went
// wrong.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>

namespace slmrig::rig {

class BoundedText {
 public:
  // Each part keeps whole lines of up to this many bytes in all.
  explicit BoundedText(std::size_t head_bytes = 64 * 1024, std::size_t tail_bytes = 192 * 1024)
      : head_limit_(head_bytes), tail_limit_(tail_bytes) {}

  // One line, without its newline; a single line is cut at 4 kB.
  void add_line(std::string_view line);
  // "... 12 lines left out ..." stands where lines are missing.
  std::string text() const;

 private:
  std::size_t head_limit_;
  std::size_t tail_limit_;
  std::string head_;
  bool head_full_ = false;
  std::deque<std::string> tail_;
  std::size_t tail_bytes_ = 0;
  std::size_t left_out_ = 0;
};

}  // namespace slmrig::rig
