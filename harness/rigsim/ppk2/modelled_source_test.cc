#include "harness/rigsim/ppk2/modelled_source.h"

#include <catch2/catch.hpp>

namespace slmrig::rigsim {
namespace {

using wire::MarkerEdge;
using wire::MarkerEdgeKind;
using wire::MarkerPhase;

// A tick is a microsecond: an instruction, of one cycle at 1 MHz.
ModelledBoard microsecond_board() {
  ModelledBoard board;
  board.ticks.counts_instructions = true;
  board.ticks.numerator = board.ticks.denominator = 1;
  board.clock_hz = 1'000'000;
  board.power.cycles_per_instruction = 1;
  board.power.idle_ua = 100;
  board.power.prefill_ua = 7000;
  board.power.decode_ua = 6000;
  board.power.load_ua = 4000;
  board.power.token_pulse_ua = 1000;
  board.power.token_pulse_us = 20;
  return board;
}

uint8_t lines(bool active, bool token, MarkerPhase phase) {
  return static_cast<uint8_t>((active ? wire::kMarkActive : 0) | (token ? wire::kMarkToken : 0) |
                              wire::phase_bits(phase));
}

MarkerEdge record(MarkerEdgeKind kind, uint64_t ticks, uint8_t levels) { return {kind, levels, 0, ticks}; }

// 1 ms of prefill, then tokens at 1 ms, 1.5 ms and 2 ms.
std::vector<MarkerEdge> generation() {
  return {record(MarkerEdgeKind::kStart, 0, 0),
          record(MarkerEdgeKind::kEdge, 0, lines(true, false, MarkerPhase::kPrefill)),
          record(MarkerEdgeKind::kEdge, 1000, lines(true, true, MarkerPhase::kDecode)),
          record(MarkerEdgeKind::kEdge, 1500, lines(true, false, MarkerPhase::kDecode)),
          record(MarkerEdgeKind::kEdge, 2000, lines(true, true, MarkerPhase::kDecode)),
          record(MarkerEdgeKind::kEdge, 2000, lines(false, true, MarkerPhase::kNone)),
          record(MarkerEdgeKind::kEnd, 2000, lines(false, true, MarkerPhase::kNone))};
}

std::vector<DueSample> all_due(ModelledSource& source) {
  std::vector<DueSample> due;
  source.take_due(0, 1'000'000, &due);
  return due;
}

// Without the sample that it begins with.
void start_stream(ModelledSource& source) {
  source.stream_started(0);
  REQUIRE(all_due(source).size() == 1);
}

}  // namespace

TEST_CASE("a boot and a load draw what a load draws, and are told apart in the truth") {
  ModelledSource source(microsecond_board());
  start_stream(source);
  for (const MarkerEdge& edge :
       {record(MarkerEdgeKind::kStart, 0, 0), record(MarkerEdgeKind::kEdge, 0, wire::kMarkBoot),
        record(MarkerEdgeKind::kEdge, 2000, 0), record(MarkerEdgeKind::kEnd, 2000, 0),
        record(MarkerEdgeKind::kStart, 0, 0),
        record(MarkerEdgeKind::kEdge, 0, lines(false, false, MarkerPhase::kLoad)),
        record(MarkerEdgeKind::kEdge, 1000, 0), record(MarkerEdgeKind::kEnd, 1000, 0)}) {
    source.add(edge, true);
  }
  const std::vector<DueSample> due = all_due(source);
  REQUIRE(due.size() == 300);
  CHECK(due[0].current_ua == Approx(4000));
  CHECK(due[0].lines == wire::kMarkBoot);
  CHECK(due[299].current_ua == Approx(4000));
  const nlohmann::json phases = source.truth().at("streams").at(0).at("phases");
  CHECK(phases.at("boot").at("ns").get<double>() == Approx(2e6));
  CHECK(phases.at("load").at("ns").get<double>() == Approx(1e6));
}

TEST_CASE("edges become samples of their modelled time") {
  ModelledSource source(microsecond_board());
  start_stream(source);
  source.add(record(MarkerEdgeKind::kIdle, 1000, 0), true);
  for (const MarkerEdge& edge : generation()) source.add(edge, true);
  source.add(record(MarkerEdgeKind::kIdle, 500, lines(false, true, MarkerPhase::kNone)), true);
  CHECK(source.owes());
  const std::vector<DueSample> due = all_due(source);
  CHECK_FALSE(source.owes());
  REQUIRE(due.size() == 350);
  CHECK(due[0].current_ua == Approx(100));
  CHECK(due[99].lines == 0);
  CHECK(due[100].current_ua == Approx(7000));
  CHECK(due[100].lines == lines(true, false, MarkerPhase::kPrefill));
  CHECK(due[200].current_ua == Approx(7000));  // 6000 and the pulse of the token
  CHECK(due[202].current_ua == Approx(6000));
  CHECK((due[249].lines & wire::kMarkToken) != 0);
  CHECK((due[250].lines & wire::kMarkToken) == 0);
  CHECK(due[349].current_ua == Approx(100));
}

TEST_CASE("a sample over an edge has the mean current and the lines of its middle") {
  ModelledSource source(microsecond_board());
  start_stream(source);
  source.add(record(MarkerEdgeKind::kIdle, 13, 0), true);
  source.add(record(MarkerEdgeKind::kStart, 0, lines(true, false, MarkerPhase::kPrefill)), true);
  source.add(record(MarkerEdgeKind::kEnd, 14, lines(true, false, MarkerPhase::kPrefill)), true);
  // 27 us: two whole samples, and 7 us that wait for more.
  const std::vector<DueSample> due = all_due(source);
  REQUIRE(due.size() == 2);
  CHECK(due[1].current_ua == Approx(0.3 * 100 + 0.7 * 7000));
  CHECK(due[1].lines == lines(true, false, MarkerPhase::kPrefill));
  source.add(record(MarkerEdgeKind::kIdle, 3, 0), true);
  CHECK(all_due(source).size() == 1);
}

TEST_CASE("the truth is what was drawn, by phase and by token") {
  ModelledSource source(microsecond_board());
  source.set_supply(2.0);
  for (const MarkerEdge& edge : generation()) source.add(edge, false);  // nobody measured
  start_stream(source);
  source.add(record(MarkerEdgeKind::kIdle, 1000, 0), true);
  for (const MarkerEdge& edge : generation()) source.add(edge, true);
  const nlohmann::json truth = source.truth();
  REQUIRE(truth["streams"].size() == 1);
  const nlohmann::json& stream = truth["streams"][0];
  CHECK(stream["phases"]["idle"]["uj"].get<double>() == Approx(100 * 2.0 * 1.01e-3));
  CHECK(stream["phases"]["prefill"]["uj"].get<double>() == Approx(7000 * 2.0 * 1e-3));
  CHECK(stream["phases"]["decode"]["uj"].get<double>() == Approx(2.0 * (6000 * 1e-3 + 2 * 1000 * 20e-6)));
  CHECK(stream["phases"]["decode"]["ns"].get<double>() == Approx(1e6));
  REQUIRE(stream["tokens"].size() == 3);
  CHECK(stream["tokens"][0]["uj"].get<double>() == Approx(7000 * 2.0 * 1e-3));
  CHECK(stream["tokens"][1]["uj"].get<double>() == Approx(2.0 * (6000 * 0.5e-3 + 1000 * 20e-6)));
  CHECK(stream["tokens"][2]["ns"].get<double>() == Approx(0.5e6));
}

TEST_CASE("the models of the boards are read") {
  const auto board = read_modelled_board("boards/mps2-an386/board.json");
  REQUIRE(board);
  CHECK(board->clock_hz > 0);
  CHECK(board->power.decode_ua > board->power.idle_ua);
  const auto none = read_modelled_board("boards/native/board.json");
  REQUIRE_FALSE(none);
}

}  // namespace slmrig::rigsim
