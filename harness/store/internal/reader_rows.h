// The columns of each row struct, and how they become one: the SELECT lists and their readers stand together.
#pragma once

#include "harness/base/error.h"
#include "harness/store/internal/database.h"
#include "harness/store/rows.h"

namespace slmrig::store {

// Each text goes from "select" to "from ... join ...": callers add where and order by. Aliases: r run, s
// session, c cell, g generation, p prompt, plan_text t.
extern const char* const kSelectRun;
extern const char* const kSelectSession;
extern const char* const kSelectCell;
extern const char* const kSelectGeneration;

base::Result<RunRow> run_row(const Statement& row);
base::Result<SessionRow> session_row(const Statement& row);  // without retry_reasons
base::Result<CellRow> cell_row(const Statement& row);
// `ticks` of the session.
base::Result<GenerationRow> generation_row(const Statement& row, const base::TickScale& ticks);

}  // namespace slmrig::store
