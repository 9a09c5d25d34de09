// slmforge: the host side of models.
#include <cstdio>

#include <CLI/CLI.hpp>

#include "workloads/forge/commands.h"

namespace {

constexpr int kFailed = 1;
constexpr int kBadInput = 2;

// 2 where the user mends it: a file, a name or a model that is not what it must be. 1 where nothing was wrong
// with what was given: the disk is full, a file is locked.
int exit_code(slmrig::base::ErrorCode code) {
  using slmrig::base::ErrorCode;
  const bool is_machine = code == ErrorCode::kIo || code == ErrorCode::kLocked || code == ErrorCode::kTimeout;
  return is_machine ? kFailed : kBadInput;
}

}  // namespace

int main(int argc, char** argv) {
  using slmrig::forge::Command;
  CLI::App app("slmforge: trains, quantizes, inspects, images, runs and scores small language models");
  app.require_subcommand(1);
  app.set_help_all_flag("--help-all", "Help of every subcommand");
  Command chosen;
  slmrig::forge::add_quantize_commands(app, &chosen);
  slmrig::forge::add_file_commands(app, &chosen);
  slmrig::forge::add_arena_command(app, &chosen);
  slmrig::forge::add_run_commands(app, &chosen);
  slmrig::forge::add_eval_commands(app, &chosen);
  slmrig::forge::add_ladder_command(app, &chosen);
  slmrig::forge::add_train_commands(app, &chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kBadInput;
  }
  const auto result = chosen();
  if (!result) {
    std::fprintf(stderr, "slmforge: %s\n", result.error().text().c_str());
    return exit_code(result.error().code);
  }
  return *result;
}
