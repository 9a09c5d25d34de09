// Writes the reports that the browser tests open: report_sample FOLDER
#include <fmt/format.h>

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "reports/report.h"
#include "reports/testing/sample_gate.h"
#include "reports/testing/sample_history.h"
#include "reports/testing/sample_run.h"

namespace {

using slmrig::reports::ReportInput;
using slmrig::store::RunData;

bool write(const std::filesystem::path& file, std::span<const RunData> runs) {
  const auto done = slmrig::reports::write_report(ReportInput{runs, 0, {}}, file);
  if (!done) fmt::print(stderr, "report_sample: {}\n", done.error().text());
  return done.has_value();
}

bool write_history(const std::filesystem::path& file, std::span<const RunData> runs,
                   const slmrig::reports::SampleHistory& sample) {
  const slmrig::reports::ReportHistory history = sample.input();
  ReportInput input;
  input.runs = runs;
  input.history = &history;
  const slmrig::gate::GateReport gate = slmrig::reports::sample_gate();
  if (!runs.empty()) input.gate = &gate;
  const auto done = slmrig::reports::write_report(input, file);
  if (!done) fmt::print(stderr, "report_sample: {}\n", done.error().text());
  return done.has_value();
}

// With the record of the newest night.
bool write_histories(const std::filesystem::path& folder, std::span<const RunData> runs) {
  namespace reports = slmrig::reports;
  reports::SampleHistoryOptions options;
  options.newest_run_id = runs.front().run.run_id;
  return write_history(folder / "history.html", runs, reports::sample_history(options)) &&
         write_history(folder / "history_small.html", {}, reports::smallest_history()) &&
         write_history(folder / "history_long.html", {}, reports::long_history(100'000)) &&
         write_history(folder / "history_hostile.html", {}, reports::hostile_history());
}

RunData older_run() {
  slmrig::store::SampleOptions options;
  options.seed = 2;
  options.label = "yesterday";
  options.started_at_ns -= 86'400'000'000'000;
  return slmrig::reports::sample_run(options);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    fmt::print(stderr, "usage: report_sample FOLDER\n");
    return 2;
  }
  namespace reports = slmrig::reports;
  const std::filesystem::path folder = argv[1];
  const std::vector<RunData> sample = {reports::sample_run()};
  const std::vector<RunData> two_runs = {sample.front(), older_run()};
  const std::vector<RunData> hostile = {reports::hostile_run()};
  const std::vector<RunData> failed = {reports::failed_run()};
  const std::vector<RunData> smallest = {reports::smallest_run()};
  const bool good = write(folder / "sample.html", sample) && write(folder / "two_runs.html", two_runs) &&
                    write(folder / "hostile.html", hostile) && write(folder / "failed.html", failed) &&
                    write(folder / "smallest.html", smallest) && write(folder / "empty.html", {}) &&
                    write_histories(folder, two_runs);
  return good ? 0 : 1;
}
