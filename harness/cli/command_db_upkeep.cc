// `slmrig db info`, `check`, `upgrade` and `prune`.
#include <cstdio>
#include <memory>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "harness/base/clock.h"
#include "harness/cli/commands.h"
#include "harness/store/captures.h"
#include "harness/store/upkeep.h"

namespace slmrig::cli {
namespace {

constexpr double kBytesOfMegabyte = 1e6;
constexpr double kBytesOfGigabyte = 1e9;

struct InfoOptions {
  Places places;
  bool json = false;
};

nlohmann::json json_of(const store::DatabaseInfo& info) {
  const auto time_text = [](const std::optional<int64_t>& time_ns) {
    return time_ns ? nlohmann::json(base::utc_text(*time_ns)) : nlohmann::json();
  };
  return {{"path", info.path},
          {"schema_version", info.schema_version},
          {"bytes", info.bytes},
          {"free_bytes", info.free_bytes},
          {"runs", info.runs},
          {"imported_runs", info.imported_runs},
          {"sessions", info.sessions},
          {"cells", info.cells},
          {"generations", info.generations},
          {"figures", info.figures},
          {"releases", info.releases},
          {"findings", info.findings},
          {"captures", {{"files", info.capture_files}, {"bytes", info.capture_bytes}}},
          {"first_run_at", time_text(info.first_run_ns)},
          {"last_run_at", time_text(info.last_run_ns)},
          {"benches", info.benches}};
}

base::Result<ExitCode> info(const InfoOptions& options) {
  SLMRIG_ASSIGN(const store::DatabaseInfo info, store::database_info(options.places.database()));
  if (options.json) {
    fmt::print("{}\n", json_of(info).dump(1));
    return ExitCode::kGood;
  }
  fmt::print("database     {}\n", info.path);
  fmt::print("schema       version {}\n", info.schema_version);
  fmt::print("size         {:.1f} MB, {:.1f} MB of it free\n",
             static_cast<double>(info.bytes) / kBytesOfMegabyte,
             static_cast<double>(info.free_bytes) / kBytesOfMegabyte);
  fmt::print("runs         {} ({} imported)\n", info.runs, info.imported_runs);
  fmt::print("sessions     {}\ncells        {}\ngenerations  {}\nfigures      {}\n", info.sessions,
             info.cells, info.generations, info.figures);
  fmt::print("releases     {}\nfindings     {}\n", info.releases, info.findings);
  fmt::print("captures     {} files, {:.3f} GB\n", info.capture_files,
             static_cast<double>(info.capture_bytes) / kBytesOfGigabyte);
  if (info.first_run_ns && info.last_run_ns) {
    fmt::print("from, to     {}, {}\n", base::utc_text(*info.first_run_ns),
               base::utc_text(*info.last_run_ns));
  }
  fmt::print("benches      {}\n", fmt::join(info.benches, ", "));
  return ExitCode::kGood;
}

void add_info_command(CLI::App& db, Action& action) {
  auto options = std::make_shared<InfoOptions>();
  CLI::App* command = db.add_subcommand("info", "What is in the database, and how large it is");
  command->add_flag("--json", options->json, "As a JSON object");
  add_output_option(*command, options->places);
  add_database_option(*command, options->places);
  command->callback([&action, options] { action = [options] { return info(*options); }; });
}

base::Result<ExitCode> check(const Places& places) {
  SLMRIG_ASSIGN(const std::vector<store::Trouble> troubles, store::check_database(places.database()));
  for (const store::Trouble& trouble : troubles) fmt::print("{}: {}\n", trouble.place, trouble.text);
  if (!troubles.empty()) return ExitCode::kBadResult;
  fmt::print("{} is whole: pages, references, captures and kept artifacts\n", places.database());
  return ExitCode::kGood;
}

void add_check_command(CLI::App& db, Action& action) {
  auto places = std::make_shared<Places>();
  CLI::App* command = db.add_subcommand(
      "check", "Checks the database: pages, references, hashes of captures and kept artifacts");
  add_output_option(*command, *places);
  add_database_option(*command, *places);
  command->callback([&action, places] { action = [places] { return check(*places); }; });
}

base::Result<ExitCode> upgrade(const Places& places) {
  SLMRIG_ASSIGN(const store::Upgraded upgraded, store::upgrade_database(places.database()));
  if (upgraded.from_version == upgraded.to_version) {
    fmt::print("{} is up to date: schema version {}\n", places.database(), upgraded.to_version);
  } else {
    fmt::print("{} went from schema version {} to {}\n", places.database(), upgraded.from_version,
               upgraded.to_version);
  }
  return ExitCode::kGood;
}

void add_upgrade_command(CLI::App& db, Action& action) {
  auto places = std::make_shared<Places>();
  CLI::App* command = db.add_subcommand(
      "upgrade", "Brings a database that an older slmrig wrote up to date, with all that is in it");
  add_output_option(*command, *places);
  add_database_option(*command, *places);
  command->callback([&action, places] { action = [places] { return upgrade(*places); }; });
}

struct PruneOptions {
  Places places;
  double most_gb = 20;
  int64_t most_days = 90;
  std::optional<int64_t> keep_days;
  bool compact = false;
};

base::Result<ExitCode> prune(const PruneOptions& options) {
  store::CaptureLimits limits;
  limits.most_bytes = static_cast<uint64_t>(options.most_gb * kBytesOfGigabyte);
  limits.most_days = options.most_days;
  const std::string database = options.places.database();
  SLMRIG_ASSIGN(const store::CaptureUsage removed,
                store::prune_captures(database, limits, base::utc_now_ns()));
  SLMRIG_ASSIGN(const store::CaptureUsage left, store::capture_usage(database));
  fmt::print("removed  {} captures, {:.3f} GB\nleft     {} captures, {:.3f} GB in {}\n", removed.files,
             static_cast<double>(removed.bytes) / kBytesOfGigabyte, left.files,
             static_cast<double>(left.bytes) / kBytesOfGigabyte, store::capture_folder(database).string());
  if (!options.keep_days) return ExitCode::kGood;
  SLMRIG_ASSIGN(const store::Thinned thinned,
                store::thin_traces(database, {base::utc_now_ns(), *options.keep_days, options.compact}));
  fmt::print("thinned  {} generations of runs older than {} days; their figures stay\n", thinned.generations,
             *options.keep_days);
  if (thinned.kept_pinned > 0) fmt::print("kept     {} older runs that releases name\n", thinned.kept_pinned);
  return ExitCode::kGood;
}

void add_prune_command(CLI::App& db, Action& action) {
  auto options = std::make_shared<PruneOptions>();
  CLI::App* command = db.add_subcommand("prune",
                                        "Removes raw samples of power meters that are old or too many, and "
                                        "traces of old runs where --keep says "
                                        "so; figures stay, and so does what releases name");
  command->add_option("--captures-gb", options->most_gb, "Gigabytes that may stay, the newest")
      ->check(CLI::Range(0.0, 1e6))
      ->capture_default_str();
  command->add_option("--captures-days", options->most_days, "Days that they may stay; 0: for ever")
      ->check(CLI::Range(0, 36'500))
      ->capture_default_str();
  CLI::Option* keep =
      command
          ->add_option("--keep", options->keep_days,
                       "Days of runs that keep the traces of single tokens; without it all do")
          ->check(CLI::Range(0, 36'500));
  command->add_flag("--compact", options->compact, "Gives the space back to the disk (takes a while)")
      ->needs(keep);
  add_output_option(*command, options->places);
  add_database_option(*command, options->places);
  command->callback([&action, options] { action = [options] { return prune(*options); }; });
}

}  // namespace

void add_db_upkeep_commands(CLI::App& db, Action& action) {
  add_info_command(db, action);
  add_check_command(db, action);
  add_upgrade_command(db, action);
  add_prune_command(db, action);
}

}  // namespace slmrig::cli
