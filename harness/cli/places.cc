#include "harness/base/paths.h"
#include "harness/cli/commands.h"

namespace slmrig::cli {

base::Result<std::filesystem::path> Places::root() const { return base::find_project_root(root_option); }

std::filesystem::path Places::output() const {
  return output_option.empty() ? std::string(base::kDefaultOutputDirectory) : output_option;
}

std::string Places::database() const {
  if (!database_option.empty()) return database_option;
  const std::filesystem::path name = std::filesystem::path(base::kDefaultDatabase).filename();
  return (output() / name).string();
}

std::string Places::as_options() const {
  std::string text;
  if (!output_option.empty()) text += " --out " + output_option;
  if (!database_option.empty()) text += " --db " + database_option;
  return text;
}

void add_root_option(CLI::App& command, Places& places) {
  command.add_option("--root", places.root_option,
                     "Folder with boards/ and workloads/ [$SLMRIG_ROOT, or the nearest upward]");
}

void add_output_option(CLI::App& command, Places& places) {
  command.add_option("--out", places.output_option, "Folder for results and the cache of variants [out]");
}

void add_database_option(CLI::App& command, Places& places) {
  command.add_option("--db", places.database_option, "Database file [slmrig.db in the output folder]");
}

}  // namespace slmrig::cli
