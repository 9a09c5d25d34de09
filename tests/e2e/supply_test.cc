// A bench that is this host, as far as its board goes, and whose supply is a virtual one in real time.
#include <poll.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <optional>

#include <catch2/catch.hpp>

#include "harness/base/clock.h"
#include "tests/e2e/sandbox.h"

namespace slmrig::e2e {
namespace {

using Catch::Matchers::Contains;
using nlohmann::json;

const char* const kPlan = R"({
  "name": "fed", "benches": ["native"], "models": ["wrist-nano"], "variants": ["int4"],
  "suites": ["intents"], "settings": {"context_tokens": 256, "prompts": 2, "cold_starts": 1},
  "energy": {"prompts": 2, "idle_ms": 1000}})";

class FedBench {
 public:
  FedBench() {
    base::ChildOptions options;
    options.streams = base::StandardStreams::kNull;
    options.arguments = {program_path("slmrig-virtual-scpi"),
                         "--model",
                         "rigol-dp832",
                         "--ready-file",
                         sandbox.path("ready"),
                         "--control",
                         control(),
                         "--load",
                         "10mA"};
    auto child = base::ChildProcess::spawn(options);
    REQUIRE(child);
    supply_.emplace(std::move(*child));
    const int64_t deadline_ns = base::monotonic_now_ns() + 10'000'000'000;
    std::string address;
    while (address.empty() && base::monotonic_now_ns() < deadline_ns)
      address = base::read_text(sandbox.path("ready")).value_or("");
    REQUIRE_FALSE(address.empty());
    const std::string board_file = sandbox.make_root() + "/boards/native/board.json";
    json board = json::parse(read_file(board_file));
    board["safe_voltages_mv"] = {{"minimum", 3000}, {"maximum", 3600}, {"nominal", 3300}};
    REQUIRE(base::write_file_atomically(board_file, board.dump()));
    const json meter = {{"kind", "scpi"},
                        {"address", address},
                        {"mode", "source"},
                        {"leave_powered", false},
                        {"settings", {{"current_limit_ma", "500"}}}};
    const json bench = {
        {"name", "native"}, {"board", "native"}, {"link", {{"kind", "stdio"}}}, {"meter", meter}};
    rig = sandbox.write("rig.json", json{{"name", "desk"}, {"benches", {bench}}}.dump());
  }

  std::string control() const { return sandbox.path("control"); }
  std::string tell(const std::string& line) const {
    return sandbox.run("slmrig-virtual-scpi", {"--tell", control(), line}).output;
  }
  std::string state_until(const std::string& words) const {
    const int64_t deadline_ns = base::monotonic_now_ns() + 30'000'000'000;
    std::string state;
    do {
      state = tell("state");
    } while (state.find(words) == std::string::npos && base::monotonic_now_ns() < deadline_ns);
    return state;
  }

  Sandbox sandbox;
  std::string rig;

 private:
  std::optional<base::ChildProcess> supply_;
};

// Reads `fd` until it ends, and calls `line` for each one.
template <typename Line>
std::string read_lines(int fd, const Line& line) {
  std::string all;
  std::size_t done = 0;
  std::array<char, 4096> piece = {};
  for (;;) {
    pollfd wait = {fd, POLLIN, 0};
    if (::poll(&wait, 1, 60'000) <= 0) return all;
    const ssize_t got = ::read(fd, piece.data(), piece.size());
    if (got <= 0) return all;
    all.append(piece.data(), static_cast<std::size_t>(got));
    for (std::size_t end = all.find('\n', done); end != std::string::npos; end = all.find('\n', done)) {
      line(all.substr(done, end - done));
      done = end + 1;
    }
  }
}

}  // namespace

TEST_CASE("a supply's output is put right by the next run where one was killed in mid-pass", "[e2e]") {
  const FedBench bench;
  const std::string plan = bench.sandbox.write("fed.json", kPlan);
  CHECK_THAT(bench.tell("state"), Contains("off 0.0000 V"));
  base::ChildProcess run = bench.sandbox.start_plan(plan, {"--rig", bench.rig});
  CHECK_THAT(bench.state_until("on 3.3000 V"), Contains("limit 0.5000 A"));
  run.send_signal(SIGKILL);
  REQUIRE(run.wait(10'000));
  CHECK_THAT(bench.tell("state"), Contains("on 3.3000 V"));
  const Ended next = bench.sandbox.run_plan(plan, {"--rig", bench.rig});
  INFO(next.text());
  CHECK(next.exit_code == 0);
  CHECK(bench.sandbox.count("select count(*) from v_energy where phase = 'decode' and tier = 'hardware'") ==
        1);
  // Some tens of readings a second tell no tokens apart.
  CHECK(bench.sandbox.count("select count(*) from v_token_energy") == 0);
  CHECK_THAT(bench.tell("state"), Contains("off 3.3000 V"));
}

TEST_CASE("a meter in real time follows its board's load", "[e2e]") {
  const FedBench bench;
  base::ChildOptions options;
  options.arguments = {program_path("slmrig"), "rig", "identify", "native", "--rig", bench.rig,
                       "--all-meters"};
  options.environment = bench.sandbox.environment;
  options.working_directory = bench.sandbox.path("");
  auto child = base::ChildProcess::spawn(options);
  REQUIRE(child);
  // What hangs on the supply: the board, which is busy or asleep as identify lets it be.
  const std::string errors = read_lines(child->errors(), [&](const std::string& line) {
    if (line.find("native: pulse") == std::string::npos) return;
    bench.tell(line.find("busy") != std::string::npos ? "load 60mA" : "load 10mA");
  });
  const std::string output = read_lines(child->output(), [](const std::string&) {});
  const auto ended = child->wait(10'000);
  REQUIRE(ended);
  INFO(errors << output);
  CHECK(ended->code == 0);
  CHECK_THAT(output, Contains(" sees the load of native, and no other meter does"));
  // The supply is as the rig file wants it left.
  CHECK_THAT(bench.tell("state"), Contains("off 3.3000 V"));
}

}  // namespace slmrig::e2e
