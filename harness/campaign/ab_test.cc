#include "harness/campaign/ab.h"

#include <catch2/catch.hpp>

#include "harness/base/file.h"

namespace slmrig::campaign {
namespace {

namespace fs = std::filesystem;

base::Bench bench_of(const std::string& board, const std::string& flasher) {
  base::Bench bench;
  bench.name = "desk";
  bench.board.name = board;
  bench.board.flasher = flasher;
  return bench;
}

}  // namespace

TEST_CASE("ab: a build is an agent, a build folder, or a folder of agents") {
  const auto folder = base::TemporaryDirectory::create("ab-test").value();
  const fs::path root = folder.path();
  const auto put = [&](const std::string& name) {
    REQUIRE(base::make_directories((root / name).parent_path()));
    REQUIRE(base::write_file_atomically(root / name, std::string_view("an agent")));
    return root / name;
  };
  const fs::path single = put("single.elf");
  const fs::path firmware = put("checkout/build/firmware/m4/agent.elf");
  const fs::path native = put("checkout/build/bin/slmrig-agent-native");
  const fs::path loose = put("loose/m4.elf");
  CHECK(agent_in({"a", single}, bench_of("m4", "emulator")).value() == single);
  CHECK(agent_in({"a", root / "checkout"}, bench_of("m4", "emulator")).value() == firmware);
  CHECK(agent_in({"a", root / "checkout/build"}, bench_of("m4", "pyocd")).value() == firmware);
  CHECK(agent_in({"a", root / "checkout"}, bench_of("native", "native")).value() == native);
  CHECK(agent_in({"a", root / "loose"}, bench_of("m4", "emulator")).value() == loose);
  const auto missing = agent_in({"a", root / "checkout"}, bench_of("m55", "emulator"));
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == base::ErrorCode::kBadInput);
  CHECK_THAT(missing.error().text(),
             Catch::Contains("m55 of bench desk") && Catch::Contains("firmware/m55/agent.elf"));
}

TEST_CASE("ab: builds are named by what tells their places apart") {
  const auto names = [](const fs::path& left, const fs::path& right) {
    const auto builds = named_builds({left, right});
    CHECK(builds[0].place == left);
    CHECK(builds[1].place == right);
    return std::pair(builds[0].name, builds[1].name);
  };
  using Names = std::pair<std::string, std::string>;
  CHECK(names("b/firmware/m4/agent.elf", "b/firmware-slow/m4/agent.elf") ==
        Names("firmware", "firmware-slow"));
  CHECK(names("/src/old", "build") == Names("/src/old", "build"));
  CHECK(names("/src/old/", "/src/new/") == Names("old", "new"));
  CHECK(names("old.elf", "new.elf") == Names("old.elf", "new.elf"));
  CHECK(names("/src", "/src/build") == Names("src", "build"));
  CHECK(names("build", "./build") == Names("build (first)", "build (second)"));
}

TEST_CASE("ab: a round has each bench, model and variant once") {
  std::vector<base::Session> sessions;
  for (const char* variant : {"int8", "int4", "int4", "int8", "int8"}) {
    base::Session session;
    session.bench = "desk";
    session.model = "wrist";
    session.variant = variant;
    sessions.push_back(session);
  }
  const auto rounds = rounds_of(sessions);
  REQUIRE(rounds.size() == 3);
  CHECK(rounds[0].size() == 2);
  CHECK(rounds[1].size() == 2);
  CHECK(rounds[2].size() == 1);
  CHECK(rounds[2].front().variant == "int8");
}

}  // namespace slmrig::campaign
