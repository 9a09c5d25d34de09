// The part of child_process.h that runs a program to its end.
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include <fmt/format.h>

#include "harness/base/child_process.h"
#include "harness/base/clock.h"

namespace slmrig::base {
namespace {

constexpr std::size_t kPieceBytes = 65536;
constexpr int64_t kStopCheckMs = 100;

class Capture {
 public:
  Capture(ChildProcess* child, const CaptureLimits& limits, std::string_view input)
      : child_(child),
        limits_(limits),
        input_(input),
        deadline_ns_(monotonic_now_ns() + limits.timeout_ms * 1'000'000) {
    for (int fd : {child->input(), child->output(), child->errors()}) {
      ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
    }
    if (input_.empty()) child_->close_input();
  }

  // Pumps until both outputs are closed.
  Done pump(CapturedRun* run) {
    bool output_open = true;
    bool errors_open = true;
    while (output_open || errors_open) {
      const int64_t left_ms = (deadline_ns_ - monotonic_now_ns()) / 1'000'000;
      if (left_ms <= 0)
        return fail(ErrorCode::kTimeout, fmt::format("took longer than {} ms", limits_.timeout_ms));
      if (limits_.stop && limits_.stop()) return fail(ErrorCode::kTimeout, "stopped by the user");
      std::array<pollfd, 3> waits = {pollfd{output_open ? child_->output() : -1, POLLIN, 0},
                                     pollfd{errors_open ? child_->errors() : -1, POLLIN, 0},
                                     pollfd{child_->input(), POLLOUT, 0}};
      if (::poll(waits.data(), waits.size(), static_cast<int>(std::min(left_ms, kStopCheckMs))) < 0) continue;
      if (waits[0].revents != 0) output_open = take(child_->output(), &run->output);
      if (waits[1].revents != 0) errors_open = take(child_->errors(), &run->errors);
      if (waits[2].revents != 0) feed();
      if (std::max(run->output.size(), run->errors.size()) > limits_.max_output_bytes) {
        return fail(ErrorCode::kIo, fmt::format("wrote more than {} bytes", limits_.max_output_bytes));
      }
    }
    const int64_t left_ms = std::max<int64_t>(1, (deadline_ns_ - monotonic_now_ns()) / 1'000'000);
    const auto state = child_->wait(left_ms);
    if (!state) return fail(ErrorCode::kTimeout, fmt::format("took longer than {} ms", limits_.timeout_ms));
    run->exit = *state;
    return {};
  }

 private:
  static bool take(int fd, std::string* text) {
    const std::size_t used = text->size();
    text->resize(used + kPieceBytes);
    const ssize_t got = ::read(fd, text->data() + used, kPieceBytes);
    text->resize(used + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
  }

  void feed() {
    const ssize_t written = ::write(child_->input(), input_.data(), input_.size());
    if (written > 0) {
      input_.remove_prefix(static_cast<std::size_t>(written));
      fed_bytes_ += static_cast<std::size_t>(written);
      if (limits_.fed) limits_.fed(fed_bytes_);
    }
    const bool closed = written < 0 && errno != EAGAIN && errno != EINTR;
    if (input_.empty() || closed) child_->close_input();
  }

  ChildProcess* child_;
  CaptureLimits limits_;
  std::string_view input_;
  std::size_t fed_bytes_ = 0;
  int64_t deadline_ns_;
};

}  // namespace

Result<CapturedRun> run_captured(const ChildOptions& options, const CaptureLimits& limits,
                                 std::string_view input) {
  SLMRIG_CHECK(options.streams == StandardStreams::kPipes);
  SLMRIG_ASSIGN(ChildProcess child, ChildProcess::spawn(options));
  CapturedRun run;
  if (Done pumped = Capture(&child, limits, input).pump(&run); !pumped) {
    child.stop();
    return tl::unexpected<Error>(within(command_text(options.arguments), pumped.error()));
  }
  return run;
}

}  // namespace slmrig::base
