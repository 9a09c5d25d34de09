#include <cstdio>
#include <memory>

#include <fmt/format.h>

#include "harness/base/suggest.h"
#include "harness/cli/commands.h"
#include "harness/cli/figures.h"
#include "harness/cli/loaded_plan.h"
#include "harness/cli/text_table.h"
#include "harness/cli/wiring.h"
#include "harness/rig/rig_file.h"

namespace slmrig::cli {
namespace {

struct RigOptions {
  Places places;
  std::string rig = kDefaultRig;
  std::string bench;
};

std::string link_text(const base::LinkSpec& link) {
  return link.address.empty() ? link.kind : fmt::format("{} {}", link.kind, link.address);
}

std::string slot_text(uint64_t bytes) {
  return bytes == 0 ? kNothing : bytes_text(static_cast<double>(bytes));
}

base::Result<ExitCode> list_rig(const RigOptions& options) {
  SLMRIG_ASSIGN(const std::filesystem::path root, options.places.root());
  SLMRIG_ASSIGN(const base::Rig rig, rig::load_rig(options.rig, root));
  fmt::print("rig {} ({})\n\n", rig.name, rig.file);
  TextTable table({{"bench"},
                   {"board"},
                   {"cpu"},
                   {"tier"},
                   {"flasher"},
                   {"link"},
                   {"unit"},
                   {"slot", Align::kRight},
                   {"arena", Align::kRight}},
                  2);
  for (const base::Bench& bench : rig.benches) {
    table.add_row({bench.name, bench.board.name, bench.board.cpu,
                   std::string(base::to_string(bench.board.tier)), base::flasher_kind(bench),
                   link_text(bench.link), bench.unit_id.empty() ? kNothing : bench.unit_id,
                   slot_text(bench.board.slot_bytes), slot_text(bench.board.arena_bytes)});
  }
  std::fputs(table.text().c_str(), stdout);
  return ExitCode::kGood;
}

base::Result<ExitCode> print_wiring(const RigOptions& options) {
  SLMRIG_ASSIGN(const std::filesystem::path root, options.places.root());
  SLMRIG_ASSIGN(const base::Rig rig, rig::load_rig(options.rig, root));
  std::vector<std::string> names;
  for (const base::Bench& bench : rig.benches) {
    names.push_back(bench.name);
    if (bench.name != options.bench) continue;
    std::fputs(wiring_text(bench).c_str(), stdout);
    return ExitCode::kGood;
  }
  return base::fail(base::ErrorCode::kBadInput, base::unknown_name("bench", options.bench, names));
}

}  // namespace

void add_rig_command(CLI::App& app, Action& action) {
  auto options = std::make_shared<RigOptions>();
  CLI::App* rig = app.add_subcommand("rig", "The benches that this host can reach");
  rig->require_subcommand(1);
  CLI::App* command = rig->add_subcommand("list", "Benches, their boards and links");
  command->add_option("--rig", options->rig, "Rig: a name under boards/rigs, or a file")
      ->capture_default_str();
  add_root_option(*command, options->places);
  command->callback([&action, options] { action = [options] { return list_rig(*options); }; });
  auto wiring = std::make_shared<RigOptions>();
  command = rig->add_subcommand("wiring", "How to wire a bench's power meter and its marker lines");
  command->add_option("bench", wiring->bench, "Its name in the rig file")->required();
  command->add_option("--rig", wiring->rig, "Rig: a name under boards/rigs, or a file")
      ->capture_default_str();
  add_root_option(*command, wiring->places);
  command->callback([&action, wiring] { action = [wiring] { return print_wiring(*wiring); }; });
  add_rig_check_command(*rig, action);
  add_rig_quarantine_commands(*rig, action);
  add_rig_identify_command(*rig, action);
  add_rig_slots_commands(*rig, action);
  add_rig_init_command(*rig, action);
  add_rig_doctor_command(*rig, action);
}

}  // namespace slmrig::cli
