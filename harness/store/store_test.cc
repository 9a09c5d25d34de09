// What goes in comes out: records through the sink, rows through the reader.
#include "harness/store/store.h"

#include "harness/store/queries.h"
#include "harness/store/records_for_test.h"

namespace slmrig::store {

using base::CellStatus;

TEST_CASE("a run, its sessions and cells come back as they were written") {
  const TestFolder folder;
  auto store = store_for_test(folder.file(), session_for_test());
  must(store->end_cell({"s-1-c0", CellStatus::kOk, "", {"host was busy", "clock off"}, 5000, 77}));
  must(store->end_cell({"s-1-c1", CellStatus::kUnfit, "needs 9 bytes, board has 8", {}, 5001, 0}));
  must(store->end_session("s-1", 6000));
  must(store->end_run({"run-1", 7000, true, 0.625}));

  auto reader = must(open_reader(folder.file()));
  const RunData data = must(reader.run_data("latest"));
  CHECK(data.run.run_id == "run-1");
  CHECK(data.run.label == "label of run-1");
  CHECK(data.run.build == "watch-1.0");
  CHECK(data.run.commit_sha == "c0ffee");
  CHECK(data.run.plan_text == "{\"name\": \"demo\"}");
  CHECK(data.run.started_at_ns == 1000);
  CHECK(data.run.ended_at_ns == 7000);
  CHECK(data.run.interrupted);
  CHECK(data.run.busy_share == 0.625);
  CHECK(data.run.cells_ok == 1);
  CHECK(data.run.cells_unfit == 1);
  CHECK(data.run.cells() == 2);
  CHECK(data.provenance == run_for_test().provenance);

  REQUIRE(data.sessions.size() == 1);
  const SessionRow& session = data.sessions[0].session;
  CHECK(session.bench == "desk-3");
  CHECK(session.unit_id == "unit-7");
  CHECK(session.kernel_isa == "avx2");
  CHECK(session.cost_unit == CostUnit::kNanoseconds);
  CHECK(session.image_bytes == 4096);
  CHECK(session.weight_macs_per_token == 280'000);
  CHECK(session.attempt == 1);
  CHECK(session.ended_at_ns == 6000);
  CHECK(data.sessions[0].provenance == session_for_test().provenance);

  REQUIRE(data.sessions[0].cells.size() == 2);
  const CellRow& first = data.sessions[0].cells[0].cell;
  CHECK(first.cell_id == "s-1-c0");
  CHECK(first.suite == "intents");
  CHECK(first.status == CellStatus::kOk);
  CHECK(first.doubts == std::vector<std::string>{"host was busy", "clock off"});
  CHECK(first.busy_ns == 77);
  CHECK(data.sessions[0].cells[1].cell.reason == "needs 9 bytes, board has 8");
}

TEST_CASE("a generation comes back with its whole trace") {
  const TestFolder folder;
  base::SessionStart session = session_for_test();
  session.ticks = {false, 1'000'000'000, 2'100'000'000};  // a 2.1 GHz counter
  auto store = store_for_test(folder.file(), session);
  base::Generation written = generation_for_test("s-1-c0", "p-1", {2'100'000, 21, 22, 23});
  written.correct = false;
  written.failed_checks = {"exact_intent", "slots: \"a\""};
  written.output_text = "t\xc3\xa4glich \xff";
  must(store->add(written));
  must(store->commit());

  auto reader = must(open_reader(folder.file()));
  const std::vector<GenerationRow> rows = must(reader.generations("s-1-c0"));
  REQUIRE(rows.size() == 1);
  const GenerationRow& row = rows[0];
  CHECK(row.prompt_id == "p-1");
  CHECK(row.prompt_text == "set a timer");
  CHECK(row.prompt_sha256 == base::sha256_hex(std::string_view("set a timer")));
  CHECK(row.finish == base::Finish::kLength);
  CHECK(row.ttft_cost == 1'000'000);
  CHECK(row.token_costs == std::vector<int64_t>{1'000'000, 10, 10, 11});  // 10.0, 10.48, 10.95
  CHECK(row.decode_cost == 31);                                           // 66 ticks are 31.4 ns
  CHECK(row.token_ids == std::vector<int32_t>{40, 41, 42, 43});
  CHECK(row.token_ids_sha256 == "00ff");
  CHECK(row.output_text == "t\xc3\xa4glich \xef\xbf\xbd");
  CHECK(row.correct == false);
  CHECK(row.failed_checks == written.failed_checks);
  CHECK(row.matches_reference == true);
}

TEST_CASE("an answer that is the suite's fallback text says why") {
  const TestFolder folder;
  auto store = store_for_test(folder.file(), session_for_test());
  base::Generation written = generation_for_test("s-1-c0", "p-1", {5, 6});
  written.fallback = base::FallbackReason::kForm;
  must(store->add(written));
  written.prompt_id = "p-2";
  written.fallback = base::FallbackReason::kNone;
  must(store->add(written));
  must(store->commit());
  auto reader = must(open_reader(folder.file()));
  const std::vector<GenerationRow> rows = must(reader.generations("s-1-c0"));
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].fallback == base::FallbackReason::kForm);
  CHECK(rows[1].fallback == base::FallbackReason::kNone);
}

