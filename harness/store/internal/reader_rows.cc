#include "harness/store/internal/reader_rows.h"

#include <fmt/format.h>

#include <array>

#include "harness/store/internal/codec.h"

namespace slmrig::store {

using base::ErrorCode;
using base::Result;

const char* const kSelectRun =
    "select r.run_id, r.label, r.build, r.commit_sha, r.plan_name, t.text, r.rig_name, r.started_at_ns, "
    "r.ended_at_ns, r.interrupted, r.busy_share, "
    "sum(c.status = 'ok'), sum(c.status = 'failed'), sum(c.status = 'unfit'), sum(c.status = "
    "'not_applicable'), "
    "sum(c.cell_key is not null and (c.status is null or c.status = 'interrupted')) "
    "from run r join plan_text t using (plan_key) left join session s using (run_key) "
    "left join cell c using (session_key) ";

const char* const kSelectSession =
    "select r.run_id, s.session_id, s.bench, s.unit_id, s.board, s.engine, s.engine_version, s.kernel_isa, "
    "s.model, "
    "s.variant, s.tier, s.counts_instructions, s.tick_numerator, s.tick_denominator, s.tick_source, "
    "s.agent_build_id, s.image_sha256, s.model_sha256, s.image_bytes, s.context_tokens, "
    "s.weight_macs_per_token, "
    "s.ordinal, s.attempt, s.started_at_ns, s.ended_at_ns from session s join run r using (run_key) ";

const char* const kSelectCell =
    "select c.cell_id, s.session_id, c.suite, c.settings, c.status, c.reason, c.doubts, c.ended_at_ns, "
    "c.busy_ns "
    "from cell c join session s using (session_key) join run r using (run_key) ";

const char* const kSelectGeneration =
    "select p.prompt_id, g.repeat, g.prompt_tokens, g.generated_tokens, g.finish, g.encode_ticks, "
    "g.prefill_ticks, "
    "g.first_sample_ticks, g.ttft_ticks, g.decode_ticks, g.token_ticks, g.token_ids, g.token_ids_sha256, "
    "p.sha256, "
    "p.text, g.output_text, g.correct, g.failed_checks, g.matches_reference, g.started_at_ns, g.fallback, "
    "p.intent "
    "from generation g join prompt p using (prompt_key) ";

namespace {

uint32_t column_uint32(const Statement& row, int column) {
  return static_cast<uint32_t>(row.column_int64(column));
}

std::optional<bool> column_optional_bool(const Statement& row, int column) {
  if (row.column_is_null(column)) return std::nullopt;
  return row.column_int64(column) != 0;
}

Result<std::vector<std::string>> column_texts(const Statement& row, int column) {
  if (row.column_is_null(column)) return std::vector<std::string>{};
  return texts_of(row.column_text(column));
}

Result<base::CellStatus> status_of(const std::string& text) {
  using enum base::CellStatus;
  for (const base::CellStatus status : {kOk, kFailed, kUnfit, kNotApplicable, kInterrupted}) {
    if (text == base::to_string(status)) return status;
  }
  return base::fail(ErrorCode::kCorrupt, fmt::format("a cell has the unknown status '{}'", text));
}

}  // namespace

Result<RunRow> run_row(const Statement& row) {
  RunRow run;
  run.run_id = row.column_text(0);
  run.label = row.column_text(1);
  run.build = row.column_text(2);
  run.commit_sha = row.column_text(3);
  run.plan_name = row.column_text(4);
  run.plan_text = row.column_text(5);
  run.rig_name = row.column_text(6);
  run.started_at_ns = row.column_int64(7);
  run.ended_at_ns = row.column_optional_int64(8);
  run.interrupted = row.column_int64(9) != 0;
  if (!row.column_is_null(10)) run.busy_share = row.column_double(10);
  run.cells_ok = column_uint32(row, 11);
  run.cells_failed = column_uint32(row, 12);
  run.cells_unfit = column_uint32(row, 13);
  run.cells_not_applicable = column_uint32(row, 14);
  run.cells_interrupted = column_uint32(row, 15);
  return run;
}

Result<SessionRow> session_row(const Statement& row) {
  SessionRow session;
  session.run_id = row.column_text(0);
  session.session_id = row.column_text(1);
  session.bench = row.column_text(2);
  session.unit_id = row.column_text(3);
  session.board = row.column_text(4);
  session.engine = row.column_text(5);
  session.engine_version = row.column_text(6);
  session.kernel_isa = row.column_text(7);
  session.model = row.column_text(8);
  session.variant = row.column_text(9);
  const std::string tier = row.column_text(10);
  const auto known_tier = base::parse_tier(tier);
  if (!known_tier)
    return base::fail(ErrorCode::kCorrupt, fmt::format("a session has the unknown tier '{}'", tier));
  session.tier = *known_tier;
  session.ticks.counts_instructions = row.column_int64(11) != 0;
  session.ticks.numerator = static_cast<uint64_t>(row.column_int64(12));
  session.ticks.denominator = static_cast<uint64_t>(row.column_int64(13));
  session.cost_unit = cost_unit_of(session.tier, session.ticks);
  session.tick_source = row.column_text(14);
  session.agent_build_id = row.column_text(15);
  session.image_sha256 = row.column_text(16);
  session.model_sha256 = row.column_text(17);
  session.image_bytes = static_cast<uint64_t>(row.column_int64(18));
  session.context_tokens = column_uint32(row, 19);
  session.weight_macs_per_token = static_cast<uint64_t>(row.column_int64(20));
  session.ordinal = column_uint32(row, 21);
  session.attempt = column_uint32(row, 22);
  session.started_at_ns = row.column_int64(23);
  session.ended_at_ns = row.column_optional_int64(24);
  return session;
}

Result<CellRow> cell_row(const Statement& row) {
  CellRow cell;
  cell.cell_id = row.column_text(0);
  cell.session_id = row.column_text(1);
  cell.suite = row.column_text(2);
  cell.settings = row.column_text(3);
  if (row.column_is_null(4)) {
    cell.status = base::CellStatus::kInterrupted;
    cell.reason = "did not end";
  } else {
    SLMRIG_ASSIGN(cell.status, status_of(row.column_text(4)));
    cell.reason = row.column_text(5);
  }
  SLMRIG_ASSIGN(cell.doubts, column_texts(row, 6));
  cell.ended_at_ns = row.column_optional_int64(7);
  cell.busy_ns = row.column_int64(8);
  return cell;
}

Result<GenerationRow> generation_row(const Statement& row, const base::TickScale& ticks) {
  const auto cost = [&](int column) {
    return ticks.convert(static_cast<uint64_t>(row.column_int64(column)));
  };
  GenerationRow generation;
  generation.prompt_id = row.column_text(0);
  generation.repeat = column_uint32(row, 1);
  generation.prompt_tokens = column_uint32(row, 2);
  generation.generated_tokens = column_uint32(row, 3);
  constexpr std::array kFinishes = {base::Finish::kEndToken, base::Finish::kLength,
                                    base::Finish::kContextFull};
  generation.finish = kFinishes.at(static_cast<std::size_t>(row.column_int64(4)) % kFinishes.size());
  generation.encode_cost = cost(5);
  generation.prefill_cost = cost(6);
  generation.first_sample_cost = cost(7);
  if (!row.column_is_null(8)) generation.ttft_cost = cost(8);
  generation.decode_cost = cost(9);
  SLMRIG_ASSIGN(const std::vector<uint64_t> token_ticks, uint64s_of(row.column_text(10)));
  generation.token_costs.reserve(token_ticks.size());
  for (const uint64_t token : token_ticks) generation.token_costs.push_back(ticks.convert(token));
  if (!row.column_is_null(11)) {
    SLMRIG_ASSIGN(generation.token_ids, int32s_of(row.column_text(11)));
  }
  generation.token_ids_sha256 = hex_of_bytes(row.column_blob(12));
  generation.prompt_sha256 = hex_of_bytes(row.column_blob(13));
  generation.prompt_text = row.column_text(14);
  generation.output_text = row.column_text(15);
  generation.correct = column_optional_bool(row, 16);
  SLMRIG_ASSIGN(generation.failed_checks, column_texts(row, 17));
  generation.matches_reference = column_optional_bool(row, 18);
  generation.started_at_ns = row.column_int64(19);
  if (!row.column_is_null(20)) {
    generation.fallback =
        row.column_int64(20) == 1 ? base::FallbackReason::kBudget : base::FallbackReason::kForm;
  }
  generation.intent = row.column_text(21);
  return generation;
}

}  // namespace slmrig::store
