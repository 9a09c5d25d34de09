// Each rule on small bad examples (it must speak) and on near misses (it must be silent).
#include "tests/tidy/rules.h"

#include <catch2/catch.hpp>

#include "tests/tidy/arrows.h"

namespace slmrig::tidy {
namespace {

std::string lines(std::size_t count, const std::string& line) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += line + "\n";
  return text;
}

SourceFile including(const std::string& path, const std::string& include) {
  return {path, "#include \"" + include + "\"\n"};
}

}  // namespace

TEST_CASE("an include against the arrows is refused and one along them is not", "[tidy]") {
  CHECK(check_arrows(including("harness/base/file.h", "harness/store/store.h")).size() == 1);
  CHECK(check_arrows(including("harness/gate/gate.cc", "harness/store/rows.h")).size() == 1);
  CHECK(check_arrows(including("harness/analyse/a.cc", "harness/store/store.h")).size() == 1);
  CHECK(check_arrows(including("harness/measure/m.cc", "harness/deploy/flasher.h")).size() == 1);
  CHECK(check_arrows(including("device-agent/core/agent.cc", "harness/base/error.h")).size() == 1);
  CHECK(check_arrows(including("workloads/runtime/image.h", "workloads/forge/gguf.h")).size() == 1);
  CHECK(check_arrows(including("device-agent/wire/frame.cc", "device-agent/core/port.h")).size() == 1);
  CHECK(check_arrows(including("device-agent/core/agent.cc", "device-agent/ports/linux/port.h")).size() == 1);
  CHECK(check_arrows(including("harness/lonely/x.cc", "harness/base/error.h")).size() == 1);

  CHECK(check_arrows(including("harness/analyse/a.cc", "harness/store/rows.h")).empty());
  CHECK(check_arrows(including("harness/deploy/d.cc", "workloads/forge/image_writer.h")).empty());
  CHECK(check_arrows(including("harness/cli/main.cc", "reports/report.h")).empty());
  CHECK(check_arrows(including("device-agent/native_main.cc", "device-agent/ports/linux/port.h")).empty());
  CHECK(check_arrows(including("device-agent/engines/slm/slm.cc", "workloads/runtime/runtime.h")).empty());
}

TEST_CASE("an include that does not start at the root is refused", "[tidy]") {
  CHECK(check_arrows(including("harness/base/file.cc", "file.h")).size() == 1);
  CHECK(check_arrows({"harness/base/file.cc", "#include <vector>\n"}).empty());
}

TEST_CASE("an include in a comment or a literal does not count", "[tidy]") {
  CHECK(check_arrows({"harness/base/file.cc", "// #include \"harness/store/store.h\"\n"}).empty());
  CHECK(check_arrows({"harness/base/file.cc", "/*\n#include \"harness/store/store.h\"\n*/\n"}).empty());
  CHECK(check_arrows({"harness/base/f.cc", "auto s = R\"(\n#include \"harness/store/store.h\"\n)\";\n"})
            .empty());
}

TEST_CASE("test code includes any room and no room includes test code", "[tidy]") {
  CHECK(check_arrows(including("harness/base/file_test.cc", "harness/store/store.h")).empty());
  CHECK(check_arrows(including("tests/e2e/run_test.cc", "harness/store/store.h")).empty());
  CHECK(check_arrows(including("harness/cli/main.cc", "tests/e2e/run.h")).size() == 1);
}

TEST_CASE("a file one line over the limit is refused", "[tidy]") {
  CHECK(check_file_length({"harness/a.cc", lines(kLongestFileLines, "//")}).empty());
  CHECK(check_file_length({"harness/a.cc", lines(kLongestFileLines + 1, "//")}).size() == 1);
  CHECK(check_file_length({"harness/a.cc", lines(kLongestFileLines, "//") + "x"}).size() == 1);
}

TEST_CASE("left-over work without a reason is refused", "[tidy]") {
  const std::string word = std::string("TO") + "DO";
  CHECK(check_left_over_work({"a/b.cc", "int a;  // " + word + ": later\n"}).size() == 1);
  CHECK(check_left_over_work({"a/b.cmake", "# " + word + "\n"}).size() == 1);
  CHECK(check_left_over_work({"a/b.ts", "/* " + word + " () */\n"}).size() == 1);
  CHECK(
      check_left_over_work({"a/b.cc", "// " + word + "(needs the meter's second channel): later\n"}).empty());
  CHECK(check_left_over_work({"a/b.cc", "const char* word = \"" + word + "\";\n"}).empty());
}

