#include "harness/deploy/deploy.h"

#include <optional>

#include <fmt/format.h>

#include "harness/base/clock.h"
#include "harness/base/file.h"
#include "harness/base/paths.h"
#include "harness/deploy/agent_choice.h"
#include "harness/deploy/flasher.h"
#include "harness/deploy/place_image.h"
#include "harness/deploy/stand_in.h"

namespace slmrig::deploy {
namespace {

using base::Done;
using base::ErrorCode;
using base::fail;
using base::Result;

}  // namespace

Done Flasher::lay_image(StartedBoard& board, const base::VariantFacts& /*variant*/) {
  return fail(ErrorCode::kCorrupt, fmt::format("slot 0 of {} does not hold the image that was laid into it",
                                               board.bench().board.name));
}

std::filesystem::path agent_of(const base::Bench& bench, const Workshop& workshop) {
  if (!bench.agent.empty()) return bench.agent;
  const std::string& build = bench.board.agent_build;
  return base::firmware_file(workshop.root, build.empty() ? bench.board.name : build);
}

Result<std::filesystem::path> agent_file_of(const base::Bench& bench, const Workshop& workshop) {
  if (base::flasher_kind(bench) != "native" || !bench.agent.empty()) return agent_of(bench, workshop);
  if (!workshop.native_agent.empty()) return workshop.native_agent;
  return base::find_program("slmrig-agent-native", workshop.root);
}

Result<std::shared_ptr<StandIns>> stand_ins_of(const base::Bench& bench, const Workshop& workshop) {
  if (workshop.stand_ins) return workshop.stand_ins->of(bench, workshop.root);
  SLMRIG_ASSIGN(std::unique_ptr<StandIns> stand_ins, StandIns::start(bench, workshop.root));
  return std::shared_ptr<StandIns>(std::move(stand_ins));
}

base::LinkSpec filled_link(base::LinkSpec link, const StandIns& stand_ins) {
  link.address = stand_ins.filled(link.address);
  return link;
}

base::MeterSpec filled_meter(base::MeterSpec meter, const StandIns& stand_ins) {
  meter.address = stand_ins.filled(meter.address);
  for (auto& [key, value] : meter.settings) value = stand_ins.filled(value);
  return meter;
}

Result<std::unique_ptr<Flasher>> make_flasher(const base::Bench& bench) {
  const std::string& kind = base::flasher_kind(bench);
  if (kind == "native") return make_native_flasher();
  if (kind == "emulator") return make_emulator_flasher();
  const bool configured = bench.flasher.kind == kind;
  if (kind == "pyocd" && configured) return make_pyocd_flasher();
  if (kind == "command" && configured) return make_command_flasher();
  if (kind == "ssh" && configured) return make_ssh_flasher();
  if (kind == "pyocd" || kind == "command" || kind == "ssh") {
    return fail(
        ErrorCode::kBadInput,
        fmt::format("bench {}: {} is flashed by {}; the rig file must say how: give the bench a \"flasher\"",
                    bench.name, bench.board.name, kind));
  }
  return fail(
      ErrorCode::kUnsupported,
      fmt::format(
          "the flasher '{}' of {} is not one that this version knows (native, emulator, pyocd, ssh, command)",
          kind, bench.board.file));
}

Result<std::unique_ptr<rig::LiveBoard>> deploy_variant(const base::Bench& bench,
                                                       const base::VariantFacts& variant,
                                                       const Workshop& workshop,
                                                       const rig::UploadProgress& progress) {
  SLMRIG_ASSIGN(const std::unique_ptr<Flasher> flasher, make_flasher(bench));
  SLMRIG_ASSIGN(std::unique_ptr<StartedBoard> board, flasher->flash(bench, variant, workshop, progress));
  if (const Done placed = place_image(*flasher, *board, variant, progress); !placed) {
    return tl::unexpected(base::within(
        fmt::format("bench {}: placing {} {}", bench.name, variant.model, variant.variant), placed.error()));
  }
  return board;
}

}  // namespace slmrig::deploy
