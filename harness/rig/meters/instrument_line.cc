#include "harness/rig/meters/instrument_line.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <span>
#include <thread>

#include <fmt/format.h>

#include "harness/base/clock.h"

namespace slmrig::rig {

using base::Done;
using base::ErrorCode;
using base::fail;
using base::Result;

namespace {

constexpr std::size_t kPieceBytes = 512;

int64_t left_ms(int64_t deadline_ns) {
  return std::max<int64_t>(0, (deadline_ns - base::monotonic_now_ns() + 999'999) / 1'000'000);
}

}  // namespace

Done InstrumentLine::tell(const std::string& command) {
  const int64_t rest_ns = last_command_ns_ + framing_.pause_ms * 1'000'000 - base::monotonic_now_ns();
  if (last_command_ns_ > 0 && rest_ns > 0) std::this_thread::sleep_for(std::chrono::nanoseconds(rest_ns));
  const std::string line = command + framing_.line_end;
  const auto* bytes = reinterpret_cast<const uint8_t*>(line.data());
  SLMRIG_TRY(link_->write(std::span(bytes, line.size())));
  last_command_ns_ = base::monotonic_now_ns();
  return {};
}

Done InstrumentLine::discard_waiting() {
  std::array<uint8_t, kPieceBytes> piece = {};
  received_.clear();
  for (std::size_t discarded = 0; discarded <= kMostAnswerBytes;) {
    SLMRIG_ASSIGN(const std::size_t got, link_->read(piece, 0));
    if (got == 0) return {};
    discarded += got;
  }
  return fail(ErrorCode::kCorrupt,
              fmt::format("{} sends without being asked: is it an instrument?", link_->description()));
}

Result<std::string> InstrumentLine::receive(int64_t timeout_ms) {
  const bool by_silence = framing_.line_end.empty();
  const int64_t deadline_ns = base::monotonic_now_ns() + timeout_ms * 1'000'000;
  std::array<uint8_t, kPieceBytes> piece = {};
  for (;;) {
    const std::size_t end = by_silence ? std::string::npos : received_.find('\n');
    if (end != std::string::npos) {
      std::string answer = received_.substr(0, end);
      received_.erase(0, end + 1);
      while (!answer.empty() && answer.back() == '\r') answer.pop_back();
      return answer;
    }
    if (received_.size() > kMostAnswerBytes) {
      return fail(ErrorCode::kCorrupt,
                  fmt::format("{} sent {} bytes without an end of line: is it an instrument?",
                              link_->description(), received_.size()));
    }
    const bool may_be_whole = by_silence && !received_.empty();
    const int64_t wait_ms = may_be_whole ? framing_.silence_ms : left_ms(deadline_ns);
    SLMRIG_ASSIGN(const std::size_t got, link_->read(piece, wait_ms));
    received_.append(piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(got));
    if (got > 0) continue;
    if (may_be_whole) return std::exchange(received_, {});
    if (left_ms(deadline_ns) == 0) {
      return fail(ErrorCode::kTimeout,
                  fmt::format("{} did not answer within {} ms", link_->description(), timeout_ms));
    }
  }
}

Result<std::string> InstrumentLine::ask(const std::string& question, int64_t timeout_ms) {
  if (answer_is_due_) {
    // The answer to an earlier question would be taken for ours. What is as late as that was lost.
    const Result<std::string> late = receive(timeout_ms);
    if (!late && late.error().code != ErrorCode::kTimeout) return late;
    answer_is_due_ = false;
  }
  SLMRIG_TRY(discard_waiting());
  SLMRIG_TRY(tell(question));
  Result<std::string> answer = receive(timeout_ms);
  if (answer) return answer;
  answer_is_due_ = answer.error().code == ErrorCode::kTimeout;
  return tl::unexpected(base::within("asked " + question, std::move(answer.error())));
}

}  // namespace slmrig::rig