TEST_CASE("a path of one machine is refused", "[tidy]") {
  const std::string place = std::string("/wo") + "rk/main";
  CHECK(check_machine_traces({"a/b.cc", "// see " + place + "\n"}).size() == 1);
  CHECK(check_machine_traces({"a/b.md", "https://registry." + std::string("npmjs") + ".org\n"}).size() == 1);
  CHECK(check_machine_traces({"a/b.cc", "#include \"net" + place + "\"\n"}).empty());
}

TEST_CASE("a header without pragma once and a source without its header first are refused", "[tidy]") {
  const std::vector<SourceFile> tree = {{"a/b.h", ""}};
  CHECK(check_cpp_habits({"a/b.h", "int a;\n"}, tree).size() == 1);
  CHECK(check_cpp_habits({"a/b.h", "// #pragma once\nint a;\n"}, tree).size() == 1);
  CHECK(check_cpp_habits({"a/b.h", "// What it is.\n#pragma once\n"}, tree).empty());
  CHECK(check_cpp_habits({"a/b.cc", "#include <vector>\n#include \"a/b.h\"\n"}, tree).size() == 1);
  CHECK(check_cpp_habits({"a/b.cc", "#include \"a/b.h\"\n#include <vector>\n"}, tree).empty());
  CHECK(check_cpp_habits({"a/c.cc", "#include <vector>\n"}, tree).empty());
  CHECK(check_cpp_habits({"a/BigName.cc", ""}, tree).size() == 1);
}

TEST_CASE("a throw statement is refused and the word in a comment is not", "[tidy]") {
  CHECK(check_no_throw({"a/b.cc", "void f() { throw 1; }\n"}).size() == 1);
  CHECK(check_no_throw({"a/b.cc", "// We throw nothing.\nauto s = \"throw\";\n"}).empty());
}

TEST_CASE("a heap header in a device room is refused", "[tidy]") {
  CHECK(check_freestanding({"workloads/runtime/arena.h", "#include <vector>\n"}).size() == 1);
  CHECK(check_freestanding({"device-agent/core/agent.cc", "#include <string>\n"}).size() == 1);
  CHECK(check_freestanding({"workloads/runtime/arena.h", "#include <cstdint>\n"}).empty());
  CHECK(check_freestanding({"workloads/runtime/arena_test.cc", "#include <vector>\n"}).empty());
  CHECK(check_freestanding({"harness/base/file.h", "#include <vector>\n"}).empty());
}

TEST_CASE("a board's name in C++ is refused outside the tests", "[tidy]") {
  const std::vector<std::string> boards = {"native", "m4-board"};
  CHECK(check_board_names({"harness/rig/a.cc", "if (name == \"m4-board\") return;\n"}, boards).size() == 1);
  CHECK(check_board_names({"harness/rig/a.cc", "// m4-board\nauto b = \"m4-board\";\n"}, boards).size() == 1);
  CHECK(check_board_names({"harness/rig/a.cc", "// such as m4-board\nint native;\n"}, boards).empty());
  CHECK(check_board_names({"harness/rig/a_test.cc", "\"m4-board\"\n"}, boards).empty());
}

TEST_CASE("a test's name of one word and a hidden test are refused", "[tidy]") {
  const std::string test_case = std::string("TEST") + "_CASE";
  CHECK(check_test_names({"a/b_test.cc", test_case + "(\"parser\", \"[x]\") {}\n"}).size() == 1);
  CHECK(check_test_names({"a/b_test.cc", test_case + "(\"a frame comes back whole\", \"[.slow]\") {}\n"})
            .size() == 1);
  CHECK(check_test_names({"a/b_test.cc", test_case + "(\"a frame comes back whole\", \"[!mayfail]\") {}\n"})
            .size() == 1);
  CHECK(
      check_test_names({"a/b_test.cc", test_case + "(\"a frame comes back whole\", \"[x]\") {}\n"}).empty());
}

}  // namespace slmrig::tidy
