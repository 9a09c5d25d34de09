#include "harness/deploy/process_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>

#include "harness/base/utf8.h"

namespace slmrig::deploy {
namespace {

void set_nonblocking(int fd) { ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK); }

}  // namespace

ProcessLog::ProcessLog(base::ChildProcess& child, bool with_output)
    : child_(child), with_output_(with_output) {
  set_nonblocking(child_.errors());
  if (with_output_) set_nonblocking(child_.output());
}

void ProcessLog::drain_descriptor(int fd, std::string* partial) {
  std::array<char, 4096> piece;
  // Bounded, so that a process that never stops writing cannot hold us here.
  for (int rounds = 0; rounds < 64; ++rounds) {
    const ssize_t got = ::read(fd, piece.data(), piece.size());
    if (got <= 0) return;
    partial->append(piece.data(), static_cast<std::size_t>(got));
    std::size_t line_end = 0;
    while ((line_end = partial->find('\n')) != std::string::npos) {
      text_.add_line(base::make_valid_utf8(std::string_view(*partial).substr(0, line_end)));
      partial->erase(0, line_end + 1);
    }
    constexpr std::size_t kMaxPartialBytes = 16384;
    if (partial->size() > kMaxPartialBytes) partial->clear();
  }
}

void ProcessLog::drain() {
  drain_descriptor(child_.errors(), &partial_errors_);
  if (with_output_) drain_descriptor(child_.output(), &partial_output_);
}

std::string ProcessLog::text() {
  drain();
  return text_.text() + base::make_valid_utf8(partial_output_) + base::make_valid_utf8(partial_errors_);
}

}  // namespace slmrig::deploy
