#include "harness/base/child_process.h"

#include <sys/wait.h>
#include <unistd.h>
#include <csignal>

#include <thread>

#include <catch2/catch.hpp>

#include "harness/base/clock.h"
#include "harness/base/file.h"

namespace slmrig::base {
namespace {

ChildOptions program(std::vector<std::string> arguments, StandardStreams streams = StandardStreams::kPipes) {
  ChildOptions options;
  options.arguments = std::move(arguments);
  options.streams = streams;
  return options;
}

bool alive(pid_t pid) { return ::kill(pid, 0) == 0; }

// True when `pid` is gone within two seconds. A killed orphan is reaped by whoever adopts it; a zombie counts
// as gone.
bool goes_away(pid_t pid) {
  for (int i = 0; i < 200; ++i) {
    if (!alive(pid)) return true;
    const auto status = read_text("/proc/" + std::to_string(pid) + "/stat");
    if (!status || status->find(") Z ") != std::string::npos) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

}  // namespace

TEST_CASE("output, errors and exit status of a program are captured apart") {
  const auto run = run_captured(program({"sh", "-c", "echo out; echo err >&2; exit 3"})).value();
  CHECK(run.output == "out\n");
  CHECK(run.errors == "err\n");
  CHECK(run.exit.code == 3);
  CHECK(run.exit.text() == "exit status 3");
}

TEST_CASE("arguments reach the program as they are, without a shell") {
  const auto run = run_captured(program({"printf", "%s|", "a b", "$HOME", "*", ""})).value();
  CHECK(run.output == "a b|$HOME|*||");
}

TEST_CASE("input is fed and ended, also when it is larger than a pipe") {
  const std::string input(1'000'000, 'x');
  const auto run = run_captured(program({"cat"}), {}, input).value();
  CHECK(run.output == input);
  CHECK(run_captured(program({"true"}), {}, input).value().exit.ok());  // reads nothing: no harm
}

TEST_CASE("environment and working folder are the child's") {
  ChildOptions options = program({"sh", "-c", "echo $SLMRIG_X; pwd"});
  options.environment = {{"SLMRIG_X", "seven"}};
  options.working_directory = "/";
  CHECK(run_captured(options).value().output == "seven\n/\n");
}

TEST_CASE("a program that does not exist or may not run is named") {
  const auto missing = ChildProcess::spawn(program({"no-such-program-at-all"}));
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == ErrorCode::kBadInput);
  CHECK_THAT(missing.error().message, Catch::Contains("'no-such-program-at-all' is not in PATH"));
  const auto refused = ChildProcess::spawn(program({"/etc/passwd"}));
  REQUIRE_FALSE(refused);
  CHECK_THAT(refused.error().message, Catch::Contains("/etc/passwd: Permission denied"));
}

TEST_CASE("a program that takes too long or writes too much is stopped") {
  const int64_t begun_ns = monotonic_now_ns();
  const auto slow = run_captured(program({"sleep", "60"}), {.timeout_ms = 100, .max_output_bytes = 100});
  REQUIRE_FALSE(slow);
  CHECK(slow.error().code == ErrorCode::kTimeout);
  CHECK_THAT(slow.error().text(), Catch::Contains("sleep 60") && Catch::Contains("100 ms"));
  CHECK(monotonic_now_ns() - begun_ns < 5'000'000'000);
  const auto loud = run_captured(program({"yes"}), {.timeout_ms = 10'000, .max_output_bytes = 100'000});
  REQUIRE_FALSE(loud);
  CHECK_THAT(loud.error().text(), Catch::Contains("more than 100000 bytes"));
}

TEST_CASE("a child that ignores SIGTERM is killed") {
  auto child =
      ChildProcess::spawn(program({"sh", "-c", "trap '' TERM; echo ready; while :; do sleep 1; done"}))
          .value();
  char byte = 0;
  REQUIRE(::read(child.output(), &byte, 1) == 1);
  CHECK_FALSE(child.poll());
  const ExitState state = child.stop(100);
  CHECK(state.signal == SIGKILL);
  CHECK_THAT(state.text(), Catch::Contains("signal 9"));
}

TEST_CASE("the end of the owner ends the child and what it started") {
  pid_t grandchild = 0;
  {
    auto child = ChildProcess::spawn(program({"sh", "-c", "sleep 60 & echo $!; wait"})).value();
    std::string text(32, '\0');
    const ssize_t got = ::read(child.output(), text.data(), text.size());
    REQUIRE(got > 0);
    grandchild = static_cast<pid_t>(std::stol(text));
    CHECK(alive(grandchild));
  }
  CHECK(goes_away(grandchild));
}

// The child is started from a thread that ends at once: that alone must not kill it, the death of the process
// must.
TEST_CASE("a child outlives the thread that started it, and dies with the process") {
  std::array<int, 2> report = {};
  REQUIRE(::pipe(report.data()) == 0);
  const pid_t middle = ::fork();
  if (middle == 0) {
    auto own = run_captured(program({"true"}));  // the spawn thread must work in a forked process, too
    std::optional<ChildProcess> child;
    std::thread([&child] {
      if (auto spawned = ChildProcess::spawn(program({"sleep", "60"}, StandardStreams::kNull)))
        child = std::move(*spawned);
    }).join();
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    const pid_t pid = child && !child->poll() ? child->pid() : -1;
    [[maybe_unused]] const ssize_t written = ::write(report[1], &pid, sizeof pid);
    ::kill(::getpid(), SIGKILL);
  }
  pid_t child = -1;
  REQUIRE(::read(report[0], &child, sizeof child) == static_cast<ssize_t>(sizeof child));
  int status = 0;
  ::waitpid(middle, &status, 0);
  ::close(report[0]);
  ::close(report[1]);
  REQUIRE(child > 0);
  CHECK(goes_away(child));
}

TEST_CASE("a child on a pseudo-terminal sees a terminal") {
  auto child = ChildProcess::spawn(
                   program({"sh", "-c", "test -t 0 && test -t 1 && echo yes"}, StandardStreams::kTerminal))
                   .value();
  std::string text(16, '\0');
  const ssize_t got = ::read(child.output(), text.data(), text.size());
  REQUIRE(got > 0);
  CHECK(text.substr(0, 3) == "yes");
  CHECK(child.wait(2000).value().ok());
}

TEST_CASE("commands are written so that they can be read") {
  CHECK(command_text({"qemu", "-M", "a b", ""}) == "qemu -M 'a b' ''");
}

}  // namespace slmrig::base
