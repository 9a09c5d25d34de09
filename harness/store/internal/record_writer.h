// Records -> SQL. Knows the tables; knows nothing of transactions, locks or durability (store.cc).
//
// One thread at a time; the caller has a transaction open. A function that fails may leave part of its rows:
// the caller rolls back to its savepoint.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/records/run_record.h"
#include "harness/store/internal/database.h"
#include "harness/store/rows.h"

namespace slmrig::store {

class RecordWriter {
 public:
  explicit RecordWriter(Database& database) : database_(database) {}

  base::Done begin_run(const base::RunStart& run);
  base::Done resume_run(const std::string& run_id);
  base::Done begin_session(const base::SessionStart& session);
  base::Done add(const base::ColdStart& cold_start);
  base::Done add(const base::MemoryClass& memory);
  base::Done add(const base::Generation& generation);
  base::Done add(const base::SessionLog& log);
  base::Done add(const base::SessionFacts& facts);
  base::Done add(const base::Profile& profile);
  base::Done add(const base::Roofline& roofline);
  base::Done add(const base::Energy& energy);
  base::Done end_cell(const base::CellEnd& cell);
  base::Done end_session(const std::string& session_id, int64_t ended_at_ns);
  base::Done end_run(const base::RunEnd& run);
  base::Done put_series_values(const std::string& session_id, const std::vector<SeriesValue>& values);

  base::Done add_series_values(const std::string& session_id, const std::vector<SeriesValue>& values);

  // After a rollback, keys that were handed out may not be there any more.
  void forget_keys();

 private:
  struct SessionKey {
    int64_t key = 0;
    int64_t attempt = 1;
  };

  base::Result<int64_t> run_key(const std::string& run_id);
  base::Result<SessionKey> session_key(const std::string& session_id);
  base::Result<int64_t> cell_key(const std::string& cell_id);
  struct PromptFacts {
    std::string_view prompt_id;
    std::string_view sha256;
    std::string_view text;
    std::string_view intent;
  };
  base::Result<int64_t> prompt_key(const PromptFacts& prompt);
  base::Result<int64_t> plan_key(const std::string& text);
  base::Result<int64_t> metric_key(const std::string& name);
  base::Result<int64_t> fact_key(const std::string& name, const std::string& value);

  base::Result<int64_t> insert_session(const base::SessionStart& session, int64_t run);
  base::Done restart_session(const base::SessionStart& session, const SessionKey& known);
  base::Done restart_cell(const std::string& cell_id);
  base::Result<int64_t> insert_energy(const base::Energy& energy);
  base::Result<std::optional<int64_t>> capture_key(const base::Energy& energy);
  base::Done add_phase(int64_t energy, const base::PhaseEnergy& phase);
  base::Done add_generation(int64_t energy, uint64_t place, const base::GenerationEnergy& generation);
  base::Done add_windows(int64_t energy, const std::vector<base::EnergyWindow>& windows);
  base::Done add_power_trace(int64_t energy, const base::PowerTrace& trace, std::size_t generations);
  // Of a cell that is measured anew.
  base::Done remove_energy(int64_t cell);
  base::Done remove_cold_start_energy(int64_t session);
  base::Done insert_series_value(int64_t session, const SeriesValue& value);
  base::Done add_artifacts(const base::VariantFacts& variant);
  base::Done set_session_facts(int64_t session, const base::Provenance& provenance);

  Database& database_;
  std::unordered_map<std::string, SessionKey> sessions_;
  std::unordered_map<std::string, int64_t> cells_;
  std::unordered_map<std::string, int64_t> prompts_;
};

}  // namespace slmrig::store
