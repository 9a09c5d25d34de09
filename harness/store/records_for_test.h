// Small records with ids to read, for the tests of the store.
#pragma once

#include <catch2/catch.hpp>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "harness/base/file.h"
#include "harness/base/sha256.h"
#include "harness/store/sql_query.h"
#include "harness/store/store.h"

namespace slmrig::store {

// The value, or a failed test that says why there is none.
template <typename T>
T must(base::Result<T> result) {
  if (!result) FAIL(result.error().text());
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

class TestFolder {
 public:
  TestFolder() : folder_(must(base::TemporaryDirectory::create("store-test"))) {}
  std::string file(const std::string& name = "test.db") const { return folder_.path() / name; }

 private:
  base::TemporaryDirectory folder_;
};

inline base::RunStart run_for_test(const std::string& run_id = "run-1") {
  base::RunStart run;
  run.run_id = run_id;
  run.label = "label of " + run_id;
  run.build = {"watch-1.0", "c0ffee"};
  run.plan_name = "demo";
  run.plan_text = "{\"name\": \"demo\"}";
  run.rig_name = "virtual";
  run.started_at_ns = 1000;
  run.provenance = {{"host.cpu", "a cpu"}, {"host.kernel", "6.1"}};
  return run;
}

// Cells "<session_id>-c0", "-c1", ... of the suites intents, summaries, ...
inline base::SessionStart session_for_test(const std::string& run_id = "run-1",
                                           const std::string& session_id = "s-1", int cells = 2) {
  base::SessionStart start;
  start.run_id = run_id;
  start.session.session_id = session_id;
  start.session.bench = "desk-3";
  start.session.board = "native";
  start.session.model = "wrist-nano";
  start.session.variant = "int8";
  for (int i = 0; i < cells; ++i) {
    start.session.cells.push_back(
        {session_id + "-c" + std::to_string(i), i == 0 ? "intents" : "summaries", {}, "ctx=256 new=32"});
  }
  start.tier = base::Tier::kHardware;
  start.ticks = {false, 1, 1};
  start.tick_source = "tsc";
  start.unit_id = "unit-7";
  start.engine = "slm";
  start.engine_version = "0.1";
  start.kernel_isa = "avx2";
  start.agent_build_id = "ab12";
  start.image_sha256 = "1f";
  start.variant.image_sha256 = "1f";
  start.variant.model_sha256 = "2e";
  start.variant.image_bytes = 4096;
  start.variant.context_tokens = 256;
  start.variant.weight_macs_per_token = 280'000;
  start.started_at_ns = 2000;
  start.provenance = {{"agent.compiler", "gcc"}, {"order.seed", "1"}};
  return start;
}

inline base::Generation generation_for_test(const std::string& cell_id = "s-1-c0",
                                            const std::string& prompt_id = "p-1",
                                            std::vector<uint64_t> token_ticks = {500, 100, 110, 120}) {
  base::Generation generation;
  generation.cell_id = cell_id;
  generation.prompt_id = prompt_id;
  generation.prompt_text = "set a timer";
  generation.prompt_sha256 = base::sha256_hex(std::string_view("set a timer"));
  generation.prompt_tokens = 7;
  generation.generated_tokens = static_cast<uint32_t>(token_ticks.size());
  generation.finish = base::Finish::kLength;
  generation.encode_ticks = 20;
  generation.prefill_ticks = 400;
  generation.first_sample_ticks = 80;
  for (std::size_t i = 0; i < token_ticks.size(); ++i) {
    generation.token_ids.push_back(static_cast<int32_t>(40 + i));
    generation.total_ticks += token_ticks[i];
  }
  generation.token_ticks = std::move(token_ticks);
  generation.token_ids_sha256 = "00ff";
  generation.output_text = "timer.set";
  generation.correct = true;
  generation.matches_reference = true;
  generation.started_at_ns = 3000;
  return generation;
}

// A new store with run-1, session s-1 and its two cells.
inline std::unique_ptr<Store> store_for_test(const std::string& path, const base::SessionStart& session) {
  auto store = must(open_store(path));
  must(store->begin_run(run_for_test()));
  must(store->begin_session(session));
  return store;
}

inline SqlTable query_for_test(const std::string& path, const std::string& sql) {
  return must(run_query(path, sql));
}

inline int64_t number_for_test(const std::string& path, const std::string& sql) {
  const SqlTable table = query_for_test(path, sql);
  REQUIRE(table.rows.size() == 1);
  return std::get<int64_t>(table.rows.front().front());
}

inline std::string text_for_test(const std::string& path, const std::string& sql) {
  const SqlTable table = query_for_test(path, sql);
  REQUIRE(table.rows.size() == 1);
  return std::get<std::string>(table.rows.front().front());
}

}  // namespace slmrig::store
