#include <cstdio>
#include <memory>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/cli/commands.h"
#include "harness/cli/query_output.h"
#include "harness/store/row_text.h"
#include "harness/store/sql_query.h"

namespace slmrig::cli {
namespace {

// A terminal is no place for a million rows: more come with --json, --csv or --all.
constexpr std::size_t kRowsForPeople = 1000;

struct QueryOptions {
  Places places;
  std::string sql;
  bool json = false;
  bool csv = false;
  bool all = false;
};

base::Result<ExitCode> print_table(const QueryOptions& options) {
  SLMRIG_ASSIGN(const store::SqlTable table,
                store::run_query(options.places.database(), options.sql, options.all ? 0 : kRowsForPeople));
  std::fputs(query_table_text(table).c_str(), stdout);
  if (table.truncated) {
    fmt::print(stderr, "slmrig: only the first {} rows; all of them come with --all, --json or --csv\n",
               kRowsForPeople);
  }
  return ExitCode::kGood;
}

base::Result<ExitCode> print_rows(const QueryOptions& options) {
  std::vector<std::string> columns;
  bool first = true;
  store::RowVisitor visitor;
  visitor.on_columns = [&](std::span<const std::string> names) {
    columns.assign(names.begin(), names.end());
    std::fputs(options.json ? "[" : store::csv_line(names).c_str(), stdout);
  };
  visitor.on_row = [&](std::span<const store::SqlValue> row) {
    const std::string text =
        options.json ? (first ? "\n" : ",\n") + store::json_row(columns, row) : store::csv_line(row);
    first = false;
    return std::fputs(text.c_str(), stdout) >= 0;
  };
  SLMRIG_TRY(store::visit_query(options.places.database(), options.sql, visitor));
  if (options.json) std::fputs(first ? "]\n" : "\n]\n", stdout);
  return ExitCode::kGood;
}

}  // namespace

void add_db_command(CLI::App& app, Action& action) {
  auto options = std::make_shared<QueryOptions>();
  CLI::App* db = app.add_subcommand("db", "The database of results");
  db->require_subcommand(1);
  add_db_upkeep_commands(*db, action);
  add_db_file_commands(*db, action);
  CLI::App* command = db->add_subcommand("query", "Runs one SQL statement, which can only read");
  command
      ->add_option("SQL", options->sql, "The statement; the views are described in harness/store/README.md")
      ->required();
  CLI::Option* json = command->add_flag("--json", options->json, "A JSON array with an object for each row");
  command->add_flag("--csv", options->csv, "Comma-separated values with a line of titles")->excludes(json);
  command->add_flag("--all", options->all, "All rows, also in a table");
  add_output_option(*command, options->places);
  add_database_option(*command, options->places);
  command->callback([&action, options] {
    action = [options] {
      return options->json || options->csv ? print_rows(*options) : print_table(*options);
    };
  });
}

}  // namespace slmrig::cli
