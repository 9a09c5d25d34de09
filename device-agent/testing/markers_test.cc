// Marker lines and idle on a simulated board.
#include <catch2/catch.hpp>

#include "device-agent/testing/sim_bench.h"
#include "device-agent/wire/marker_edges.h"

namespace slmrig::agent::testing {
namespace {

using wire::kMarkActive;
using wire::kMarkToken;
using wire::MarkerPhase;

struct LoadedBench {
  SimStorage storage;
  std::unique_ptr<Bench> bench;
  LoadedBench() {
    storage.slots[0] = echo_image();
    bench = std::make_unique<Bench>(storage);
    REQUIRE(bench->peer.load(0)->as<fb::LoadReport>() != nullptr);
  }
  std::vector<SimBoard::Marker>& markers() { return bench->board.markers; }
};

size_t token_edges(const std::vector<SimBoard::Marker>& markers, uint8_t lines_before) {
  size_t edges = 0;
  for (const SimBoard::Marker& marker : markers) {
    edges += ((marker.lines ^ lines_before) & kMarkToken) != 0 ? 1 : 0;
    lines_before = marker.lines;
  }
  return edges;
}

TEST_CASE("marker lines stay as they are where nobody asked for them") {
  LoadedBench loaded;
  REQUIRE(loaded.bench->peer.run("hello", 16).failure.empty());
  CHECK(loaded.markers().empty());
}

TEST_CASE("marker lines tell phases, and one edge a token") {
  LoadedBench loaded;
  uint8_t before = 0;
  for (const uint32_t tokens : {5U, 4U, 1U, 1U}) {
    loaded.markers().clear();
    const RunOutcome outcome = loaded.bench->peer.run_marked("hello there", tokens, true);
    REQUIRE(outcome.failure.empty());
    const std::vector<SimBoard::Marker>& markers = loaded.markers();
    REQUIRE(markers.size() == tokens + 3);
    CHECK(token_edges(markers, before) == outcome.token_ids.size());
    CHECK(markers.front().lines == (kMarkActive | before | wire::phase_bits(MarkerPhase::kPrefill)));
    for (size_t i = 1; i <= tokens; ++i) {
      CHECK(wire::phase_of(markers[i].lines) == MarkerPhase::kDecode);
      CHECK((markers[i].lines & kMarkActive) != 0);
    }
    CHECK((markers.back().lines & ~kMarkToken) == 0);
    for (const SimBoard::Marker& marker : markers) CHECK(marker.quiet);
    before = markers.back().lines;
  }
}

TEST_CASE("a generation that ends early or fails leaves the lines inactive") {
  LoadedBench loaded;
  const RunOutcome ended = loaded.bench->peer.run_marked("ab", 64);
  CHECK(ended.finish == fb::Finish::end_token);
  CHECK(token_edges(loaded.markers(), 0) == ended.token_ids.size());
  CHECK((loaded.markers().back().lines & kMarkActive) == 0);
  loaded.markers().clear();
  CHECK(loaded.bench->peer.run_marked(std::string(300, 'x'), 4).failure == "prompt_too_long");
  REQUIRE_FALSE(loaded.markers().empty());
  CHECK((loaded.markers().back().lines & kMarkActive) == 0);
}

TEST_CASE("a load is marked where that is asked for") {
  LoadedBench loaded;
  const auto report = loaded.bench->peer.ask(fb::Message::Load, [](auto& builder) {
    return fb::CreateLoad(builder, 0, 0, fb::KvFormat::f32, true).Union();
  });
  REQUIRE(report->as<fb::LoadReport>() != nullptr);
  REQUIRE(loaded.markers().size() == 2);
  CHECK(loaded.markers()[0].lines == wire::phase_bits(MarkerPhase::kLoad));
  CHECK(loaded.markers()[1].lines == 0);
}

TEST_CASE("more tokens than the board has room for edges are refused with both numbers") {
  LoadedBench loaded;
  loaded.bench->board.marker_edges = 10;
  CHECK(loaded.bench->peer.run_marked("hello", 7).failure.empty());
  CHECK(loaded.bench->peer.run_marked("hello", 8).failure == "trace_full");
  CHECK(loaded.bench->peer.run("hello", 8).failure.empty());
}

TEST_CASE("edges are noted in a part of the arena that is nobody else's") {
  LoadedBench loaded;
  SimBoard& board = loaded.bench->board;
  AgentPeer& peer = loaded.bench->peer;
  REQUIRE(peer.load(0, 100)->as<fb::LoadReport>() != nullptr);
  const RunOutcome before = peer.run_within("hello there", ~uint64_t{0}, fb::AnswerForm::any, "later");
  const auto trace_bytes = [&] {
    const auto report = peer.ask(fb::Message::MemoryQuery,
                                 [](auto& builder) { return fb::CreateMemoryQuery(builder).Union(); });
    uint64_t bytes = 0;
    for (const auto* one : *report->as<fb::MemoryReport>()->classes()) {
      if (one->name()->str() == "trace") bytes = one->bytes();
    }
    return bytes;
  };
  const uint64_t without_bytes = trace_bytes();
  board.marker_room_bytes = 1216;
  REQUIRE(peer.load(0, 100)->as<fb::LoadReport>() != nullptr);
  REQUIRE(board.marker_room != nullptr);
  CHECK(reinterpret_cast<uintptr_t>(board.marker_room) % sizeof(uint32_t) == 0);
  CHECK(trace_bytes() == without_bytes + board.marker_room_bytes);
  const RunOutcome marked = peer.run_marked("hello there", 64);
  CHECK(marked.failure.empty());
  CHECK(marked.output == before.output);
  CHECK(marked.token_ids == before.token_ids);
  CHECK(marked.prompt_tokens == before.prompt_tokens);
  // Every byte of it was written, at each edge.
  for (size_t i = 0; i < board.marker_room_bytes; ++i) REQUIRE(board.marker_room[i] == 0xA5);
}

TEST_CASE("a board without marker lines says so, and refuses to raise them") {
  LoadedBench loaded;
  const auto has_markers = [&] {
    const auto banner = loaded.bench->peer.hello();
    return (banner->as<fb::Banner>()->features() & static_cast<uint32_t>(fb::Feature::markers)) != 0;
  };
  CHECK(has_markers());
  loaded.bench->board.marker_edges = 0;
  CHECK_FALSE(has_markers());
  CHECK(loaded.bench->peer.run_marked("hello", 4).failure == "bad_argument");
  CHECK(loaded.bench->peer.run("hello", 4).failure.empty());
}

TEST_CASE("a board sleeps for as long as it is told to, in a quiet window") {
  LoadedBench loaded;
  const uint64_t before_ns = loaded.bench->board.now_ns;
  const uint32_t windows = loaded.bench->board.quiet_windows;
  const auto report = loaded.bench->peer.idle(250'000'000);  // 2.5 s of 100 MHz
  REQUIRE(failure_of(report.get()).empty());
  CHECK(report->as<fb::IdleReport>()->ticks() == 250'000'000);
  CHECK(loaded.bench->board.now_ns - before_ns >= 2'500'000'000);
  CHECK(loaded.bench->board.quiet_windows == windows + 1);
  CHECK(loaded.bench->board.link_uses_in_quiet == 0);
  CHECK(failure_of(loaded.bench->peer.idle(0).get()) == "bad_argument");
  CHECK(failure_of(loaded.bench->peer.idle(100'000'000ULL * wire::kMaxIdleSeconds + 1).get()) ==
        "bad_argument");
}

}  // namespace
}  // namespace slmrig::agent::testing
