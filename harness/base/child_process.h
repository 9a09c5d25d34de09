// Child processes: started without a shell, in a process group of their own, never left behind.
//
// A child is killed by the kernel when this process dies, however it dies. Its own group keeps the terminal's
// Ctrl-C from it: we decide when it stops. Everything that waits takes a limit.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/unique_fd.h"

namespace slmrig::base {

enum class StandardStreams {
  kPipes,     // stdin, stdout and stderr are three pipes to us
  kNull,      // all three are /dev/null
  kTerminal,  // all three are one pseudo-terminal, whose other end is input() and output()
};

struct ChildOptions {
  std::vector<std::string> arguments;  // [0] is the program: a path, or a name that is looked up in PATH
  std::map<std::string, std::string> environment;  // added to our own
  std::string working_directory;                   // empty: ours
  StandardStreams streams = StandardStreams::kPipes;
};

// How a child ended.
struct ExitState {
  int code = 0;    // exit status; meaningless when signal is not 0
  int signal = 0;  // what killed it; 0: it exited
  bool ok() const { return code == 0 && signal == 0; }
  std::string text() const;  // "exit status 2", "killed by signal 9 (Killed)"
};

// One thread at a time. Destruction stops the child (SIGTERM, 500 ms later SIGKILL) and reaps it.
class ChildProcess {
 public:
  // kBadInput when the program cannot be executed (not found, no permission): the message names it.
  static Result<ChildProcess> spawn(const ChildOptions& options);

  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&& other) noexcept;
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  ~ChildProcess();

  pid_t pid() const { return pid_; }
  // Our ends; -1 where there is none. They stay owned by this object.
  int input() const { return input_.get(); }
  int output() const { return streams_ == StandardStreams::kTerminal ? input_.get() : output_.get(); }
  int errors() const { return errors_.get(); }
  void close_input() { input_.reset(); }

  // Reaps without waiting; nothing while it runs.
  std::optional<ExitState> poll();
  // Waits at most this long; nothing when it still runs then.
  std::optional<ExitState> wait(int64_t timeout_ms);
  // Asks (SIGTERM), and after `grace_ms` kills; returns how it ended.
  ExitState stop(int64_t grace_ms = 500);
  void send_signal(int signal_number);

 private:
  ChildProcess() = default;

  pid_t pid_ = -1;
  StandardStreams streams_ = StandardStreams::kPipes;
  UniqueFd input_;
  UniqueFd output_;
  UniqueFd errors_;
  std::optional<ExitState> ended_;
};

struct CaptureLimits {
  int64_t timeout_ms = 60'000;
  std::size_t max_output_bytes = 64U << 20U;  // of each stream; more is an error, the child is stopped
  std::function<bool()> stop = {};            // true: the child is stopped within a fifth of a second
  // Hears how many bytes of the input the child has been given, or the pipe to it, after each piece.
  std::function<void(std::size_t fed_bytes)> fed = {};
};

struct CapturedRun {
  ExitState exit;
  std::string output;
  std::string errors;
};

// Runs to the end and keeps what it wrote; `input` is fed to its stdin. kTimeout names the program and the
// limit, or says that it was stopped. A child that ends badly is not an error here: look at exit.
Result<CapturedRun> run_captured(const ChildOptions& options, const CaptureLimits& limits = {},
                                 std::string_view input = {});

// "qemu-system-arm -M mps2-an386 ...": for messages and logs; arguments with blanks are quoted.
std::string command_text(const std::vector<std::string>& arguments);

}  // namespace slmrig::base
