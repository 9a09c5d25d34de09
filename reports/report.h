// Rows of runs in, one self-contained HTML file out. Pure but for write_report; no database, no clock: the
// same rows give the same bytes.
//
// The file holds the page (reports/web, embedded in the binary) and its data as JSON, whose form is
// reports/report.schema.json. It opens offline and loads nothing. Safe from any thread.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <span>
#include <string>

#include "harness/analyse/comparison_subjects.h"
#include "harness/base/error.h"
#include "harness/gate/acceptance.h"
#include "harness/gate/verdict.h"
#include "harness/store/rows.h"
#include "reports/history_json.h"

namespace slmrig::reports {

// What keeps the file small. What a limit leaves out is said on the page, and is in the database.
struct ReportLimits {
  std::size_t traces_per_cell = 24;  // generations whose tokens can be looked at one by one; the band has all
  std::size_t answers_per_cell = 40;  // wrong and fallback answers listed
  // The newest runs have tokens, profile and energy as long as they have no more cells than this together
  // (the newest always has, and a cell takes up to 8 kB); the others have figures, memory, provenance and
  // answers.
  std::size_t detailed_cells = 300;
};

// Which variants of the newest run are good enough, by the place at which they are compared.
using Acceptances = std::map<analyse::ComparedPlace, gate::Acceptance>;

// `runs` newest first, as Reader::runs() orders them; empty: a page that says so. `runs_left_out` counts the
// older ones that the database has and the caller did not pass.
struct ReportInput {
  std::span<const store::RunData> runs;
  std::size_t runs_left_out = 0;
  ReportLimits limits;
  const ReportHistory* history = nullptr;    // null: a page of runs alone
  const gate::GateReport* gate = nullptr;    // null: no budgets were given
  const Acceptances* acceptances = nullptr;  // null: no conditions were given
};

std::string render_report(const ReportInput& input);

// Writes render_report(input) so that `file` is the old or the new report at any moment. kIo: cannot be
// written.
base::Done write_report(const ReportInput& input, const std::filesystem::path& file);

}  // namespace slmrig::reports
