#include <memory>

#include <fmt/format.h>

#include "harness/cli/board_draft.h"
#include "harness/cli/commands.h"

namespace slmrig::cli {
namespace {

struct NewOptions {
  Places places;
  BoardDraft draft;
};

base::Result<ExitCode> new_board(const NewOptions& options) {
  SLMRIG_ASSIGN(const std::filesystem::path root, options.places.root());
  SLMRIG_ASSIGN(const std::filesystem::path folder, write_board(options.draft, root));
  const std::string& name = options.draft.name;
  fmt::print("{}\n", (folder / "board.json").string());
  if (std::filesystem::exists(folder / "memory.ld")) {
    fmt::print("{}\n", (folder / "memory.ld").string());
    fmt::print(
        "Next: look through both, ./dev build (makes the firmware of every board), then put a bench with "
        "\"board\": \"{}\" into a rig file (slmrig rig init) and climb it: slmrig board check BENCH\n",
        name);
  } else {
    fmt::print(
        "Next: look through it, put a bench with \"board\": \"{}\" into a rig file (slmrig rig init), and "
        "climb it: slmrig board check BENCH\n",
        name);
  }
  return ExitCode::kGood;
}

void add_new_command(CLI::App& board, Action& action) {
  auto options = std::make_shared<NewOptions>();
  BoardDraft& draft = options->draft;
  CLI::App* command = board.add_subcommand("new", "Writes the files of a new board of a known family");
  command->add_option("NAME", draft.name, "Its folder under boards/: small letters, digits and -")
      ->required();
  command->add_option("--family", draft.family,
                      "Begin from the first board of this family (mps2, linux, ...)");
  command->add_option("--like", draft.like, "Begin from this board");
  command->add_option("--description", draft.description, "One sentence");
  command->add_option("--cpu", draft.cpu, "Such as Cortex-M4F");
  command->add_option("--clock-hz", draft.clock_hz, "Of the core; a tick counter at the same rate follows");
  command->add_option("--tick-source", draft.tick_source, "As the agent's banner says it: dwt, systick, ...");
  command->add_option("--slot-bytes", draft.slot_bytes, "Room for a model image");
  command->add_option("--arena-bytes", draft.arena_bytes, "Room for keys, values, activations and scratch");
  command->add_option("--tier", draft.tier, "hardware: leaves out what only the emulator has");
  command->add_option("--flasher", draft.flasher, "Of a hardware board: pyocd, command, ssh");
  add_root_option(*command, options->places);
  command->callback([&action, options] { action = [options] { return new_board(*options); }; });
}

}  // namespace

void add_board_command(CLI::App& app, Action& action) {
  CLI::App* board =
      app.add_subcommand("board", "Kinds of boards: begin a new one, climb a bench step by step");
  board->require_subcommand(1);
  add_new_command(*board, action);
  add_board_check_command(*board, action);
}

}  // namespace slmrig::cli
