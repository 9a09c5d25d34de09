#include "tests/serial/line_to_board.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <array>

#include "harness/base/error.h"

namespace slmrig::testing {

// Bits a second that the terminal is set to (terminal_rate.cc).
int terminal_baud(int terminal);

namespace {

constexpr int kStepMs = 5;

}  // namespace

Terminal::Terminal() : master(::posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)) {
  std::array<char, 64> name = {};
  SLMRIG_CHECK(::grantpt(master.get()) == 0 && ::unlockpt(master.get()) == 0);
  SLMRIG_CHECK(::ptsname_r(master.get(), name.data(), name.size()) == 0);
  path = name.data();
  number = std::stoi(path.substr(path.rfind('/') + 1));
  slave.reset(::open(path.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC));
  termios settings = {};
  ::tcgetattr(slave.get(), &settings);
  ::cfmakeraw(&settings);
  ::cfsetspeed(&settings, B115200);
  ::tcsetattr(slave.get(), TCSANOW, &settings);
}

LineToBoard::LineToBoard(Options options)
    : options_(std::move(options)), folder_(base::TemporaryDirectory::create("line").value()) {
  ::setenv("SLMRIG_PTY_LINES", folder_.path().c_str(), 1);
  plug_in();
  if (options_.starts) start_board();
}

LineToBoard::~LineToBoard() { stop_wire(); }

void LineToBoard::stop_wire() {
  stop_ = true;
  if (wire_.joinable()) wire_.join();
}

std::string LineToBoard::address() const { return "/dev/../../.." + (folder_.path() / "port").string(); }

std::string LineToBoard::lines() const {
  return base::read_text(folder_.path() / std::to_string(port_->number)).value_or("");
}

void LineToBoard::plug_in() {
  auto port = std::make_unique<Terminal>();
  std::filesystem::remove(folder_.path() / std::to_string(port->number));
  std::filesystem::create_symlink(port->path, folder_.path() / "port");
  lines_seen_ = 0;
  port_ = std::move(port);
  stop_ = false;
  wire_ = std::thread([this] { serve(); });
}

void LineToBoard::unplug() {
  stop_wire();
  std::filesystem::remove(folder_.path() / "port");
  port_->slave.reset();
  port_->master.reset();
}

void LineToBoard::start_board() {
  base::ChildOptions options;
  options.arguments = options_.agent;
  options.arguments.insert(options.arguments.end(), {"--link", board_.path});
  options.streams = base::StandardStreams::kNull;
  ::tcflush(board_.slave.get(), TCIOFLUSH);
  agent_ = std::make_unique<base::ChildProcess>(base::ChildProcess::spawn(options).value());
}

void LineToBoard::kill_board() { agent_.reset(); }

// One line asserted holds the board in reset; letting go starts it.
void LineToBoard::watch_lines() {
  const std::string text = lines();
  while (lines_seen_ < text.size()) {
    const std::size_t end = text.find('\n', lines_seen_);
    if (end == std::string::npos) return;
    const std::string line = text.substr(lines_seen_, end - lines_seen_);
    lines_seen_ = end + 1;
    const bool asserted = line.find(options_.reset_line + "=1") != std::string::npos;
    if (asserted && !held_) kill_board();
    if (!asserted && held_) {
      ++resets_;
      start_board();
    }
    held_ = asserted;
  }
}

void LineToBoard::watch_power() {
  const bool powered = !std::filesystem::exists(folder_.path() / "off");
  if (powered == powered_) return;
  powered_ = powered;
  if (!powered) return kill_board();
  ++resets_;
  start_board();
}

void LineToBoard::carry(int from, int to, int from_terminal, int to_terminal) {
  std::array<uint8_t, 4096> bytes;
  const ssize_t got = ::read(from, bytes.data(), bytes.size());
  if (got <= 0) return;
  const int baud = terminal_baud(from_terminal);
  const bool carried = baud == terminal_baud(to_terminal) && baud <= options_.most_baud;
  for (ssize_t i = 0; i < got; ++i) {
    if (!carried) bytes[static_cast<std::size_t>(i)] ^= 0x5A;
  }
  for (ssize_t done = 0; done < got && !stop_;) {
    const ssize_t written = ::write(to, bytes.data() + done, static_cast<std::size_t>(got - done));
    pollfd wait = {to, POLLOUT, 0};
    if (written > 0) {
      done += written;
    } else {
      ::poll(&wait, 1, kStepMs);
    }
  }
}

void LineToBoard::serve() {
  while (!stop_) {
    std::array<pollfd, 2> ends = {pollfd{port_->master.get(), POLLIN, 0},
                                  pollfd{board_.master.get(), POLLIN, 0}};
    ::poll(ends.data(), ends.size(), kStepMs);
    carry(port_->master.get(), board_.master.get(), port_->slave.get(), board_.slave.get());
    carry(board_.master.get(), port_->master.get(), board_.slave.get(), port_->slave.get());
    if (!options_.reset_line.empty()) watch_lines();
    watch_power();
  }
}

}  // namespace slmrig::testing
