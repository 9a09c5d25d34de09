// slmrig power record: a meter by itself, as on an engineer's desk.
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <optional>

#include <catch2/catch.hpp>

#include "harness/base/clock.h"
#include "tests/e2e/sandbox.h"

namespace slmrig::e2e {
namespace {

using Catch::Matchers::Contains;

class Desk {
 public:
  explicit Desk(const std::string& kind, std::vector<std::string> further = {})
      : program_("slmrig-virtual-" + kind), meter_(kind + ":" + sandbox.path("port")) {
    base::ChildOptions options;
    options.streams = base::StandardStreams::kNull;
    options.arguments = {program_path(program_),  "--port", sandbox.path("port"), "--control",
                         sandbox.path("control"), "--load", "square:1mA:3mA:10"};
    options.arguments.insert(options.arguments.end(), further.begin(), further.end());
    auto child = base::ChildProcess::spawn(options);
    REQUIRE(child);
    instrument_.emplace(std::move(*child));
    const int64_t deadline_ns = base::monotonic_now_ns() + 10'000'000'000;
    while (!std::filesystem::exists(sandbox.path("port")) && base::monotonic_now_ns() < deadline_ns) {
    }
    REQUIRE(std::filesystem::exists(sandbox.path("port")));
  }

  std::vector<std::string> arguments(const std::string& seconds, const std::string& file) const {
    return {"power", "record", "--meter", meter_, "--seconds", seconds, "-o", file};
  }
  Ended record(const std::string& seconds, const std::string& file) const {
    return sandbox.slmrig(arguments(seconds, file));
  }
  std::string tell(const std::string& line) const {
    return sandbox.run(program_, {"--tell", sandbox.path("control"), line}).output;
  }

  Sandbox sandbox;

 private:
  std::string program_;
  std::string meter_;
  std::optional<base::ChildProcess> instrument_;
};

// The number behind `name` at the beginning of a line.
double figure(const std::string& text, const std::string& name) {
  const std::size_t at = text.find("\n" + name + " ");
  REQUIRE(at != std::string::npos);
  return std::stod(text.substr(at + 1 + name.size()));
}

}  // namespace

TEST_CASE("a PPK2 and an LPM01A are recorded, and other programs can read it", "[e2e]") {
  const std::string kind = GENERATE("ppk2", "lpm01a");
  CAPTURE(kind);
  // Nobody had its port open: such a PPK2 lets the board's power fall, and goes on here.
  const Desk desk(kind, kind == "ppk2" ? std::vector<std::string>{"--power-stays", "--switch-spike", "0"}
                                       : std::vector<std::string>());
  const std::string file = desk.sandbox.path("a.capture");
  const Ended recorded = desk.record("0.5", file);
  INFO(recorded.text());
  REQUIRE(recorded.exit_code == 0);
  CHECK(figure(recorded.output, "mean") == Approx(2.0).epsilon(0.02));
  CHECK(figure(recorded.output, "max") == Approx(3.0).epsilon(0.05));
  CHECK(figure(recorded.output, "lost") == 0);
  const double samples = figure(recorded.output, "samples");
  CHECK(samples >= 0.5 * (kind == "ppk2" ? 100'000 : 10'000));
  CHECK(desk.sandbox.slmrig({"power", "export", file}).exit_code == 0);
  const std::string csv = read_file(desk.sandbox.path("a.csv"));
  CHECK(static_cast<double>(std::count(csv.begin(), csv.end(), '\n')) == samples + 1);
}

TEST_CASE("what goes wrong while a meter is recorded is said, and what was recorded stays", "[e2e]") {
  const Desk desk("ppk2", {"--power-stays"});
  const Ended full = desk.record("1", "/dev/full");
  CHECK(full.exit_code == 3);
  CHECK_THAT(full.errors, Contains("writing /dev/full: No space left on device; free some space"));

  // The one that holds the port is named.
  base::ChildOptions options;
  options.arguments = desk.arguments("600", desk.sandbox.path("long.capture"));
  options.arguments.insert(options.arguments.begin(), program_path("slmrig"));
  options.environment = desk.sandbox.environment;
  options.streams = base::StandardStreams::kNull;
  auto first = base::ChildProcess::spawn(options);
  REQUIRE(first);
  const int64_t deadline_ns = base::monotonic_now_ns() + 30'000'000'000;
  while (desk.tell("state").find("streaming=yes") == std::string::npos &&
         base::monotonic_now_ns() < deadline_ns) {
  }
  const Ended second = desk.record("1", desk.sandbox.path("second.capture"));
  CHECK(second.exit_code == 3);
  CHECK_THAT(second.errors, Contains("is in use by process " + std::to_string(first->pid())));

  // Unplugged: the one that records ends by itself, and its file can be read.
  CHECK_THAT(desk.tell("fault unplug"), Contains("ok"));
  const auto ended = first->wait(30'000);
  REQUIRE(ended);
  CHECK(ended->code == 3);
  const Ended exported = desk.sandbox.slmrig({"power", "export", desk.sandbox.path("long.capture")});
  INFO(exported.text());
  CHECK(exported.exit_code == 0);
  CHECK(figure("\n" + exported.output, "samples") > 0);
}

TEST_CASE("what is no meter, or streams rubbish, is refused as such", "[e2e]") {
  const Desk desk("ppk2");
  const std::string file = desk.sandbox.path("a.capture");
  CHECK_THAT(desk.tell("fault shell"), Contains("ok"));
  const Ended shell = desk.record("1", file);
  CHECK(shell.exit_code == 2);
  CHECK_THAT(shell.errors, Contains("is not the measuring port of a PPK2"));
  CHECK_THAT(desk.tell("heal"), Contains("ok"));
  CHECK_THAT(desk.tell("fault rubbish"), Contains("ok"));
  const Ended rubbish = desk.record("2", file);
  INFO(rubbish.text());
  CHECK(rubbish.exit_code == 1);
  CHECK_THAT(rubbish.errors, Contains("no samples of a PPK2"));
}

}  // namespace slmrig::e2e
