// Samples in modelled time: the marker edges of an emulated board become the current that a real one would
// draw, in the time that it would take.
//
// What is handed out is one sample at the start and then exactly as long as the spans and sleeps that the
// board told of; nothing is lost, and no time passes between spans. A sample's lines are those at its middle,
// its current is the mean over it.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "device-agent/wire/marker_edges.h"
#include "harness/base/records/board.h"
#include "harness/rigsim/ppk2/ppk2_device.h"

namespace slmrig::rigsim {

// What of boards/<name>/board.json tells how long an instruction takes and what is drawn meanwhile.
struct ModelledBoard {
  base::TickScale ticks;
  uint64_t clock_hz = 0;
  base::PowerModel power;
};

// kBadInput where the board states no model.
base::Result<ModelledBoard> read_modelled_board(const std::string& file);

// What was drawn before any noise or rounding: the truth that measurements are held against. Energies are of
// the current times the supply's set-point.
class ModelledTruth {
 public:
  explicit ModelledTruth(double supply_v) : supply_v_(supply_v) {}

  void pass(double seconds, double current_ua, uint8_t lines);
  void token_ended();
  void span_began() { after_token_ = {}; }

  // {"supply_mv", "phases": {"idle"|"boot"|"load"|"prefill"|"decode": {"uj", "ns"}}, "tokens": [{"uj",
  // "ns"}]}, a token from the edge before (or from the beginning of its generation) to its own.
  nlohmann::json json() const;

 private:
  struct Drawn {
    double uj = 0;
    double ns = 0;
  };

  double supply_v_;
  std::map<std::string, Drawn> phases_;
  std::vector<Drawn> tokens_;
  Drawn after_token_;
  bool was_active_ = false;
};

class ModelledSource final : public SampleSource {
 public:
  explicit ModelledSource(ModelledBoard board) : board_(std::move(board)) {}

  void set_supply(double supply_v) { supply_v_ = supply_v; }
  void set_powered(bool powered) { powered_ = powered; }
  // While the meter does not stream, edges tell where the board is and are not measured.
  void add(const wire::MarkerEdge& edge, bool streaming);

  void stream_started(int64_t now_ns) override;
  bool owes() const override;
  bool may_lose() const override { return false; }
  void take_due(int64_t now_ns, std::size_t most, std::vector<DueSample>* due) override;

  // Of every stream so far, in their order.
  nlohmann::json truth() const;

 private:
  // A stretch of constant current, in sample periods.
  struct Stretch {
    double samples = 0;
    double current_ua = 0;
    uint8_t lines = 0;
  };

  void pass_until(uint64_t ticks, bool streaming);
  void pass(double seconds, bool streaming);
  void push(double seconds, double current_ua);
  double current_ua() const;

  ModelledBoard board_;
  double supply_v_ = 3.3;
  bool powered_ = true;
  uint8_t lines_ = 0;
  uint64_t last_ticks_ = 0;
  double pulse_left_s_ = 0;
  std::deque<Stretch> stretches_;
  double waiting_ = 0;  // samples in stretches_
  double filled_ = 0;   // of the sample that is being made
  double charge_ = 0;   // of it, in microamperes times periods
  uint8_t middle_lines_ = 0;
  std::vector<ModelledTruth> truths_;
};

}  // namespace slmrig::rigsim
