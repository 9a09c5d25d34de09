// The real agent on a simulated board, with a hostile or broken host at the other end of the line: requests
// of every kind with any fields, bytes that are no messages, pieces of images, resets and power cuts in
// between.
//
// The input is a list of acts. Whatever they are, the agent must go on answering, and never touch a
// byte that is not its own.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <vector>

#include "device-agent/testing/sim_bench.h"
#include "tests/faults/faulty_line.h"
#include "tests/fuzz/source.h"

namespace {

using namespace slmrig::agent::testing;
using slmrig::fuzz::Source;
namespace wire = slmrig::wire;

constexpr size_t kSlotBytes = 8192;
constexpr size_t kArenaBytes = 8192;
constexpr uint32_t kShortPatienceMs = 50;

// With a line whose time runs fast while nothing crosses it.
struct Board {
  Board(SimStorage& storage, uint32_t epoch)
      : board(storage, run_the_agent, kSlotBytes, kArenaBytes), line(board, {}, 1), peer(line, epoch) {}
  SimBoard board;
  slmrig::faults::FaultyLine line;
  AgentPeer peer;
};

void offer_image(AgentPeer& peer, Source& from) {
  const auto slot = static_cast<uint8_t>(from.number());
  const uint64_t size_bytes = from.number();
  const auto hash = from.bytes();
  peer.send(fb::Message::UploadBegin, [&](auto& builder) {
    return fb::CreateUploadBegin(builder, slot, size_bytes, builder.CreateVector(hash)).Union();
  });
}

void send_piece(AgentPeer& peer, Source& from) {
  const auto slot = static_cast<uint8_t>(from.number());
  const uint64_t offset = from.number();
  const auto data = from.bytes();
  if (from.byte() % 2 == 0) {
    peer.send_chunk(slot, offset, data.data(), std::min(data.size(), wire::kMaxRawChunkBytes));
  } else {
    peer.send(fb::Message::UploadChunk, [&](auto& builder) {
      return fb::CreateUploadChunk(builder, slot, offset, builder.CreateVector(data)).Union();
    });
  }
}

void copy_piece(AgentPeer& peer, Source& from) {
  peer.send(fb::Message::UploadCopy, [&](auto& builder) {
    const auto slot = static_cast<uint8_t>(from.number());
    const uint64_t offset = from.number();
    const auto count = static_cast<uint32_t>(from.number());
    const auto other = static_cast<uint8_t>(from.number());
    return fb::CreateUploadCopy(builder, slot, offset, count, other, from.number()).Union();
  });
}

void ask_of_slot(AgentPeer& peer, Source& from) {
  const auto slot = static_cast<uint8_t>(from.number());
  switch (from.byte() % 4) {
    case 0:
      peer.ask(
          fb::Message::SlotQuery,
          [&](auto& builder) {
            const bool hash = from.byte() % 2 == 0;
            return fb::CreateSlotQuery(builder, slot, hash, from.number()).Union();
          },
          kShortPatienceMs);
      return;
    case 1:
      peer.ask(
          fb::Message::ChunkQuery,
          [&](auto& builder) {
            const auto chunk_bytes = static_cast<uint32_t>(from.number());
            const auto first = static_cast<uint32_t>(from.number());
            return fb::CreateChunkQuery(builder, slot, chunk_bytes, first,
                                        static_cast<uint32_t>(from.number()))
                .Union();
          },
          kShortPatienceMs);
      return;
    case 2:
      peer.ask(
          fb::Message::Activate,
          [&](auto& builder) {
            const auto hash = from.bytes();
            const auto vector = builder.CreateVector(hash);
            return fb::CreateActivate(builder, slot, from.number(), vector).Union();
          },
          kShortPatienceMs);
      return;
    default:
      peer.ask(
          fb::Message::Load,
          [&](auto& builder) {
            const auto context = static_cast<uint32_t>(from.number());
            return fb::CreateLoad(builder, slot, context, static_cast<fb::KvFormat>(from.byte())).Union();
          },
          kShortPatienceMs);
  }
}

void run(AgentPeer& peer, Source& from) {
  const auto prompt = from.bytes();
  peer.ask(
      fb::Message::Run,
      [&](auto& builder) {
        const auto text = builder.CreateString(reinterpret_cast<const char*>(prompt.data()), prompt.size());
        const auto tokens = static_cast<uint32_t>(from.number());
        const auto temperature = static_cast<float>(from.number());
        return fb::CreateRun(builder, text, tokens, from.byte(), temperature, from.byte(),
                             from.byte() % 2 == 0, from.byte() % 2 == 0)
            .Union();
      },
      kShortPatienceMs);
}

void ask_plainly(AgentPeer& peer, uint8_t kind) {
  switch (kind % 6) {
    case 0: peer.rollback(); return;
    case 1:
      peer.ask(
          fb::Message::RooflineQuery, [](auto& b) { return fb::CreateRooflineQuery(b).Union(); },
          kShortPatienceMs);
      return;
    case 2:
      peer.ask(
          fb::Message::MemoryQuery, [](auto& b) { return fb::CreateMemoryQuery(b).Union(); },
          kShortPatienceMs);
      return;
    case 3:
      peer.ask(
          fb::Message::BoardQuery, [](auto& b) { return fb::CreateBoardQuery(b).Union(); }, kShortPatienceMs);
      return;
    case 4:
      peer.ask(
          fb::Message::Reset, [](auto& b) { return fb::CreateReset(b).Union(); }, kShortPatienceMs);
      return;
    default: peer.hello(); return;
  }
}

void act(Board& bench, Source& from, const std::vector<uint8_t>& image) {
  AgentPeer& peer = bench.peer;
  switch (from.byte() % 10) {
    case 0: offer_image(peer, from); return;
    case 1: send_piece(peer, from); return;
    case 2: copy_piece(peer, from); return;
    case 3: ask_of_slot(peer, from); return;
    case 4: run(peer, from); return;
    case 5: ask_plainly(peer, from.byte()); return;
    case 6: peer.send_raw(from.bytes()); return;  // an intact frame with anything in it
    case 7: {                                     // no frame at all
      const auto noise = from.bytes();
      bench.board.to_agent.insert(bench.board.to_agent.end(), noise.begin(), noise.end());
      peer.pump(5);
      return;
    }
    case 8: peer.update(from.byte() % 2, image); return;  // so that there is something to load
    default: peer.pump(from.byte()); return;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size_bytes) {
  constexpr int kMostActs = 40;
  static const std::vector<uint8_t> kImage = echo_image(3000, 4096, 2);
  Source from(data, size_bytes);
  SimStorage storage;
  storage.slot0_writable = from.byte() % 2 == 0;
  if (!storage.slot0_writable) storage.slots[0] = kImage;
  storage.slots[0].resize(kSlotBytes, 0xFF);
  for (uint32_t life = 1; life <= 3 && !from.empty(); ++life) {
    storage.power_cut_at = from.byte() % 4 == 0 ? storage.operations + from.byte() : SimStorage::kNever;
    storage.torn = static_cast<slmrig::agent::port::Torn>(from.byte() % 3);
    Board bench(storage, life);
    for (int acts = from.byte() % kMostActs; acts > 0 && bench.board.powered(); --acts)
      act(bench, from, kImage);
  }
  // Whatever happened: a board with power answers a new host.
  storage.power_cut_at = SimStorage::kNever;
  Board bench(storage, 99);
  if (bench.peer.hello() == nullptr) std::abort();
  if (storage.writes_unerased != 0) std::abort();
  return 0;
}
