#include "harness/deploy/started_board.h"

#include <fmt/format.h>

namespace slmrig::deploy {
namespace {

using base::Done;
using base::Error;
using base::ErrorCode;
using base::fail;
using base::Result;

constexpr int64_t kConnectPatienceMs = 5000;
// A USB adapter that was replugged, or that lost its power with its board, is back within a few seconds.
constexpr int64_t kReplugPatienceMs = 15'000;

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

rig::LineRates rates_of(const base::LinkSpec& link) {
  if (link.kind != "serial" && link.kind != "rfc2217" && link.kind != "tty") return {};
  return {link.baud, link.fast_baud};
}

}  // namespace

StartedBoard::StartedBoard(Start start)
    : bench_(std::move(start.bench)),
      agent_facts_(std::move(start.agent)),
      stand_ins_(std::move(start.stand_ins)),
      connection_(std::move(start.connection)),
      reset_means_(std::move(start.reset_means)),
      deployment_(std::move(start.deployment)),
      folder_(std::move(start.folder)) {}

StartedBoard::~StartedBoard() {
  // The agent sees its link close and ends by itself; an emulator is told to.
  client_.reset();
  if (child_ && child_->pid() > 0) child_->stop();
}

Error StartedBoard::explained(Error error) {
  if (const std::string ended = stand_ins_ ? stand_ins_->ended() : ""; !ended.empty())
    error.message += "; " + ended;
  std::string words = log_ ? log_->text() : "";
  while (!words.empty() && words.back() == '\n') words.pop_back();
  constexpr std::size_t kMaxBytes = 600;
  if (words.size() > kMaxBytes) words = "..." + words.substr(words.size() - kMaxBytes);
  if (!words.empty()) error.message += "; its process said: " + words;
  return base::within("bench " + bench_.name, std::move(error));
}

Done StartedBoard::check_place(const rig::Banner& banner) const {
  if (banner.board != bench_.board.name) {
    return fail(ErrorCode::kWrongBoard,
                fmt::format("holds a board '{}', the rig file says '{}'; mend the rig file, or "
                            "build the agent for this board",
                            banner.board, bench_.board.name));
  }
  if (!bench_.unit_id.empty() && banner.unique_id != bench_.unit_id) {
    return fail(ErrorCode::kWrongBoard,
                fmt::format("holds the unit '{}', the rig file says '{}'; if the board was "
                            "exchanged, change unit_id in the rig file",
                            banner.unique_id, bench_.unit_id));
  }
  return {};
}

Done StartedBoard::check_agent() const {
  SLMRIG_TRY(check_place(banner_));
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

Done StartedBoard::start_process(const std::vector<std::string>& command, bool with_output) {
  base::ChildOptions options;
  options.arguments = command;
  SLMRIG_ASSIGN(base::ChildProcess child, base::ChildProcess::spawn(options));
  child_ = std::make_unique<base::ChildProcess>(std::move(child));
  log_ = std::make_unique<ProcessLog>(*child_, with_output);
  return {};
}

Done StartedBoard::open_link(const Start& start) {
  std::unique_ptr<rig::Link> link;
  if (start.via == Via::kStdio) {
    link = rig::child_link(*child_, "the agent process " + start.command.front());
  } else {
    auto opened = rig::open_link(start.link, link_ ? kReplugPatienceMs : kConnectPatienceMs);
    if (!opened) {
      Error error = opened.error();
      const auto ended = child_ ? child_->poll() : std::nullopt;
      if (ended) error.message = fmt::format("{} ended at once ({})", start.command.front(), ended->text());
      return tl::unexpected(error);
    }
    link = std::move(*opened);
    if (child_) link = std::make_unique<WatchedLink>(std::move(link), *child_, start.command.front());
  }
  client_ = std::make_unique<rig::AgentClient>(std::move(link), start.timeouts, rates_of(start.link));
  client_->on_wait([log = log_.get(), stand_ins = stand_ins_.get()] {
    if (log != nullptr) log->drain();
    if (stand_ins != nullptr) stand_ins->drain();
  });
  return {};
}

Result<std::unique_ptr<StartedBoard>> StartedBoard::open(Start start) {
  Start how;
  how.via = start.via;
  how.command = start.command;
  how.link = start.link;
  how.timeouts = start.timeouts;
  std::unique_ptr<StartedBoard> board(new StartedBoard(std::move(start)));
  if (how.via != Via::kLink) {
    const Done started = board->start_process(how.command, how.via == Via::kSocket);
    if (!started) return tl::unexpected(board->explained(started.error()));
  }
  if (how.via == Via::kLink) {
    board->link_ = how.link;
    if (const std::string line = how.link.reset_line; !line.empty()) {
      const auto pulse = [client = &board->client_, line] { return (*client)->pulse_line(line); };
      board->reset_means_.insert(board->reset_means_.begin(), {"reset_line", pulse});
    }
  }
  if (const Done opened = board->open_link(how); !opened) {
    return tl::unexpected(board->explained(opened.error()));
  }
  return board;
}

Result<std::unique_ptr<StartedBoard>> StartedBoard::start(Start start) {
  SLMRIG_ASSIGN(std::unique_ptr<StartedBoard> board, open(std::move(start)));
  SLMRIG_TRY(board->connect());
  return board;
}

Result<rig::Banner> StartedBoard::ask_who(int64_t patience_ms) {
  auto banner = client_->connect(patience_ms);
  if (!banner) return tl::unexpected(explained(banner.error()));
  if (const Done checked = check_place(*banner); !checked) {
    return tl::unexpected(base::within("bench " + bench_.name, checked.error()));
  }
  return banner;
}

Done StartedBoard::take_banner(Result<rig::Banner> banner, std::string_view when) {
  if (!banner) return tl::unexpected(explained(banner.error()));
  banner_ = std::move(*banner);
  if (const Done checked = check_agent(); !checked) {
    return tl::unexpected(base::within(fmt::format("bench {}{}", bench_.name, when), checked.error()));
  }
  return {};
}

Done StartedBoard::connect() { return take_banner(client_->connect(), ""); }

Done StartedBoard::connect_or_reset() {
  auto banner = client_->connect();
  if (!banner) banner = reset_by_means(banner.error());
  return take_banner(std::move(banner), "");
}

// A port that is powered with its board goes and comes with it.
Result<rig::Banner> StartedBoard::connect_again() {
  auto banner = client_->connect();
  if (banner || banner.error().code != ErrorCode::kLinkLost || !link_) return banner;
  SLMRIG_ASSIGN(std::unique_ptr<rig::Link> link, rig::open_link(*link_, kReplugPatienceMs));
  client_->use_link(std::move(link));
  return client_->connect();
}

Result<rig::Banner> StartedBoard::reset_by_means(Error error) {
  const bool silent = error.code == ErrorCode::kTimeout || error.code == ErrorCode::kLinkLost;
  if (!silent) return tl::unexpected(error);
  for (const ResetMeans& means : reset_means_) {
    if (const Done reset = means.reset(); !reset) {
      error.message += fmt::format("; the {} could not reset it: {}", means.name, reset.error().text());
      continue;
    }
    ++deployment_.forced_resets[means.name];
    auto banner = connect_again();
    if (banner) return banner;
    error.message += fmt::format("; after a reset by the {}: {}", means.name, banner.error().message);
  }
  return tl::unexpected(error);
}

Result<rig::Banner> StartedBoard::reset() {
  auto banner = client_->reset();
  if (!banner) banner = reset_by_means(banner.error());
  SLMRIG_TRY(take_banner(std::move(banner), ": after a reset"));
  return banner_;
}

std::string StartedBoard::process_log() {
  return (log_ ? log_->text() : std::string()) + (stand_ins_ ? stand_ins_->log() : std::string());
}

void StartedBoard::set_image(uint32_t slot, std::string sha256) {
  slot_ = slot;
  image_sha256_ = std::move(sha256);
}

}  // namespace slmrig::deploy
