// The profile of a cell and the roofline of a session, written and read.
#include <initializer_list>
#include <limits>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "harness/store/internal/database.h"
#include "harness/store/internal/record_writer.h"
#include "harness/store/queries.h"

namespace slmrig::store {

using base::Done;
using base::ErrorCode;
using base::Result;

namespace {

Done check_storable(std::initializer_list<uint64_t> values) {
  for (const uint64_t value : values) {
    if (value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
      return base::fail(ErrorCode::kBadInput,
                        fmt::format("a profile or roofline holds {}, which is beyond 63 bits", value));
    }
  }
  return {};
}

uint64_t column_uint64(const Statement& row, int column) {
  return static_cast<uint64_t>(row.column_int64(column));
}

base::Phase column_phase(const Statement& row, int column) {
  return row.column_int64(column) == 0 ? base::Phase::kPrefill : base::Phase::kDecode;
}

}  // namespace

Done RecordWriter::add(const base::Profile& profile) {
  SLMRIG_ASSIGN(const int64_t cell, cell_key(profile.cell_id));
  for (const char* sql :
       {"delete from profile_operator where cell_key = ?", "delete from profile_phase where cell_key = ?"}) {
    SLMRIG_ASSIGN(Statement * remove, database_.cached(sql));
    SLMRIG_TRY(remove->bind(cell).run());
  }
  for (std::size_t phase = 0; phase < base::kPhaseCount; ++phase) {
    const base::PhaseCost& cost = profile.phases[phase];
    SLMRIG_TRY(check_storable({cost.tokens, cost.ticks, cost.subtracted_ticks}));
    SLMRIG_ASSIGN(Statement * insert, database_.cached("insert into profile_phase values (?,?,?,?,?,?)"));
    insert->bind(cell).bind(uint64_t{phase}).bind(profile.generations).bind(cost.tokens);
    SLMRIG_TRY(insert->bind(cost.ticks).bind(cost.subtracted_ticks).run());
  }
  uint64_t place = 0;
  for (const base::OperatorCost& cost : profile.operators) {
    SLMRIG_TRY(check_storable({cost.calls, cost.ticks, cost.macs, cost.bytes}));
    SLMRIG_ASSIGN(Statement * insert,
                  database_.cached("insert into profile_operator values (?,?,?,?,?,?,?,?,?,?)"));
    insert->bind(cell).bind(static_cast<int>(cost.phase)).bind(place++);
    insert->bind(cost.layer < 0 ? std::nullopt : std::optional<int>(cost.layer)).bind(cost.operator_name);
    insert->bind(cost.calls).bind(cost.ticks).bind(cost.macs).bind(cost.bytes);
    SLMRIG_TRY(insert->bind_text_or_null(cost.kernel).run());
  }
  return {};
}

Done RecordWriter::add(const base::Roofline& roofline) {
  SLMRIG_ASSIGN(const SessionKey session, session_key(roofline.session_id));
  SLMRIG_ASSIGN(Statement * remove, database_.cached("delete from roofline where session_key = ?"));
  SLMRIG_TRY(remove->bind(session.key).run());
  uint64_t place = 0;
  for (const base::RooflineEntry& entry : roofline.entries) {
    SLMRIG_TRY(check_storable({entry.macs, entry.bytes, entry.ticks}));
    const bool is_kernel = entry.kind == base::RooflineKind::kKernel;
    SLMRIG_ASSIGN(Statement * insert, database_.cached("insert into roofline values (?,?,?,?,?,?,?,?,?)"));
    insert->bind(session.key).bind(place++).bind(static_cast<int>(entry.kind)).bind(entry.name);
    insert->bind(is_kernel ? std::optional<int64_t>(entry.tokens) : std::nullopt);
    insert->bind(entry.macs).bind(entry.bytes).bind(entry.ticks);
    SLMRIG_TRY(insert->bind_text_or_null(entry.missing).run());
  }
  return {};
}

Result<ProfileRows> Reader::profile(const std::string& cell_id) {
  SLMRIG_ASSIGN(Statement scale,
                database_->prepare("select s.tick_numerator, s.tick_denominator from cell c "
                                   "join session s using (session_key) where c.cell_id = ?"));
  SLMRIG_ASSIGN(const bool known, scale.bind(cell_id).step());
  if (!known) return base::fail(ErrorCode::kBadInput, fmt::format("there is no cell '{}'", cell_id));
  base::TickScale ticks;
  ticks.numerator = column_uint64(scale, 0);
  ticks.denominator = column_uint64(scale, 1);

  ProfileRows rows;
  SLMRIG_ASSIGN(
      Statement phases,
      database_->prepare("select phase, generations, tokens, ticks, subtracted_ticks from profile_phase "
                         "join cell using (cell_key) where cell_id = ? order by phase"));
  phases.bind(cell_id);
  for (;;) {
    SLMRIG_ASSIGN(const bool more, phases.step());
    if (!more) break;
    rows.phases.push_back({column_phase(phases, 0), static_cast<uint32_t>(phases.column_int64(1)),
                           column_uint64(phases, 2), ticks.convert(column_uint64(phases, 3)),
                           ticks.convert(column_uint64(phases, 4))});
  }
  SLMRIG_ASSIGN(Statement operators,
                database_->prepare(
                    "select phase, layer, operator, calls, ticks, macs, bytes, kernel from profile_operator "
                    "join cell using (cell_key) where cell_id = ? order by phase, place"));
  operators.bind(cell_id);
  for (;;) {
    SLMRIG_ASSIGN(const bool more, operators.step());
    if (!more) return rows;
    OperatorRow row;
    row.phase = column_phase(operators, 0);
    if (!operators.column_is_null(1)) row.layer = static_cast<int32_t>(operators.column_int64(1));
    row.name = operators.column_text(2);
    row.calls = column_uint64(operators, 3);
    row.cost = ticks.convert(column_uint64(operators, 4));
    row.macs = column_uint64(operators, 5);
    row.bytes = column_uint64(operators, 6);
    if (!operators.column_is_null(7)) row.kernel = operators.column_text(7);
    rows.operators.push_back(std::move(row));
  }
}

Result<std::vector<RooflineRow>> Reader::roofline(const std::string& session_id) {
  std::vector<RooflineRow> rows;
  SLMRIG_ASSIGN(Statement select,
                database_->prepare("select kind, name, tokens, macs, bytes, ticks, tick_numerator, "
                                   "tick_denominator, missing from roofline join session using (session_key) "
                                   "where session_id = ? order by place"));
  select.bind(session_id);
  for (;;) {
    SLMRIG_ASSIGN(const bool more, select.step());
    if (!more) return rows;
    RooflineRow row;
    row.kind = select.column_int64(0) == 0 ? base::RooflineKind::kKernel : base::RooflineKind::kMemory;
    row.name = select.column_text(1);
    row.tokens = select.column_is_null(2) ? 0 : static_cast<uint32_t>(select.column_int64(2));
    row.macs = column_uint64(select, 3);
    row.bytes = column_uint64(select, 4);
    base::TickScale ticks;
    ticks.numerator = column_uint64(select, 6);
    ticks.denominator = column_uint64(select, 7);
    row.cost = ticks.convert(column_uint64(select, 5));
    if (!select.column_is_null(8)) row.missing = select.column_text(8);
    rows.push_back(std::move(row));
  }
}

}  // namespace slmrig::store
