#include "harness/base/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <thread>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/base/clock.h"
#include "harness/base/internal/spawn_thread.h"

extern char** environ;

namespace slmrig::base {
namespace {

// Everything the child needs, made before the fork: between fork and exec only async-signal-safe calls are
// allowed.
struct Launch {
  std::vector<std::string> environment;
  std::vector<char*> argv;
  std::vector<char*> envp;
  std::string program;
  std::string working_directory;
  std::string terminal;  // path of the pseudo-terminal's child end
  std::array<int, 3> descriptors = {-1, -1, -1};
  int report = -1;  // an errno value goes here when exec fails
  pid_t parent = 0;
};

[[noreturn]] void give_up(const Launch& launch) {
  const int problem = errno;
  [[maybe_unused]] const ssize_t written = ::write(launch.report, &problem, sizeof problem);
  ::_exit(127);
}

[[noreturn]] void become_program(const Launch& launch) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != launch.parent) ::_exit(127);  // the parent died before the line above
  int from = -1;
  if (launch.terminal.empty()) {
    ::setpgid(0, 0);
  } else {
    ::setsid();
    from = ::open(launch.terminal.c_str(), O_RDWR);  // the first terminal opened becomes the controlling one
    if (from < 0) give_up(launch);
  }
  for (int target = 0; target < 3; ++target) {
    if (::dup2(from >= 0 ? from : launch.descriptors[static_cast<std::size_t>(target)], target) < 0)
      give_up(launch);
  }
  if (from > 2) ::close(from);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (int number : {SIGINT, SIGTERM, SIGPIPE}) ::signal(number, SIG_DFL);
  if (!launch.working_directory.empty() && ::chdir(launch.working_directory.c_str()) != 0) give_up(launch);
  ::execve(launch.program.c_str(), launch.argv.data(), launch.envp.data());
  give_up(launch);
}

std::string find_in_path(const std::string& name) {
  if (name.find('/') != std::string::npos) return name;
  const char* configured = std::getenv("PATH");
  std::string_view rest = configured != nullptr ? configured : "/usr/local/bin:/usr/bin:/bin";
  while (!rest.empty()) {
    const std::size_t colon = rest.find(':');
    std::string candidate = fmt::format("{}/{}", rest.substr(0, colon), name);
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
    rest = colon == std::string_view::npos ? std::string_view() : rest.substr(colon + 1);
  }
  return {};
}

void prepare(const ChildOptions& options, Launch* launch) {
  for (const std::string& argument : options.arguments)
    launch->argv.push_back(const_cast<char*>(argument.c_str()));
  launch->argv.push_back(nullptr);
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    if (!options.environment.contains(std::string(text.substr(0, text.find('='))))) {
      launch->environment.emplace_back(text);
    }
  }
  for (const auto& [key, value] : options.environment)
    launch->environment.push_back(fmt::format("{}={}", key, value));
  for (std::string& entry : launch->environment) launch->envp.push_back(entry.data());
  launch->envp.push_back(nullptr);
  launch->working_directory = options.working_directory;
  launch->parent = ::getpid();
}

struct Pipe {
  UniqueFd read_end;
  UniqueFd write_end;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> ends = {-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return fail(ErrorCode::kIo, fmt::format("cannot create a pipe: {}", std::strerror(errno)));
  }
  return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

Result<UniqueFd> open_terminal(std::string* child_end) {
  UniqueFd master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  std::array<char, 128> name = {};
  if (!master || ::grantpt(master.get()) != 0 || ::unlockpt(master.get()) != 0 ||
      ::ptsname_r(master.get(), name.data(), name.size()) != 0) {
    return fail(ErrorCode::kIo, fmt::format("cannot open a pseudo-terminal: {}", std::strerror(errno)));
  }
  *child_end = name.data();
  return master;
}

ExitState exit_state(int status) {
  if (WIFSIGNALED(status)) return ExitState{0, WTERMSIG(status)};
  return ExitState{WEXITSTATUS(status), 0};
}

// A child that closes its stdin early must not kill us: write() then says EPIPE.
void ignore_broken_pipes() { [[maybe_unused]] static const auto kEarlier = std::signal(SIGPIPE, SIG_IGN); }

}  // namespace

std::string ExitState::text() const {
  if (signal != 0) return fmt::format("killed by signal {} ({})", signal, ::strsignal(signal));
  return fmt::format("exit status {}", code);
}

