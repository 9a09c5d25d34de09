// RecordWriter: from the ids and names that records carry to the keys of their rows.
#include <fmt/format.h>

#include <optional>
#include <string_view>
#include <vector>

#include "harness/base/metrics.h"
#include "harness/base/sha256.h"
#include "harness/base/suggest.h"
#include "harness/base/utf8.h"
#include "harness/store/internal/codec.h"
#include "harness/store/internal/record_writer.h"

namespace slmrig::store {

using base::ErrorCode;
using base::Result;

namespace {

tl::unexpected<base::Error> unknown_id(std::string_view kind, const std::string& id) {
  return base::fail(ErrorCode::kBadInput, fmt::format("no {} '{}' was begun in this database", kind, id));
}

// The first column of the only row that `select` can give.
Result<std::optional<int64_t>> find_key(Statement& select) {
  SLMRIG_ASSIGN(const bool row, select.step());
  if (!row) return std::nullopt;
  const int64_t key = select.column_int64(0);
  select.reset();
  return key;
}

}  // namespace

void RecordWriter::forget_keys() {
  sessions_.clear();
  cells_.clear();
  prompts_.clear();
}

Result<int64_t> RecordWriter::run_key(const std::string& run_id) {
  SLMRIG_ASSIGN(Statement * select, database_.cached("select run_key from run where run_id = ?"));
  SLMRIG_ASSIGN(const std::optional<int64_t> key, find_key(select->bind(run_id)));
  if (!key) return unknown_id("run", run_id);
  return *key;
}

Result<RecordWriter::SessionKey> RecordWriter::session_key(const std::string& session_id) {
  if (const auto found = sessions_.find(session_id); found != sessions_.end()) return found->second;
  SLMRIG_ASSIGN(Statement * select,
                database_.cached("select session_key, attempt from session where session_id = ?"));
  SLMRIG_ASSIGN(const bool row, select->bind(session_id).step());
  if (!row) return unknown_id("session", session_id);
  const SessionKey key{select->column_int64(0), select->column_int64(1)};
  select->reset();
  sessions_[session_id] = key;
  return key;
}

Result<int64_t> RecordWriter::cell_key(const std::string& cell_id) {
  if (const auto found = cells_.find(cell_id); found != cells_.end()) return found->second;
  SLMRIG_ASSIGN(Statement * select, database_.cached("select cell_key from cell where cell_id = ?"));
  SLMRIG_ASSIGN(const std::optional<int64_t> key, find_key(select->bind(cell_id)));
  if (!key) return unknown_id("cell", cell_id);
  cells_[cell_id] = *key;
  return *key;
}

Result<int64_t> RecordWriter::prompt_key(const PromptFacts& prompt) {
  const std::string text = base::make_valid_utf8(prompt.text);
  // Another suite may keep the same prompt private: the text is added when it is first allowed to be.
  const std::string name = fmt::format("{}{} {} {}", text.empty() ? '-' : '+',
                                       prompt.intent.empty() ? '-' : '+', prompt.sha256, prompt.prompt_id);
  if (const auto found = prompts_.find(name); found != prompts_.end()) return found->second;
  SLMRIG_ASSIGN(const std::string hash, bytes_of_hex(prompt.sha256));
  SLMRIG_ASSIGN(
      Statement * insert,
      database_.cached("insert into prompt (prompt_id, sha256, text, intent) values (?,?,?,?) on conflict "
                       "(prompt_id, sha256) do update set text = coalesce(prompt.text, excluded.text), "
                       "intent = case when excluded.intent is null or (substr(excluded.intent, 1, 1) = '#' "
                       "and prompt.intent is not null) then prompt.intent else excluded.intent end"));
  insert->bind(prompt.prompt_id).bind_blob(hash).bind_text_or_null(text);
  SLMRIG_TRY(insert->bind_text_or_null(prompt.intent).run());
  SLMRIG_ASSIGN(Statement * select,
                database_.cached("select prompt_key from prompt where prompt_id = ? and sha256 = ?"));
  SLMRIG_ASSIGN(const std::optional<int64_t> key, find_key(select->bind(prompt.prompt_id).bind_blob(hash)));
  SLMRIG_CHECK(key.has_value());
  prompts_[name] = *key;
  return *key;
}

Result<int64_t> RecordWriter::plan_key(const std::string& text) {
  const std::string valid = base::make_valid_utf8(text);
  base::Sha256 hash;
  hash.update(valid);
  const auto digest = hash.finish();
  const std::string_view bytes(reinterpret_cast<const char*>(digest.data()), digest.size());
  SLMRIG_ASSIGN(Statement * insert, database_.cached("insert into plan_text (sha256, text) values (?,?) "
                                                     "on conflict (sha256) do nothing"));
  SLMRIG_TRY(insert->bind_blob(bytes).bind(valid).run());
  SLMRIG_ASSIGN(Statement * select, database_.cached("select plan_key from plan_text where sha256 = ?"));
  SLMRIG_ASSIGN(const std::optional<int64_t> key, find_key(select->bind_blob(bytes)));
  SLMRIG_CHECK(key.has_value());
  return *key;
}

Result<int64_t> RecordWriter::metric_key(const std::string& name) {
  const base::Metric* metric = base::find_metric(name);
  if (metric == nullptr) {
    std::vector<std::string> known;
    for (const base::Metric& each : base::metrics()) known.emplace_back(each.name);
    return base::fail(ErrorCode::kBadInput, base::unknown_name("metric", name, known));
  }
  SLMRIG_ASSIGN(Statement * insert, database_.cached("insert into metric (name, unit, better) values (?,?,?) "
                                                     "on conflict (name) do nothing"));
  SLMRIG_TRY(insert->bind(metric->name).bind(metric->unit).bind(base::to_string(metric->better)).run());
  SLMRIG_ASSIGN(Statement * select, database_.cached("select metric_key from metric where name = ?"));
  SLMRIG_ASSIGN(const std::optional<int64_t> key, find_key(select->bind(metric->name)));
  SLMRIG_CHECK(key.has_value());
  return *key;
}

Result<int64_t> RecordWriter::fact_key(const std::string& name, const std::string& value) {
  const std::string valid = base::make_valid_utf8(value);
  SLMRIG_ASSIGN(Statement * insert, database_.cached("insert into fact (name, value) values (?,?) "
                                                     "on conflict (name, value) do nothing"));
  SLMRIG_TRY(insert->bind(name).bind(valid).run());
  SLMRIG_ASSIGN(Statement * select,
                database_.cached("select fact_key from fact where name = ? and value = ?"));
  SLMRIG_ASSIGN(const std::optional<int64_t> key, find_key(select->bind(name).bind(valid)));
  SLMRIG_CHECK(key.has_value());
  return *key;
}

}  // namespace slmrig::store
