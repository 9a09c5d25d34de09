// `slmrig db merge`, `export` and `import`: databases and files of other programs.
#include <cstdio>
#include <memory>

#include <fmt/format.h>

#include "harness/base/clock.h"
#include "harness/base/file.h"
#include "harness/base/suggest.h"
#include "harness/cli/commands.h"
#include "harness/store/benchmark_json.h"
#include "harness/store/imports.h"
#include "harness/store/merge.h"
#include "harness/store/queries.h"
#include "harness/store/row_text.h"
#include "harness/store/sql_query.h"
#include "harness/store/store.h"

namespace slmrig::cli {
namespace {

struct MergeOptions {
  Places places;
  std::vector<std::string> others;
};

// Conflicts are shown, and nothing of them was touched: the user decides which of both is the one to keep.
base::Result<ExitCode> merge(const MergeOptions& options) {
  bool conflicts = false;
  for (const std::string& other : options.others) {
    SLMRIG_ASSIGN(const store::MergeReport report, store::merge_database(options.places.database(), other));
    fmt::print("{}: {} runs came, {} were here already; {} generations, {} releases, {} findings, {} files\n",
               other, report.runs_added, report.runs_equal, report.generations_added, report.releases_added,
               report.findings_added, report.files_copied);
    for (const store::MergeConflict& conflict : report.conflicts) {
      conflicts = true;
      fmt::print(stderr, "slmrig: {}: {} differs and was left as it is here ({})\n", other, conflict.what,
                 conflict.why);
    }
  }
  return conflicts ? ExitCode::kBadInput : ExitCode::kGood;
}

void add_merge_command(CLI::App& db, Action& action) {
  auto options = std::make_shared<MergeOptions>();
  CLI::App* command = db.add_subcommand(
      "merge", "Takes in what other databases have measured, by the identity of runs; twice changes nothing");
  command->add_option("OTHER", options->others, "Databases; they stay as they are")->required();
  add_output_option(*command, options->places);
  add_database_option(*command, options->places);
  command->callback([&action, options] { action = [options] { return merge(*options); }; });
}

struct ExportOptions {
  Places places;
  std::string format;
  std::string run;
  std::string view = "v_series";
  std::string file;
  bool instructions = false;
};

const std::vector<std::string> kFormats = {"csv", "json", "google-benchmark"};

base::Result<std::string> benchmark_text(const ExportOptions& options, store::Reader& reader) {
  SLMRIG_ASSIGN(const store::RunData run, reader.run_data(options.run.empty() ? "latest" : options.run));
  const store::BenchmarkJson exported = store::google_benchmark_json(run, options.instructions);
  if (exported.benchmarks == 0) {
    return base::fail(base::ErrorCode::kBadInput,
                      fmt::format("run {} has no times to export ({} cells are of boards without time; "
                                  "--instructions exports their counts)",
                                  run.run.run_id, exported.cells_without_time));
  }
  if (exported.cells_without_time > 0) {
    fmt::print(stderr,
               "slmrig: {} cells of boards without time are left out; --instructions exports their counts\n",
               exported.cells_without_time);
  }
  return exported.text;
}

// Rows of a public view, of one run or of all.
base::Result<std::string> view_text(const ExportOptions& options, store::Reader& reader) {
  const bool plain = options.view.starts_with("v_") &&
                     options.view.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string::npos;
  if (!plain) {
    return base::fail(
        base::ErrorCode::kBadInput,
        fmt::format("--view {}: expected a public view, such as v_series or v_generation", options.view));
  }
  std::string sql = "select * from " + options.view;
  store::QueryControl control;
  if (!options.run.empty()) {
    SLMRIG_ASSIGN(const store::RunRow run, reader.find_run(options.run));
    sql += " where run_id = ?1";
    control.parameters = {run.run_id};
  }
  std::vector<std::string> columns;
  std::string text;
  bool first = true;
  const bool json = options.format == "json";
  store::RowVisitor visitor;
  visitor.on_columns = [&](std::span<const std::string> names) {
    columns.assign(names.begin(), names.end());
    text += json ? "[" : store::csv_line(names);
  };
  visitor.on_row = [&](std::span<const store::SqlValue> row) {
    text += json ? (first ? "\n" : ",\n") + store::json_row(columns, row) : store::csv_line(row);
    first = false;
    return true;
  };
  SLMRIG_TRY(store::visit_query(options.places.database(), sql, visitor, control));
  if (json) text += first ? "]\n" : "\n]\n";
  return text;
}

base::Result<ExitCode> export_rows(const ExportOptions& options) {
  SLMRIG_ASSIGN(store::Reader reader, store::open_reader(options.places.database()));
  std::string text;
  if (options.format == "google-benchmark") {
    SLMRIG_ASSIGN(text, benchmark_text(options, reader));
  } else {
    SLMRIG_ASSIGN(text, view_text(options, reader));
  }
  if (options.file.empty()) {
    std::fputs(text.c_str(), stdout);
  } else {
    SLMRIG_TRY(base::write_file_atomically(options.file, std::string_view(text)));
  }
  return ExitCode::kGood;
}

void add_export_command(CLI::App& db, Action& action) {
  auto options = std::make_shared<ExportOptions>();
  CLI::App* command = db.add_subcommand("export", "Writes figures for other programs");
  command->add_option("--format", options->format, "csv, json, google-benchmark (for its compare.py)")
      ->required()
      ->check([](const std::string& name) {
        const bool known = std::find(kFormats.begin(), kFormats.end(), name) != kFormats.end();
        return known ? std::string() : base::unknown_name("format", name, kFormats);
      });
  command->add_option("--run", options->run, "A run; without it all of them (google-benchmark: the newest)");
  command->add_option("--view", options->view, "The public view to write as csv or json")
      ->capture_default_str();
  command->add_flag("--instructions", options->instructions,
                    "google-benchmark: instruction counts of emulated boards, too, where times stand");
  command->add_option("-o,--file", options->file, "The file to write; without it to stdout");
  add_output_option(*command, options->places);
  add_database_option(*command, options->places);
  command->callback([&action, options] { action = [options] { return export_rows(*options); }; });
}

struct ImportOptions {
  Places places;
  std::string tier = "hardware";
  store::ImportRequest request;
};

base::Result<ExitCode> import_file(const ImportOptions& options) {
  store::ImportRequest request = options.request;
  const auto tier = base::parse_tier(options.tier);
  if (!tier) {
    return base::fail(base::ErrorCode::kBadInput,
                      "--tier: " + base::unknown_name("tier", options.tier,
                                                      {"hardware", "emulated", "functional", "modelled"}));
  }
  request.tier = *tier;
  request.now_ns = base::utc_now_ns();
  SLMRIG_ASSIGN(const std::string text, base::read_text(request.file));
  SLMRIG_ASSIGN(const std::unique_ptr<store::Store> store, store::open_store(options.places.database()));
  SLMRIG_ASSIGN(const store::ImportReport report, store::import_figures(*store, text, request));
  for (const std::string& notice : report.notices) fmt::print(stderr, "slmrig: left out: {}\n", notice);
  fmt::print("run {}: {} figures from {} ({})\n", report.run_id, report.figures, request.file, report.format);
  return ExitCode::kGood;
}

void add_import_command(CLI::App& db, Action& action) {
  auto options = std::make_shared<ImportOptions>();
  CLI::App* command = db.add_subcommand(
      "import", "Takes in figures of Google Benchmark (JSON) or llama-bench (JSON, SQL), marked as imported");
  command->add_option("FILE", options->request.file, "What the other program wrote")->required();
  command->add_option("--bench", options->request.bench, "Where they were measured")->capture_default_str();
  command->add_option("--board", options->request.board, "The kind of board; without it as the bench");
  command->add_option("--engine", options->request.engine, "What was measured; without it the program");
  command->add_option("--model", options->request.model, "The model; without it what the file says");
  command->add_option("--variant", options->request.variant, "The variant; without it what the file says");
  command->add_option("--tier", options->tier, "What the figures are worth")->capture_default_str();
  command->add_option("--build", options->request.build.name, "The product's build");
  command->add_option("--commit", options->request.build.commit_sha,
                      "The product's commit; without it what the file says");
  command->add_option("--label", options->request.label, "A name for the run");
  add_output_option(*command, options->places);
  add_database_option(*command, options->places);
  command->callback([&action, options] { action = [options] { return import_file(*options); }; });
}

}  // namespace

void add_db_file_commands(CLI::App& db, Action& action) {
  add_merge_command(db, action);
  add_export_command(db, action);
  add_import_command(db, action);
}

}  // namespace slmrig::cli
