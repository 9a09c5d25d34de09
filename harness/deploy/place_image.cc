#include "harness/deploy/place_image.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "harness/base/clock.h"
#include "harness/base/file.h"

namespace slmrig::deploy {
namespace {

using base::Done;
using base::ErrorCode;
using base::fail;
using base::Result;
using rig::SlotPhase;
using rig::SlotState;

constexpr uint32_t kLaidSlot = 0;  // that flashers fill

tl::unexpected<base::Error> does_not_hold(uint32_t slot, const std::string& found,
                                          const base::VariantFacts& variant) {
  return fail(ErrorCode::kCorrupt,
              fmt::format("slot {} holds SHA-256 {}, the image has {}", slot, found, variant.image_sha256));
}

class Placing {
 public:
  Placing(Flasher& flasher, StartedBoard& board, const base::VariantFacts& variant,
          const rig::UploadProgress& progress)
      : flasher_(flasher), board_(board), client_(board.client()), variant_(variant), progress_(progress) {}

  Done place() {
    SLMRIG_TRY(look());
    return board_.banner().has_slots ? place_in_slots() : place_in_first();
  }

 private:
  Done look() {
    const uint32_t count = board_.banner().has_slots ? board_.banner().slot_count : 1;
    for (uint32_t slot = 0; slot < count; ++slot) {
      SLMRIG_ASSIGN(slots_.emplace_back(), client_.query_slot(slot, false));
    }
    const auto largest = std::max_element(slots_.begin(), slots_.end(), [](const auto& a, const auto& b) {
      return a.capacity_bytes < b.capacity_bytes;
    });
    if (largest != slots_.end() && largest->capacity_bytes >= variant_.image_bytes) return {};
    return fail(ErrorCode::kUnfit,
                fmt::format("needs {} bytes in slot {}, board has {}", variant_.image_bytes, kLaidSlot,
                            slots_.empty() ? 0 : largest->capacity_bytes));
  }

  bool fits(const SlotState& slot) const { return slot.capacity_bytes >= variant_.image_bytes; }

  // Of a slot that was laid from outside nobody knows what it holds before it was hashed.
  bool may_hold_it(const SlotState& slot) const {
    if (!fits(slot) || slot.phase == SlotPhase::kEmpty || slot.phase == SlotPhase::kWriting) return false;
    return slot.noted_sha256.empty() || slot.noted_sha256 == variant_.image_sha256 || !slot.writable;
  }

  // The device hashes the slot before it makes it the active one. False: it holds something else.
  Result<bool> activate(uint32_t slot) {
    const Result<SlotState> state = client_.activate(slot, variant_.image_bytes, variant_.image_sha256);
    if (state && state->sha256 == variant_.image_sha256) {
      // A board whose power goes may forget how long the image is that somebody laid there.
      if (!state->writable) client_.expect_image(slot, variant_.image_bytes);
      board_.set_image(slot, variant_.image_sha256);
      return true;
    }
    if (state) return does_not_hold(slot, state->sha256, variant_);
    refused_ = state.error().message;
    if (state.error().code == ErrorCode::kDeviceFault) return false;
    return tl::unexpected(state.error());
  }

  Done place_in_slots() {
    for (const SlotState& slot : slots_) {
      if (!may_hold_it(slot)) continue;
      SLMRIG_ASSIGN(const bool holds_it, activate(slot.slot));
      if (!holds_it) continue;
      note_skipped();
      return {};
    }
    uint32_t chosen = kLaidSlot;
    if (!slots_[kLaidSlot].writable) {
      SLMRIG_TRY(flasher_.lay_image(board_, variant_));
    } else {
      SLMRIG_ASSIGN(chosen, slot_to_write());
      SLMRIG_TRY(upload(chosen));
    }
    SLMRIG_ASSIGN(const bool holds_it, activate(chosen));
    if (holds_it) return {};
    // What wrote it is no part of what is measured, and may do better the next time.
    return fail(ErrorCode::kLinkLost, fmt::format("the image was written to slot {} by {}, but: {}", chosen,
                                                  base::flasher_kind(board_.bench()), refused_));
  }

  // The one that was to get this image before; else one that is not in use.
  Result<uint32_t> slot_to_write() const {
    const SlotState* chosen = nullptr;
    const auto worth = [&](const SlotState& slot) {
      if (slot.noted_sha256 == variant_.image_sha256) return 3;
      if (slot.active) return 0;
      return slot.phase == SlotPhase::kConfirmed ? 1 : 2;
    };
    for (const SlotState& slot : slots_) {
      if (!slot.writable || !fits(slot)) continue;
      if (chosen == nullptr || worth(slot) > worth(*chosen)) chosen = &slot;
    }
    if (chosen != nullptr) return chosen->slot;
    return fail(ErrorCode::kUnfit,
                fmt::format("no slot of {} bytes can be written by the agent", variant_.image_bytes));
  }

  Done upload(uint32_t slot) {
    SLMRIG_ASSIGN(const std::vector<uint8_t> image, base::read_bytes(variant_.image_file));
    const int64_t began_ns = base::monotonic_now_ns();
    SLMRIG_ASSIGN(const SlotState after, client_.upload(slot, image, progress_));
    const rig::UploadFigures& figures = client_.upload_figures();
    rig::Transfer& transfer = board_.deployment().image;
    transfer.way = "link";
    transfer.skipped_bytes = figures.resumed_bytes + figures.copied_bytes;
    transfer.written_bytes = figures.sent_bytes;
    transfer.took_ns = base::monotonic_now_ns() - began_ns;
    return after.sha256 == variant_.image_sha256 ? Done{} : does_not_hold(slot, after.sha256, variant_);
  }

  void note_skipped() {
    rig::Transfer& transfer = board_.deployment().image;
    if (transfer.written_bytes == 0) transfer.skipped_bytes = variant_.image_bytes;
  }

  // Agents of earlier versions know neither activation nor what a slot is to hold.
  Done place_in_first() {
    SlotState& slot = slots_.front();
    if (!slot.writable) client_.expect_image(kLaidSlot, variant_.image_bytes);
    const bool worth_hashing =
        slot.phase == SlotPhase::kReady && (!slot.writable || slot.image_bytes == variant_.image_bytes);
    if (worth_hashing) {
      SLMRIG_ASSIGN(slot, client_.query_slot(kLaidSlot, true));
    }
    if (slot.sha256 == variant_.image_sha256) {
      note_skipped();
    } else if (slot.writable) {
      SLMRIG_TRY(upload(kLaidSlot));
    } else {
      SLMRIG_TRY(flasher_.lay_image(board_, variant_));
      SLMRIG_ASSIGN(slot, client_.query_slot(kLaidSlot, true));
      if (slot.sha256 != variant_.image_sha256) {
        return fail(
            ErrorCode::kLinkLost,
            fmt::format("the image was written by {}, but slot {} holds SHA-256 {}, the image has {}",
                        base::flasher_kind(board_.bench()), kLaidSlot, slot.sha256, variant_.image_sha256));
      }
    }
    board_.set_image(kLaidSlot, variant_.image_sha256);
    return {};
  }

  Flasher& flasher_;
  StartedBoard& board_;
  rig::AgentClient& client_;
  const base::VariantFacts& variant_;
  const rig::UploadProgress& progress_;
  std::vector<SlotState> slots_;
  std::string refused_;  // what the device said last
};

}  // namespace

Done place_image(Flasher& flasher, StartedBoard& board, const base::VariantFacts& variant,
                 const rig::UploadProgress& progress) {
  return Placing(flasher, board, variant, progress).place();
}

}  // namespace slmrig::deploy
