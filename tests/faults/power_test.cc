// Power that goes, and storage that refuses, anywhere in an update.
#include <fmt/format.h>
#include <catch2/catch.hpp>

#include "tests/faults/ledger.h"
#include "tests/faults/update_case.h"

namespace slmrig::faults {
namespace {

using agent::port::SimStorage;
using agent::port::Torn;

constexpr size_t kImageBytes = 40 * 1024;

struct TornKind {
  Torn torn;
  const char* kind;
};
constexpr TornKind kTornKinds[] = {
    {Torn::kHalf, "power cut, operation of the storage half done"},
    {Torn::kNothing, "power cut, operation of the storage not begun"},
    {Torn::kGarbage, "power cut, operation of the storage left garbage"},
};

int64_t operations_of(const SimStorage& before, const Update& update) {
  SimStorage storage = before;
  Life life(storage, 2);
  const Attempt whole = try_update(life, storage, update);
  INFO(whole.stopped_at);
  REQUIRE(whole.done);
  REQUIRE(whole.broken == "");
  REQUIRE(storage.operations > 45);
  return storage.operations;
}

// The first life of a case, which ends at that operation.
std::string cut_at(SimStorage& storage, const Update& update, int64_t operation, uint32_t epoch) {
  storage.power_cut_at = operation;
  Life life(storage, epoch);
  const Attempt attempt = try_update(life, storage, update);
  storage.power_cut_at = SimStorage::kNever;
  if (!attempt.broken.empty()) return attempt.broken;
  return life.board.powered() ? "the power never went: the case is none" : "";
}

std::string recovery(SimStorage& storage, const Update& update) {
  const std::string broken = broken_at_boot(storage, update);
  return broken.empty() ? finish_update(storage, update) : broken;
}

}  // namespace

TEST_CASE("power goes at every operation of an update, torn in every way", "[faults]") {
  Ledger ledger;
  for (const bool by_copies : {false, true}) {
    const Update update = make_update(kImageBytes, by_copies);
    const SimStorage before = board_before(update);
    const int64_t operations = operations_of(before, update);
    for (const TornKind& torn : kTornKinds) {
      for (int64_t at = 0; at < operations; ++at) {
        SimStorage storage = before;
        storage.torn = torn.torn;
        std::string broken = cut_at(storage, update, at, 2);
        if (broken.empty()) broken = recovery(storage, update);
        ledger.add(torn.kind, fmt::format("operation {}, copies {}", at, by_copies), broken);
      }
    }
  }
}

TEST_CASE("power goes again while the board recovers", "[faults]") {
  Ledger ledger;
  const Update update = make_update(kImageBytes);
  const SimStorage before = board_before(update);
  const int64_t operations = operations_of(before, update);
  for (const TornKind& torn : kTornKinds) {
    for (int64_t first = 0; first < operations; ++first) {
      for (const int64_t second : {0, 1, 2, 3, 7}) {
        SimStorage storage = before;
        storage.torn = torn.torn;
        std::string broken = cut_at(storage, update, first, 2);
        // Where fewer operations are left, the update ends before the power goes.
        storage.power_cut_at = storage.operations + second;
        if (broken.empty()) {
          Life life(storage, 3);
          broken = try_update(life, storage, update).broken;
        }
        storage.power_cut_at = SimStorage::kNever;
        if (broken.empty()) broken = recovery(storage, update);
        ledger.add("power cut, and again while recovering", fmt::format("{}, then {}", first, second),
                   broken);
      }
    }
  }
}

TEST_CASE("power goes at every reading of the clock, in loads and generations", "[faults]") {
  Ledger ledger;
  const Update update = make_update(kImageBytes);
  const SimStorage before = board_before(update);
  uint64_t readings = 0;
  {
    SimStorage storage = before;
    Life life(storage, 2);
    REQUIRE(try_update(life, storage, update).done);
    readings = life.board.clock_readings;
  }
  REQUIRE(readings > 8);
  int trials = 0;
  for (uint64_t at = 0; at < readings; ++at) {
    SimStorage storage = before;
    Attempt attempt;
    {
      Life life(storage, 2);
      life.board.power_cut_at_reading = at;
      attempt = try_update(life, storage, update);
      REQUIRE_FALSE(life.board.powered());
    }
    std::string broken = attempt.broken;
    const bool in_trial = attempt.stopped_at.find("Load") == 0 || attempt.stopped_at.find("Run") == 0;
    trials += in_trial ? 1 : 0;
    if (broken.empty() && in_trial) broken = broken_rollback(storage);
    if (broken.empty()) broken = recovery(storage, update);
    ledger.add("power cut while loading or generating", fmt::format("reading {}", at), broken);
  }
  REQUIRE(trials > 6);
}

TEST_CASE("power goes after every frame that the board receives", "[faults]") {
  Ledger ledger;
  for (const bool by_copies : {false, true}) {
    const Update update = make_update(kImageBytes, by_copies, 512);
    const SimStorage before = board_before(update);
    for (uint64_t frames = 1;; ++frames) {
      SimStorage storage = before;
      std::string broken;
      bool cut = false;
      {
        Life life(storage, 2);
        life.line->lose_power_after_frames(frames);
        const Attempt attempt = try_update(life, storage, update);
        broken = attempt.broken;
        cut = !life.board.powered();
      }
      if (!cut) {
        REQUIRE(frames > 60);
        break;
      }
      if (broken.empty()) broken = recovery(storage, update);
      ledger.add("device reset in every state between two frames", fmt::format("frame {}", frames), broken);
    }
  }
}

TEST_CASE("storage refuses from every operation of an update on", "[faults]") {
  Ledger ledger;
  const Update update = make_update(kImageBytes);
  const SimStorage before = board_before(update);
  const int64_t operations = operations_of(before, update);
  for (int64_t at = 0; at < operations; ++at) {
    SimStorage storage = before;
    storage.refuse_from = at;
    std::string broken;
    {
      Life life(storage, 2);
      broken = try_update(life, storage, update).broken;
    }
    // Also by a board whose storage still refuses.
    if (broken.empty()) broken = broken_at_boot(storage, update);
    storage.refuse_from = SimStorage::kNever;
    if (broken.empty()) broken = recovery(storage, update);
    ledger.add("storage that refuses", fmt::format("from operation {}", at), broken);
  }
}

TEST_CASE("bits of the storage turn on their own, during an upload and after it", "[faults]") {
  constexpr size_t kCases = 50;
  Ledger ledger;
  const Update update = make_update(kImageBytes);
  const SimStorage before = board_before(update);
  for (const bool after_upload : {false, true}) {
    for (size_t index = 0; index < kCases; ++index) {
      SimStorage storage = before;
      std::string broken;
      {
        Life life(storage, 2);
        auto& peer = *life.peer;
        if (after_upload) {
          peer.update(kSlotB, update.after);
        } else {
          peer.upload(kSlotB, update.after, nullptr, kImageBytes - 2000);
        }
        storage.slots[kSlotB][index * (kImageBytes - 4000) / kCases] ^=
            static_cast<uint8_t>(1U << (index % 8));
        const auto answer = after_upload ? peer.activate(kSlotB) : peer.update(kSlotB, update.after);
        const std::string told = agent::testing::failure_of(answer.get());
        if (told != "hash_mismatch") broken = "a rotten image was taken for whole: " + told;
        // Found anew where the image is offered again, and then sent anew.
        if (after_upload) peer.update(kSlotB, update.after);
      }
      if (broken.empty()) broken = recovery(storage, update);
      ledger.add("a bit of the storage turned", fmt::format("case {}, after {}", index, after_upload),
                 broken);
    }
  }
}

}  // namespace slmrig::faults
