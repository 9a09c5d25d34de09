#include "tests/tidy/functions.h"

#include <catch2/catch.hpp>

#include "tests/tidy/blank.h"
#include "tests/tidy/rules.h"

namespace slmrig::tidy {
namespace {

std::vector<FunctionSpan> in_cpp(const std::string& text) { return find_functions({"a/b.cc", text}); }
std::vector<FunctionSpan> in_typescript(const std::string& text) { return find_functions({"a/b.ts", text}); }

std::string body(std::size_t lines) {
  std::string text;
  for (std::size_t i = 0; i < lines; ++i) text += "  a = 1;\n";
  return text;
}

}  // namespace

TEST_CASE("a function one line over the limit is refused", "[tidy]") {
  // Head and closing brace are lines of the function too.
  CHECK(check_function_lengths({"a/b.cc", "void f() {\n" + body(kLongestFunctionLines - 2) + "}\n"}).empty());
  CHECK(check_function_lengths({"a/b.cc", "void f() {\n" + body(kLongestFunctionLines - 1) + "}\n"}).size() ==
        1);
  CHECK(check_function_lengths({"a/b.ts", "const f = () => {\n" + body(kLongestFunctionLines - 1) + "};\n"})
            .size() == 1);
}

TEST_CASE("methods, constructors and qualified heads are functions", "[tidy]") {
  const auto found = in_cpp(
      "namespace n {\n"
      "class A final : public B {\n"
      " public:\n"
      "  A(int x) : a_{x}, b_(2) {\n  }\n"
      "  int a() const noexcept override { return a_; }\n"
      "  auto b() -> std::vector<int> {\n    return {};\n  }\n"
      " private:\n  int a_{0};\n  int b_ = 1;\n"
      "};\n"
      "template <typename T>\nT c(T x)\n{\n  return x;\n}\n"
      "}  // namespace n\n");
  REQUIRE(found.size() == 4);
  CHECK(found[0].lines() == 2);
  CHECK(found[1].lines() == 1);
  CHECK(found[2].lines() == 3);
  CHECK(found[3].lines() == 5);
}

TEST_CASE("a constructor whose last member has braces is measured whole", "[tidy]") {
  const auto found = in_cpp("A::A(int x) : a_{x}, b_{2} {\n  go();\n}\n");
  REQUIRE(found.size() == 1);
  CHECK(found[0].lines() == 3);
}

TEST_CASE("a default argument in braces does not hide the body", "[tidy]") {
  const auto found = in_cpp("void f(Options options = {}, int b = 2) {\n  go();\n}\n");
  REQUIRE(found.size() == 1);
  CHECK(found[0].lines() == 3);
}

TEST_CASE("tables, types and namespaces are not functions", "[tidy]") {
  CHECK(in_cpp("constexpr Row kRows[] = {\n  {1, f(2)},\n  {Kind(1), {3}},\n};\n").empty());
  CHECK(in_cpp("constexpr std::array<int, 2> kA{{1,\n 2}};\n").empty());
  CHECK(in_cpp("enum class E : uint8_t {\n  kA,\n};\nstruct __attribute__((packed)) S {\n  int a;\n};\n")
            .empty());
  CHECK(in_cpp("extern \"C\" {\nint a;\n}\n").empty());
}

TEST_CASE("what is nested in a function counts for the outermost", "[tidy]") {
  const auto found = in_cpp("void f() {\n  if (a) {\n  }\n  auto g = [&](int x) {\n    return x;\n  };\n}\n");
  REQUIRE(found.size() == 1);
  CHECK(found[0].lines() == 7);
}

TEST_CASE("a lambda in a table at namespace scope is measured", "[tidy]") {
  const auto found = in_cpp("const Row kRows[] = {\n  {\"a\", [](int x) {\n    return x;\n  }},\n};\n");
  REQUIRE(found.size() == 1);
  CHECK(found[0].lines() == 3);
}

TEST_CASE("braces in literals, comments and macros do not count", "[tidy]") {
  const auto found = in_cpp(
      "#define OPEN do {  \\\n  {\n"
      "void f() {\n"
      "  auto a = \"{\\\"{\";  // {\n"
      "  auto b = '{';  /* { */\n"
      "  auto c = R\"x({ )\" { )x\";\n"
      "  auto d = 1'000'000;\n"
      "}\n"
      "void g() {\n}\n");
  REQUIRE(found.size() == 2);
  CHECK(found[0].lines() == 6);
  CHECK(found[1].lines() == 2);
}

TEST_CASE("a test case is measured like a function", "[tidy]") {
  const auto found =
      in_cpp(std::string("TEST") + "_CASE(\"a sum { is right\", \"[x]\") {\n  CHECK(1 == 1);\n}\n");
  REQUIRE(found.size() == 1);
  CHECK(found[0].lines() == 3);
}

TEST_CASE("TypeScript functions, methods and callbacks are measured", "[tidy]") {
  const auto found = in_typescript(
      "interface A {\n  a: number;\n}\n"
      "export function f(a: number): Map<string, number> {\n  return new Map();\n}\n"
      "class B {\n  constructor(private a: number) {\n  }\n  get(): number {\n    return 1;\n  }\n}\n"
      "const g = async (a: number): Promise<void> => {\n};\n"
      "run(\"name\", () => {\n  return;\n});\n"
      "if (a) {\n  b();\n}\n"
      "const t = { a: 1,\n b: { c: 2 } };\n");
  REQUIRE(found.size() == 5);
  CHECK(found[0].lines() == 3);
  CHECK(found[4].lines() == 3);
}

TEST_CASE("braces in template and regex literals do not count", "[tidy]") {
  const auto found = in_typescript(
      "function f(a: string): string {\n"
      "  const b = `{ ${a + `{${a}`} {`;\n"
      "  const c = a.replace(/[{/]\\}{/g, \"{\") ;\n"
      "  const d = e / 2 / 3;\n"
      "  return b;\n"
      "}\n"
      "function g() {\n}\n");
  REQUIRE(found.size() == 2);
  CHECK(found[0].lines() == 6);
}

TEST_CASE("layers keep every offset and line", "[tidy]") {
  const std::string text = "int a = 1;  // one \"two\"\nauto s = \"three\\\"\";\n";
  const Layers layers = split_layers(text, Language::kCpp);
  CHECK(layers.code == "int a = 1;              \nauto s = \"       \";\n");
  CHECK(layers.comments == "            // one \"two\"\n" + std::string(19, ' ') + "\n");
}

}  // namespace slmrig::tidy
