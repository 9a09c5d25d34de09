#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "harness/base/clock.h"
#include "harness/base/file.h"
#include "harness/base/paths.h"
#include "harness/cli/commands.h"
#include "harness/cli/figures.h"
#include "harness/cli/summary.h"
#include "harness/cli/text_table.h"
#include "harness/store/queries.h"
#include "harness/store/releases.h"

namespace slmrig::cli {
namespace {

namespace fs = std::filesystem;

struct ReleaseOptions {
  Places places;
  std::string name;
  std::string note;
  std::vector<std::string> runs;
  std::vector<std::string> files;
  std::string folder;
  bool json = false;
};

nlohmann::json json_of(const store::ReleaseRow& release) {
  nlohmann::json artifacts = nlohmann::json::array();
  for (const store::ArtifactRow& each : release.artifacts) {
    artifacts.push_back({{"kind", each.kind},
                         {"name", each.name},
                         {"sha256", each.sha256},
                         {"bytes", each.bytes ? nlohmann::json(*each.bytes) : nlohmann::json()},
                         {"kept", !each.file.empty()}});
  }
  return {{"name", release.name},
          {"pinned_at", base::utc_text(release.pinned_at_ns)},
          {"note", release.note},
          {"runs", release.run_ids},
          {"artifacts", std::move(artifacts)}};
}

void print_artifacts(const store::ReleaseRow& release) {
  TextTable table({{"artifact"}, {"of"}, {"SHA-256"}, {"copy"}}, 2);
  for (const store::ArtifactRow& each : release.artifacts) {
    table.add_row({each.kind, each.name, each.sha256.substr(0, 16), each.file.empty() ? "not kept" : "kept"});
  }
  std::fputs(table.text().c_str(), stdout);
}

std::vector<fs::path> files_with_ending(const fs::path& folder, const std::string& ending) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    std::error_code ignored;
    if (at->path().extension() == ending && at->is_regular_file(ignored)) files.push_back(at->path());
  }
  return files;
}

// Where the files of a run that this host measured still lie: the cache of variants, and the built agents.
// What is not there is not kept; --artifact names more.
std::vector<fs::path> files_at_hand(const ReleaseOptions& options, store::Reader& reader,
                                    const std::string& run_id) {
  std::vector<fs::path> files(options.files.begin(), options.files.end());
  for (const fs::path& image : files_with_ending(options.places.output() / "cache" / "images", ".img")) {
    files.push_back(image);
  }
  if (const auto root = options.places.root()) {
    if (const auto sessions = reader.sessions(run_id)) {
      for (const store::SessionRow& session : *sessions) {
        files.push_back(base::firmware_file(*root, session.board));
      }
    }
    for (const fs::path& agent : files_with_ending(*root / "build" / "firmware", ".elf"))
      files.push_back(agent);
    std::error_code ignored;
    for (fs::directory_iterator at(*root / "build" / "bin", ignored), end; !ignored && at != end;
         at.increment(ignored)) {
      if (at->path().filename().string().starts_with("agent")) files.push_back(at->path());
    }
  }
  std::erase_if(files, [](const fs::path& file) {
    std::error_code ignored;
    return !fs::is_regular_file(file, ignored);
  });
  return files;
}

base::Result<ExitCode> pin(const ReleaseOptions& options) {
  store::PinRequest request;
  request.name = options.name;
  request.note = options.note;
  request.now_ns = base::utc_now_ns();
  for (const std::string& file : options.files) {
    std::error_code ignored;
    if (!fs::is_regular_file(file, ignored)) {
      return base::fail(base::ErrorCode::kBadInput,
                        fmt::format("--artifact {}: there is no such file", file));
    }
  }
  {
    SLMRIG_ASSIGN(store::Reader reader, store::open_reader(options.places.database()));
    for (const std::string& selector : options.runs) {
      SLMRIG_ASSIGN(const store::RunRow run, reader.find_run(selector));
      request.run_ids.push_back(run.run_id);
      for (fs::path& file : files_at_hand(options, reader, run.run_id)) request.files.push_back(file);
    }
  }
  SLMRIG_ASSIGN(const store::ReleaseRow release, store::pin_release(options.places.database(), request));
  fmt::print("pinned {} to run {}\n\n", release.name, fmt::join(release.run_ids, ", "));
  print_artifacts(release);
  return ExitCode::kGood;
}

