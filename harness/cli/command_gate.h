// `slmrig gate`: budgets against runs (commands.h says how commands are made).
#pragma once

#include "harness/cli/commands.h"

namespace slmrig::cli {

void add_gate_command(CLI::App& app, Action& action);

}  // namespace slmrig::cli
