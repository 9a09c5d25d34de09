// Reading board.json.
#include <numeric>

#include <fmt/format.h>

#include "harness/base/json_reader.h"
#include "harness/base/power_model.h"
#include "harness/rig/rig_file.h"

namespace slmrig::rig {
namespace {

using base::Board;
using base::JsonObject;

constexpr uint64_t kMaxHz = 100'000'000'000;

void read_memory(JsonObject memory, Board* board) {
  for (JsonObject region : memory.optional_objects("regions")) {
    base::MemoryRegion one;
    one.name = region.required_string("name");
    one.address = region.required_address("address");
    one.bytes = region.required_uint("bytes", 1);
    board->memory_regions.push_back(std::move(one));
  }
  board->slot_bytes = memory.required_uint("slot_bytes");
  if (memory.has("slot_address")) board->slot_address = memory.required_address("slot_address");
  board->upload_slot_bytes = memory.optional_uint("upload_slot_bytes", 0);
  board->arena_bytes = memory.required_uint("arena_bytes", 1);
}

void read_ticks(JsonObject ticks, Board* board) {
  board->tick_source = ticks.required_string("source");
  board->tick_rate_hz = ticks.required_uint("rate_hz", 1, kMaxHz);
  const bool emulated = board->tier == base::Tier::kEmulated;
  if (ticks.has("instructions_per_tick") != emulated) {
    ticks.fail("instructions_per_tick",
               emulated ? "is missing: an emulated board counts instructions, and must say how many a tick is"
                        : "belongs to emulated boards; this one's ticks are time");
  }
  if (emulated) {
    JsonObject scale = ticks.optional_object("instructions_per_tick");
    board->ticks.counts_instructions = true;
    board->ticks.numerator = scale.required_uint("numerator", 1, UINT32_MAX);
    board->ticks.denominator = scale.required_uint("denominator", 1, UINT32_MAX);
    return;
  }
  constexpr uint64_t kNanosecondsPerSecond = 1'000'000'000;
  const uint64_t common = std::gcd(kNanosecondsPerSecond, board->tick_rate_hz);
  board->ticks = {false, kNanosecondsPerSecond / common, board->tick_rate_hz / common};
}

void read_emulator(JsonObject root, Board* board) {
  if (board->flasher != "emulator") {
    if (root.has("emulator")) root.fail("emulator", "is given, but \"flasher\" is not \"emulator\"");
    return;
  }
  JsonObject emulator = root.required_object("emulator");
  board->emulator.program = emulator.required_string("program");
  board->emulator.arguments = emulator.required_strings("arguments");
  for (const char* note : {"placeholders", "image_address", "comment"}) emulator.raw(note);  // for readers
  for (const char* needed : {"{agent}", "{uart}"}) {
    bool used = false;
    for (const std::string& argument : board->emulator.arguments)
      used |= argument.find(needed) != std::string::npos;
    if (!used)
      emulator.fail("arguments",
                    fmt::format("nowhere hold {}, without which nothing can be measured", needed));
  }
}

}  // namespace

base::Result<Board> load_board(const std::filesystem::path& file) {
  SLMRIG_ASSIGN(base::JsonDocument document, base::JsonDocument::read(file));
  JsonObject root = document.root();
  Board board;
  board.file = file.string();
  board.sha256 = document.sha256();
  board.name = root.required_string("name");
  if (const auto folder = file.parent_path().filename(); !folder.empty() && folder != board.name) {
    root.fail("name", fmt::format("is '{}', but the folder is '{}': they must be equal", board.name,
                                  folder.string()));
  }
  board.description = root.optional_string("description");
  board.family = root.required_string("family");
  board.cpu = root.required_string("cpu");
  board.isa = root.required_string("isa");
  board.clock_hz = root.optional_uint("clock_hz", 0, 0, kMaxHz);
  const std::string tier = root.required_choice("tier", {"hardware", "emulated", "functional", "modelled"});
  board.tier = base::parse_tier(tier).value_or(base::Tier::kHardware);
  read_memory(root.required_object("memory"), &board);
  read_ticks(root.required_object("ticks"), &board);
  board.flasher = root.required_choice("flasher", {"native", "emulator", "pyocd", "ssh", "command"});
  read_emulator(root, &board);
  board.agent_build = root.optional_string("agent", board.name);
  board.runner = root.optional_strings("runner");
  if (!board.runner.empty() && board.flasher != "ssh")
    root.fail("runner", "belongs to boards that are reached by ssh");
  if (!board.runner.empty() && board.tier != base::Tier::kFunctional)
    root.fail("runner",
              "runs the agent on another processor than the board's: \"tier\" must be \"functional\"");
  board.features = root.optional_strings("features");
  board.voltages = base::read_safe_voltages(root);
  board.power_model = base::read_power_model(root);
  if (board.power_model.cycles_per_instruction != 0 &&
      (!board.ticks.counts_instructions || board.clock_hz == 0)) {
    root.fail("power_model", "is for boards that count instructions and have a \"clock_hz\"");
  }
  root.raw("compile");  // what the firmware build reads from the same file
  SLMRIG_TRY(document.finish());
  return board;
}

}  // namespace slmrig::rig
