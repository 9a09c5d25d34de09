// Change points of somebody's own numbers: `slmrig analyse --series FILE.csv`.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "harness/analyse/change_points.h"
#include "harness/base/error.h"

namespace slmrig::cli {

// Rows of the file, in its order; values that are missing are NaN.
struct NumberSeries {
  std::vector<std::string> times;  // [rows] as written; empty texts where there is one column only
  std::vector<double> values;      // [rows]
  std::size_t missing = 0;
  std::size_t steps_back = 0;  // rows whose time, a number, is before that of the row above
};

// Columns between commas, semicolons, tabs or blanks. A first line without a number is a header, of which
// "value" and "time" are known (else the second column and the first; the only one is the value). Empty
// fields, nan, na, null and - are missing; lines that begin with # are left out. kBadInput names the line.
base::Result<NumberSeries> parse_series(std::string_view text);

std::string series_text(const NumberSeries& series, const std::vector<analyse::ChangePoint>& changes);
// {"values": N, "missing": N, "noise": {...}, "change_points": [{"index": I, "level": "alert" | "watch",
// ...}]}; `index` counts rows of numbers from 0 and is the first one of the new level.
std::string series_json(const NumberSeries& series, const std::vector<analyse::ChangePoint>& changes);

// The rows of a file. Says on stderr where time goes back in it.
base::Result<NumberSeries> read_series(const std::string& file);

// Reads `file` and prints what changed in it. `exact`: counts without noise.
base::Done analyse_series_file(const std::string& file, bool json, bool exact);

}  // namespace slmrig::cli
