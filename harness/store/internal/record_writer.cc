#include "harness/store/internal/record_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <limits>
#include <numeric>
#include <optional>

#include "harness/base/utf8.h"
#include "harness/store/internal/codec.h"

namespace slmrig::store {

using base::Done;
using base::ErrorCode;
using base::Result;

namespace {

constexpr uint64_t kMaxInteger = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());

Done check_ticks(std::initializer_list<uint64_t> ticks) {
  for (const uint64_t value : ticks) {
    if (value > kMaxInteger) {
      return base::fail(ErrorCode::kBadInput, fmt::format("a duration of {} ticks is beyond 63 bits", value));
    }
  }
  return {};
}

// Lowest terms, and small enough that the views' arithmetic stays within 63 bits.
Result<base::TickScale> storable(base::TickScale scale) {
  const uint64_t divisor = std::gcd(scale.numerator, scale.denominator);
  if (scale.numerator == 0 || scale.denominator == 0) {
    return base::fail(ErrorCode::kBadInput, "a tick scale of zero: a tick must have a length");
  }
  scale.numerator /= divisor;
  scale.denominator /= divisor;
  __extension__ using Wide = unsigned __int128;
  if (Wide{scale.numerator} * 2 * scale.denominator + scale.denominator > kMaxInteger) {
    return base::fail(ErrorCode::kBadInput,
                      fmt::format("a tick scale of {}/{} is too fine to be converted exactly",
                                  scale.numerator, scale.denominator));
  }
  return scale;
}

// At a later attempt what is known anew replaces, and what was known stays: a board that no longer answers
// does not take back what it said when it was measured.
const char* const kUpsertSession = R"(
insert into session (session_id, run_key, bench, unit_id, board, engine, engine_version, kernel_isa, model, variant,
                     tier, counts_instructions, tick_numerator, tick_denominator, tick_source, agent_build_id,
                     image_sha256, model_sha256, image_bytes, context_tokens, weight_macs_per_token, ordinal, attempt,
                     started_at_ns, kv)
values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)
on conflict (session_id) do update set
  unit_id = coalesce(excluded.unit_id, unit_id),
  engine = coalesce(excluded.engine, engine),
  engine_version = coalesce(excluded.engine_version, engine_version),
  kernel_isa = coalesce(excluded.kernel_isa, kernel_isa),
  tier = excluded.tier,
  counts_instructions = excluded.counts_instructions,
  tick_numerator = excluded.tick_numerator,
  tick_denominator = excluded.tick_denominator,
  tick_source = coalesce(excluded.tick_source, tick_source),
  agent_build_id = coalesce(excluded.agent_build_id, agent_build_id),
  image_sha256 = coalesce(excluded.image_sha256, image_sha256),
  model_sha256 = coalesce(excluded.model_sha256, model_sha256),
  image_bytes = coalesce(nullif(excluded.image_bytes, 0), image_bytes),
  context_tokens = coalesce(nullif(excluded.context_tokens, 0), context_tokens),
  weight_macs_per_token = coalesce(nullif(excluded.weight_macs_per_token, 0), weight_macs_per_token),
  attempt = max(attempt + 1, excluded.attempt),
  started_at_ns = excluded.started_at_ns,
  ended_at_ns = null
returning session_key)";

}  // namespace

Done RecordWriter::begin_run(const base::RunStart& run) {
  if (run_key(run.run_id)) {
    return base::fail(
        ErrorCode::kBadInput,
        fmt::format("run '{}' is in the database already; resume it, or begin one with a new id",
                    run.run_id));
  }
  SLMRIG_ASSIGN(const int64_t plan, plan_key(run.plan_text));
  SLMRIG_ASSIGN(Statement * insert,
                database_.cached("insert into run (run_id, label, build, commit_sha, plan_name, "
                                 "plan_key, rig_name, started_at_ns, imported_from) "
                                 "values (?,?,?,?,?,?,?,?,?)"));
  insert->bind(run.run_id).bind_text_or_null(run.label).bind_text_or_null(run.build.name);
  insert->bind_text_or_null(run.build.commit_sha).bind(run.plan_name).bind(plan).bind(run.rig_name);
  const auto format = run.provenance.find("import.format");
  insert->bind(run.started_at_ns);
  SLMRIG_TRY(
      insert->bind_text_or_null(format == run.provenance.end() ? std::string_view() : format->second).run());
  const int64_t key = database_.last_insert_key();
  for (const auto& [name, value] : run.provenance) {
    SLMRIG_ASSIGN(const int64_t fact, fact_key(name, value));
    SLMRIG_ASSIGN(Statement * link,
                  database_.cached("insert into run_fact (run_key, fact_key) values (?,?)"));
    SLMRIG_TRY(link->bind(key).bind(fact).run());
  }
  return {};
}

