#include "harness/deploy/stand_in.h"

#include <csignal>

#include <catch2/catch.hpp>

#include "harness/base/clock.h"
#include "harness/base/paths.h"

namespace slmrig::deploy {
namespace {

namespace fs = std::filesystem;

fs::path root() { return base::find_project_root().value(); }

// A stand-in that says its process id in {folder}/pid, and lives until its input is closed.
base::StandInSpec living(const std::string& name) {
  base::StandInSpec spec;
  spec.command = {"sh", "-c", "echo $$ >\"$1.new\"; mv \"$1.new\" \"$1\"; read line", "sh",
                  "{folder}/" + name};
  spec.ready_file = "{folder}/" + name;
  spec.environment = {"WHERE_" + name + "={folder}/" + name, "UNIT={unit}"};
  return spec;
}

pid_t pid_in(const StandIns& stand_ins, const std::string& name) {
  return std::stoi(base::read_text(stand_ins.filled("{folder}/" + name)).value());
}

bool is_alive(pid_t pid) { return ::kill(pid, 0) == 0; }

base::Bench bench_with(std::vector<base::StandInSpec> stand_ins) {
  base::Bench bench;
  bench.name = "desk";
  bench.unit_id = "unit-7";
  bench.stand_ins = std::move(stand_ins);
  return bench;
}

}  // namespace

TEST_CASE("stand-ins are started in order, tell where they are, and end with their owner") {
  auto stand_ins = StandIns::start(bench_with({living("usb"), living("meter")}), root()).value();
  const fs::path folder = stand_ins->filled("{folder}");
  CHECK(stand_ins->environment().at("WHERE_usb") == (folder / "usb").string());
  CHECK(stand_ins->environment().at("UNIT") == "unit-7");
  CHECK(stand_ins->filled("{root}/x") == (root() / "x").string());
  const pid_t usb = pid_in(*stand_ins, "usb");
  const pid_t meter = pid_in(*stand_ins, "meter");
  CHECK(is_alive(usb));
  CHECK(is_alive(meter));
  CHECK(stand_ins->ended().empty());
  stand_ins.reset();
  CHECK_FALSE(is_alive(usb));
  CHECK_FALSE(is_alive(meter));
  CHECK_FALSE(fs::exists(folder));
}

TEST_CASE("a stand-in that ends before it is ready is named, with how it ended and its last words") {
  base::StandInSpec spec;
  spec.command = {"sh", "-c", "echo no such machine >&2; exit 3"};
  spec.ready_file = "{folder}/never";
  const auto started = StandIns::start(bench_with({spec}), root());
  REQUIRE_FALSE(started);
  CHECK_THAT(started.error().text(), Catch::StartsWith("bench desk: stand-in: sh ended (exit status 3)") &&
                                         Catch::EndsWith(": no such machine"));
  spec.command = {"no-such-program"};
  // One of our own is built, whatever PATH holds.
  CHECK_THAT(StandIns::start(bench_with({spec}), root()).error().text(),
             Catch::Contains("the program no-such-program is neither in") &&
                 Catch::Contains("/build/bin; build it with ./dev build, or put it into PATH"));
}

TEST_CASE("a pool keeps stand-ins between deployments, renews dead ones, and lets go what is released") {
  StandInPool pool;
  const base::Bench bench = bench_with({living("usb")});
  const auto first = pool.of(bench, root()).value();
  CHECK(pool.of(bench, root()).value() == first);
  const pid_t old_pid = pid_in(*first, "usb");
  ::kill(old_pid, SIGKILL);
  const int64_t deadline_ns = base::monotonic_now_ns() + 5'000'000'000;
  while (first->ended().empty() && base::monotonic_now_ns() < deadline_ns) {
  }
  CHECK_THAT(first->ended(), Catch::StartsWith("sh ended (killed by signal 9"));
  auto second = pool.of(bench, root()).value();
  CHECK(second != first);
  const pid_t new_pid = pid_in(*second, "usb");
  CHECK(is_alive(new_pid));
  pool.release("desk");
  CHECK(is_alive(new_pid));  // somebody uses it still
  second.reset();
  CHECK_FALSE(is_alive(new_pid));
}

TEST_CASE("a bench without stand-ins gets a folder and nothing else") {
  const auto none = StandIns::start(bench_with({}), root()).value();
  CHECK(none->environment().empty());
  CHECK(none->log().empty());
  CHECK(fs::exists(none->filled("{folder}")));
}

}  // namespace slmrig::deploy
