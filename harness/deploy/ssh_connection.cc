#include "harness/deploy/ssh_connection.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "harness/base/clock.h"
#include "harness/deploy/ssh_command.h"

namespace slmrig::deploy {
namespace {

using base::Done;
using base::ErrorCode;
using base::fail;
using base::Result;

constexpr int kExitOfSshItself = 255;
constexpr int kLastWordsMs = 1000;
constexpr std::size_t kMostFirstBytes = 1U << 20U;

// Appends what is there; false at the end of the stream.
bool take(int fd, std::string* text) {
  std::array<char, 4096> piece;
  const ssize_t got = ::read(fd, piece.data(), piece.size());
  if (got > 0) text->append(piece.data(), static_cast<std::size_t>(got));
  return got > 0;
}

}  // namespace

SshConnection::~SshConnection() {
  if (!master_) return;
  // Its script waits for the end of its input, and ssh for its script.
  master_->close_input();
  constexpr int64_t kFarewellMs = 1000;
  if (!master_->wait(kFarewellMs)) master_->stop();
}

Result<std::unique_ptr<SshConnection>> SshConnection::open(const base::SshSpec& spec, std::string_view script,
                                                           const std::vector<std::string>& arguments,
                                                           std::string_view last_line, int64_t timeout_ms) {
  SLMRIG_ASSIGN(base::TemporaryDirectory folder, base::TemporaryDirectory::create("ssh"));
  std::unique_ptr<SshConnection> connection(new SshConnection(spec, std::move(folder)));
  base::ChildOptions options;
  options.arguments = ssh_command(spec, connection->socket(), true, remote_script(script, arguments));
  SLMRIG_ASSIGN(base::ChildProcess master, base::ChildProcess::spawn(options));
  connection->master_ = std::make_unique<base::ChildProcess>(std::move(master));
  SLMRIG_TRY(connection->read_lines(last_line, timeout_ms));
  return connection;
}

Done SshConnection::read_lines(std::string_view last_line, int64_t timeout_ms) {
  const int64_t deadline_ns = base::monotonic_now_ns() + timeout_ms * 1'000'000;
  std::string output;
  std::string errors;
  bool errors_open = true;
  for (;;) {
    const int64_t left_ms = (deadline_ns - base::monotonic_now_ns()) / 1'000'000;
    if (left_ms <= 0) {
      return fail(ErrorCode::kTimeout, fmt::format("{} took longer than {} s to answer",
                                                   ssh_destination(spec_), timeout_ms / 1000));
    }
    std::array<pollfd, 2> waits = {pollfd{master_->output(), POLLIN, 0},
                                   pollfd{errors_open ? master_->errors() : -1, POLLIN, 0}};
    if (::poll(waits.data(), waits.size(), static_cast<int>(left_ms)) <= 0) continue;
    if (waits[1].revents != 0) errors_open = take(master_->errors(), &errors);
    if (waits[0].revents == 0) continue;
    const bool open = take(master_->output(), &output);
    for (std::size_t end = 0; (end = output.find('\n')) != std::string::npos; output.erase(0, end + 1)) {
      lines_.push_back(output.substr(0, end));
      if (lines_.back() == last_line) return {};
    }
    if (output.size() > kMostFirstBytes || lines_.size() > kMostFirstBytes)
      return fail(ErrorCode::kCorrupt, fmt::format("{} does not stop talking", ssh_destination(spec_)));
    if (open) continue;
    // Its last words; a program that ssh started may hold the stream open for longer.
    pollfd wait = {master_->errors(), POLLIN, 0};
    while (errors.size() < kMostFirstBytes && ::poll(&wait, 1, kLastWordsMs) > 0) {
      if (!take(master_->errors(), &errors)) break;
    }
    const auto exit = master_->wait(kLastWordsMs);
    return tl::unexpected(ended(exit ? *exit : master_->stop(), errors));
  }
}

base::Error SshConnection::ended(base::ExitState exit, const std::string& words) const {
  if (exit.code == kExitOfSshItself || exit.signal != 0) return ssh_failure(spec_, words);
  return remote_failure("preparing", exit.text(), words);
}

Result<base::CapturedRun> SshConnection::run(std::string_view script,
                                             const std::vector<std::string>& arguments,
                                             std::string_view input, int64_t timeout_ms,
                                             const std::function<void(std::size_t)>& fed) {
  base::ChildOptions options;
  options.arguments = command(script, arguments);
  auto run = base::run_captured(options, {.timeout_ms = timeout_ms, .fed = fed}, input);
  if (!run) {
    base::Error error = run.error();
    error.context = ssh_destination(spec_);  // and not the whole command
    return tl::unexpected(error);
  }
  if (run->exit.code == kExitOfSshItself || run->exit.signal != 0) {
    return tl::unexpected(ssh_failure(spec_, run->errors));
  }
  return run;
}

std::vector<std::string> SshConnection::command(std::string_view script,
                                                const std::vector<std::string>& arguments) const {
  return ssh_command(spec_, socket(), false, remote_script(script, arguments));
}

}  // namespace slmrig::deploy
