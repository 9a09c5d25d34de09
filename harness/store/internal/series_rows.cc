// Figures for history, written.
#include <cmath>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "harness/store/internal/codec.h"
#include "harness/store/internal/record_writer.h"

namespace slmrig::store {

using base::Done;

Done RecordWriter::put_series_values(const std::string& session_id, const std::vector<SeriesValue>& values) {
  SLMRIG_ASSIGN(const SessionKey session, session_key(session_id));
  SLMRIG_ASSIGN(Statement * remove, database_.cached("delete from series_value where session_key = ?"));
  SLMRIG_TRY(remove->bind(session.key).run());
  for (const SeriesValue& value : values) SLMRIG_TRY(insert_series_value(session.key, value));
  return {};
}

Done RecordWriter::add_series_values(const std::string& session_id, const std::vector<SeriesValue>& values) {
  SLMRIG_ASSIGN(const SessionKey session, session_key(session_id));
  for (const SeriesValue& value : values) {
    SLMRIG_ASSIGN(const int64_t metric, metric_key(value.metric));
    std::optional<int64_t> cell;
    if (!value.cell_id.empty()) {
      SLMRIG_ASSIGN(cell, cell_key(value.cell_id));
    }
    SLMRIG_ASSIGN(Statement * remove, database_.cached("delete from series_value where session_key = ? "
                                                       "and cell_key is ? and metric_key = ?"));
    SLMRIG_TRY(remove->bind(session.key).bind(cell).bind(metric).run());
    SLMRIG_TRY(insert_series_value(session.key, value));
  }
  return {};
}

Done RecordWriter::insert_series_value(int64_t session, const SeriesValue& value) {
  // SQLite keeps NaN as NULL, which would read as "not measured".
  if (!std::isfinite(value.value)) {
    return base::fail(base::ErrorCode::kBadInput,
                      fmt::format("{} is {}; expected a number", value.metric, value.value));
  }
  SLMRIG_ASSIGN(const int64_t metric, metric_key(value.metric));
  std::optional<int64_t> cell;
  if (!value.cell_id.empty()) {
    SLMRIG_ASSIGN(cell, cell_key(value.cell_id));
  }
  SLMRIG_ASSIGN(Statement * insert,
                database_.cached("insert into series_value (session_key, cell_key, metric_key, "
                                 "samples, value, tier, doubts) values (?,?,?,?,?,?,?)"));
  insert->bind(session).bind(cell).bind(metric).bind(value.samples).bind(value.value);
  const std::string doubts = value.doubts.empty() ? std::string() : json_array_of(value.doubts);
  insert->bind_text_or_null(value.tier ? base::to_string(*value.tier) : std::string_view());
  return insert->bind_text_or_null(doubts).run();
}

}  // namespace slmrig::store
