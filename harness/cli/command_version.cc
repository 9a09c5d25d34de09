#include <fmt/format.h>

#include "harness/cli/commands.h"
#include "harness/cli/version.h"

namespace slmrig::cli {

void add_version_command(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("version", "The version of slmrig and its compiler");
  command->callback([&action] {
    action = []() -> base::Result<ExitCode> {
      fmt::print("{}\ncompiler g++ {}\n", kVersionText, __VERSION__);
      return ExitCode::kGood;
    };
  });
}

}  // namespace slmrig::cli
