// Lines that are cut, and lines that garble, lose, repeat, swap and hold what crosses them.
#include <algorithm>

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include "tests/faults/ledger.h"
#include "tests/faults/update_case.h"

namespace slmrig::faults {
namespace {

using agent::port::SimStorage;

constexpr size_t kImageBytes = 40 * 1024;
constexpr size_t kPieceBytes = 512;

struct Traffic {
  std::vector<uint64_t> ends[2];
};

// Of an update that nothing disturbs.
Traffic traffic_of(const SimStorage& before, const Update& update) {
  SimStorage storage = before;
  Life life(storage, 2);
  REQUIRE(try_update(life, storage, update).done);
  return {{life.line->frame_ends(kToBoard), life.line->frame_ends(kToHost)}};
}

// Bytes of the image in pieces that arrived whole: frames that are no shorter.
uint64_t arrived_bytes(const FaultyLine& line) {
  uint64_t bytes = 0;
  uint64_t begin = 0;
  for (const uint64_t end : line.frame_ends(kToBoard)) {
    if (end - begin >= kPieceBytes && end <= line.crossed_bytes(kToBoard) &&
        !(line.is_cut() && end == line.frame_ends(kToBoard).back())) {
      bytes += kPieceBytes;
    }
    begin = end;
  }
  return bytes;
}

// The line is cut there and plugged in again, with or without the board losing power in between.
std::string cut_case(const SimStorage& before, const Update& update, Direction direction, uint64_t at,
                     bool power_cycle) {
  SimStorage storage = before;
  {
    Life life(storage, 2);
    life.line->cut_after(direction, at);
    const Attempt first = try_update(life, storage, update);
    if (!first.broken.empty()) return first.broken;
    if (!life.line->is_cut()) return "the line was never cut: the case is none";
    if (!power_cycle) {
      const uint64_t arrived = arrived_bytes(*life.line);
      life.reconnect(3);
      const Attempt second = try_update(life, storage, update);
      if (!second.broken.empty()) return second.broken;
      if (!second.done) return "the update cannot be finished: " + second.stopped_at;
      if (second.resumed_at < arrived || second.sent_bytes > kImageBytes - arrived) {
        return fmt::format("{} bytes had arrived, and {} were sent again", arrived, second.sent_bytes);
      }
      return broken_at_end(life, storage, update);
    }
  }
  const std::string broken = broken_at_boot(storage, update);
  return broken.empty() ? finish_update(storage, update) : broken;
}

void cut_everywhere(Direction direction, const char* name) {
  Ledger ledger;
  const Update update = make_update(kImageBytes, false, kPieceBytes);
  const SimStorage before = board_before(update);
  const Traffic traffic = traffic_of(before, update);
  uint64_t begin = 0;
  for (const uint64_t end : traffic.ends[direction]) {
    const uint64_t size = end - begin;
    for (const uint64_t inside : {uint64_t{1}, size / 3, 2 * size / 3, size - 1, size}) {
      const bool power_cycle = (begin + inside) % 2 == 0;
      const std::string kind =
          fmt::format("link cut {}, {}", name, inside == size ? "between two frames" : "inside a frame");
      ledger.add(kind, fmt::format("after {} bytes", begin + inside),
                 cut_case(before, update, direction, begin + inside, power_cycle));
    }
    begin = end;
  }
}

struct Disturbance {
  const char* kind;
  LineFaults faults;
};

const std::vector<Disturbance> kDisturbances = {
    {"bit errors, 1e-6", {.bit_error = 1e-6}},
    {"bit errors, 1e-5", {.bit_error = 1e-5}},
    {"bit errors, 1e-4", {.bit_error = 1e-4}},
    {"bit errors, 1e-3", {.bit_error = 1e-3}},
    {"frames lost, 1 %", {.drop = 0.01}},
    {"frames lost, 10 %", {.drop = 0.1}},
    {"frames twice, 30 %", {.duplicate = 0.3}},
    {"frames in another order, 10 %", {.swap = 0.1}},
    {"stalls of 0.3 s, 2 % of frames", {.stall = 0.02, .stall_ms = 300}},
    {"stalls of 5 s, 1 % of frames", {.stall = 0.01, .stall_ms = 5000}},
    {"all of these at once",
     {.bit_error = 2e-5, .drop = 0.02, .duplicate = 0.1, .swap = 0.05, .stall = 0.01, .stall_ms = 300}},
};

// A message of the ordinary size hardly ever crosses a line of one bit in a thousand, a short one does.
Update update_for(const LineFaults& faults) {
  return faults.bit_error > 5e-4 ? make_update(4096, false, 64)
                                 : make_update(kImageBytes, false, kPieceBytes);
}

// Sessions until it is done; each may be given up, as a host would.
std::string disturbed_case(SimStorage& storage, const Update& update, const LineFaults& faults, uint32_t seed,
                           uint64_t* injected) {
  // A banner has 2400 bits: at one wrong bit in a thousand most sessions end before the first answer.
  constexpr uint32_t kMostSessions = 60;
  Life life(storage, 2 + 1000 * seed, faults);
  Attempt attempt;
  for (uint32_t session = 1; !attempt.done; ++session) {
    attempt = try_update(life, storage, update);
    *injected += life.line->injected();
    if (!attempt.broken.empty()) return attempt.broken;
    if (session > kMostSessions) return "the update cannot be finished: " + attempt.stopped_at;
    life.reconnect(2 + 1000 * seed + session, attempt.done ? LineFaults{} : faults);
  }
  const std::string broken = broken_at_end(life, storage, update);
  return broken.empty() ? broken_at_boot(storage, update) : broken;
}

}  // namespace

TEST_CASE("the line is cut at every frame boundary and inside frames, towards the board", "[faults]") {
  cut_everywhere(kToBoard, "to the board");
}

TEST_CASE("the line is cut at every frame boundary and inside frames, towards the host", "[faults]") {
  cut_everywhere(kToHost, "to the host");
}

TEST_CASE("a line garbles, loses, repeats, swaps and holds frames in both directions", "[faults]") {
  constexpr uint32_t kSeeds = 100;
  Ledger ledger;
  for (const Disturbance& disturbance : kDisturbances) {
    const Update update = update_for(disturbance.faults);
    const SimStorage before = board_before(update);
    uint64_t injected = 0;
    for (uint32_t seed = 1; seed <= kSeeds; ++seed) {
      SimStorage storage = before;
      ledger.add(disturbance.kind, fmt::format("seed {}", seed),
                 disturbed_case(storage, update, disturbance.faults, seed, &injected));
    }
    INFO(disturbance.kind);
    REQUIRE(injected > kSeeds / 4);
  }
}

TEST_CASE("power goes while a line does everything wrong", "[faults]") {
  constexpr uint32_t kSeeds = 200;
  Ledger ledger;
  const LineFaults& faults = kDisturbances.back().faults;
  const Update update = update_for(faults);
  const SimStorage before = board_before(update);
  for (uint32_t seed = 1; seed <= kSeeds; ++seed) {
    uint64_t injected = 0;
    SimStorage storage = before;
    storage.power_cut_at = seed % 90;
    storage.torn = static_cast<agent::port::Torn>(seed % 3);
    std::string broken;
    {
      Life life(storage, 1000 * seed, faults);
      for (uint32_t session = 1; broken.empty() && life.board.powered() && session < 12; ++session) {
        const Attempt attempt = try_update(life, storage, update);
        broken = attempt.broken;
        if (attempt.done) break;
        life.reconnect(1000 * seed + session, faults);
      }
    }
    storage.power_cut_at = SimStorage::kNever;
    if (broken.empty()) broken = broken_at_boot(storage, update);
    if (broken.empty()) broken = disturbed_case(storage, update, faults, seed, &injected);
    ledger.add("power cut on a line with all of these", fmt::format("seed {}", seed), broken);
  }
}

}  // namespace slmrig::faults
