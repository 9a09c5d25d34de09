#include "harness/base/json_reader.h"

#include <catch2/catch.hpp>

#include "harness/base/file.h"

namespace slmrig::base {
namespace {

std::string error_of(const std::string& text, void (*read)(JsonObject)) {
  auto document = JsonDocument::parse(text, "x.json");
  if (!document) return document.error().text();
  read(document->root());
  const Done done = document->finish();
  return done ? "" : done.error().text();
}

}  // namespace

TEST_CASE("a well-formed document gives its values and no complaint") {
  auto document = JsonDocument::parse(
      R"({"$schema": "s", "name": "a", "count": 3, "share": 0.5, "on": true, "list": ["x", "y"],
          "address": "0x21000000", "box": {"size": 7}, "boxes": [{"size": 1}, {"size": 2}]})",
      "x.json");
  REQUIRE(document);
  JsonObject root = document->root();
  CHECK(root.required_string("name") == "a");
  CHECK(root.required_uint("count") == 3);
  CHECK(root.optional_uint("absent", 9) == 9);
  CHECK(root.optional_number("share", 0, 0, 1) == 0.5);
  CHECK(root.optional_bool("on", false));
  CHECK(root.required_strings("list") == std::vector<std::string>{"x", "y"});
  CHECK(root.required_address("address") == 0x21000000);
  CHECK(root.required_object("box").required_uint("size") == 7);
  uint64_t sum = 0;
  for (JsonObject box : root.required_objects("boxes")) sum += box.required_uint("size");
  CHECK(sum == 3);
  CHECK(root.optional_object("nothing").optional_string("at_all", "none") == "none");
  CHECK(document->finish());
  CHECK(document->sha256().size() == 64);
}

TEST_CASE("errors name the file, the path in it, what was found and what was expected") {
  const auto count = [](JsonObject root) { root.required_uint("count", 1, 8); };
  CHECK(error_of("{}", count) == "x.json: the key \"count\" is missing");
  CHECK(error_of(R"({"cuont": 1})", count) ==
        "x.json: the key \"count\" is missing (is it meant by \"cuont\"?)");
  CHECK(error_of(R"({"count": 9})", count) ==
        "x.json: count: must be a whole number from 1 to 8, found the number 9");
  CHECK(error_of(R"({"count": -1})", count) ==
        "x.json: count: must be a whole number from 1 to 8, found the number -1");
  CHECK(error_of(R"({"count": 1.5})", count) ==
        "x.json: count: must be a whole number from 1 to 8, found the number 1.5");
  CHECK(error_of(R"({"count": "1"})", count) ==
        "x.json: count: must be a whole number from 1 to 8, found the text \"1\"");
  CHECK(error_of(R"({"box": [{"size": true}]})", [](JsonObject root) {
          root.required_objects("box").at(0).required_uint("size");
        }) == "x.json: box[0].size: must be a whole number of at least 0, found true");
  CHECK(error_of(R"({"box": [3]})", [](JsonObject root) { root.required_objects("box"); }) ==
        "x.json: box[0]: must be an object, found the number 3");
  CHECK(error_of(R"({"names": ["a", 1]})", [](JsonObject root) { root.required_strings("names"); }) ==
        "x.json: names[1]: must be text, found the number 1");
  CHECK(error_of(R"({"at": "0xZZ"})", [](JsonObject root) { root.required_address("at"); }) ==
        "x.json: at: must be an address like \"0x21000000\", found the text \"0xZZ\"");
  CHECK(error_of(R"({"kind": "tcq"})", [](JsonObject root) {
          root.required_choice("kind", {"tcp", "unix"});
        }) == "x.json: kind: unknown value 'tcq' (did you mean 'tcp'?)");
}

TEST_CASE("the first error is kept, later ones do not cover it") {
  CHECK(error_of(R"({"a": 1})", [](JsonObject root) {
          root.required_string("a");
          root.required_string("b");
        }) == "x.json: a: must be text, found the number 1");
}

TEST_CASE("keys that nobody asked for are refused with the nearest known one, at any depth") {
  const auto read = [](JsonObject root) {
    root.optional_string("name");
    root.optional_object("settings").optional_uint("prompts", 0);
  };
  CHECK(error_of(R"({"nmae": "x"})", read) == "x.json: unknown key 'nmae' (did you mean 'name'?)");
  CHECK(error_of(R"({"settings": {"promts": 3}})", read) ==
        "x.json: settings: unknown key 'promts' (did you mean 'prompts'?)");
  CHECK(error_of(R"({"$schema": "s", "$comment": "c", "name": "x"})", read).empty());
}

TEST_CASE("text that is not JSON is refused with line and column") {
  const auto none = [](JsonObject) {};  // NOLINT(performance-unnecessary-value-param): as readers are called
  CHECK_THAT(error_of("{\n  \"a\": 1,\n  oops\n}", none),
             Catch::StartsWith("x.json: not valid JSON at line 3, column 3"));
  CHECK_THAT(error_of("{\"a\": [1, 2", none), Catch::Contains("not valid JSON at line 1, column 12"));
  CHECK_THAT(error_of("", none), Catch::Contains("not valid JSON at line 1, column 1"));
  CHECK_THAT(error_of("{\"a\": \"\xFF\"}", none), Catch::Contains("not valid JSON at line 1"));
  CHECK(error_of("[1]", none) == "x.json: must be a JSON object, found a list");
  CHECK(error_of(R"({"a": {"b": 1, "b": 2}})", none) == "x.json: the key \"b\" stands twice in one object");
}

TEST_CASE("every truncation of a document is refused without a crash") {
  const std::string text = R"({"name": "demo", "list": ["a", {"b": 1e3}], "t": true, "n": null})";
  for (std::size_t length = 0; length < text.size(); ++length) {
    const auto document = JsonDocument::parse(text.substr(0, length), "x.json");
    REQUIRE_FALSE(document);
    REQUIRE(document.error().code == ErrorCode::kBadInput);
  }
}

TEST_CASE("a missing file is named") {
  const auto document = JsonDocument::read("/nonexistent/rig.json");
  REQUIRE_FALSE(document);
  CHECK_THAT(document.error().message, Catch::Contains("/nonexistent/rig.json"));
}

}  // namespace slmrig::base
