#include "harness/store/quarantine.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <system_error>

#include <fmt/format.h>

#include "harness/base/suggest.h"
#include "harness/store/internal/database.h"
#include "harness/store/internal/each_row.h"
#include "harness/store/internal/open_for_reading.h"
#include "harness/store/internal/open_for_writing.h"
#include "harness/store/internal/transaction.h"

namespace slmrig::store {
namespace {

using base::Done;
using base::ErrorCode;
using base::fail;
using base::Result;

Result<std::vector<QuarantineRow>> select_quarantined(Database& database) {
  std::vector<QuarantineRow> rows;
  SLMRIG_TRY(each_row(
      database, "select bench, since_ns, who, reason from v_quarantine order by bench",
      [&](const Statement& row) {
        rows.push_back({row.column_text(0), row.column_int64(1), row.column_text(2), row.column_text(3)});
      }));
  return rows;
}

const QuarantineRow* find_bench(const std::vector<QuarantineRow>& rows, const std::string& bench) {
  const auto found =
      std::find_if(rows.begin(), rows.end(), [&](const QuarantineRow& row) { return row.bench == bench; });
  return found == rows.end() ? nullptr : &*found;
}

// A clock may have been set back since: the new event is the newest all the same.
Done write_event(Database& database, const BenchDecision& decision, const char* event) {
  SLMRIG_ASSIGN(Statement insert,
                database.prepare("insert into bench_event (bench, at_ns, event, who, reason) select ?1, "
                                 "max(?2, coalesce((select max(at_ns) + 1 from bench_event where bench = "
                                 "?1), ?2)), ?3, ?4, ?5"));
  return insert.bind(decision.bench)
      .bind(decision.at_ns)
      .bind(event)
      .bind(decision.who)
      .bind(decision.reason)
      .run();
}

}  // namespace

Result<std::vector<QuarantineRow>> quarantined_benches(const std::string& path) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return std::vector<QuarantineRow>();
  SLMRIG_ASSIGN(const std::unique_ptr<Database> database, open_for_reading(path));
  return select_quarantined(*database);
}

Done quarantine_bench(const std::string& path, const BenchDecision& decision) {
  SLMRIG_ASSIGN(const std::unique_ptr<Database> database, open_for_writing(path));
  return in_transaction(*database, [&]() -> Done {
    SLMRIG_ASSIGN(const std::vector<QuarantineRow> rows, select_quarantined(*database));
    if (const QuarantineRow* row = find_bench(rows, decision.bench)) {
      return fail(ErrorCode::kBadInput, fmt::format("bench {} is in quarantine already, by {}: {}",
                                                    row->bench, row->who, row->reason));
    }
    return write_event(*database, decision, "quarantined");
  });
}

Done release_bench(const std::string& path, const BenchDecision& decision) {
  SLMRIG_ASSIGN(const std::unique_ptr<Database> database, open_for_writing(path));
  return in_transaction(*database, [&]() -> Done {
    SLMRIG_ASSIGN(const std::vector<QuarantineRow> rows, select_quarantined(*database));
    if (find_bench(rows, decision.bench) != nullptr) return write_event(*database, decision, "released");
    if (rows.empty()) return fail(ErrorCode::kBadInput, "no bench is in quarantine");
    std::vector<std::string> known;
    for (const QuarantineRow& row : rows) known.push_back(row.bench);
    return fail(ErrorCode::kBadInput, base::unknown_name("bench in quarantine", decision.bench, known));
  });
}

}  // namespace slmrig::store
