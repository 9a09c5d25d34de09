// The power meter of a bench during a run: opened once, and once more each time that it was lost, checked
// before each session, and the board's supply set as the rig file says. One thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "harness/base/clock.h"
#include "harness/base/records/rig.h"
#include "harness/base/records/run_record.h"
#include "harness/measure/energy_pass.h"
#include "harness/rig/live_board.h"
#include "harness/rig/meters/meter.h"

namespace slmrig::campaign {

// rig::open_meter, or a test's own. `spec` has its placeholders filled in.
using OpenMeter = std::function<base::Result<std::unique_ptr<rig::Meter>>(const base::MeterSpec& spec)>;

class BenchMeter {
 public:
  // Opens the meter; where it feeds the board, sets the voltage (which the board must bear: kBadInput before
  // anything is applied) and turns it on. kUnsupported for an emulated board beside a real meter.
  static base::Result<std::unique_ptr<BenchMeter>> open(const base::MeterSpec& spec, const base::Board& board,
                                                        const OpenMeter& open);
  // Leaves the board's supply as the rig file says.
  ~BenchMeter();
  BenchMeter(const BenchMeter&) = delete;
  BenchMeter& operator=(const BenchMeter&) = delete;

  // The board's supply from here on; 0: the one that the rig file says. kBadInput for what the board does not
  // bear, before anything is applied; kUnsupported where the meter does not feed it.
  base::Done set_supply(int millivolts);

  // Whether the meter still is where it was: one that was unplugged is opened anew, with the board's supply
  // as it was set last, and checked. The error is why it is not there.
  base::Done ensure();

  // The meter, after ensure().
  base::Result<rig::Meter*> ready();

  // Asks the meter to check itself; what it says is in facts() and what is not good in doubts() until the
  // next time.
  void check();
  // "meter.kind", "meter.serial", "meter.check.rate", ...: for the provenance of a session.
  const base::Provenance& facts() const { return facts_; }
  const std::vector<std::string>& doubts() const { return doubts_; }

  // `has_markers`: the board raises marker lines. `database`: beside which raw samples are recorded and kept.
  measure::EnergyMeans means(const base::EnergySettings& settings, bool has_markers,
                             const std::string& database);

  // After a debug probe wrote the board, where the meter is its supply: takes the power away and gives it
  // back, so that the debug domain sleeps and the board starts as from its battery. A board that goes on
  // answering meanwhile is fed through some other line (its UART): that is a doubt about all of it. The error
  // is a board that does not come back.
  base::Done power_cycle(rig::LiveBoard& board, base::Clock& clock);

  bool feeds_the_board() const { return meter_facts().sources; }
  // Since it was opened.
  bool was_lost() const { return losses_ > 0; }

 private:
  BenchMeter(const base::MeterSpec& spec, const base::Board& board, OpenMeter open)
      : spec_(spec), board_(board), open_(std::move(open)) {}
  base::Done open_at(int millivolts);
  base::Done open_anew(int millivolts);
  // As of now, or of its last opening while it is lost.
  const base::MeterFacts& meter_facts() const { return meter_ ? meter_->facts() : meter_facts_; }
  // Why not, while it is lost.
  base::Result<rig::Meter*> there() const;
  uint64_t ticks_of(int64_t meter_ns) const;
  int64_t meter_ns(uint64_t board_ticks) const;
  base::Result<std::unique_ptr<measure::SampleLog>> open_log(const std::string& database,
                                                             int64_t started_at_ns) const;

  const base::MeterSpec spec_;
  const base::Board& board_;
  const OpenMeter open_;
  int own_mv_ = 0;  // by the rig file
  int supply_mv_ = 0;
  std::unique_ptr<rig::Meter> meter_;  // null: it was lost, and is not there again
  base::MeterFacts meter_facts_;       // of the last opening
  bool is_lost_ = false;               // or misbehaved so that it is to be opened anew
  int losses_ = 0;
  std::string name_;  // kind, model and serial number
  base::Provenance facts_;
  std::vector<std::string> doubts_;
};

}  // namespace slmrig::campaign