std::string command_text(const std::vector<std::string>& arguments) {
  std::vector<std::string> quoted;
  for (const std::string& argument : arguments) {
    const bool plain = !argument.empty() && argument.find_first_of(" \t\n'\"") == std::string::npos;
    quoted.push_back(plain ? argument : "'" + argument + "'");
  }
  return fmt::format("{}", fmt::join(quoted, " "));
}

Result<ChildProcess> ChildProcess::spawn(const ChildOptions& options) {
  SLMRIG_CHECK(!options.arguments.empty());
  ignore_broken_pipes();
  Launch launch;
  launch.program = find_in_path(options.arguments[0]);
  if (launch.program.empty()) {
    return fail(ErrorCode::kBadInput, fmt::format("the program '{}' is not in PATH; install it (./dev setup)",
                                                  options.arguments[0]));
  }
  prepare(options, &launch);
  ChildProcess child;
  child.streams_ = options.streams;
  std::array<UniqueFd, 3> theirs;
  if (options.streams == StandardStreams::kPipes) {
    for (int stream = 0; stream < 3; ++stream) {
      SLMRIG_ASSIGN(Pipe pipe, make_pipe());
      (stream == 0   ? child.input_
       : stream == 1 ? child.output_
                     : child.errors_) = std::move(stream == 0 ? pipe.write_end : pipe.read_end);
      theirs[static_cast<std::size_t>(stream)] = std::move(stream == 0 ? pipe.read_end : pipe.write_end);
    }
  } else if (options.streams == StandardStreams::kNull) {
    for (UniqueFd& fd : theirs) fd.reset(::open("/dev/null", O_RDWR | O_CLOEXEC));
  } else {
    SLMRIG_ASSIGN(child.input_, open_terminal(&launch.terminal));
  }
  for (std::size_t i = 0; i < 3; ++i) launch.descriptors[i] = theirs[i].get();
  SLMRIG_ASSIGN(Pipe report, make_pipe());
  launch.report = report.write_end.get();
  child.pid_ = internal::fork_on_spawn_thread([&launch] { become_program(launch); });
  if (child.pid_ < 0)
    return fail(ErrorCode::kIo, fmt::format("cannot start a process: {}", std::strerror(errno)));
  report.write_end.reset();
  int problem = 0;
  ssize_t reported = 0;
  do {  // ends when exec closes the pipe, or with what went wrong
    reported = ::read(report.read_end.get(), &problem, sizeof problem);
  } while (reported < 0 && errno == EINTR);
  if (reported == static_cast<ssize_t>(sizeof problem)) {
    child.wait(1000);
    return fail(ErrorCode::kBadInput,
                fmt::format("cannot execute {}: {}", launch.program, std::strerror(problem)));
  }
  return child;
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      streams_(other.streams_),
      input_(std::move(other.input_)),
      output_(std::move(other.output_)),
      errors_(std::move(other.errors_)),
      ended_(other.ended_) {}

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
  if (this != &other) {
    if (pid_ > 0) stop();
    pid_ = std::exchange(other.pid_, -1);
    streams_ = other.streams_;
    input_ = std::move(other.input_);
    output_ = std::move(other.output_);
    errors_ = std::move(other.errors_);
    ended_ = other.ended_;
  }
  return *this;
}

ChildProcess::~ChildProcess() {
  if (pid_ > 0) stop();
}

std::optional<ExitState> ChildProcess::poll() {
  if (ended_ || pid_ < 0) return ended_;
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) == pid_) ended_ = exit_state(status);
  return ended_;
}

std::optional<ExitState> ChildProcess::wait(int64_t timeout_ms) {
  const int64_t deadline_ns = monotonic_now_ns() + timeout_ms * 1'000'000;
  int64_t nap_us = 200;
  while (!poll()) {
    if (monotonic_now_ns() >= deadline_ns) return std::nullopt;
    std::this_thread::sleep_for(std::chrono::microseconds(nap_us));
    nap_us = std::min<int64_t>(nap_us * 2, 10'000);
  }
  return ended_;
}

void ChildProcess::send_signal(int signal_number) {
  if (pid_ <= 0 || poll()) return;
  // The group, so that what the child started goes with it; a moment after fork there is none yet.
  if (::kill(-pid_, signal_number) != 0) ::kill(pid_, signal_number);
}

ExitState ChildProcess::stop(int64_t grace_ms) {
  SLMRIG_CHECK(pid_ > 0);
  send_signal(SIGTERM);
  if (!wait(grace_ms)) {
    send_signal(SIGKILL);
    int status = 0;
    while (!ended_ && (::waitpid(pid_, &status, 0) == pid_ || errno != EINTR)) ended_ = exit_state(status);
  }
  return *ended_;
}

}  // namespace slmrig::base
