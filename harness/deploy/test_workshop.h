// For the tests of deploy: a workshop in a temporary folder, with a small random model made by the real
// slmforge.
#pragma once

#include <string>

#include <catch2/catch.hpp>

#include "harness/base/child_process.h"
#include "harness/base/file.h"
#include "harness/base/paths.h"
#include "harness/deploy/deploy.h"

namespace slmrig::deploy {

struct TestWorkshop {
  base::TemporaryDirectory folder = base::TemporaryDirectory::create("deploy").value();
  Workshop workshop;
  base::ModelRef model;

  TestWorkshop() {
    workshop.root = base::find_project_root().value();
    workshop.cache_directory = folder.path() / "cache";
    workshop.slmforge = base::find_program("slmforge", workshop.root).value();
    model = make_model("tiny", 1);
  }

  base::ModelRef make_model(const std::string& name, int seed) const {
    const std::string file = folder.path() / (name + ".gguf");
    base::ChildOptions options;
    options.arguments = {workshop.slmforge.string(), "random", "-o", file, "--name", name, "--seed",
                         std::to_string(seed)};
    const auto run = base::run_captured(options).value();
    INFO(run.errors);
    REQUIRE(run.exit.ok());
    return {name, file};
  }

  base::VariantFacts variant(const std::string& recipe) const {
    auto facts = provision_variant(model, recipe, {64}, workshop);
    if (!facts) FAIL(facts.error().text());
    return *facts;
  }
};

// Loads the board's image and asks it for eight tokens.
inline rig::RunReply answer_of(rig::LiveBoard& board) {
  REQUIRE(board.agent().load(board.slot(), {64}));
  rig::RunRequest request;
  request.prompt = "hello there";
  request.max_new_tokens = 8;
  auto reply = board.agent().run(request);
  if (!reply) FAIL(reply.error().text() << "\n" << board.transcript() << board.process_log());
  return *reply;
}

}  // namespace slmrig::deploy