Done RecordWriter::resume_run(const std::string& run_id) {
  SLMRIG_ASSIGN(const int64_t run, run_key(run_id));
  SLMRIG_ASSIGN(Statement * update,
                database_.cached("update run set ended_at_ns = null, interrupted = 0, busy_share = null "
                                 "where run_key = ?"));
  return update->bind(run).run();
}

Done RecordWriter::begin_session(const base::SessionStart& session) {
  SLMRIG_ASSIGN(const int64_t run, run_key(session.run_id));
  SLMRIG_ASSIGN(Statement * known,
                database_.cached("select session_key, attempt from session where session_id = ?"));
  SLMRIG_ASSIGN(const bool again, known->bind(session.session.session_id).step());
  SessionKey key;
  if (again) {
    key = {known->column_int64(0), known->column_int64(1)};
    known->reset();
    SLMRIG_TRY(restart_session(session, key));
  }
  SLMRIG_ASSIGN(key.key, insert_session(session, run));
  key.attempt = again ? std::max<int64_t>(key.attempt + 1, session.attempt) : session.attempt;
  sessions_[session.session.session_id] = key;
  for (const base::Cell& cell : session.session.cells) {
    SLMRIG_ASSIGN(
        Statement * insert,
        database_.cached("insert into cell (cell_id, session_key, suite, settings) values (?,?,?,?) "
                         "on conflict (cell_id) do update set suite = excluded.suite "
                         "where session_key = excluded.session_key"));
    SLMRIG_TRY(insert->bind(cell.cell_id).bind(key.key).bind(cell.suite).bind(cell.settings_text).run());
    if (database_.changed_rows() != 1) {
      return base::fail(ErrorCode::kBadInput,
                        fmt::format("cell '{}' belongs to another session", cell.cell_id));
    }
  }
  SLMRIG_TRY(add_artifacts(session.variant));
  return set_session_facts(key.key, session.provenance);
}

Result<int64_t> RecordWriter::insert_session(const base::SessionStart& session, int64_t run) {
  SLMRIG_ASSIGN(const base::TickScale ticks, storable(session.ticks));
  SLMRIG_ASSIGN(Statement * insert, database_.cached(kUpsertSession));
  const base::Session& about = session.session;
  insert->bind(about.session_id)
      .bind(run)
      .bind(about.bench)
      .bind_text_or_null(session.unit_id)
      .bind(about.board);
  insert->bind_text_or_null(session.engine).bind_text_or_null(session.engine_version);
  insert->bind_text_or_null(session.kernel_isa).bind(about.model).bind(about.variant);
  insert->bind(base::to_string(session.tier)).bind(ticks.counts_instructions).bind(ticks.numerator);
  insert->bind(ticks.denominator)
      .bind_text_or_null(session.tick_source)
      .bind_text_or_null(session.agent_build_id);
  insert->bind_text_or_null(session.image_sha256).bind_text_or_null(session.variant.model_sha256);
  insert->bind(session.variant.image_bytes).bind(session.variant.context_tokens);
  insert->bind(session.variant.weight_macs_per_token).bind(about.ordinal).bind(session.attempt);
  const base::KvFormat kv = about.cells.empty() ? base::KvFormat::kF32 : about.cells.front().settings.kv;
  insert->bind(session.started_at_ns);
  insert->bind_text_or_null(kv == base::KvFormat::kF32 ? std::string_view() : base::to_string(kv));
  SLMRIG_ASSIGN(const bool row, insert->step());
  SLMRIG_CHECK(row);
  const int64_t key = insert->column_int64(0);
  // The row comes before the statement has ended.
  SLMRIG_ASSIGN(const bool more, insert->step());
  SLMRIG_CHECK(!more);
  return key;
}

Done RecordWriter::restart_session(const base::SessionStart& session, const SessionKey& known) {
  SLMRIG_ASSIGN(Statement * why,
                database_.cached("insert into retry (session_key, attempt, reason) values (?1, ?2, coalesce("
                                 "(select reason from cell where session_key = ?1 and status is not 'ok' "
                                 "and reason is not null order by cell_key limit 1), 'did not end'))"));
  SLMRIG_TRY(why->bind(known.key).bind(known.attempt).run());
  for (const base::Cell& cell : session.session.cells) SLMRIG_TRY(restart_cell(cell.cell_id));
  return {};
}

