#include <fmt/format.h>

#include "device-agent/wire/protocol.h"
#include "harness/cli/commands.h"
#include "harness/cli/version.h"

namespace slmrig::cli {

void add_version_command(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("version", "The version of slmrig, its compiler and its protocol");
  command->callback([&action] {
    action = []() -> base::Result<ExitCode> {
      fmt::print("{}\nwire protocol {}\ncompiler g++ {}\n", kVersionText, wire::kProtocolVersion,
                 __VERSION__);
      return ExitCode::kGood;
    };
  });
}

}  // namespace slmrig::cli
