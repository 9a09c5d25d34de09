// slmrig rig slots and slmrig rig rollback: what a board holds, and going back to what it held before.
#include <algorithm>
#include <cstdio>
#include <memory>

#include <fmt/format.h>

#include "harness/base/paths.h"
#include "harness/base/suggest.h"
#include "harness/cli/commands.h"
#include "harness/cli/figures.h"
#include "harness/cli/loaded_plan.h"
#include "harness/cli/text_table.h"
#include "harness/deploy/visit.h"
#include "harness/rig/bench_lock.h"
#include "harness/rig/rig_file.h"

namespace slmrig::cli {
namespace {

using base::Done;
using base::ErrorCode;
using base::fail;
using base::Result;
using rig::SlotState;

struct SlotOptions {
  Places places;
  std::string rig = kDefaultRig;
  std::string bench;
};

std::string state_text(const SlotState& slot) {
  std::string text(to_string(slot.phase));
  if (slot.active) text += slot.on_trial ? ", active, on trial" : ", active";
  return text;
}

std::string image_text(const SlotState& slot) {
  if (slot.phase == rig::SlotPhase::kWriting) {
    return fmt::format("{} of {} bytes", slot.received_bytes, slot.image_bytes);
  }
  return slot.image_bytes == 0 ? kNothing : fmt::format("{} bytes", slot.image_bytes);
}

Result<std::vector<SlotState>> all_slots(const rig::Banner& banner, rig::Agent& agent) {
  std::vector<SlotState> slots;
  for (uint32_t slot = 0; slot < banner.slot_count; ++slot) {
    SLMRIG_ASSIGN(slots.emplace_back(), agent.query_slot(slot, false));
  }
  return slots;
}

void print_slots(const std::vector<SlotState>& slots) {
  TextTable table({{"slot"}, {"state"}, {"image"}, {"room", Align::kRight}, {"sha256"}, {"filled by"}}, 2);
  for (const SlotState& slot : slots) {
    table.add_row({std::string(1, static_cast<char>('A' + slot.slot)), state_text(slot), image_text(slot),
                   bytes_text(static_cast<double>(slot.capacity_bytes)),
                   slot.noted_sha256.empty() ? kNothing : slot.noted_sha256.substr(0, 16),
                   slot.writable ? "uploads" : "the flasher"});
  }
  std::fputs(table.text().c_str(), stdout);
}

Result<ExitCode> visit(const SlotOptions& options, const char* reason, const deploy::Ask& ask) {
  SLMRIG_ASSIGN(const std::filesystem::path root, options.places.root());
  SLMRIG_ASSIGN(const base::Rig rig, rig::load_rig(options.rig, root));
  const auto bench = std::find_if(rig.benches.begin(), rig.benches.end(),
                                  [&](const base::Bench& one) { return one.name == options.bench; });
  if (bench == rig.benches.end()) {
    std::vector<std::string> known;
    for (const base::Bench& one : rig.benches) known.push_back(one.name);
    return fail(ErrorCode::kBadInput, base::unknown_name("bench", options.bench, known) + " in " + rig.file);
  }
  SLMRIG_ASSIGN(const rig::BenchLock lock, rig::BenchLock::acquire(bench->name, reason));
  deploy::Workshop workshop;
  workshop.root = root;
  workshop.cache_directory = options.places.output() / base::kCacheDirectory;
  workshop.stand_ins = deploy::make_stand_in_pool();
  SLMRIG_TRY(deploy::visit_board(*bench, workshop, deploy::Manner::kLook, ask));
  return ExitCode::kGood;
}

Result<ExitCode> show_slots(const SlotOptions& options) {
  return visit(options, "slmrig rig slots", [&](const rig::Banner& banner, rig::Agent& agent) -> Done {
    SLMRIG_ASSIGN(const std::vector<SlotState> slots, all_slots(banner, agent));
    fmt::print("bench {}: {} {}\n\n", options.bench, banner.board, banner.unique_id);
    print_slots(slots);
    return {};
  });
}

Result<ExitCode> roll_back(const SlotOptions& options) {
  return visit(options, "slmrig rig rollback", [&](const rig::Banner& banner, rig::Agent& agent) -> Done {
    if (!banner.has_slots) {
      return fail(
          ErrorCode::kUnsupported,
          fmt::format("bench {}: its agent knows no slots to go back to; deploy the agent of this slmrig",
                      options.bench));
    }
    SLMRIG_ASSIGN(const SlotState before, agent.rollback());
    fmt::print("bench {}: slot {} is active now\n\n", options.bench, static_cast<char>('A' + before.slot));
    SLMRIG_ASSIGN(const std::vector<SlotState> slots, all_slots(banner, agent));
    print_slots(slots);
    return {};
  });
}

void add_slot_command(CLI::App& rig, Action& action, const char* name, const char* description,
                      Result<ExitCode> (*act)(const SlotOptions&)) {
  auto options = std::make_shared<SlotOptions>();
  CLI::App* command = rig.add_subcommand(name, description);
  command->add_option("BENCH", options->bench, "The bench")->required();
  command->add_option("--rig", options->rig, "Rig: a name under boards/rigs, or a file")
      ->capture_default_str();
  add_output_option(*command, options->places);
  add_root_option(*command, options->places);
  command->callback([&action, options, act] { action = [options, act] { return act(*options); }; });
}

}  // namespace

void add_rig_slots_commands(CLI::App& rig, Action& action) {
  add_slot_command(rig, action, "slots", "What the model slots of a bench's board hold, and which is active",
                   show_slots);
  add_slot_command(rig, action, "rollback",
                   "Makes the image active that was confirmed before the present one", roll_back);
}

}  // namespace slmrig::cli
