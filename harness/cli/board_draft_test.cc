#include "harness/cli/board_draft.h"

#include <catch2/catch.hpp>

#include "harness/base/file.h"
#include "harness/rig/rig_file.h"

namespace slmrig::cli {
namespace {

namespace fs = std::filesystem;

// A root with the committed boards.
struct Tree {
  base::TemporaryDirectory folder = base::TemporaryDirectory::create("boards").value();
  Tree() { fs::copy("boards", folder.path() / "boards", fs::copy_options::recursive); }
  std::string refusal(const BoardDraft& draft) const {
    const auto written = write_board(draft, folder.path());
    return written ? "" : written.error().text();
  }
};

BoardDraft named(const std::string& name) {
  BoardDraft draft;
  draft.name = name;
  draft.family = "mps2";
  return draft;
}

}  // namespace

TEST_CASE("a board is begun from one of its family, and can be read") {
  const Tree tree;
  BoardDraft draft = named("my-m4");
  draft.clock_hz = 64'000'000;
  draft.tier = "hardware";
  draft.tick_source = "dwt";
  const auto written = write_board(draft, tree.folder.path());
  REQUIRE(written);
  const auto board = rig::find_board("my-m4", tree.folder.path());
  REQUIRE(board);
  CHECK(board->clock_hz == 64'000'000);
  CHECK(board->tick_rate_hz == 64'000'000);
  CHECK(board->flasher == "pyocd");
  CHECK(board->tier == base::Tier::kHardware);
  CHECK(fs::exists(*written / "memory.ld"));
  CHECK_FALSE(fs::exists(tree.folder.path() / "boards/.new-my-m4"));
}

TEST_CASE("an emulated board is begun from another one") {
  const Tree tree;
  BoardDraft draft = named("other-emulated");
  draft.like = "mps3-an547";
  draft.family.clear();
  CHECK(tree.refusal(draft).empty());
  CHECK(rig::find_board("other-emulated", tree.folder.path())->tier == base::Tier::kEmulated);
}

TEST_CASE("what cannot become a board is refused, and leaves nothing") {
  const Tree tree;
  CHECK_THAT(tree.refusal(named("native")), Catch::Contains("is there already"));
  CHECK_THAT(tree.refusal(named("My Board")), Catch::Contains("no name for a board"));
  BoardDraft draft = named("x");
  draft.family = "mps9";
  CHECK_THAT(tree.refusal(draft), Catch::Contains("unknown family 'mps9'") && Catch::Contains("mps2"));
  draft = named("x");
  draft.like = "mps3-an547";
  CHECK_THAT(tree.refusal(draft), Catch::Contains("is of the family mps3, not mps2"));
  draft = named("x");
  draft.tier = "emulatd";
  CHECK_THAT(tree.refusal(draft), Catch::Contains("emulatd"));
  CHECK_FALSE(fs::exists(tree.folder.path() / "boards/x"));
  CHECK_FALSE(fs::exists(tree.folder.path() / "boards/.new-x"));
}

}  // namespace slmrig::cli
