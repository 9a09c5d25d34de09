// Slots A and B on a simulated board: updates, trials, rollback, and faults at every operation of the
// storage.
#include <catch2/catch.hpp>
#include <memory>
#include <random>

#include "device-agent/testing/sim_bench.h"

namespace slmrig::agent::testing {
namespace {

constexpr uint8_t kA = 0;
constexpr uint8_t kB = 1;

struct State {
  fb::SlotPhase phase = fb::SlotPhase::empty;
  bool active = false;
  bool on_trial = false;
};

State state_of(AgentPeer& peer, uint8_t slot) {
  const auto message = peer.slot(slot);
  REQUIRE(message != nullptr);
  const auto* state = message->as<fb::SlotState>();
  REQUIRE(state != nullptr);
  return {state->phase(), state->active(), state->on_trial()};
}

std::string load_failure(AgentPeer& peer, uint8_t slot, uint32_t context_tokens = 0) {
  const auto message = peer.load(slot, context_tokens);
  return failure_of(message.get());
}

// Up to the first generation, which confirms it. The reason of a failure, or nothing.
std::string confirm(AgentPeer& peer, uint8_t slot) {
  const auto active = peer.activate(slot);
  if (!failure_of(active.get()).empty()) return failure_of(active.get());
  const auto loaded = peer.load(wire::kActiveSlot);
  if (!failure_of(loaded.get()).empty()) return failure_of(loaded.get());
  return peer.run("abc", 8).failure;
}

void store(AgentPeer& peer, uint8_t slot, const std::vector<uint8_t>& image) {
  const auto stored = peer.update(slot, image);
  REQUIRE(failure_of(stored.get()).empty());
}

// A board whose slot A holds a confirmed image and is active.
SimStorage confirmed_board(const std::vector<uint8_t>& image) {
  SimStorage storage;
  storage.slot0_writable = true;
  Bench bench(storage);
  store(bench.peer, kA, image);
  REQUIRE(confirm(bench.peer, kA).empty());
  return storage;
}

const std::vector<uint8_t> kOld = echo_image(60000);
const std::vector<uint8_t> kNew = [] {
  auto image = kOld;
  for (size_t i = 30000; i < 34000; ++i) image[i] ^= 0x5A;
  return image;
}();
const std::vector<uint8_t> kBroken = [] {
  auto image = kNew;
  image[0] ^= 1;  // no image of this engine any more
  return image;
}();

TEST_CASE("an image is on trial until its first generation, also over a reset that was asked for") {
  SimStorage storage;
  storage.slot0_writable = true;
  Bench bench(storage);
  AgentPeer& peer = bench.peer;
  CHECK(load_failure(peer, wire::kActiveSlot) == "bad_slot");
  CHECK(failure_of(peer.activate(kA).get()) == "bad_slot");
  store(peer, kA, kOld);
  CHECK(state_of(peer, kA).phase == fb::SlotPhase::ready);
  CHECK_FALSE(state_of(peer, kA).active);
  const auto active = peer.activate(kA);
  REQUIRE(active->as<fb::SlotState>() != nullptr);
  CHECK(active->as<fb::SlotState>()->sha256()->size() == 32);
  CHECK(state_of(peer, kA).on_trial);
  REQUIRE(load_failure(peer, wire::kActiveSlot).empty());
  REQUIRE(peer.reset() != nullptr);
  CHECK(state_of(peer, kA).on_trial);
  REQUIRE(load_failure(peer, wire::kActiveSlot).empty());
  CHECK(peer.run("abc", 8).output == "ABC");
  CHECK(state_of(peer, kA).phase == fb::SlotPhase::confirmed);
  CHECK_FALSE(state_of(peer, kA).on_trial);
}

TEST_CASE("a life that ends in a trial goes back to the image that was confirmed") {
  SimStorage storage = confirmed_board(kOld);
  {
    Bench bench(storage, 2);
    store(bench.peer, kB, kNew);
    REQUIRE(failure_of(bench.peer.activate(kB).get()).empty());
    REQUIRE(load_failure(bench.peer, wire::kActiveSlot).empty());
    bench.board.cut_power();
  }
  Bench bench(storage, 3);
  CHECK(state_of(bench.peer, kB).phase == fb::SlotPhase::bad);
  CHECK(state_of(bench.peer, kA).active);
  CHECK(load_failure(bench.peer, kB) == "bad_slot");
  REQUIRE(load_failure(bench.peer, wire::kActiveSlot).empty());
  CHECK(bench.peer.run("abc", 8).output == "ABC");
  // Tried again by somebody who knows better: without another upload.
  CHECK(confirm(bench.peer, kB).empty());
  CHECK(state_of(bench.peer, kB).phase == fb::SlotPhase::confirmed);
}

TEST_CASE("an image that the engine refuses is bad at once; one that was asked for wrongly is not") {
  SimStorage storage = confirmed_board(kOld);
  Bench bench(storage, 2);
  store(bench.peer, kB, kBroken);
  CHECK(confirm(bench.peer, kB) == "bad_image");
  CHECK(state_of(bench.peer, kB).phase == fb::SlotPhase::bad);
  CHECK(state_of(bench.peer, kA).active);
  CHECK(load_failure(bench.peer, wire::kActiveSlot).empty());
  store(bench.peer, kB, kNew);
  REQUIRE(failure_of(bench.peer.activate(kB).get()).empty());
  CHECK(load_failure(bench.peer, wire::kActiveSlot, 100000) == "unsupported_image");
  CHECK(state_of(bench.peer, kB).on_trial);
  CHECK(load_failure(bench.peer, wire::kActiveSlot).empty());
}

TEST_CASE("an image that rots in its slot is found when it is activated") {
  SimStorage storage = confirmed_board(kOld);
  Bench bench(storage, 2);
  store(bench.peer, kB, kNew);
  storage.slots[kB][5000] ^= 4;
  CHECK(failure_of(bench.peer.activate(kB).get()) == "hash_mismatch");
  CHECK(state_of(bench.peer, kB).phase == fb::SlotPhase::bad);
  CHECK(state_of(bench.peer, kA).active);
  uint64_t resumed_at = 1;
  CHECK(failure_of(bench.peer.update(kB, kNew).get()) ==
        "hash_mismatch");  // nothing was missing: so it is forgotten
  CHECK(failure_of(bench.peer.update(kB, kNew, kA, {}, &resumed_at).get()).empty());
  CHECK(resumed_at == 0);
  CHECK(confirm(bench.peer, kB).empty());
}

TEST_CASE("rollback goes to the other confirmed image, and back") {
  SimStorage storage = confirmed_board(kOld);
  Bench bench(storage, 2);
  CHECK(failure_of(bench.peer.rollback().get()) == "bad_slot");
  store(bench.peer, kB, kNew);
  REQUIRE(failure_of(bench.peer.activate(kB).get()).empty());
  const auto ended = bench.peer.rollback();
  REQUIRE(ended->as<fb::SlotState>() != nullptr);
  CHECK(ended->as<fb::SlotState>()->slot() == kA);
  CHECK(state_of(bench.peer, kB).phase == fb::SlotPhase::ready);
  REQUIRE(confirm(bench.peer, kB).empty());
  REQUIRE(failure_of(bench.peer.rollback().get()).empty());
  REQUIRE(bench.peer.reset() != nullptr);
  CHECK(state_of(bench.peer, kA).active);
  CHECK(state_of(bench.peer, kB).phase == fb::SlotPhase::confirmed);
  REQUIRE(failure_of(bench.peer.rollback().get()).empty());
  CHECK(state_of(bench.peer, kB).active);
}

TEST_CASE("the slot that the board would go back to cannot be written") {
  SimStorage storage = confirmed_board(kOld);
  Bench bench(storage, 2);
  CHECK(failure_of(bench.peer.update(kA, kNew).get()) == "protected_slot");
  store(bench.peer, kB, kNew);
  REQUIRE(failure_of(bench.peer.activate(kB).get()).empty());
  CHECK(failure_of(bench.peer.update(kA, kNew).get()) == "protected_slot");
  REQUIRE(confirm(bench.peer, kB).empty());
  CHECK(failure_of(bench.peer.update(kB, kOld).get()) == "protected_slot");
  CHECK(failure_of(bench.peer.update(kA, kNew).get()).empty());
}

TEST_CASE("what the board has is copied: one changed hundredth costs little more than itself") {
  SimStorage storage = confirmed_board(kOld);
  Bench bench(storage, 2);
  REQUIRE(bench.peer.hello() != nullptr);
  const auto hashes = bench.peer.ask(fb::Message::ChunkQuery, [](auto& builder) {
    return fb::CreateChunkQuery(builder, kA, 1024, 10, 200).Union();
  });
  const auto* answer = hashes->as<fb::ChunkHashes>();
  REQUIRE(answer != nullptr);
  REQUIRE(answer->hashes()->size() == 60000 / 1024 + 1 - 10);
  uint8_t digest[wire::kSha256Bytes];
  wire::sha256(kOld.data() + 11 * 1024, 1024, digest);
  uint64_t expected = 0;
  std::memcpy(&expected, digest, sizeof expected);
  CHECK(answer->hashes()->Get(1) == expected);
  CHECK(failure_of(bench.peer.update(kB, kNew, kA, kOld).get()).empty());
  CHECK(slot_holds(storage, kB, kNew));
  CHECK(confirm(bench.peer, kB).empty());
  CHECK(storage.writes_unerased == 0);
}

TEST_CASE("pieces may come in any order that a window allows, and twice") {
  const auto seed = static_cast<uint32_t>(GENERATE(range(1, 20)));
  std::mt19937 random(seed);
  SimStorage storage;
  storage.slot0_writable = true;
  Bench bench(storage);
  constexpr size_t kPieceBytes = 512;
  REQUIRE(bench.peer.begin_upload(kB, kNew)->as<fb::SlotState>() != nullptr);
  std::vector<size_t> waiting;
  size_t next = 0;
  while (next * kPieceBytes < kNew.size() || !waiting.empty()) {
    while (waiting.size() < 16 && next * kPieceBytes < kNew.size()) waiting.push_back(next++);
    // As a line that loses frames would: those in front stay behind more often.
    const size_t chosen = waiting.size() > 1 && next - waiting.front() < 16 ? random() % waiting.size() : 0;
    const size_t at = waiting[chosen] * kPieceBytes;
    const size_t count = std::min(kPieceBytes, kNew.size() - at);
    bench.peer.send_chunk(kB, at, kNew.data() + at, count);
    if (random() % 5 == 0) bench.peer.send_chunk(kB, at, kNew.data() + at, count);
    waiting.erase(waiting.begin() + static_cast<std::ptrdiff_t>(chosen));
  }
  const auto ended = bench.peer.end_upload(kB);
  REQUIRE(failure_of(ended.get()).empty());
  REQUIRE(slot_holds(storage, kB, kNew));
}

TEST_CASE("a piece outside the image, of no upload or of another slot is refused") {
  SimStorage storage = confirmed_board(kOld);
  Bench bench(storage, 2);
  const auto begin = bench.peer.begin_upload(kB, kNew);
  bench.peer.send_chunk(kB, kNew.size() - 10, kNew.data(), 11);
  CHECK(failure_of(bench.peer.receive_answer(begin->request_id()).get()) == "bad_argument");
  const auto again = bench.peer.begin_upload(kB, kNew);
  bench.peer.send_chunk(kA, 0, kNew.data(), 100);
  CHECK(failure_of(bench.peer.receive_answer(again->request_id()).get()) == "bad_slot");
  const auto copy = [&](uint8_t from, uint64_t from_offset, uint32_t count) {
    REQUIRE(bench.peer.begin_upload(kB, kNew)->as<fb::SlotState>() != nullptr);
    return failure_of(bench.peer
                          .ask(
                              fb::Message::UploadCopy,
                              [&](auto& builder) {
                                return fb::CreateUploadCopy(builder, kB, 0, count, from, from_offset).Union();
                              },
                              1000)
                          .get());
  };
  CHECK(copy(kB, 0, 100) == "bad_argument");
  CHECK(copy(7, 0, 100) == "bad_argument");
  CHECK(copy(kA, 65536, 1) == "bad_argument");
  CHECK(copy(kA, ~uint64_t{0}, 100) == "bad_argument");
  CHECK(copy(kA, 0, 32769) == "bad_argument");
  CHECK(slot_holds(storage, kA, kOld));
}

// What must hold whenever the board has power again.
void check_boots(SimStorage& storage, uint32_t epoch) {
  Bench bench(storage, epoch);
  const State a = state_of(bench.peer, kA);
  const State b = state_of(bench.peer, kB);
  REQUIRE((a.phase == fb::SlotPhase::confirmed || b.phase == fb::SlotPhase::confirmed));
  REQUIRE(a.active != b.active);
  REQUIRE((a.active ? a : b).phase >= fb::SlotPhase::ready);
  REQUIRE((a.active ? a : b).phase != fb::SlotPhase::bad);
  REQUIRE(load_failure(bench.peer, wire::kActiveSlot).empty());
  REQUIRE(bench.peer.run("abc", 8).output == "ABC");
  const auto hashed = bench.peer.slot(a.active ? kA : kB, true);
  const auto* state = hashed->as<fb::SlotState>();
  REQUIRE(std::equal(state->sha256()->begin(), state->sha256()->end(), state->noted_sha256()->begin()));
}

TEST_CASE("power that goes at any operation of an update leaves a board that boots a confirmed image") {
  const SimStorage before = confirmed_board(kOld);
  const bool by_copies = GENERATE(false, true);
  const auto update = [&](Bench& bench) {
    const auto stored = bench.peer.update(kB, kNew, kA, by_copies ? kOld : std::vector<uint8_t>{});
    if (stored != nullptr && failure_of(stored.get()).empty()) confirm(bench.peer, kB);
  };
  SimStorage whole = before;
  {
    Bench bench(whole, 2);
    whole.operations = 0;
    update(bench);
    REQUIRE(state_of(bench.peer, kB).phase == fb::SlotPhase::confirmed);
  }
  REQUIRE(whole.operations > 20);
  for (int64_t cut_at = 0; cut_at < whole.operations; ++cut_at) {
    SimStorage storage = before;
    {
      Bench bench(storage, 2);
      storage.operations = 0;
      storage.power_cut_at = cut_at;
      update(bench);
      REQUIRE_FALSE(bench.board.powered());
    }
    storage.power_cut_at = SimStorage::kNever;
    check_boots(storage, 3);
    check_boots(storage, 4);  // and again: what the first boot noted is right, too
    REQUIRE(slot_holds(storage, kA, kOld));
    Bench bench(storage, 5);
    update(bench);
    REQUIRE(state_of(bench.peer, kB).phase == fb::SlotPhase::confirmed);
    REQUIRE(slot_holds(storage, kB, kNew));
    REQUIRE(storage.writes_unerased == 0);
  }
}

TEST_CASE("power that goes at boot, while a failed trial is noted, changes nothing") {
  SimStorage in_trial = confirmed_board(kOld);
  {
    Bench bench(in_trial, 2);
    store(bench.peer, kB, kNew);
    REQUIRE(failure_of(bench.peer.activate(kB).get()).empty());
    REQUIRE(load_failure(bench.peer, wire::kActiveSlot).empty());
  }
  {
    in_trial.power_cut_at = in_trial.operations;
    Bench bench(in_trial, 3);
    CHECK(bench.peer.hello() == nullptr);
    REQUIRE_FALSE(bench.board.powered());
  }
  check_boots(in_trial, 4);
  Bench bench(in_trial, 5);
  CHECK(state_of(bench.peer, kB).phase == fb::SlotPhase::bad);
}

TEST_CASE("storage that refuses at any operation of an update never costs the confirmed image") {
  const SimStorage before = confirmed_board(kOld);
  for (int64_t refuse_from = 0; refuse_from < 70; ++refuse_from) {
    SimStorage storage = before;
    {
      Bench bench(storage, 2);
      storage.operations = 0;
      storage.refuse_from = refuse_from;
      const auto stored = bench.peer.update(kB, kNew);
      REQUIRE(stored != nullptr);
      if (failure_of(stored.get()).empty()) confirm(bench.peer, kB);
      // As long as it refuses, the board goes on with what it has.
      REQUIRE(load_failure(bench.peer, kA).empty());
    }
    check_boots(storage, 3);
    storage.refuse_from = SimStorage::kNever;
    check_boots(storage, 4);
    Bench bench(storage, 5);
    REQUIRE(failure_of(bench.peer.update(kB, kNew).get()).empty());
    REQUIRE(confirm(bench.peer, kB).empty());
    REQUIRE(storage.writes_unerased == 0);
  }
}

TEST_CASE("an update that was broken off sends only the rest") {
  SimStorage storage = confirmed_board(kOld);
  {
    Bench bench(storage, 2);
    storage.operations = 0;
    storage.power_cut_at = 45;
    bench.peer.update(kB, kNew);
    REQUIRE_FALSE(bench.board.powered());
  }
  storage.power_cut_at = SimStorage::kNever;
  Bench bench(storage, 3);
  uint64_t resumed_at = 0;
  REQUIRE(failure_of(bench.peer.update(kB, kNew, kA, {}, &resumed_at).get()).empty());
  CHECK(resumed_at >= 32768);
  CHECK(slot_holds(storage, kB, kNew));
}

}  // namespace
}  // namespace slmrig::agent::testing
