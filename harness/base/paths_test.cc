#include "harness/base/paths.h"

#include <cstdlib>

#include <unistd.h>

#include <catch2/catch.hpp>

#include "harness/base/file.h"

namespace slmrig::base {
namespace {

namespace fs = std::filesystem;

// A project tree in a temporary folder, and the current folder put back at the end.
struct Tree {
  TemporaryDirectory folder = TemporaryDirectory::create("tree").value();
  fs::path root = fs::canonical(folder.path()) / "project";
  fs::path before = fs::current_path();
  Tree() {
    fs::create_directories(root / "boards");
    fs::create_directories(root / "workloads" / "deep" / "down");
  }
  ~Tree() {
    fs::current_path(before);
    ::unsetenv("SLMRIG_ROOT");
  }
};

}  // namespace

TEST_CASE("the root is named, from the environment, upward, or where it was built, in this order") {
  Tree tree;
  const fs::path built_from = find_project_root().value();
  fs::current_path(tree.folder.path());
  CHECK(find_project_root().value() == built_from);  // nothing upward: the compiled-in folder
  fs::current_path(tree.root / "workloads" / "deep" / "down");
  CHECK(find_project_root().value() == tree.root);
  ::setenv("SLMRIG_ROOT", built_from.c_str(), 1);
  CHECK(find_project_root().value() == built_from);
  CHECK(find_project_root(tree.root.string()).value() == tree.root);
}

TEST_CASE("a root that is none is refused with where the name came from") {
  Tree tree;
  const auto named = find_project_root(tree.folder.path().string());
  REQUIRE_FALSE(named);
  CHECK_THAT(named.error().message,
             Catch::Contains("--root names") && Catch::Contains("does not hold boards/"));
  ::setenv("SLMRIG_ROOT", "/nonexistent", 1);
  const auto configured = find_project_root();
  REQUIRE_FALSE(configured);
  CHECK_THAT(configured.error().message, Catch::Contains("SLMRIG_ROOT names /nonexistent"));
}

TEST_CASE("a program that was not built is named with the places looked at") {
  Tree tree;
  const auto found = find_program("no-such-program", tree.root);
  REQUIRE_FALSE(found);
  CHECK_THAT(found.error().message, Catch::Contains("no-such-program") && Catch::Contains("build/bin"));
  fs::create_directories(tree.root / "build" / "bin");
  REQUIRE(write_file_atomically(tree.root / "build" / "bin" / "some-tool", std::string_view("x")));
  CHECK(find_program("some-tool", tree.root).value() == tree.root / "build" / "bin" / "some-tool");
}

}  // namespace slmrig::base
