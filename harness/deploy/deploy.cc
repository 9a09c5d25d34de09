#include "harness/deploy/deploy.h"

#include <optional>

#include <fmt/format.h>

#include "harness/base/clock.h"
#include "harness/base/file.h"
#include "harness/base/paths.h"
#include "harness/deploy/flasher.h"
#include "harness/deploy/stand_in.h"

namespace slmrig::deploy {
namespace {

using base::Done;
using base::ErrorCode;
using base::fail;
using base::Result;

constexpr uint32_t kSlot = 0;

Done upload_image(StartedBoard& board, const base::VariantFacts& variant,
                  const rig::UploadProgress& progress) {
  SLMRIG_ASSIGN(const std::vector<uint8_t> image, base::read_bytes(variant.image_file));
  std::optional<uint64_t> held_bytes;
  const auto count = [&](uint64_t done_bytes, uint64_t total_bytes) {
    if (!held_bytes) held_bytes = done_bytes;
    if (progress) progress(done_bytes, total_bytes);
  };
  const int64_t began_ns = base::monotonic_now_ns();
  SLMRIG_ASSIGN(const rig::SlotState after, board.client().upload(kSlot, image, count));
  rig::Transfer& transfer = board.deployment().image;
  transfer.way = "link";
  transfer.skipped_bytes = held_bytes.value_or(0);
  transfer.written_bytes = image.size() - transfer.skipped_bytes;
  transfer.took_ns = base::monotonic_now_ns() - began_ns;
  if (after.sha256 == variant.image_sha256) return {};
  return fail(ErrorCode::kCorrupt, fmt::format("slot {} holds SHA-256 {}, the image has {}", kSlot,
                                               after.sha256, variant.image_sha256));
}

Done lay_image(Flasher& flasher, StartedBoard& board, const base::VariantFacts& variant) {
  SLMRIG_TRY(flasher.lay_image(board, variant));
  SLMRIG_ASSIGN(const rig::SlotState slot, board.client().query_slot(kSlot, true));
  if (slot.sha256 == variant.image_sha256) return {};
  // What wrote it is no part of what is measured, and may do better the next time.
  return fail(ErrorCode::kLinkLost,
              fmt::format("the image was written by {}, but slot {} holds SHA-256 {}, the image has {}",
                          base::flasher_kind(board.bench()), kSlot, slot.sha256, variant.image_sha256));
}

// The slot holds the image afterwards, by the device's own hash.
Done place_image(Flasher& flasher, StartedBoard& board, const base::VariantFacts& variant,
                 const rig::UploadProgress& progress) {
  rig::AgentClient& client = board.client();
  SLMRIG_ASSIGN(rig::SlotState slot, client.query_slot(kSlot, false));
  if (slot.capacity_bytes < variant.image_bytes) {
    return fail(ErrorCode::kUnfit, fmt::format("needs {} bytes in slot {}, board has {}", variant.image_bytes,
                                               kSlot, slot.capacity_bytes));
  }
  // A slot that cannot be written was filled by the flasher, and only the flasher knows how far.
  if (!slot.writable) client.expect_image(kSlot, variant.image_bytes);
  const bool worth_hashing =
      slot.phase == rig::SlotPhase::kReady && (!slot.writable || slot.image_bytes == variant.image_bytes);
  if (worth_hashing) {
    SLMRIG_ASSIGN(slot, client.query_slot(kSlot, true));
  }
  rig::Transfer& transfer = board.deployment().image;
  if (slot.sha256 != variant.image_sha256 && slot.writable) {
    SLMRIG_TRY(upload_image(board, variant, progress));
  } else if (slot.sha256 != variant.image_sha256) {
    SLMRIG_TRY(lay_image(flasher, board, variant));
  } else if (transfer.written_bytes == 0) {
    transfer.skipped_bytes = variant.image_bytes;
  }
  board.set_image(kSlot, variant.image_sha256);
  return {};
}

}  // namespace

Done Flasher::lay_image(StartedBoard& board, const base::VariantFacts& /*variant*/) {
  return fail(ErrorCode::kCorrupt, fmt::format("slot {} of {} does not hold the image that was laid into it",
                                               kSlot, board.bench().board.name));
}

std::filesystem::path agent_of(const base::Bench& bench, const Workshop& workshop) {
  return bench.agent.empty() ? base::firmware_file(workshop.root, bench.board.name)
                             : std::filesystem::path(bench.agent);
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

Result<std::unique_ptr<Flasher>> make_flasher(const base::Bench& bench) {
  const std::string& kind = base::flasher_kind(bench);
  if (kind == "native") return make_native_flasher();
  if (kind == "emulator") return make_emulator_flasher();
  const bool configured = bench.flasher.kind == kind;
  if (kind == "pyocd" && configured) return make_pyocd_flasher();
  if (kind == "command" && configured) return make_command_flasher();
  if (kind == "pyocd" || kind == "command") {
    return fail(
        ErrorCode::kBadInput,
        fmt::format("bench {}: {} is flashed by {}; the rig file must say how: give the bench a \"flasher\"",
                    bench.name, bench.board.name, kind));
  }
  return fail(
      ErrorCode::kUnsupported,
      fmt::format(
          "the flasher '{}' of {} is not one that this version knows (native, emulator, pyocd, command)",
          kind, bench.board.file));
}

Result<std::unique_ptr<rig::LiveBoard>> deploy_variant(const base::Bench& bench,
                                                       const base::VariantFacts& variant,
                                                       const Workshop& workshop,
                                                       const rig::UploadProgress& progress) {
  SLMRIG_ASSIGN(const std::unique_ptr<Flasher> flasher, make_flasher(bench));
  SLMRIG_ASSIGN(std::unique_ptr<StartedBoard> board, flasher->flash(bench, variant, workshop));
  if (const Done placed = place_image(*flasher, *board, variant, progress); !placed) {
    return tl::unexpected(base::within(
        fmt::format("bench {}: placing {} {}", bench.name, variant.model, variant.variant), placed.error()));
  }
  return board;
}

}  // namespace slmrig::deploy