TEST_CASE("cold starts, memory and logs belong to their session") {
  const TestFolder folder;
  auto store = store_for_test(folder.file(), session_for_test());
  must(store->add(base::ColdStart{"s-1", 1, "exec", 10, 20, 30, 40}));
  must(store->add(base::ColdStart{"s-1", 0, "exec", 1, 2, 3, 4}));
  must(store->add(base::MemoryClass{"s-1", "kv", 100}));
  must(store->add(base::MemoryClass{"s-1", "kv", 300}));
  must(store->add(base::SessionLog{"s-1", "transcript", std::string(100'000, 'x') + "end"}));
  must(store->end_session("s-1", 1));
  auto reader = must(open_reader(folder.file()));
  const SessionData data = must(reader.session_data("s-1"));
  REQUIRE(data.cold_starts.size() == 2);
  CHECK(data.cold_starts[0].total_cost == 10);
  CHECK(data.cold_starts[1].first_token_cost == 40);
  REQUIRE(data.memory.size() == 1);
  CHECK(data.memory[0].bytes == 300);  // the later report is the higher mark
  const std::vector<LogRow> logs = must(reader.logs("s-1"));
  REQUIRE(logs.size() == 1);
  CHECK(logs[0].text == std::string(100'000, 'x') + "end");
  CHECK(number_for_test(folder.file(), "select length(zstd) from log") < 1000);
}

TEST_CASE("what a suite keeps private is not in the database") {
  const TestFolder folder;
  auto store = store_for_test(folder.file(), session_for_test());
  base::Generation secret = generation_for_test();
  secret.prompt_text = secret.output_text = "";
  secret.token_ids.clear();
  must(store->add(secret));
  must(store->commit());
  auto reader = must(open_reader(folder.file()));
  const GenerationRow row = must(reader.generations("s-1-c0")).at(0);
  CHECK(row.token_ids.empty());
  CHECK(row.output_text.empty());
  CHECK(row.token_ids_sha256 == "00ff");
  CHECK(row.token_costs.size() == 4);
  CHECK(number_for_test(folder.file(), "select count(*) from v_token where token_id is null") == 4);
  CHECK(number_for_test(folder.file(), "select count(*) from v_generation where output_text is null") == 1);
}

TEST_CASE("an empty answer is an answer") {
  const TestFolder folder;
  auto store = store_for_test(folder.file(), session_for_test());
  base::Generation empty = generation_for_test("s-1-c0", "p-1", {500});
  empty.output_text = "";
  must(store->add(empty));
  base::Generation nothing = generation_for_test("s-1-c0", "p-2", {});
  must(store->add(nothing));
  must(store->commit());
  auto reader = must(open_reader(folder.file()));
  const std::vector<GenerationRow> rows = must(reader.generations("s-1-c0"));
  CHECK(rows.at(0).ttft_cost == 500);
  CHECK(rows.at(0).decode_cost == 0);
  CHECK_FALSE(rows.at(1).ttft_cost.has_value());
  CHECK(text_for_test(folder.file(), "select output_text from v_generation where prompt_id = 'p-1'").empty());
  CHECK(number_for_test(folder.file(), "select count(*) from v_generation where ttft_ns is null") == 1);
}

TEST_CASE("a second attempt replaces what it measures anew, and says why there was a first") {
  const TestFolder folder;
  base::SessionStart session = session_for_test();
  auto store = store_for_test(folder.file(), session);
  must(store->add(generation_for_test("s-1-c0")));
  must(store->end_cell({"s-1-c0", CellStatus::kOk, "", {}, 1, 1}));
  must(store->add(generation_for_test("s-1-c1")));
  must(store->add(base::ColdStart{"s-1", 0, "exec", 1, 2, 3, 4}));
  must(store->add(base::ColdStart{"s-1", 1, "exec", 1, 2, 3, 4}));
  must(store->add(base::SessionLog{"s-1", "transcript", "first"}));
  must(store->end_cell({"s-1-c1", CellStatus::kFailed, "the link was lost", {}, 2, 1}));

  session.session.cells.erase(session.session.cells.begin());  // the cell that ended ok stays as it is
  session.attempt = 2;
  session.unit_id = "unit-8";
  session.image_sha256 = "";
  session.provenance = {{"agent.compiler", "clang"}};
  must(store->begin_session(session));
  must(store->add(base::ColdStart{"s-1", 0, "exec", 5, 5, 5, 5}));
  must(store->add(generation_for_test("s-1-c1")));
  must(store->add(base::SessionLog{"s-1", "transcript", "second"}));
  must(store->end_cell({"s-1-c1", CellStatus::kOk, "", {}, 3, 1}));
  must(store->end_session("s-1", 4));

  auto reader = must(open_reader(folder.file()));
  const SessionData data = must(reader.session_data("s-1"));
  CHECK(data.session.attempt == 2);
  CHECK(data.session.unit_id == "unit-8");
  CHECK(data.session.image_sha256 == "1f");  // the attempt that said nothing of it does not take it back
  CHECK(data.session.retry_reasons == std::vector<std::string>{"the link was lost"});
  CHECK(data.provenance == base::Provenance{{"agent.compiler", "clang"}, {"order.seed", "1"}});
  REQUIRE(data.cold_starts.size() == 2);
  CHECK(data.cold_starts[0].total_cost == 20);
  CHECK(data.cold_starts[1].total_cost == 10);
  REQUIRE(data.cells.size() == 2);
  for (const CellData& cell : data.cells) {
    CHECK(cell.cell.status == CellStatus::kOk);
    CHECK(cell.generations.size() == 1);
  }
  const std::vector<LogRow> logs = must(reader.logs("s-1"));
  REQUIRE(logs.size() == 2);
  CHECK(logs[0].attempt == 1);
  CHECK(logs[1].attempt == 2);
}

TEST_CASE("a run that was interrupted goes on under its own id") {
  const TestFolder folder;
  {
    auto store = store_for_test(folder.file(), session_for_test());
    must(store->end_cell({"s-1-c0", CellStatus::kOk, "", {}, 1, 1}));
    must(store->end_run({"run-1", 7000, true, 0.5}));
  }
  auto store = must(open_store(folder.file()));
  must(store->resume_run("run-1"));
  auto reader = must(open_reader(folder.file()));
  CHECK_FALSE(must(reader.find_run("run-1")).interrupted);
  CHECK_FALSE(must(reader.find_run("run-1")).ended_at_ns.has_value());
  CHECK(must(reader.find_run("run-1")).cells_interrupted == 1);
  base::SessionStart again = session_for_test();
  again.session.cells.erase(again.session.cells.begin());
  must(store->begin_session(again));
  must(store->end_cell({"s-1-c1", CellStatus::kOk, "", {}, 1, 1}));
  must(store->end_run({"run-1", 9000, false, 0.5}));
  CHECK(must(reader.find_run("run-1")).cells_ok == 2);
  CHECK(must(reader.session("s-1")).retry_reasons == std::vector<std::string>{"did not end"});
  CHECK_FALSE(store->resume_run("run-2").has_value());
}

TEST_CASE("ids that are unknown or there already are refused, and leave nothing behind") {
  const TestFolder folder;
  auto store = store_for_test(folder.file(), session_for_test());
  CHECK(store->begin_run(run_for_test()).error().code == base::ErrorCode::kBadInput);
  CHECK(store->begin_session(session_for_test("run-9", "s-9")).error().message.find("run-9") !=
        std::string::npos);
  CHECK_FALSE(store->add(generation_for_test("nowhere")).has_value());
  CHECK_FALSE(store->end_cell({"nowhere", CellStatus::kOk, "", {}, 1, 1}).has_value());
  must(store->add(generation_for_test()));
  CHECK_FALSE(store->add(generation_for_test()).has_value());  // the same prompt and repeat
  base::SessionStart stolen = session_for_test("run-1", "s-2", 0);
  stolen.session.cells = session_for_test().session.cells;  // cells of s-1
  CHECK_FALSE(store->begin_session(stolen).has_value());
  must(store->commit());
  CHECK(number_for_test(folder.file(), "select count(*) from session") == 1);
  CHECK(number_for_test(folder.file(), "select count(*) from v_generation") == 1);
}

TEST_CASE("figures that cannot be kept exactly are refused") {
  const TestFolder folder;
  auto store = store_for_test(folder.file(), session_for_test());
  CHECK_FALSE(store->add(generation_for_test("s-1-c0", "p", {UINT64_MAX})).has_value());
  CHECK_FALSE(store->add(generation_for_test("s-1-c0", "p", {1, INT64_MAX, INT64_MAX})).has_value());
  base::SessionStart zero = session_for_test("run-1", "s-2");
  zero.ticks = {false, 1, 0};
  CHECK_FALSE(store->begin_session(zero).has_value());
  base::SessionStart fine = session_for_test("run-1", "s-3");
  fine.ticks = {false, 1'000'000'007, 9'000'000'011};
  CHECK_FALSE(store->begin_session(fine).has_value());
}

TEST_CASE("series values replace those of an earlier analysis") {
  const TestFolder folder;
  auto store = store_for_test(folder.file(), session_for_test());
  must(store->put_series_values("s-1",
                                {{"", "memory_peak_bytes", 1, 10}, {"s-1-c0", "token_ms_p50", 9, 1.5}}));
  must(store->put_series_values("s-1",
                                {{"", "memory_peak_bytes", 1, 20}, {"s-1-c1", "token_ms_p50", 9, 2.5}}));
  auto reader = must(open_reader(folder.file()));
  const std::vector<SeriesValue> values = must(reader.series_values("s-1"));
  REQUIRE(values.size() == 2);
  CHECK(values[0].cell_id.empty());
  CHECK(values[0].value == 20);
  CHECK(values[1].cell_id == "s-1-c1");
  CHECK(values[1].samples == 9);
  const auto unknown = store->put_series_values("s-1", {{"", "memory_peek_bytes", 1, 10}});
  REQUIRE_FALSE(unknown.has_value());
  CHECK(unknown.error().message.find("memory_peak_bytes") != std::string::npos);
  CHECK(must(reader.series_values("s-1")).size() == 2);  // a refused list changes nothing
}

}  // namespace slmrig::store
