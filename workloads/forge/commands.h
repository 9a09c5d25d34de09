// The subcommands of slmforge, by concern.
//
// Each add_... function declares its subcommands on `app`; the one that the user names stores in *chosen what
// it is to do. main runs it: its value is the exit code, its error is printed and ends with 2, or with 1
// where the machine and not the input is to blame.
#pragma once

#include <functional>

#include <CLI/CLI.hpp>

#include "harness/base/error.h"

namespace slmrig::forge {

using Command = std::function<base::Result<int>()>;

// image, inspect, random
void add_file_commands(CLI::App& app, Command* chosen);

// quantize, imatrix
void add_quantize_commands(CLI::App& app, Command* chosen);

// eval
void add_eval_commands(CLI::App& app, Command* chosen);

// ladder
void add_ladder_command(CLI::App& app, Command* chosen);

// arena
void add_arena_command(CLI::App& app, Command* chosen);

// generate
void add_run_commands(CLI::App& app, Command* chosen);

// train, corpus, card
void add_train_commands(CLI::App& app, Command* chosen);

}  // namespace slmrig::forge
