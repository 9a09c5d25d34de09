// What of boards/<name>/board.json concerns the probe.
#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/base/json_reader.h"
#include "harness/base/placeholders.h"
#include "harness/base/suggest.h"
#include "harness/rigsim/probe/emulated_board.h"

namespace slmrig::rigsim {
namespace {

using base::ErrorCode;
using base::fail;
using base::JsonObject;
using base::Result;

// Whose debug registers cortex_debug models.
bool is_modelled(const std::string& cpu) {
  constexpr const char* kModelled[] = {"Cortex-M3", "Cortex-M4", "Cortex-M7"};
  return std::any_of(std::begin(kModelled), std::end(kModelled),
                     [&](const char* prefix) { return cpu.starts_with(prefix); });
}

// QEMU separates the keys of an option with commas; a comma inside a value is written twice.
std::string option_value(const std::string& path) {
  std::string escaped;
  for (char c : path) escaped += c == ',' ? std::string(",,") : std::string(1, c);
  return escaped;
}

// An option that lays agent or image into the memory is left out, with its value: that is the probe's work.
std::vector<std::string> without_contents(const std::vector<std::string>& arguments) {
  std::vector<std::string> kept;
  for (const std::string& argument : arguments) {
    const bool loads =
        argument.find("{agent}") != std::string::npos || argument.find("{image}") != std::string::npos;
    if (!loads) {
      kept.push_back(argument);
    } else if (!kept.empty() && kept.back().starts_with('-')) {
      kept.pop_back();
    }
  }
  return kept;
}

std::vector<std::string> emulator_command(JsonObject emulator, const EmulatedBoardOptions& options) {
  emulator.keys();
  std::vector<std::string> command = {emulator.required_string("program")};
  const std::map<std::string, std::string> values = {
      {"{markers}", "null"},  // no meter stands beside this board
      {"{uart}", option_value(options.uart_socket)},
      {"{unique_id_file}", option_value((options.folder / "unique_id").string())}};
  for (std::string& argument : without_contents(emulator.required_strings("arguments"))) {
    command.push_back(base::filled_in(std::move(argument), values));
  }
  const auto socket = [&](std::string_view name) { return option_value((options.folder / name).string()); };
  // The test socket would else choose an accelerator that executes nothing.
  for (const std::string& argument :
       {std::string("-accel"), std::string("tcg"), std::string("-S"), std::string("-chardev"),
        fmt::format("socket,id=debug_stub,path={},server=on,wait=off", socket("gdb")), std::string("-gdb"),
        std::string("chardev:debug_stub"), std::string("-qtest"),
        fmt::format("unix:{},server=on,wait=off", socket("qtest")), std::string("-qtest-log"),
        std::string("/dev/null")}) {
    command.push_back(argument);
  }
  return command;
}

}  // namespace

Result<EmulatedBoardFacts> read_board_facts(const EmulatedBoardOptions& options) {
  SLMRIG_ASSIGN(base::JsonDocument document, base::JsonDocument::read(options.board_file));
  JsonObject root = document.root();
  root.keys();  // the rest of the file is for others
  const auto refuse = [&](std::string message) {
    return fail(ErrorCode::kBadInput, std::move(message), options.board_file.string());
  };
  EmulatedBoardFacts facts;
  const std::string cpu = root.required_string("cpu");
  if (!is_modelled(cpu)) {
    return refuse(fmt::format("cpu is '{}'; the virtual probe models Cortex-M3, M4 and M7", cpu));
  }
  if (!root.has("emulator")) return refuse("has no \"emulator\": the virtual probe serves emulated boards");
  facts.command = emulator_command(root.required_object("emulator"), options);
  std::vector<std::string> names;
  JsonObject memory = root.required_object("memory");
  memory.keys();
  for (JsonObject region : memory.required_objects("regions")) {
    region.keys();
    const std::string name = region.required_string("name");
    const AddressRange range = {static_cast<uint32_t>(region.required_address("address")),
                                static_cast<uint32_t>(region.required_uint("bytes", 1, UINT32_MAX))};
    facts.memories.push_back(range);
    names.push_back(name);
    const auto& wanted = options.flash_regions;
    if (std::find(wanted.begin(), wanted.end(), name) != wanted.end()) facts.flash.push_back({name, range});
  }
  for (const std::string& wanted : options.flash_regions) {
    if (std::find(names.begin(), names.end(), wanted) == names.end()) {
      return refuse(base::unknown_name("memory region", wanted, names));
    }
  }
  SLMRIG_TRY(document.finish());
  return facts;
}

}  // namespace slmrig::rigsim