Done RecordWriter::restart_cell(const std::string& cell_id) {
  const Result<int64_t> key = cell_key(cell_id);
  if (!key) return {};  // this attempt brings it
  for (const char* sql :
       {"delete from generation where cell_key = ?", "delete from series_value where cell_key = ?",
        "delete from profile_operator where cell_key = ?", "delete from profile_phase where cell_key = ?"}) {
    SLMRIG_ASSIGN(Statement * remove, database_.cached(sql));
    SLMRIG_TRY(remove->bind(*key).run());
  }
  SLMRIG_TRY(remove_energy(*key));
  SLMRIG_ASSIGN(
      Statement * update,
      database_.cached("update cell set status = null, reason = null, doubts = null, ended_at_ns = null, "
                       "busy_ns = 0 where cell_key = ?"));
  return update->bind(*key).run();
}

Done RecordWriter::add_artifacts(const base::VariantFacts& variant) {
  SLMRIG_ASSIGN(Statement * insert, database_.cached("insert into artifact (sha256, kind, name, bytes) "
                                                     "values (?,?,?,?) on conflict (sha256) do nothing"));
  if (!variant.image_sha256.empty()) {
    const std::string name = variant.model + " " + variant.variant;
    SLMRIG_TRY(insert->bind(variant.image_sha256).bind("image").bind(name).bind(variant.image_bytes).run());
  }
  if (!variant.model_sha256.empty()) {
    SLMRIG_TRY(insert->bind(variant.model_sha256).bind("model").bind(variant.model).bind_null().run());
  }
  return {};
}

Done RecordWriter::set_session_facts(int64_t session, const base::Provenance& provenance) {
  for (const auto& [name, value] : provenance) {
    SLMRIG_ASSIGN(Statement * remove,
                  database_.cached("delete from session_fact where session_key = ? and fact_key in "
                                   "(select fact_key from fact where name = ?)"));
    SLMRIG_TRY(remove->bind(session).bind(name).run());
    SLMRIG_ASSIGN(const int64_t fact, fact_key(name, value));
    SLMRIG_ASSIGN(Statement * link,
                  database_.cached("insert into session_fact (session_key, fact_key) values (?,?)"));
    SLMRIG_TRY(link->bind(session).bind(fact).run());
  }
  return {};
}

// A later attempt measures the same repeats anew.
Done RecordWriter::add(const base::ColdStart& cold_start) {
  SLMRIG_TRY(check_ticks({cold_start.boot_ticks, cold_start.load_ticks, cold_start.first_prefill_ticks,
                          cold_start.first_token_ticks}));
  SLMRIG_ASSIGN(const SessionKey session, session_key(cold_start.session_id));
  SLMRIG_ASSIGN(Statement * insert,
                database_.cached("insert or replace into cold_start values (?,?,?,?,?,?,?)"));
  insert->bind(session.key).bind(cold_start.repeat).bind(cold_start.origin).bind(cold_start.boot_ticks);
  return insert->bind(cold_start.load_ticks)
      .bind(cold_start.first_prefill_ticks)
      .bind(cold_start.first_token_ticks)
      .run();
}

// The last report of a session is the one that has seen its peak.
Done RecordWriter::add(const base::MemoryClass& memory) {
  SLMRIG_TRY(check_ticks({memory.bytes}));
  SLMRIG_ASSIGN(const SessionKey session, session_key(memory.session_id));
  SLMRIG_ASSIGN(Statement * insert,
                database_.cached("insert into memory values (?,?,?) on conflict "
                                 "(session_key, class) do update set bytes = excluded.bytes"));
  return insert->bind(session.key).bind(memory.name).bind(memory.bytes).run();
}

