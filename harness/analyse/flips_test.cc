#include "harness/analyse/flips.h"

#include <catch2/catch.hpp>

#include "harness/analyse/rows_for_test.h"

namespace slmrig::analyse {
namespace {

// One answer a prompt: right ('+'), wrong ('-') or without checks ('?').
store::SessionData session_for_test(const std::string& bench, const std::string& variant,
                                    const std::string& answers) {
  std::vector<store::GenerationRow> generations;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    store::GenerationRow generation = generation_of({5, 1});
    generation.prompt_id = "p" + std::to_string(i);
    if (answers[i] != '?') generation.correct = answers[i] == '+';
    generations.push_back(generation);
  }
  store::SessionData data = session_of({cell_of(bench + " " + variant, generations)});
  data.session.bench = bench;
  data.session.variant = variant;
  data.session.session_id = "session " + bench + " " + variant;
  return data;
}

}  // namespace

TEST_CASE("flips count answers that f32 had right and the variant wrong, and the reverse") {
  store::RunData run;
  run.sessions = {session_for_test("a", "int8", "+-+-?"), session_for_test("a", "f32", "++--?")};
  const std::vector<CellFlips> flips = flips_of(run);
  REQUIRE(flips.size() == 1);
  CHECK(flips[0].cell_id == "a int8");
  CHECK(flips[0].session_id == "session a int8");
  CHECK(flips[0].compared == 4);
  CHECK(flips[0].to_wrong == 1);
  CHECK(flips[0].to_right == 1);
  CHECK(flips[0].rate() == 0.5);
  CHECK(flips[0].prompt_ids == std::vector<std::string>{"p1", "p2"});
}

TEST_CASE("flips are taken against the same bench, or another one that has f32") {
  store::RunData run;
  run.sessions = {session_for_test("b", "f32", "--"), session_for_test("a", "f32", "+-"),
                  session_for_test("a", "int8", "++"), session_for_test("c", "int8", "++")};
  const std::vector<CellFlips> flips = flips_of(run);
  REQUIRE(flips.size() == 2);
  CHECK(flips[0].reference_cell_id == "a f32");
  CHECK(flips[1].reference_cell_id == "a f32");
  SECTION("of the same base model alone") {
    run.sessions[1].session.model_sha256 = "another";
    CHECK(flips_of(run).at(0).reference_cell_id == "b f32");
    run.sessions[0].session.model_sha256 = "another";
    CHECK(flips_of(run).empty());
  }
  SECTION("and never one that failed") {
    run.sessions[1].cells[0].cell.status = base::CellStatus::kFailed;
    CHECK(flips_of(run).at(0).reference_cell_id == "b f32");
  }
}

}  // namespace slmrig::analyse
