// The driver and a virtual PPK2 in modelled time: the way that an emulated board's energy goes.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "device-agent/wire/marker_edges.h"
#include "harness/rig/meters/meter.h"
#include "harness/rig/meters/virtual_instrument_for_test.h"
#include "harness/rigsim/local_socket.h"

namespace slmrig::rig {
namespace {

using base::PowerSamples;
using wire::MarkerEdgeKind;
using wire::MarkerPhase;

// 64 instructions a microsecond of the board below.
class Board {
 public:
  explicit Board(const std::string& socket) : fd_(rigsim::connect_local(socket).value()) {}

  void send(MarkerEdgeKind kind, uint64_t ticks, uint8_t lines) {
    uint8_t bytes[wire::kMarkerEdgeBytes];
    wire::encode_marker_edge({kind, lines, number_, ticks}, bytes);
    number_ = wire::next_edge_number(number_);
    REQUIRE(
        rigsim::send_all(fd_.get(), std::string_view(reinterpret_cast<char*>(bytes), sizeof bytes), 2000));
  }

 private:
  base::UniqueFd fd_;
  uint8_t number_ = 0;
};

constexpr uint64_t kTicksPerS = 1'000'000;

std::string board_file(const base::TemporaryDirectory& folder) {
  const nlohmann::json board = {
      {"clock_hz", kTicksPerS},
      {"ticks", {{"instructions_per_tick", {{"numerator", 1}, {"denominator", 1}}}}},
      {"power_model",
       {{"cycles_per_instruction", 1},
        {"idle_ua", 180},
        {"load_ua", 4000},
        {"prefill_ua", 12'000},
        {"decode_ua", 9000},
        {"sources", {{"clock_hz", "t"}, {"cycles_per_instruction", "t"}, {"currents", "t"}}}}}};
  const std::string file = (folder.path() / "board.json").string();
  REQUIRE(base::write_file_atomically(file, board.dump()));
  return file;
}

PowerSamples all_samples(Meter& meter) {
  PowerSamples all, block;
  for (;;) {
    const auto got = meter.read(block, 300);
    REQUIRE(got);
    if (!*got) return all;
    REQUIRE(block.gaps.empty());
    all.current_ua.insert(all.current_ua.end(), block.current_ua.begin(), block.current_ua.end());
    all.markers.insert(all.markers.end(), block.markers.begin(), block.markers.end());
  }
}

}  // namespace

TEST_CASE("an emulated board's edges reach the driver as samples without one lost") {
  const auto folder = base::TemporaryDirectory::create("modelled").value();
  const std::string edges = (folder.path() / "edges").string();
  const std::string truth_file = (folder.path() / "truth").string();
  const VirtualInstrument ppk2("slmrig-virtual-ppk2", {"--edges", edges, "--board", board_file(folder),
                                                       "--truth", truth_file, "--switch-spike", "0"});
  base::MeterSpec spec;
  spec.kind = "ppk2";
  spec.address = ppk2.port();
  spec.mode = "source";
  spec.voltage_mv = 3300;
  spec.modelled_clock = true;
  const auto meter = open_meter(spec).value();
  CHECK(meter->self_check().value().size() == 2);
  REQUIRE(meter->start());
  Board board(edges);
  constexpr int kTokens = 50;
  const auto lines = [](int token, MarkerPhase phase) {
    return static_cast<uint8_t>(wire::kMarkActive | (token % 2 != 0 ? wire::kMarkToken : 0) |
                                wire::phase_bits(phase));
  };
  board.send(MarkerEdgeKind::kIdle, kTicksPerS / 2, 0);
  board.send(MarkerEdgeKind::kStart, 0, 0);
  board.send(MarkerEdgeKind::kEdge, 1000, lines(0, MarkerPhase::kPrefill));
  for (int token = 1; token <= kTokens; ++token)
    board.send(MarkerEdgeKind::kEdge, 100'000 + 20'000U * static_cast<unsigned>(token),
               lines(token, MarkerPhase::kDecode));
  board.send(MarkerEdgeKind::kEdge, 1'100'000, 0);
  board.send(MarkerEdgeKind::kEnd, 1'101'000, 0);
  board.send(MarkerEdgeKind::kIdle, kTicksPerS / 2, 0);
  REQUIRE(meter->stop());  // at once: all edges are under way
  const PowerSamples all = all_samples(*meter);
  CHECK(all.current_ua.size() == 210'101);  // one tells that it streams
  int token_edges = 0;
  double uj = 0;
  for (std::size_t i = 0; i < all.current_ua.size(); ++i) {
    if (i > 0) token_edges += ((all.markers[i] ^ all.markers[i - 1]) & wire::kMarkToken) != 0 ? 1 : 0;
    if ((all.markers[i] & wire::kMarkActive) != 0) uj += all.current_ua[i] * 3.3 * 10e-6;
  }
  CHECK(token_edges == kTokens);
  const auto truth = nlohmann::json::parse(base::read_text(truth_file).value());
  const auto& phases = truth["streams"].back()["phases"];
  CHECK(truth["streams"].back()["tokens"].size() == kTokens);
  CHECK(uj ==
        Approx(phases["prefill"]["uj"].get<double>() + phases["decode"]["uj"].get<double>()).epsilon(1e-3));
}

}  // namespace slmrig::rig
