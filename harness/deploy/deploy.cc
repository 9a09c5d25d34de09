#include "harness/deploy/deploy.h"

#include <fmt/format.h>

#include "harness/base/file.h"
#include "harness/deploy/flasher.h"

namespace slmrig::deploy {
namespace {

using base::Done;
using base::ErrorCode;
using base::fail;
using base::Result;

constexpr uint32_t kSlot = 0;

Done upload_image(StartedBoard& board, const base::VariantFacts& variant, const rig::SlotState& slot,
                  const rig::UploadProgress& progress) {
  if (!slot.writable) {
    return fail(ErrorCode::kCorrupt,
                fmt::format("slot {} does not hold the image that was laid into it: SHA-256 {}, expected {}",
                            kSlot, slot.sha256, variant.image_sha256));
  }
  SLMRIG_ASSIGN(const std::vector<uint8_t> image, base::read_bytes(variant.image_file));
  SLMRIG_ASSIGN(const rig::SlotState after, board.client().upload(kSlot, image, progress));
  if (after.sha256 == variant.image_sha256) return {};
  return fail(ErrorCode::kCorrupt, fmt::format("slot {} holds SHA-256 {}, the image has {}", kSlot,
                                               after.sha256, variant.image_sha256));
}

// The slot holds the image afterwards, by the device's own hash.
Done place_image(StartedBoard& board, const base::VariantFacts& variant,
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
  if (slot.sha256 != variant.image_sha256) SLMRIG_TRY(upload_image(board, variant, slot, progress));
  board.set_image(kSlot, variant.image_sha256);
  return {};
}

}  // namespace

Result<std::unique_ptr<Flasher>> make_flasher(const base::Bench& bench) {
  if (base::flasher_kind(bench) == "native") return make_native_flasher();
  if (base::flasher_kind(bench) == "emulator") return make_emulator_flasher();
  return fail(ErrorCode::kUnsupported,
              fmt::format("the flasher '{}' of {} is not one that this version knows (native, "
                          "emulator)",
                          base::flasher_kind(bench), bench.board.file));
}

Result<std::unique_ptr<rig::LiveBoard>> deploy_variant(const base::Bench& bench,
                                                       const base::VariantFacts& variant,
                                                       const Workshop& workshop,
                                                       const rig::UploadProgress& progress) {
  SLMRIG_ASSIGN(const std::unique_ptr<Flasher> flasher, make_flasher(bench));
  SLMRIG_ASSIGN(std::unique_ptr<StartedBoard> board, flasher->flash(bench, variant, workshop));
  if (const Done placed = place_image(*board, variant, progress); !placed) {
    return tl::unexpected(base::within(
        fmt::format("bench {}: placing {} {}", bench.name, variant.model, variant.variant), placed.error()));
  }
  return board;
}

}  // namespace slmrig::deploy
