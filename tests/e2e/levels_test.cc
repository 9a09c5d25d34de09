// Quantization levels and what they cost, as a user asks for them: variants that cannot apply, the profile
// pass, and which variants have room on a board.
#include <cmath>

#include <catch2/catch.hpp>

#include "tests/e2e/sandbox.h"

namespace slmrig::e2e {
namespace {

std::string plan_of(const Sandbox& sandbox, const nlohmann::json& variants) {
  nlohmann::json plan = nlohmann::json::parse(read_file(source_root() + "/workloads/plans/smoke.json"));
  plan["variants"] = variants;
  return sandbox.write("plan.json", plan.dump());
}

}  // namespace

TEST_CASE("a recipe that cannot apply to a model is a row with its reason and the run exits 0", "[e2e]") {
  const Sandbox sandbox;
  // wrist-nano's rows do not hold a block of 256.
  const std::string plan = plan_of(sandbox, {"2bit", "int8"});
  const Ended shown = sandbox.slmrig({"plan", plan});
  INFO(shown.text());
  CHECK(shown.exit_code == 0);
  CHECK_THAT(shown.output, Catch::Contains("not_applicable") && Catch::Contains("256"));
  const Ended run = sandbox.run_plan(plan, {"--only", "bench=native"});
  INFO(run.text());
  CHECK(run.exit_code == 0);
  CHECK_THAT(run.output, Catch::Contains("1 ok, 1 not applicable"));
  const auto rows = sandbox.query("select status, reason from v_cell where variant = '2bit'");
  REQUIRE(rows.size() == 1);
  CHECK(rows[0]["status"] == "not_applicable");
  CHECK_THAT(rows[0]["reason"].get<std::string>(), Catch::Contains("256"));
  CHECK(sandbox.count("select count(*) from v_cell where variant = 'int8' and status = 'ok'") == 1);
}

TEST_CASE("a profile's operators add up to the time of the tokens on every board", "[e2e]") {
  const Sandbox sandbox;
  const Ended run = sandbox.run_plan("smoke", {"--profile"});
  INFO(run.text());
  REQUIRE(run.exit_code == 0);
  CHECK(sandbox.count("select count(distinct bench) from v_profile") == 3);
  CHECK(sandbox.count("select count(*) from v_profile where (tier = 'emulated') <> (duration_ns is null) or "
                      "(tier = 'emulated') <> (instructions is not null)") == 0);
  // On emulated boards the same tokens cost the same with and without a profile, less what looking at the
  // clock cost.
  const auto emulated = sandbox.query(
      "select p.bench, p.phase, p.cost, t.cost as token_cost from "
      "(select bench, phase, sum(instructions) as cost from v_profile where tier = 'emulated' group by 1, 2) "
      "p join "
      "(select bench, iif(token_index = 0, 'prefill', 'decode') as phase, sum(instructions) as cost from "
      "v_token "
      "group by 1, 2) t using (bench, phase)");
  REQUIRE(emulated.size() == 4);
  for (const auto& row : emulated) {
    INFO(row.dump());
    const auto cost = row["cost"].get<double>();
    CHECK(std::abs(cost - row["token_cost"].get<double>()) <= 0.02 * row["token_cost"].get<double>());
  }
  // Everywhere, a host that is busy in one of the passes included: against the pass's own time.
  const auto passes = sandbox.query(
      "select p.cell_key, p.phase, p.ticks - p.subtracted_ticks as time, "
      "(select sum(ticks) from profile_operator o where o.cell_key = p.cell_key and o.phase = p.phase) as "
      "operators "
      "from profile_phase p");
  REQUIRE(passes.size() == 6);
  for (const auto& row : passes) {
    INFO(row.dump());
    CHECK(std::abs(row["operators"].get<double>() - row["time"].get<double>()) <=
          0.02 * row["time"].get<double>());
  }
  // Every weight is used once a token; attention comes on top.
  CHECK(
      sandbox.count("select count(*) from (select session_id, sum(macs) / max(tokens) as macs from v_profile "
                    "where phase = 'decode' group by 1) join v_session using (session_id) "
                    "where macs < weight_macs_per_token or macs > 1.5 * weight_macs_per_token") == 0);
}

TEST_CASE("a roofline has the kernel of every format and every memory, and no matrix is faster", "[e2e]") {
  const Sandbox sandbox;
  const Ended run = sandbox.run_plan(plan_of(sandbox, {"int8", "int4"}), {"--profile"});
  INFO(run.text());
  REQUIRE(run.exit_code == 0);
  CHECK(sandbox.count("select count(*) from v_session where session_id not in "
                      "(select session_id from v_profile where kernel is not null)") == 0);
  CHECK(sandbox.count("select count(*) from v_profile p where kernel is not null and not exists "
                      "(select 1 from v_roofline r where r.session_id = p.session_id and r.kind = 'kernel' "
                      "and r.name = p.kernel and r.tokens = 1)") == 0);
  CHECK(sandbox.count("select count(*) from v_profile where kernel is null and "
                      "operator in ('query', 'down', 'output')") == 0);
  CHECK(sandbox.count("select count(distinct session_id || name) from v_roofline where kind = 'memory'") ==
        2 * sandbox.count("select count(*) from v_session"));
  CHECK(sandbox.count("select count(*) from v_roofline where (tier = 'emulated') <> (duration_ns is null) or "
                      "coalesce(duration_ns, instructions) <= 0 or (kind = 'kernel') <> (macs > 0)") == 0);
  // Instructions do not depend on the host, so that the limit holds for every matrix of a token. The
  // narrowest rows, of 64 numbers, come to 0.87 of it on the Cortex-M55 and to 0.96 on the M4; the matrix
  // that is measured itself to 1.00.
  const auto ratios = sandbox.query(
      "select p.bench, p.variant, p.operator, sum(p.macs * r.instructions / (1.0 * r.macs)) / "
      "sum(p.instructions) as ratio from v_profile p join v_roofline r on r.session_id = p.session_id and "
      "r.name = p.kernel and r.tokens = 1 where p.phase = 'decode' and p.tier = 'emulated' group by 1, 2, 3");
  REQUIRE(ratios.size() >= 2 * 2 * 8);
  for (const auto& row : ratios) {
    INFO(row.dump());
    CHECK(row["ratio"].get<double>() <= 1.02);
    CHECK(row["ratio"].get<double>() >= 0.85);
  }
}

TEST_CASE("without the option there is no profile, and figures do not change with it", "[e2e]") {
  const Sandbox sandbox;
  for (const bool with_profile : {false, true}) {
    std::vector<std::string> more = {"--only", "bench=mps3-an547"};
    if (with_profile) more.emplace_back("--profile");
    const Ended run = sandbox.run_plan("smoke", more);
    INFO(run.text());
    REQUIRE(run.exit_code == 0);
    CHECK((sandbox.count("select count(*) from v_profile") > 0) == with_profile);
  }
  CHECK(
      sandbox.count(
          "select count(*) from (select 1 from v_token group by prompt_id, token_index having count(*) <> 2 "
          "or count(distinct instructions) <> 1)") == 0);
  CHECK(sandbox.count("select count(*) from (select 1 from v_memory group by class having count(*) <> 2 "
                      "or count(distinct bytes) <> 1)") == 0);
}

TEST_CASE("keys and values in bytes and a length of one's own are compared with the host's answers",
          "[e2e]") {
  const Sandbox sandbox;
  nlohmann::json plan = nlohmann::json::parse(read_file(source_root() + "/workloads/plans/smoke.json"));
  plan["settings"]["kv"] = "int8";
  plan["settings"]["max_new_tokens"] = 12;
  const Ended run = sandbox.run_plan(sandbox.write("plan.json", plan.dump()));
  INFO(run.text());
  REQUIRE(run.exit_code == 0);
  CHECK(sandbox.count("select count(*) from v_cell where settings like '% kv=int8%' and status = 'ok'") == 3);
  CHECK(sandbox.count("select count(*) from v_memory where settings = 'ctx=256 kv=int8' and class = 'kv'") ==
        3);
  CHECK(sandbox.count("select count(*) from v_answer where matches_reference = 1") == 6);
  CHECK(sandbox.count("select max(generated_tokens) <= 12 from v_generation") == 1);
}

TEST_CASE("fit tells what has room on a board, and by how much the rest has not", "[e2e]") {
  const Sandbox sandbox;
  const std::vector<std::string> question = {"fit", "wrist-wide", "--board", "mps3-an547", "--variant",
                                             "f32", "--variant",  "int8",    "--json"};
  const Ended fit = sandbox.slmrig(question);
  INFO(fit.text());
  REQUIRE(fit.exit_code == 0);
  const auto json = nlohmann::json::parse(fit.output);
  const auto& f32 = json["variants"][0];
  const auto& int8 = json["variants"][1];
  CHECK(f32["variant"] == "f32");
  CHECK(f32["status"] == "unfit");
  CHECK(f32["missing_slot_bytes"].get<int64_t>() ==
        f32["image_bytes"].get<int64_t>() - json["slot_bytes"].get<int64_t>());
  CHECK(int8["status"] == "fits");
  CHECK(int8["image_bytes"].get<int64_t>() < f32["image_bytes"].get<int64_t>());
  CHECK(int8["largest_context_tokens"].get<int64_t>() >= int8["context_tokens"].get<int64_t>());
  const Ended unknown = sandbox.slmrig({"fit", "wrist-wide", "--board", "mps3-an54"});
  CHECK(unknown.exit_code == 2);
  CHECK_THAT(unknown.errors, Catch::Contains("did you mean 'mps3-an547'"));
}

}  // namespace slmrig::e2e
