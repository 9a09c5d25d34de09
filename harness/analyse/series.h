// The figures of a session that go into history (v_series): one value for each metric of base/metrics.h that
// its tier can have and that was measured. Pure.
//
//   auto data = reader.session_data(session_id);           // after end_session
//   store.put_series_values(session_id, analyse::series_values(*data));
#pragma once

#include <vector>

#include "harness/store/rows.h"

namespace slmrig::analyse {

// Cells that did not end ok give no values; those that are in doubt do (v_cell.trust says so). The session's
// own metrics (cold start, memory, sizes) have an empty cell_id and are given when any cell ended ok.
std::vector<store::SeriesValue> series_values(const store::SessionData& session);

}  // namespace slmrig::analyse