base::Result<ExitCode> list(const ReleaseOptions& options) {
  SLMRIG_ASSIGN(const std::vector<store::ReleaseRow> all, store::releases(options.places.database()));
  if (options.json) {
    nlohmann::json array = nlohmann::json::array();
    for (const store::ReleaseRow& release : all) array.push_back(json_of(release));
    fmt::print("{}\n", array.dump(1));
    return ExitCode::kGood;
  }
  if (all.empty()) {
    fmt::print("No release is pinned in {} yet: slmrig release pin NAME --run R\n",
               options.places.database());
    return ExitCode::kGood;
  }
  TextTable table({{"release"}, {"pinned (UTC)"}, {"runs"}, {"artifacts", Align::kRight}, {"note"}}, 2);
  for (const store::ReleaseRow& release : all) {
    std::vector<std::string> runs;
    for (const std::string& run_id : release.run_ids) runs.push_back(short_id(run_id));
    table.add_row({release.name, base::utc_text(release.pinned_at_ns).substr(0, 16),
                   fmt::format("{}", fmt::join(runs, ", ")), std::to_string(release.artifacts.size()),
                   release.note});
  }
  std::fputs(table.text().c_str(), stdout);
  return ExitCode::kGood;
}

// "image wrist-nano int8.img": a name of its own for each kept copy.
fs::path file_name_of(const store::ArtifactRow& artifact) {
  std::string name = artifact.kind + "-" + artifact.name;
  for (char& c : name) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-' || c == '_';
    if (!plain) c = '-';
  }
  return name + "-" + artifact.sha256.substr(0, 8);
}

base::Result<ExitCode> export_release(const ReleaseOptions& options) {
  SLMRIG_ASSIGN(const store::ReleaseRow release,
                store::find_release(options.places.database(), options.name));
  nlohmann::json json = json_of(release);
  if (options.folder.empty()) {
    fmt::print("{}\n", json.dump(1));
    return ExitCode::kGood;
  }
  SLMRIG_TRY(base::make_directories(options.folder));
  std::size_t written = 0;
  for (std::size_t i = 0; i < release.artifacts.size(); ++i) {
    const store::ArtifactRow& artifact = release.artifacts[i];
    if (artifact.file.empty()) continue;
    SLMRIG_ASSIGN(const std::string content, store::read_artifact(options.places.database(), artifact));
    const fs::path name = file_name_of(artifact);
    SLMRIG_TRY(base::write_file_atomically(fs::path(options.folder) / name, std::string_view(content)));
    json["artifacts"][i]["file"] = name.string();
    ++written;
  }
  const std::string text = json.dump(1) + "\n";
  SLMRIG_TRY(base::write_file_atomically(fs::path(options.folder) / "release.json", std::string_view(text)));
  fmt::print("release {}: release.json and {} of {} artifacts in {}\n", release.name, written,
             release.artifacts.size(), options.folder);
  return ExitCode::kGood;
}

base::Result<ExitCode> unpin(const ReleaseOptions& options) {
  SLMRIG_TRY(store::unpin_release(options.places.database(), options.name));
  fmt::print("unpinned {}\n", options.name);
  return ExitCode::kGood;
}

using Command = base::Result<ExitCode> (*)(const ReleaseOptions&);

CLI::App* add_one(CLI::App& release, Action& action, const std::shared_ptr<ReleaseOptions>& options,
                  const char* name, const char* help, Command command) {
  CLI::App* added = release.add_subcommand(name, help);
  add_output_option(*added, options->places);
  add_database_option(*added, options->places);
  added->callback([&action, options, command] { action = [options, command] { return command(*options); }; });
  return added;
}

}  // namespace

void add_release_command(CLI::App& app, Action& action) {
  auto options = std::make_shared<ReleaseOptions>();
  CLI::App* release =
      app.add_subcommand("release", "Pins runs under a name, for budgets to compare with; never pruned");
  release->require_subcommand(1);
  CLI::App* pinning = add_one(*release, action, options, "pin", "Pins what a run measured as a release", pin);
  pinning->add_option("NAME", options->name, "Such as release-1.2")->required();
  pinning->add_option("--run", options->runs, "A run (repeatable)")->required();
  pinning->add_option("--note", options->note, "A line for people");
  pinning->add_option("--artifact", options->files,
                      "Files to keep a copy of, where they are what was measured (those of the cache and of "
                      "built agents are found)");
  add_root_option(*pinning, options->places);
  CLI::App* listing = add_one(*release, action, options, "list", "Lists the pinned releases", list);
  listing->add_flag("--json", options->json, "A JSON array with an object for each release");
  CLI::App* exporting = add_one(*release, action, options, "export",
                                "Prints a release as JSON, or writes it with its artifacts", export_release);
  exporting->add_option("NAME", options->name, "The release")->required();
  exporting->add_option("-o,--folder", options->folder,
                        "A folder for release.json and the copies that are kept");
  CLI::App* unpinning = add_one(*release, action, options, "unpin",
                                "Takes a release's name away; its runs may be pruned", unpin);
  unpinning->add_option("NAME", options->name, "The release")->required();
}

}  // namespace slmrig::cli
