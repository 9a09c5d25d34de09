#include "tests/faults/update_case.h"

#include <algorithm>

#include <fmt/format.h>

#include "device-agent/testing/sim_bench.h"
#include "device-agent/wire/sha256.h"

namespace slmrig::faults {
namespace {

namespace fb = agent::testing::fb;
namespace wire = slmrig::wire;
using agent::port::SimStorage;
using agent::testing::AgentPeer;
using agent::testing::failure_of;
using agent::testing::Message;
using agent::testing::RunOutcome;
using agent::testing::slot_holds;

constexpr size_t kSlotBytes = 65536;
constexpr uint32_t kMostSessions = 4;

Bytes sha256_of(const uint8_t* data, size_t size_bytes) {
  Bytes digest(wire::kSha256Bytes);
  wire::sha256(data, size_bytes, digest.data());
  return digest;
}

// What a host does with an answer: goes on, or gives this session up.
const fb::SlotState* state_in(const std::unique_ptr<Message>& message) {
  return message == nullptr ? nullptr : message->as<fb::SlotState>();
}

std::string stopped(const char* at, const std::unique_ptr<Message>& message) {
  return fmt::format("{}: {}", at, failure_of(message.get()));
}

// Pieces from where the board is, as a deployment sends them.
void send_pieces(AgentPeer& peer, const Update& update, Attempt* attempt) {
  const Bytes& image = update.after;
  for (size_t at = attempt->resumed_at; at < image.size(); at += update.piece_bytes) {
    const size_t count = std::min(update.piece_bytes, image.size() - at);
    const auto* piece = image.data() + at;
    if (update.by_copies && std::equal(piece, piece + count, update.before.data() + at)) {
      peer.send(fb::Message::UploadCopy, [&](auto& builder) {
        return fb::CreateUploadCopy(builder, kSlotB, at, static_cast<uint32_t>(count), kSlotA, at).Union();
      });
    } else {
      peer.send_chunk(kSlotB, at, piece, count);
      attempt->sent_bytes += count;
    }
  }
}

// The board has the image whole and checked, in slot B.
bool upload(AgentPeer& peer, const Update& update, Attempt* attempt) {
  const auto begun = peer.begin_upload(kSlotB, update.after);
  if (state_in(begun) == nullptr) {
    attempt->stopped_at = stopped("UploadBegin", begun);
    return false;
  }
  attempt->resumed_at = state_in(begun)->received_bytes();
  send_pieces(peer, update, attempt);
  const auto ended = peer.end_upload(kSlotB);
  if (state_in(ended) != nullptr) return true;
  attempt->stopped_at = stopped("UploadEnd", ended);
  if (failure_of(ended.get()) == "hash_mismatch")
    attempt->broken = "the board holds other bytes than arrived";
  return false;
}

// A generation of the active slot, and what a host would write into its record.
void measure(AgentPeer& peer, const SimStorage& storage, const Update& update, Attempt* attempt) {
  const auto active = peer.activate(kSlotB);
  if (state_in(active) == nullptr || state_in(active)->sha256() == nullptr) {
    attempt->stopped_at = stopped("Activate", active);
    return;
  }
  const auto* hash = state_in(active)->sha256();
  const Bytes told(hash->begin(), hash->end());
  const auto loaded = peer.load(wire::kActiveSlot);
  if (loaded == nullptr || loaded->as<fb::LoadReport>() == nullptr) {
    attempt->stopped_at = stopped("Load", loaded);
    return;
  }
  const RunOutcome run = peer.run("abc", 8);
  if (!run.failure.empty()) {
    attempt->stopped_at = "Run: " + run.failure;
    return;
  }
  if (run.output != "ABC") attempt->broken = "the board answered " + run.output;
  if (told != sha256_of(storage.slots[kSlotB].data(), update.after.size())) {
    attempt->broken = "a generation was recorded with a hash that was not on the board";
  }
  if (told != sha256_of(update.after.data(), update.after.size())) {
    attempt->broken = "a generation was recorded with another image than was deployed";
  }
  attempt->done = true;
}

}  // namespace

Update make_update(size_t image_bytes, bool by_copies, size_t piece_bytes) {
  Update update;
  update.before = agent::testing::echo_image(image_bytes);
  update.oldest = update.before;
  for (size_t i = 100; i < image_bytes; ++i) update.oldest[i] ^= 0xC3;
  update.after = update.before;
  for (size_t i = image_bytes / 2; i < image_bytes / 2 + image_bytes / 10; ++i) update.after[i] ^= 0x5A;
  update.by_copies = by_copies;
  update.piece_bytes = piece_bytes;
  return update;
}

Life::Life(SimStorage& storage, uint32_t epoch, const LineFaults& faults)
    : board(storage, agent::testing::run_the_agent, kSlotBytes) {
  reconnect(epoch, faults);
}

void Life::reconnect(uint32_t epoch, const LineFaults& faults) {
  peer.reset();
  board.to_agent.clear();
  board.from_agent.clear();
  line = std::make_unique<FaultyLine>(board, faults, epoch);
  peer = std::make_unique<AgentPeer>(*line, epoch);
}

SimStorage board_before(const Update& update) {
  SimStorage storage;
  storage.slot0_writable = true;
  Life life(storage, 1);
  AgentPeer& peer = *life.peer;
  const auto hold = [&](uint8_t slot, const Bytes& image) {
    return failure_of(peer.update(slot, image).get()).empty() &&
           failure_of(peer.activate(slot).get()).empty() &&
           failure_of(peer.load(wire::kActiveSlot).get()).empty() && peer.run("abc", 8).failure.empty();
  };
  // Told by the first check of every case.
  if (!hold(kSlotB, update.oldest) || !hold(kSlotA, update.before)) storage.slots[kSlotA].clear();
  storage.operations = 0;
  return storage;
}

Attempt try_update(Life& life, const SimStorage& storage, const Update& update) {
  Attempt attempt;
  AgentPeer& peer = *life.peer;
  if (peer.hello() == nullptr) {
    attempt.stopped_at = "Hello: silence";
    return attempt;
  }
  if (upload(peer, update, &attempt)) measure(peer, storage, update, &attempt);
  return attempt;
}

std::string broken_at_boot(const SimStorage& storage, const Update& update) {
  SimStorage copy = storage;
  copy.power_cut_at = SimStorage::kNever;
  Life life(copy, 77);
  AgentPeer& peer = *life.peer;
  uint32_t active_count = 0;
  bool has_confirmed = false;
  for (const uint8_t slot : {kSlotA, kSlotB}) {
    const auto answer = peer.slot(slot);
    const fb::SlotState* state = state_in(answer);
    if (state == nullptr) return "the board does not answer: " + failure_of(answer.get());
    active_count += state->active() ? 1 : 0;
    if (state->active() && state->phase() != fb::SlotPhase::confirmed && !state->on_trial()) {
      return "the active slot is neither confirmed nor on trial";
    }
    if (state->phase() != fb::SlotPhase::confirmed) continue;
    const bool whole =
        slot == kSlotA ? slot_holds(copy, kSlotA, update.before)
                       : slot_holds(copy, kSlotB, update.after) || slot_holds(copy, kSlotB, update.oldest);
    if (!whole) return "a confirmed slot does not hold its image";
    has_confirmed = true;
  }
  if (!has_confirmed) return "no slot is confirmed";
  if (active_count != 1) return fmt::format("{} slots are active", active_count);
  const auto loaded = peer.load(wire::kActiveSlot);
  if (!failure_of(loaded.get()).empty()) return "the active slot does not load: " + failure_of(loaded.get());
  const RunOutcome run = peer.run("abc", 8);
  if (run.output != "ABC") return "the active slot does not generate: " + run.failure;
  return "";
}

std::string broken_rollback(const SimStorage& storage) {
  SimStorage copy = storage;
  copy.power_cut_at = SimStorage::kNever;
  Life life(copy, 78);
  const auto a = life.peer->slot(kSlotA);
  const auto b = life.peer->slot(kSlotB);
  if (state_in(a) == nullptr || state_in(b) == nullptr) return "the board does not answer";
  if (!state_in(a)->active() || state_in(b)->active()) return "the image that died in its trial is active";
  if (state_in(b)->phase() != fb::SlotPhase::bad) return "the image that died in its trial is not bad";
  return "";
}

std::string broken_at_end(Life& life, const SimStorage& storage, const Update& update) {
  for (const uint8_t slot : {kSlotA, kSlotB}) {
    const auto answer = life.peer->slot(slot);
    const fb::SlotState* state = state_in(answer);
    if (state == nullptr) return "the board does not answer: " + failure_of(answer.get());
    if (state->phase() != fb::SlotPhase::confirmed) return fmt::format("slot {} is not confirmed", slot);
    if (state->active() != (slot == kSlotB)) return "the wrong slot is active";
  }
  if (!slot_holds(storage, kSlotA, update.before)) return "the old image is damaged";
  if (!slot_holds(storage, kSlotB, update.after)) return "the new image is damaged";
  if (storage.writes_unerased != 0) return "flash was written that was not erased";
  return "";
}

std::string finish_update(SimStorage& storage, const Update& update) {
  Attempt attempt;
  for (uint32_t session = 0; session < kMostSessions; ++session) {
    Life life(storage, 100 + session);
    attempt = try_update(life, storage, update);
    if (!attempt.broken.empty()) return attempt.broken;
    if (attempt.done) return broken_at_end(life, storage, update);
  }
  return "the update cannot be finished: " + attempt.stopped_at;
}

}  // namespace slmrig::faults
