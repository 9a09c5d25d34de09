#include "reports/report_json.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <limits>
#include <set>

#include "harness/base/file.h"
#include "reports/packed_integers.h"
#include "reports/testing/sample_run.h"
#include "reports/testing/schema_checker.h"

namespace slmrig::reports {
namespace {

nlohmann::json schema() {
  return nlohmann::json::parse(base::read_text("reports/report.schema.json").value());
}

nlohmann::json written(const store::RunData& run, ReportLimits limits = {}) {
  return nlohmann::json::parse(script_safe_text(report_json({{&run, 1}, 0, limits})));
}

// The cells of a bench's variant, by the names a reader would use.
const nlohmann::json* find_cell(const nlohmann::json& report, const std::string& bench,
                                const std::string& model, const std::string& variant,
                                const std::string& suite) {
  for (const auto& cell : report["cells"]) {
    const auto& session = report["sessions"][cell["session"].get<std::size_t>()];
    if (session["bench"] == bench && session["model"] == model && session["variant"] == variant &&
        cell["suite"] == suite)
      return &cell;
  }
  return nullptr;
}

}  // namespace

TEST_CASE("what is written has the form of the published schema", "[reports]") {
  CHECK(schema_problem(written(sample_run()), schema()) == "");
  CHECK(schema_problem(written(hostile_run()), schema()) == "");
  CHECK(schema_problem(written(failed_run()), schema()) == "");
  CHECK(schema_problem(written(smallest_run()), schema()) == "");
  CHECK(schema_problem(nlohmann::json::parse(script_safe_text(report_json({}))), schema()) == "");
}

TEST_CASE("the schema checker names what is wrong and where", "[reports]") {
  nlohmann::json report = written(smallest_run());
  report["cells"][0]["status"] = "fine";
  CHECK(schema_problem(report, schema()).find("report.cells[0].status: found \"fine\"") == 0);
  report["cells"][0].erase("status");
  CHECK(schema_problem(report, schema()) == "report.cells[0].status: missing");
  report["cells"] = 3;
  CHECK(schema_problem(report, schema()).find("report.cells: found 3") == 0);
}

TEST_CASE("cells of time have rates and cells of instructions have counts", "[reports]") {
  const nlohmann::json report = written(sample_run());
  const auto* timed = find_cell(report, "native", "wrist-nano", "f32", "intents");
  REQUIRE(timed);
  CHECK((*timed)["figures"]["tokens_per_s"].is_number());
  CHECK((*timed)["figures"]["instructions_per_token"].is_null());
  const auto* counted = find_cell(report, "mps2-an386", "wrist-nano", "f32", "intents");
  REQUIRE(counted);
  CHECK((*counted)["figures"]["tokens_per_s"].is_null());
  CHECK((*counted)["figures"]["instructions_per_token"].is_number());
  CHECK(report["sessions"][(*counted)["session"].get<std::size_t>()]["tier"] == "emulated");
}

TEST_CASE("a cell that does not fit is there with its reason and no figure", "[reports]") {
  const nlohmann::json report = written(sample_run());
  const auto* cell = find_cell(report, "mps3-an547", "wrist-wide", "f32", "intents");
  REQUIRE(cell);
  CHECK((*cell)["status"] == "unfit");
  CHECK((*cell)["reason"] == "needs 4194304 bytes, board has 2097152");
  CHECK((*cell)["figures"]["token_p50"].is_null());
  CHECK((*cell)["band"]["median"] == "");
}

TEST_CASE("limits leave out traces and answers, and say how many", "[reports]") {
  store::RunData run = sample_run();
  for (auto& generation : run.sessions[0].cells[0].generations) generation.correct = false;
  const std::size_t wrong = run.sessions[0].cells[0].generations.size();
  const nlohmann::json report = written(run, {2, 3});
  CHECK(report["cells"][0]["traces"].size() == 2);
  CHECK(report["cells"][0]["answers"].size() == 3);
  CHECK(report["cells"][0]["answers_left_out"] == wrong - 3);
  CHECK(report["cells"][0]["generations"] == wrong);
}

TEST_CASE("an answer of a private suite is null, an empty answer is not", "[reports]") {
  store::RunData run = smallest_run();
  store::GenerationRow& generation = run.sessions[0].cells[0].generations[0];
  generation.correct = false;
  generation.output_text.clear();
  CHECK(written(run)["cells"][0]["answers"][0]["text"] == "");
  generation.prompt_text.clear();
  generation.token_ids.clear();
  CHECK(written(run)["cells"][0]["answers"][0]["text"].is_null());
}

TEST_CASE("an answer that is the suite's fallback text is listed with its reason", "[reports]") {
  store::RunData run = smallest_run();
  store::GenerationRow& generation = run.sessions[0].cells[0].generations[0];
  generation.correct = true;
  generation.matches_reference = true;
  CHECK(written(run)["cells"][0]["answers"].empty());
  CHECK(written(run)["cells"][0]["figures"]["fallback"]["count"] == 0);
  generation.fallback = base::FallbackReason::kBudget;
  const nlohmann::json report = written(run);
  CHECK(schema_problem(report, schema()) == "");
  REQUIRE(report["cells"][0]["answers"].size() == 1);
  CHECK(report["cells"][0]["answers"][0]["fallback"] == "budget");
  CHECK(report["cells"][0]["figures"]["fallback"]["count"] == 1);
  CHECK(report["cells"][0]["figures"]["fallback"]["of"] == 1);
}

TEST_CASE("an answer's energy is the mean of the phases, and their errors add up", "[reports]") {
  store::RunData run = sample_run();
  const auto is_metered = [](const store::SessionData& session) {
    return session.cold_start_energy.has_value();
  };
  const auto session = std::find_if(run.sessions.begin(), run.sessions.end(), is_metered);
  REQUIRE(session != run.sessions.end());
  run.sessions = {*session};
  run.sessions[0].cells.resize(1);
  base::Energy& energy = *run.sessions[0].cells[0].energy;
  REQUIRE(energy.phases.size() == 3);
  const auto set = [](base::PhaseEnergy& phase, double gross_uj, double net_uj, double half_width_uj) {
    phase.generations = 4;
    phase.duration_ns = 2'000'000'000;
    phase.gross_uj = gross_uj;
    phase.net_uj = net_uj;
    phase.expanded_uncertainty_uj = half_width_uj;
    phase.comparative_uncertainty_uj = half_width_uj / 8;
  };
  set(energy.phases[0], 80, 0, 16);
  set(energy.phases[1], 400, 320, 40);
  set(energy.phases[2], 800, 720, 80);
  const nlohmann::json report = written(run);
  CHECK(schema_problem(report, schema()) == "");
  const nlohmann::json& answer = report["cells"][0]["energy"]["answer"];
  CHECK(answer["answers"] == 4);
  CHECK(answer["gross_uj"] == 300);
  CHECK(answer["net_uj"] == 80 + 180);
  CHECK(answer["prefill_uj"] == 80);
  CHECK(answer["decode_uj"] == 180);
  CHECK(answer["idle_uj"] == 40);
  // An answer takes a second, in which idle is known to 8.
  CHECK(answer["expanded_uj"] == 10 + 20 + 8);
  CHECK(answer["comparative_uj"] == (10 + 20 + 8) / 8.0);
  CHECK(report["sessions"][0]["cold_start_energy"]["answer"].is_null());
  CHECK(report["cells"][0]["energy"]["phases"][0]["net_uj"].is_null());
}

TEST_CASE("where a plan asked for windows, an answer's energy is that of the median one", "[reports]") {
  store::RunData run = sample_run();
  for (store::SessionData& session : run.sessions) {
    for (store::CellData& cell : session.cells) {
      if (!cell.energy) continue;
      cell.energy->windows = {
          {2, 1'000, 0, 5'000, 500, 5}, {2, 1'000, 0, 9'000, 900, 9}, {4, 2'000, 0, 12'000, 1'600, 8}};
    }
  }
  const nlohmann::json report = written(run);
  CHECK(schema_problem(report, schema()) == "");
  const auto* cell = find_cell(report, "mps2-an386", "wrist-nano", "f32", "intents");
  REQUIRE(cell);
  const nlohmann::json& energy = (*cell)["energy"];
  CHECK(energy["answer"]["net_uj"] == 3'000);
  CHECK(energy["answer"]["gross_uj"] == 3'000 + energy["answer"]["idle_uj"].get<double>());
  CHECK(energy["answer"]["expanded_uj"].get<double>() > 400);
  CHECK(energy["answer"]["prefill_uj"].get<double>() > 3'000);  // of all answers, as before
  REQUIRE(energy["windows"].size() == 3);
  CHECK(energy["windows"][2] == nlohmann::json{{"answers", 4},
                                               {"duration_ns", 2'000},
                                               {"net_uj", 12'000},
                                               {"expanded_uj", 1'600},
                                               {"comparative_uj", 8}});
}

TEST_CASE("a power trace has its times from the beginning of its generation", "[reports]") {
  store::RunData run = sample_run();
  for (auto& session : run.sessions) {
    for (auto& cell : session.cells) {
      if (!cell.energy) continue;
      base::GenerationEnergy& generation = cell.energy->generations[0];
      generation.start_ns = 5'000;
      generation.prefill_ns = 0;
      generation.token_net_uj = {2.5, 1};
      generation.token_duration_ns = {300, 40};
      cell.energy->trace = base::PowerTrace{0, 4'900, 20, {1, 2}, {3, 4.0004}, {5, 6}};
    }
  }
  nlohmann::json report = written(run);
  CHECK(schema_problem(report, schema()) == "");
  const auto* cell = find_cell(report, "mps2-an386", "wrist-nano", "f32", "intents");
  REQUIRE(cell);
  const nlohmann::json& trace = (*cell)["energy"]["trace"];
  CHECK(trace["first_ns"] == -100);
  CHECK(trace["prefill_ns"] == 300);
  CHECK(trace["token_ends_ns"] == pack_integers(std::vector<int64_t>{300, 340}));
  CHECK(trace["token_net_nj"] == pack_integers(std::vector<int64_t>{2'500, 1'000}));
  CHECK(trace["mean_nw"] == pack_integers(std::vector<int64_t>{3'000, 4'000}));
  CHECK((*find_cell(report, "native", "wrist-nano", "f32", "intents"))["energy"].is_null());
  // Of a generation that is not there, there is nothing to draw.
  for (auto& session : run.sessions) {
    for (auto& each : session.cells) {
      if (each.energy) each.energy->trace->generation = 99;
    }
  }
  report = written(run);
  CHECK((*find_cell(report, "mps2-an386", "wrist-nano", "f32", "intents"))["energy"]["trace"].is_null());
}

TEST_CASE("figures that are not finite are null", "[reports]") {
  store::RunData run = sample_run();
  run.run.busy_share = std::numeric_limits<double>::quiet_NaN();
  CHECK(written(run)["runs"][0]["busy_share"].is_null());
}

TEST_CASE("the text may stand inside a script element", "[reports]") {
  const store::RunData run = hostile_run();
  const std::string text = script_safe_text(report_json({{&run, 1}, 0, {}}));
  CHECK(text.find_first_of("<>&") == std::string::npos);
  CHECK(std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; }));
  const auto parsed = nlohmann::json::parse(text);
  CHECK(parsed["runs"][0]["label"].get<std::string>().find("</script>") == 0);
}

TEST_CASE("variants of the newest run stand side by side, the largest image first", "[reports]") {
  const nlohmann::json report = written(sample_run());
  REQUIRE(!report["comparisons"].empty());
  for (const nlohmann::json& comparison : report["comparisons"]) {
    const nlohmann::json& subjects = comparison["subjects"];
    REQUIRE(subjects.size() == 2);
    CHECK(subjects[0]["name"] == "f32");
    CHECK(subjects[0]["recommendation"] == "");
    CHECK(subjects[1]["recommendation"] != "");
    for (const nlohmann::json& index : subjects[1]["cells"]) {
      const nlohmann::json& cell = report["cells"][index.get<std::size_t>()];
      CHECK(cell["suite"] == comparison["suite"]);
      CHECK(report["sessions"][cell["session"].get<std::size_t>()]["variant"] == "int8");
    }
    for (const nlohmann::json& figure : subjects[1]["figures"]) {
      // Time on an emulated board, or instructions on a real one, would be a figure of no tier.
      const bool counts = figure["metric"].get<std::string>().find("instructions") != std::string::npos;
      if (counts) CHECK(comparison["tier"] == "emulated");
    }
  }
}

TEST_CASE("which variants are good enough stands where somebody asked for it", "[reports]") {
  const store::RunData run = sample_run();
  const analyse::ComparedPlace asked = analyse::places_of(run).front();
  gate::CandidateAnswer answer;
  answer.name = "int8";
  answer.sentence = "yes";
  const Acceptances acceptances = {{asked, {{"accuracy >= 90 %", "image_bytes <= 1 bytes"}, {answer}}}};
  ReportInput input;
  input.runs = {&run, 1};
  input.acceptances = &acceptances;
  const auto report = report_json(input);
  std::size_t found = 0;
  for (const auto& comparison : report["comparisons"]) {
    const bool is_asked = comparison["bench"] == asked.bench && comparison["suite"] == asked.suite &&
                          comparison["model"] == asked.model;
    CHECK(comparison["accept"] == (is_asked ? "accuracy >= 90 %, image_bytes <= 1 bytes" : ""));
    CHECK(comparison["subjects"][0]["accepted"] == "");  // f32 was no candidate
    CHECK(comparison["subjects"][1]["accepted"] == (is_asked ? "yes" : ""));
    found += is_asked ? 1 : 0;
  }
  CHECK(found == 1);
}

TEST_CASE("several runs stand newest first and older ones are counted", "[reports]") {
  const std::vector<store::RunData> runs = {sample_run(), smallest_run()};
  const auto report = report_json({runs, 5, {}});
  CHECK(report["runs"].size() == 2);
  CHECK(report["sessions"].back()["run"] == 1);
  CHECK(report["cells"].back()["session"] == report["sessions"].size() - 1);
  CHECK(report["notes"].size() == 2);
  CHECK(report["notes"][1] == "5 older runs are in the database and not in this file.");
}

TEST_CASE("of older runs the page has figures and answers, and says what it has not", "[reports]") {
  const std::vector<store::RunData> runs = {sample_run(), sample_run()};
  ReportLimits limits;
  limits.detailed_cells = 47;  // each run has 24
  const auto report = nlohmann::json::parse(script_safe_text(report_json({runs, 0, limits})));
  CHECK(schema_problem(report, schema()) == "");
  const auto& newest = report["cells"][0];
  const auto& older = report["cells"][report["cells"].size() / 2];
  CHECK(older["figures"] == newest["figures"]);
  CHECK(older["answers"] == newest["answers"]);
  CHECK(!newest["traces"].empty());
  CHECK(older["traces"].empty());
  CHECK(older["profile"].empty());
  CHECK(older["band"]["median"] == "");
  CHECK(report["sessions"].back()["cold_starts"].empty());
  CHECK(report["notes"][1].get<std::string>().find("Of the newest 1 it has everything") == 0);
}

TEST_CASE("as many of the newest runs have everything as there is room for, and always one", "[reports]") {
  const std::vector<store::RunData> runs = {sample_run(), sample_run(), sample_run()};
  const auto detailed = [&](std::size_t cells) {
    ReportLimits limits;
    limits.detailed_cells = cells;
    const auto report = report_json({runs, 0, limits});
    return std::count_if(report["cells"].begin(), report["cells"].end(),
                         [](const auto& cell) { return !cell["profile"].empty(); });
  };
  const auto whole_run = detailed(0);
  CHECK(whole_run > 0);
  CHECK(detailed(48) == 2 * whole_run);
  CHECK(detailed(72) == 3 * whole_run);
}

}  // namespace slmrig::reports
