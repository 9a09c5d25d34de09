// The public views: what scripts may rely on.
#include <fmt/format.h>

#include <map>
#include <random>

#include "harness/store/queries.h"
#include "harness/store/records_for_test.h"
#include "harness/store/sample_data.h"

namespace slmrig::store {

namespace {

const std::vector<std::string> kCommon = {"run_id",   "session_id", "cell_id", "bench",   "unit_id",
                                          "board",    "engine",     "model",   "variant", "suite",
                                          "settings", "build",      "tier"};

// The public contract, written a second time on purpose.
const std::map<std::string, std::vector<std::string>> kViews = {
    {"v_cell", {"status", "reason", "trust"}},
    {"v_generation",
     {"prompt_id", "repeat", "prompt_tokens", "generated_tokens", "ttft_ns", "decode_ns", "ttft_instructions",
      "decode_instructions", "correct", "output_text"}},
    {"v_token", {"prompt_id", "repeat", "token_index", "token_id", "duration_ns", "instructions"}},
    {"v_cold_start",
     {"repeat", "origin", "boot_ns", "load_ns", "first_prefill_ns", "first_token_ns", "total_ns",
      "total_instructions"}},
    {"v_memory", {"class", "bytes"}},
    {"v_profile",
     {"layer", "operator", "calls", "duration_ns", "instructions", "macs", "bytes", "phase", "tokens",
      "kernel"}},
    {"v_roofline", {"kind", "name", "macs", "bytes", "duration_ns", "instructions", "tokens", "missing"}},
    {"v_energy",
     {"phase", "generations", "tokens", "gross_uj", "net_uj", "expanded_uncertainty_uj",
      "comparative_uncertainty_uj", "duration_ns", "lost_samples", "trust"}},
    {"v_generation_energy", {"prompt_id", "repeat", "net_uj", "expanded_uncertainty_uj"}},
    {"v_token_energy", {"prompt_id", "repeat", "token_index", "net_uj"}},
    {"v_energy_budget",
     {"phase", "term", "standard_uncertainty_uj", "comparative_standard_uncertainty_uj",
      "degrees_of_freedom"}},
    {"v_power_trace", {"prompt_id", "repeat", "time_ns", "step_ns", "lowest_uw", "mean_uw", "highest_uw"}},
    {"v_series",
     {"metric", "unit", "started_at_ns", "samples", "value", "commit_sha", "agent_build_id", "image_sha256"}},
    {"v_energy_window",
     {"window", "generations", "duration_ns", "gross_uj_per_generation", "net_uj_per_generation",
      "expanded_uncertainty_uj_per_generation", "comparative_uncertainty_uj_per_generation"}},
};

base::SessionStart emulated_session() {
  base::SessionStart session = session_for_test();
  session.tier = base::Tier::kEmulated;
  session.ticks = {true, 40, 1};
  return session;
}

void add_one_of_each(Store& store) {
  must(store.add(base::ColdStart{"s-1", 0, "reset", 1, 2, 3, 4}));
  must(store.add(generation_for_test()));
  must(store.commit());
}

}  // namespace

TEST_CASE("every public view has exactly the columns that were promised") {
  const TestFolder folder;
  must(fill_with_sample_run(*must(open_store(folder.file()))));
  for (const auto& [view, own] : kViews) {
    INFO(view);
    std::vector<std::string> expected = kCommon;
    expected.insert(expected.end(), own.begin(), own.end());
    CHECK(query_for_test(folder.file(), "select * from " + view).columns == expected);
  }
}

TEST_CASE("on an emulated board there are instructions and no time") {
  const TestFolder folder;
  auto store = store_for_test(folder.file(), emulated_session());
  add_one_of_each(*store);
  const std::string path = folder.file();
  CHECK(number_for_test(
            path, "select count(*) from v_token where duration_ns is null and instructions is not null") ==
        4);
  CHECK(number_for_test(path, "select instructions from v_token where token_index = 2") == 4400);
  CHECK(number_for_test(
            path, "select count(*) from v_generation where ttft_ns is null and decode_ns is null") == 1);
  CHECK(number_for_test(path, "select ttft_instructions from v_generation") == 20'000);
  CHECK(number_for_test(path, "select decode_instructions from v_generation") == 13'200);
  CHECK(
      number_for_test(path,
                      "select total_instructions from v_cold_start where boot_ns is null and load_ns is null "
                      "and first_prefill_ns is null and first_token_ns is null and total_ns is null") == 400);
}

TEST_CASE("elsewhere there is time and no instructions") {
  const TestFolder folder;
  auto store = store_for_test(folder.file(), session_for_test());
  add_one_of_each(*store);
  const std::string path = folder.file();
  CHECK(number_for_test(
            path, "select count(*) from v_token where instructions is null and duration_ns is not null") ==
        4);
  CHECK(number_for_test(path, "select token_id from v_token where token_index = 3") == 43);
  CHECK(number_for_test(path,
                        "select decode_ns from v_generation where ttft_instructions is null "
                        "and decode_instructions is null") == 330);
  CHECK(number_for_test(path, "select total_ns from v_cold_start where total_instructions is null") == 10);
  CHECK(number_for_test(path,
                        "select boot_ns * 1000 + load_ns * 100 + first_prefill_ns * 10 + first_token_ns "
                        "from v_cold_start") == 1234);
}

TEST_CASE("where neither time nor instructions are real, there is neither") {
  const TestFolder folder;
  base::SessionStart session = session_for_test();
  SECTION("functional") { session.tier = base::Tier::kFunctional; }
  SECTION("emulated, but the ticks are called time") { session.tier = base::Tier::kEmulated; }
  auto store = store_for_test(folder.file(), session);
  add_one_of_each(*store);
  CHECK(number_for_test(folder.file(),
                        "select count(*) from v_token where duration_ns is null "
                        "and instructions is null") == 4);
  CHECK(must(must(open_reader(folder.file())).session("s-1")).cost_unit == CostUnit::kNone);
}

TEST_CASE("a profile has time or instructions by the session's unit, and replaces an earlier one") {
  const TestFolder folder;
  base::SessionStart session = session_for_test();
  SECTION("time") {}
  SECTION("instructions") { session = emulated_session(); }
  auto store = store_for_test(folder.file(), session);
  base::Profile profile;
  profile.cell_id = "s-1-c0";
  profile.generations = 2;
  profile.phases = {base::PhaseCost{20, 900, 30}, base::PhaseCost{8, 500, 10}};
  profile.operators = {{base::Phase::kPrefill, 0, "query", 2, 870, 1000, 2000},
                       {base::Phase::kDecode, -1, "output", 8, 490, 3000, 4000, "Q8_0"}};
  must(store->add(profile));
  profile.operators[1].calls = 9;
  must(store->add(profile));
  const SqlTable table = query_for_test(
      folder.file(),
      "select cell_id, layer, operator, calls, duration_ns, instructions, macs, bytes, phase, tokens, kernel "
      "from v_profile order by phase desc");
  using Row = std::vector<SqlValue>;
  const SqlValue null = std::monostate{};
  const bool counts = session.ticks.counts_instructions;
  const auto ns = [&](int64_t ticks) { return counts ? null : SqlValue(ticks); };
  const auto instructions = [&](int64_t ticks) { return counts ? SqlValue(ticks * 40) : null; };
  REQUIRE(table.rows.size() == 2);
  CHECK(table.rows[0] == Row{"s-1-c0", int64_t{0}, "query", int64_t{2}, ns(870), instructions(870),
                             int64_t{1000}, int64_t{2000}, "prefill", int64_t{20}, null});
  CHECK(table.rows[1] == Row{"s-1-c0", null, "output", int64_t{9}, ns(490), instructions(490), int64_t{3000},
                             int64_t{4000}, "decode", int64_t{8}, "Q8_0"});

  auto reader = must(open_reader(folder.file()));
  const ProfileRows rows = must(reader.session_data("s-1")).cells.at(0).profile;
  REQUIRE(rows.phases.size() == 2);
  CHECK(rows.phases[1].cost == 500 * (counts ? 40 : 1));
  CHECK(rows.phases[1].subtracted_cost == 10 * (counts ? 40 : 1));
  REQUIRE(rows.operators.size() == 2);
  CHECK(rows.operators[0].layer == 0);
  CHECK_FALSE(rows.operators[1].layer.has_value());
  CHECK(must(reader.session_data("s-1")).cells.at(1).profile.phases.empty());
  // Another attempt measures the cell anew, and its profile with it.
  must(store->begin_session(session));
  CHECK(number_for_test(folder.file(), "select count(*) from v_profile") == 0);
}

TEST_CASE("a roofline has time or instructions by the session's unit, and replaces an earlier one") {
  const TestFolder folder;
  base::SessionStart session = session_for_test();
  SECTION("time") {}
  SECTION("instructions") { session = emulated_session(); }
  auto store = store_for_test(folder.file(), session);
  base::Roofline roofline;
  roofline.session_id = "s-1";
  roofline.entries = {{base::RooflineKind::kKernel, "Q8_0", 2, 4000, 4250, 100},
                      {base::RooflineKind::kKernel, "Q4_0", 32, 0, 0, 0, "arena_too_small"},
                      {base::RooflineKind::kMemory, "weights", 0, 0, 9000, 70},
                      {base::RooflineKind::kMemory, "arena", 0, 0, 9000, 60}};
  must(store->add(roofline));
  roofline.entries.pop_back();
  must(store->add(roofline));
  const SqlTable table = query_for_test(
      folder.file(),
      "select session_id, cell_id, suite, kind, name, macs, bytes, duration_ns, instructions, tokens, "
      "missing from v_roofline order by kind, name desc");
  using Row = std::vector<SqlValue>;
  const SqlValue null = std::monostate{};
  const bool counts = session.ticks.counts_instructions;
  const auto ns = [&](int64_t ticks) { return counts ? null : SqlValue(ticks); };
  const auto instructions = [&](int64_t ticks) { return counts ? SqlValue(ticks * 40) : null; };
  REQUIRE(table.rows.size() == 3);
  CHECK(table.rows[0] == Row{"s-1", null, null, "kernel", "Q8_0", int64_t{4000}, int64_t{4250}, ns(100),
                             instructions(100), int64_t{2}, null});
  CHECK(table.rows[1] ==
        Row{"s-1", null, null, "kernel", "Q4_0", null, null, null, null, int64_t{32}, "arena_too_small"});
  CHECK(table.rows[2] == Row{"s-1", null, null, "memory", "weights", int64_t{0}, int64_t{9000}, ns(70),
                             instructions(70), null, null});
  auto reader = must(open_reader(folder.file()));
  const std::vector<RooflineRow> rows = must(reader.session_data("s-1")).roofline;
  REQUIRE(rows.size() == 3);
  CHECK(rows[0].kind == base::RooflineKind::kKernel);
  CHECK(rows[0].tokens == 2);
  CHECK(rows[0].cost == 100 * (counts ? 40 : 1));
  CHECK(rows[0].missing.empty());
  CHECK(rows[1].missing == "arena_too_small");
  CHECK(rows[2].kind == base::RooflineKind::kMemory);
  CHECK(rows[2].name == "weights");
  CHECK(rows[2].bytes == 9000);
  roofline.entries[0].macs = uint64_t{1} << 63U;
  CHECK_FALSE(store->add(roofline).has_value());
  roofline.session_id = "nobody's";
  CHECK_FALSE(store->add(roofline).has_value());
}

TEST_CASE("the format of keys and values stands in the settings of what belongs to a session") {
  const TestFolder folder;
  base::SessionStart session = session_for_test();
  session.session.cells[0].settings.kv = base::KvFormat::kInt8;
  auto store = store_for_test(folder.file(), session);
  add_one_of_each(*store);
  CHECK(text_for_test(folder.file(), "select settings from v_cold_start") == "ctx=256 kv=int8");
}

TEST_CASE("the views convert ticks as TickScale does, exactly") {
  const TestFolder folder;
  std::mt19937_64 random(7);
  auto store = must(open_store(folder.file()));
  must(store->begin_run(run_for_test()));
  int session_number = 0;
  for (const auto& [numerator, denominator] : std::vector<std::pair<uint64_t, uint64_t>>{
           {1, 1}, {10, 21}, {1'000'000'000, 2'100'000'003}, {40, 1}, {125, 3}}) {
    const std::string id = fmt::format("s-{}", session_number++);
    base::SessionStart session = session_for_test("run-1", id);
    session.ticks = {false, numerator, denominator};
    must(store->begin_session(session));
    std::vector<uint64_t> ticks = {
        0, 1, 2, denominator - 1, denominator, denominator + 1, uint64_t{1} << 56U};
    for (int i = 0; i < 50; ++i) ticks.push_back(random() % (uint64_t{1} << (8 + i % 48)));
    must(store->add(generation_for_test(id + "-c0", "p", ticks)));
    must(store->commit());
    const SqlTable table =
        query_for_test(folder.file(), "select duration_ns from v_token where session_id = '" + id +
                                          "' order by token_index");
    REQUIRE(table.rows.size() == ticks.size());
    for (std::size_t i = 0; i < ticks.size(); ++i) {
      INFO(ticks[i] << " * " << numerator << " / " << denominator);
      CHECK(std::get<int64_t>(table.rows[i][0]) == session.ticks.convert(ticks[i]));
    }
  }
}

TEST_CASE("a cell that has not ended reads as interrupted, and trust is ok or the reasons") {
  const TestFolder folder;
  auto store = store_for_test(folder.file(), session_for_test("run-1", "s-1", 4));
  must(store->end_cell({"s-1-c0", base::CellStatus::kOk, "", {}, 1, 1}));
  must(store->end_cell({"s-1-c1", base::CellStatus::kOk, "", {"clock off by 2 %", "host was busy"}, 1, 1}));
  must(store->end_cell({"s-1-c2", base::CellStatus::kFailed, "no answer", {}, 1, 1}));
  const SqlTable table =
      query_for_test(folder.file(), "select status, reason, trust from v_cell order by cell_id");
  using Row = std::vector<SqlValue>;
  const SqlValue null = std::monostate{};
  REQUIRE(table.rows.size() == 4);
  CHECK(table.rows[0] == Row{"ok", null, "ok"});
  CHECK(table.rows[1] == Row{"ok", null, "clock off by 2 %; host was busy"});
  CHECK(table.rows[2] == Row{"failed", "no answer", null});
  CHECK(table.rows[3] == Row{"interrupted", "did not end", null});
}

TEST_CASE("what belongs to the session has no cell and no suite") {
  const TestFolder folder;
  auto store = store_for_test(folder.file(), session_for_test());
  add_one_of_each(*store);
  must(store->add(base::MemoryClass{"s-1", "kv", 123}));
  must(store->put_series_values("s-1", {{"", "memory_kv_bytes", 1, 123}, {"s-1-c0", "accuracy", 4, 0.75}}));
  for (const std::string view : {"v_memory", "v_cold_start"}) {
    INFO(view);
    CHECK(number_for_test(folder.file(),
                          "select count(*) from " + view +
                              " where cell_id is null and suite is null and settings = 'ctx=256' "
                              "and build = 'watch-1.0' and session_id = 's-1'") == 1);
  }
  const std::string series =
      "select count(*) from v_series where commit_sha = 'c0ffee' and agent_build_id = 'ab12' "
      "and image_sha256 = '1f' and started_at_ns = 2000 and ";
  CHECK(number_for_test(folder.file(),
                        series + "metric = 'memory_kv_bytes' and unit = 'bytes' and cell_id is null "
                                 "and suite is null and settings = 'ctx=256' and value = 123") == 1);
  CHECK(number_for_test(folder.file(),
                        series + "metric = 'accuracy' and unit = 'ratio' and cell_id = 's-1-c0' and "
                                 "suite = 'intents' and settings = 'ctx=256 new=32' and samples = 4") == 1);
}

TEST_CASE("the sample run is the same for the same seed, and another for another") {
  const auto trace = [](uint64_t seed) {
    const TestFolder folder;
    SampleOptions options;
    options.seed = seed;
    must(fill_with_sample_run(*must(open_store(folder.file())), options));
    return query_for_test(folder.file(), "select * from v_token").rows;
  };
  const auto first = trace(1);
  CHECK(first.size() > 1000);
  CHECK(first == trace(1));
  CHECK(first != trace(2));
}

}  // namespace slmrig::store