Done RecordWriter::add(const base::Generation& generation) {
  const std::vector<uint64_t>& ticks = generation.token_ticks;
  SLMRIG_TRY(check_ticks({generation.encode_ticks, generation.prefill_ticks, generation.first_sample_ticks,
                          generation.total_ticks}));
  uint64_t decode_ticks = 0;
  for (std::size_t i = 0; i < ticks.size(); ++i) {
    SLMRIG_TRY(check_ticks({ticks[i]}));
    if (i > 0) decode_ticks += ticks[i];
    SLMRIG_TRY(check_ticks({decode_ticks}));
  }
  SLMRIG_ASSIGN(const int64_t cell, cell_key(generation.cell_id));
  SLMRIG_ASSIGN(const int64_t prompt, prompt_key({generation.prompt_id, generation.prompt_sha256,
                                                  generation.prompt_text, generation.intent}));
  SLMRIG_ASSIGN(const std::string hash, bytes_of_hex(generation.token_ids_sha256));
  const std::string token_ticks = json_array_of(ticks);
  const bool has_ids = generation.token_ids.size() == ticks.size() && !generation.token_ids.empty();
  const std::string token_ids = has_ids ? json_array_of(generation.token_ids) : std::string();
  const std::string failed =
      generation.failed_checks.empty() ? std::string() : json_array_of(generation.failed_checks);
  const std::string output = base::make_valid_utf8(generation.output_text);
  SLMRIG_ASSIGN(
      Statement * insert,
      database_.cached("insert into generation (cell_key, prompt_key, repeat, prompt_tokens, "
                       "generated_tokens, finish, encode_ticks, prefill_ticks, first_sample_ticks, "
                       "ttft_ticks, decode_ticks, total_ticks, token_ticks, token_ids, token_ids_sha256, "
                       "output_text, correct, failed_checks, matches_reference, started_at_ns, fallback) "
                       "values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"));
  insert->bind(cell).bind(prompt).bind(generation.repeat).bind(generation.prompt_tokens);
  insert->bind(generation.generated_tokens)
      .bind(static_cast<int>(generation.finish))
      .bind(generation.encode_ticks);
  insert->bind(generation.prefill_ticks).bind(generation.first_sample_ticks);
  insert->bind(ticks.empty() ? std::nullopt : std::optional<uint64_t>(ticks[0])).bind(decode_ticks);
  insert->bind(generation.total_ticks).bind(token_ticks).bind_text_or_null(token_ids).bind_blob(hash);
  // An answer may be empty; one that must not be kept has no ids either.
  if (output.empty() && !has_ids)
    insert->bind_null();
  else
    insert->bind(output);
  insert->bind(generation.correct).bind_text_or_null(failed).bind(generation.matches_reference);
  const bool is_models = generation.fallback == base::FallbackReason::kNone;
  insert->bind(generation.started_at_ns);
  return insert
      ->bind(is_models ? std::nullopt : std::optional<uint64_t>(static_cast<uint64_t>(generation.fallback)))
      .run();
}

Done RecordWriter::add(const base::SessionLog& log) {
  if (log.text.empty()) return {};
  SLMRIG_ASSIGN(const SessionKey session, session_key(log.session_id));
  const std::string packed = pack(log.text);
  SLMRIG_ASSIGN(Statement * insert,
                database_.cached("insert into log (session_key, attempt, name, text_bytes, zstd) "
                                 "values (?,?,?,?,?)"));
  insert->bind(session.key).bind(session.attempt).bind(log.name).bind(static_cast<uint64_t>(log.text.size()));
  return insert->bind_blob(packed).run();
}

Done RecordWriter::add(const base::SessionFacts& facts) {
  SLMRIG_ASSIGN(const SessionKey session, session_key(facts.session_id));
  return set_session_facts(session.key, facts.provenance);
}

Done RecordWriter::end_cell(const base::CellEnd& cell) {
  SLMRIG_ASSIGN(const int64_t key, cell_key(cell.cell_id));
  const std::string doubts = cell.doubts.empty() ? std::string() : json_array_of(cell.doubts);
  const std::string reason = base::make_valid_utf8(cell.reason);
  SLMRIG_ASSIGN(Statement * update, database_.cached("update cell set status = ?, reason = ?, doubts = ?, "
                                                     "ended_at_ns = ?, busy_ns = ? where cell_key = ?"));
  update->bind(base::to_string(cell.status)).bind_text_or_null(reason).bind_text_or_null(doubts);
  return update->bind(cell.ended_at_ns).bind(cell.busy_ns).bind(key).run();
}

Done RecordWriter::end_session(const std::string& session_id, int64_t ended_at_ns) {
  SLMRIG_ASSIGN(const SessionKey session, session_key(session_id));
  SLMRIG_ASSIGN(Statement * update,
                database_.cached("update session set ended_at_ns = ? where session_key = ?"));
  return update->bind(ended_at_ns).bind(session.key).run();
}

Done RecordWriter::end_run(const base::RunEnd& run) {
  SLMRIG_ASSIGN(const int64_t key, run_key(run.run_id));
  SLMRIG_ASSIGN(Statement * update,
                database_.cached("update run set ended_at_ns = ?, interrupted = ?, busy_share = ? "
                                 "where run_key = ?"));
  return update->bind(run.ended_at_ns).bind(run.interrupted).bind(run.busy_share).bind(key).run();
}

}  // namespace slmrig::store
