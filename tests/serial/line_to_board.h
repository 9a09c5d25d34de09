// A board on a serial line, for tests: the real agent of this host on one pseudo-terminal, the test's port on
// another, and between them a wire that carries bytes only while both ends run at the same rate.
//
// A file "off" in folder() takes the board's power away for as long as it is there.
// The port's control lines (tests/serial/pty_lines.cc must be in the process that opens it) reset the board:
// one of them asserted holds it, letting go starts it anew.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "harness/base/child_process.h"
#include "harness/base/file.h"
#include "harness/base/unique_fd.h"

namespace slmrig::testing {

// Both ends of a pseudo-terminal; the slave's is kept open, so that a program that leaves does not end it.
struct Terminal {
  Terminal();
  base::UniqueFd master;
  base::UniqueFd slave;
  std::string path;  // "/dev/pts/3"
  int number = 0;
};

class LineToBoard {
 public:
  // agent: program and arguments, without --link. reset_line: "dtr", "rts" or none.
  // starts: whether the board is alive before its first reset.
  struct Options {
    std::vector<std::string> agent;
    std::string reset_line;
    bool starts = true;
    int most_baud = 4'000'000;  // what the wire carries
  };
  explicit LineToBoard(Options options);
  ~LineToBoard();
  LineToBoard(const LineToBoard&) = delete;
  LineToBoard& operator=(const LineToBoard&) = delete;

  // A name that libserialport takes: it wants an entry under /sys/class/tty, or a link that it takes for one.
  std::string address() const;
  std::string port_path() const { return port_->path; }
  // What the lines of the port did so far: "dtr=1 rts=0" a change.
  std::string lines() const;
  // The folder for SLMRIG_PTY_LINES.
  const std::filesystem::path& folder() const { return folder_.path(); }

  void unplug();  // the port is gone for whoever has it open
  void plug_in();

  void kill_board();
  void start_board();
  int resets() const { return resets_; }

 private:
  void serve();
  void stop_wire();
  void carry(int from, int to, int from_terminal, int to_terminal);
  void watch_lines();
  void watch_power();

  Options options_;
  base::TemporaryDirectory folder_;
  std::unique_ptr<Terminal> port_;
  Terminal board_;
  std::unique_ptr<base::ChildProcess> agent_;
  std::size_t lines_seen_ = 0;
  bool held_ = false;
  bool powered_ = true;
  std::atomic<int> resets_ = 0;
  std::atomic<bool> stop_ = false;
  std::thread wire_;
};

}  // namespace slmrig::testing
