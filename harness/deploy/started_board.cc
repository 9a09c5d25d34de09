#include "harness/deploy/started_board.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include <fmt/format.h>

#include "harness/base/utf8.h"

namespace slmrig::deploy {
namespace {

using base::Done;
using base::Error;
using base::ErrorCode;
using base::fail;
using base::Result;

constexpr int64_t kConnectPatienceMs = 5000;

void set_nonblocking(int fd) { ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK); }

// A socket that a process of ours serves: when it is lost, how the process ended is the better half of the
// story.
class WatchedLink final : public rig::Link {
 public:
  WatchedLink(std::unique_ptr<rig::Link> link, base::ChildProcess& process, std::string program)
      : link_(std::move(link)), process_(process), program_(std::move(program)) {}

  Result<std::size_t> read(std::span<uint8_t> buffer, int64_t timeout_ms) override {
    auto got = link_->read(buffer, timeout_ms);
    if (!got) return tl::unexpected(explained(got.error()));
    return got;
  }
  Done write(std::span<const uint8_t> bytes) override {
    Done written = link_->write(bytes);
    if (!written) return tl::unexpected(explained(written.error()));
    return written;
  }
  void close() override { link_->close(); }
  const std::string& description() const override { return link_->description(); }

 private:
  Error explained(Error error) {
    constexpr int64_t kReapMs = 500;  // its streams close a moment before it can be reaped
    if (error.code != ErrorCode::kLinkLost) return error;
    if (const auto state = process_.wait(kReapMs))
      error.message += fmt::format("; {} ended ({})", program_, state->text());
    return error;
  }

  std::unique_ptr<rig::Link> link_;
  base::ChildProcess& process_;
  std::string program_;
};

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

StartedBoard::StartedBoard(Start start)
    : bench_(std::move(start.bench)),
      agent_facts_(std::move(start.agent)),
      folder_(std::move(start.folder)) {}

StartedBoard::~StartedBoard() {
  // The agent sees its link close and ends by itself; an emulator is told to.
  client_.reset();
  if (child_ && child_->pid() > 0) child_->stop();
}

Error StartedBoard::explained(Error error) {
  std::string words = log_ ? log_->text() : "";
  while (!words.empty() && words.back() == '\n') words.pop_back();
  constexpr std::size_t kMaxBytes = 600;
  if (words.size() > kMaxBytes) words = "..." + words.substr(words.size() - kMaxBytes);
  if (!words.empty()) error.message += "; its process said: " + words;
  return base::within("bench " + bench_.name, std::move(error));
}

Done StartedBoard::check_banner() const {
  if (banner_.board != bench_.board.name) {
    return fail(ErrorCode::kWrongBoard,
                fmt::format("holds a board '{}', the rig file says '{}'; mend the rig file, or "
                            "build the agent for this board",
                            banner_.board, bench_.board.name));
  }
  if (!bench_.unit_id.empty() && banner_.unique_id != bench_.unit_id) {
    return fail(ErrorCode::kWrongBoard,
                fmt::format("holds the unit '{}', the rig file says '{}'; if the board was "
                            "exchanged, change unit_id in the rig file",
                            banner_.unique_id, bench_.unit_id));
  }
  if (banner_.agent_build_id != agent_facts_.build_id) {
    return fail(ErrorCode::kCorrupt,
                fmt::format("runs an agent of build {}, deployed was {} ({})", banner_.agent_build_id,
                            agent_facts_.build_id, agent_facts_.file));
  }
  if (banner_.tick_rate_hz != bench_.board.tick_rate_hz) {
    return fail(ErrorCode::kBadInput,
                fmt::format("counts {} ticks a second, {} says {}", banner_.tick_rate_hz, bench_.board.file,
                            bench_.board.tick_rate_hz));
  }
  return {};
}

Result<std::unique_ptr<StartedBoard>> StartedBoard::start(Start start) {
  const std::vector<std::string> command = std::move(start.command);
  const Via via = start.via;
  const base::LinkSpec spec = start.link;
  const rig::ClientTimeouts timeouts = start.timeouts;
  std::unique_ptr<StartedBoard> board(new StartedBoard(std::move(start)));
  const auto refused = [&](const Error& error) { return tl::unexpected(board->explained(error)); };

  base::ChildOptions options;
  options.arguments = command;
  auto child = base::ChildProcess::spawn(options);
  if (!child) return refused(child.error());
  board->child_ = std::make_unique<base::ChildProcess>(std::move(*child));
  board->log_ = std::make_unique<ProcessLog>(*board->child_, via == Via::kSocket);

  std::unique_ptr<rig::Link> link;
  if (via == Via::kStdio) {
    link = rig::child_link(*board->child_, "the agent process " + command.front());
  } else {
    auto opened = rig::open_link(spec, kConnectPatienceMs);
    if (!opened) {
      Error error = opened.error();
      if (const auto ended = board->child_->poll()) {
        error.message = fmt::format("{} ended at once ({})", command.front(), ended->text());
      }
      return refused(error);
    }
    link = std::make_unique<WatchedLink>(std::move(*opened), *board->child_, command.front());
  }
  board->client_ = std::make_unique<rig::AgentClient>(std::move(link), timeouts);
  board->client_->on_wait([log = board->log_.get()] { log->drain(); });
  auto banner = board->client_->connect();
  if (!banner) return refused(banner.error());
  board->banner_ = std::move(*banner);
  if (const Done checked = board->check_banner(); !checked) {
    return tl::unexpected(base::within("bench " + board->bench_.name, checked.error()));
  }
  return board;
}

Result<rig::Banner> StartedBoard::reset() {
  auto banner = client_->reset();
  if (!banner) return tl::unexpected(explained(banner.error()));
  banner_ = std::move(*banner);
  if (const Done checked = check_banner(); !checked) {
    return tl::unexpected(base::within(fmt::format("bench {}: after a reset", bench_.name), checked.error()));
  }
  return banner_;
}

void StartedBoard::set_image(uint32_t slot, std::string sha256) {
  slot_ = slot;
  image_sha256_ = std::move(sha256);
}

}  // namespace slmrig::deploy
