// The rules of the house, held against the whole tree. The rules themselves are tested in rules_test.cc.
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <functional>

#include "tests/tidy/arrows.h"
#include "tests/tidy/rules.h"

namespace slmrig::tidy {
namespace {

const std::vector<SourceFile>& tree() {
  static const std::vector<SourceFile> kTree = read_tree(".");
  return kTree;
}

std::vector<std::string> board_names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator("boards")) {
    if (std::filesystem::exists(entry.path() / "board.json"))
      names.push_back(entry.path().filename().string());
  }
  return names;
}

void hold(const std::function<std::vector<Violation>(const SourceFile&)>& rule) {
  std::string found;
  for (const SourceFile& file : tree()) {
    for (const Violation& violation : rule(file)) found += violation.text() + "\n";
  }
  INFO(found);
  CHECK(found.empty());
}

}  // namespace

TEST_CASE("the tree is read from the project root", "[tidy]") {
  const auto has = [](std::string_view path) {
    return std::any_of(tree().begin(), tree().end(), [&](const auto& file) { return file.path == path; });
  };
  CHECK(has("CMakeLists.txt"));
  CHECK(has("device-agent/core/engine.h"));
  CHECK(has("harness/base/error.h"));
}

TEST_CASE("every include follows an arrow between rooms", "[tidy]") { hold(check_arrows); }

TEST_CASE("no file is longer than the limit", "[tidy]") { hold(check_file_length); }

TEST_CASE("no function is longer than the limit", "[tidy]") { hold(check_function_lengths); }

TEST_CASE("work left over names its reason", "[tidy]") { hold(check_left_over_work); }

TEST_CASE("no file holds a path of one machine or a registry's address", "[tidy]") {
  hold(check_machine_traces);
}

TEST_CASE("headers, first includes and file names follow the habits", "[tidy]") {
  hold([](const SourceFile& file) { return check_cpp_habits(file, tree()); });
}

TEST_CASE("nothing throws in our own code", "[tidy]") { hold(check_no_throw); }

TEST_CASE("device code includes only freestanding headers", "[tidy]") { hold(check_freestanding); }

TEST_CASE("no C++ outside the tests knows a board by name", "[tidy]") {
  const auto boards = board_names();
  CHECK_FALSE(boards.empty());
  hold([&](const SourceFile& file) { return check_board_names(file, boards); });
}

TEST_CASE("test names are sentences and no test is hidden", "[tidy]") { hold(check_test_names); }

}  // namespace slmrig::tidy
