#include "harness/store/releases.h"

#include <filesystem>

#include "harness/base/file.h"
#include "harness/base/sha256.h"
#include "harness/store/captures.h"
#include "harness/store/records_for_test.h"

namespace slmrig::store {

using base::ErrorCode;

namespace {

// A run with one session whose image and agent have these contents.
void add_run(Store& store, const std::string& id, const std::string& image, const std::string& agent,
             bool ends = true) {
  must(store.begin_run(run_for_test("run-" + id)));
  base::SessionStart session = session_for_test("run-" + id, "s-" + id, 1);
  session.image_sha256 = base::sha256_hex(std::string_view(image));
  session.provenance["agent.sha256"] = base::sha256_hex(std::string_view(agent));
  must(store.begin_session(session));
  must(store.end_cell({"s-" + id + "-c0", base::CellStatus::kOk, "", {}, 1, 1}));
  if (ends) must(store.end_run({"run-" + id, 1, false, 1.0}));
}

}  // namespace

TEST_CASE("release: what a run measured is pinned by its hashes, and files with these hashes are kept") {
  const TestFolder folder;
  add_run(*must(open_store(folder.file())), "1", "an image", "an agent");
  must(base::write_file_atomically(folder.file("a.img"), std::string_view("an image")));
  must(base::write_file_atomically(folder.file("b.img"), std::string_view("another image")));
  const ReleaseRow release = must(pin_release(
      folder.file(), {"release-1.0", "first", {"run-1"}, {folder.file("a.img"), folder.file("b.img")}, 77}));
  CHECK(release.run_ids == std::vector<std::string>{"run-1"});
  CHECK(release.pinned_at_ns == 77);
  CHECK(release.note == "first");
  REQUIRE(release.artifacts.size() == 3);
  CHECK(release.artifacts[0].kind == "agent");
  CHECK(release.artifacts[0].name == "native");
  CHECK(release.artifacts[0].file.empty());
  CHECK(release.artifacts[1].name == "wrist-nano int8");
  CHECK(must(read_artifact(folder.file(), release.artifacts[1])) == "an image");
  CHECK(release.artifacts[2].sha256 == "2e");
  CHECK(must(find_release(folder.file(), "release-1.0")).artifacts.size() == 3);

  must(base::write_file_atomically(artifact_folder(folder.file()) / release.artifacts[1].file,
                                   std::string_view("damaged")));
  CHECK(read_artifact(folder.file(), release.artifacts[1]).error().code == ErrorCode::kCorrupt);
}

TEST_CASE("release: the same pin again adds files, another one needs another name") {
  const TestFolder folder;
  {
    const auto store = must(open_store(folder.file()));
    add_run(*store, "1", "one", "agent");
    add_run(*store, "2", "two", "agent");
  }
  must(base::write_file_atomically(folder.file("agent"), std::string_view("agent")));
  must(pin_release(folder.file(), {"r", "", {"run-1"}, {}, 1}));
  const ReleaseRow again = must(pin_release(folder.file(), {"r", "", {"run-1"}, {folder.file("agent")}, 2}));
  CHECK(again.pinned_at_ns == 1);
  CHECK_FALSE(again.artifacts[0].file.empty());
  const auto other = pin_release(folder.file(), {"r", "", {"run-2"}, {}, 3});
  REQUIRE_FALSE(other.has_value());
  CHECK(other.error().code == ErrorCode::kBadInput);
  CHECK(other.error().message.find("run-1") != std::string::npos);
  must(pin_release(folder.file(), {"s", "", {"run-2"}, {folder.file("agent")}, 3}));
  CHECK(must(releases(folder.file())).size() == 2);

  // The copy goes with the last release that names it.
  const std::filesystem::path copy = artifact_folder(folder.file()) / again.artifacts[0].file;
  must(unpin_release(folder.file(), "r"));
  CHECK(std::filesystem::exists(copy));
  must(unpin_release(folder.file(), "s"));
  CHECK_FALSE(std::filesystem::exists(copy));
  CHECK(must(releases(folder.file())).empty());
}

TEST_CASE("release: bad pins are refused, naming what is wrong") {
  const TestFolder folder;
  {
    const auto store = must(open_store(folder.file()));
    add_run(*store, "1", "one", "agent");
    add_run(*store, "open", "two", "agent", false);
    must(store->begin_run(run_for_test("run-empty")));
    must(store->end_run({"run-empty", 1, false, 1.0}));
    add_run(*store, "cut", "two", "agent", false);
    must(store->end_run({"run-cut", 1, true, 1.0}));
  }
  const auto message = [&](const std::string& name, const std::string& run) {
    const auto pinned = pin_release(folder.file(), {name, "", {run}, {}, 1});
    REQUIRE_FALSE(pinned.has_value());
    CHECK(pinned.error().code == ErrorCode::kBadInput);
    return pinned.error().message;
  };
  CHECK(message("", "run-1").find("cannot name") != std::string::npos);
  CHECK(message("stable", "run-1").find("in budgets") != std::string::npos);
  CHECK(message("baseline", "run-1").find("in budgets") != std::string::npos);
  CHECK(message("a b", "run-1").find("without blanks") != std::string::npos);
  CHECK(message("r", "run-9").find("no run run-9") != std::string::npos);
  CHECK(message("r", "run-open").find("--resume run-open") != std::string::npos);
  CHECK(message("r", "run-cut").find("--resume run-cut") != std::string::npos);
  CHECK(message("r", "run-empty").find("measured nothing") != std::string::npos);
  CHECK(find_release(folder.file(), "r").error().message.find("none is pinned") != std::string::npos);
  must(pin_release(folder.file(), {"release-1.2", "", {"run-1"}, {}, 1}));
  CHECK(find_release(folder.file(), "release-1.3").error().message.find("'release-1.2'") !=
        std::string::npos);
  CHECK(find_release(folder.file("none.db"), "r").error().code == ErrorCode::kBadInput);
  CHECK_FALSE(std::filesystem::exists(folder.file("none.db")));
}

TEST_CASE("release: captures of a pinned run are never pruned") {
  const TestFolder folder;
  {
    const auto store = must(open_store(folder.file()));
    for (const std::string id : {"1", "2"}) {
      add_run(*store, id, "one", "agent");
      base::Energy energy;
      energy.session_id = "s-" + id;
      energy.cell_id = "s-" + id + "-c0";
      energy.started_at_ns = 1;
      energy.capture = {"c" + id, "c" + id + ".power", 4, 1};
      must(base::make_directories(capture_folder(folder.file())));
      must(base::write_file_atomically(capture_folder(folder.file()) / energy.capture.file,
                                       std::string_view("data")));
      must(store->add(energy));
    }
  }
  must(pin_release(folder.file(), {"r", "", {"run-1"}, {}, 1}));
  CHECK(must(prune_captures(folder.file(), {0, 1, 0}, int64_t{1} << 62)).files == 1);
  CHECK(std::filesystem::exists(capture_folder(folder.file()) / "c1.power"));
  CHECK_FALSE(std::filesystem::exists(capture_folder(folder.file()) / "c2.power"));
}

}  // namespace slmrig::store
