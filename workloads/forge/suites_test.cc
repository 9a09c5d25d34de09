#include "workloads/forge/suites.h"

#include <catch2/catch.hpp>

#include "harness/base/file.h"
#include "harness/base/suite_reader.h"
#include "workloads/forge/prompt_format.h"

namespace slmrig::forge {

TEST_CASE("The committed suites are those that the corpus makes") {
  for (const SuiteText& suite : bundled_suites()) {
    INFO(suite.name << ".json differs: run `slmforge corpus --suites workloads/suites`");
    CHECK(base::read_text("workloads/suites/" + suite.name + ".json").value() == suite.json);
  }
}

TEST_CASE("The committed suites are read by the harness's reader and hold what they promise") {
  for (const auto& [name, count] : {std::pair<const char*, std::size_t>{"intents", 400},
                                    {"intents-noisy", 400},
                                    {"summaries", 150},
                                    {"summaries-noisy", 150},
                                    {"replies", 36}}) {
    const auto suite = base::load_suite(std::string("workloads/suites/") + name + ".json");
    REQUIRE(suite);
    CHECK(suite->name == name);
    CHECK(suite->prompts.size() == count);
    for (const base::Prompt& prompt : suite->prompts) {
      REQUIRE_FALSE(prompt.checks.empty());
      REQUIRE(prompt.text.back() == kPromptEnd);
    }
  }
}

}  // namespace slmrig::forge
