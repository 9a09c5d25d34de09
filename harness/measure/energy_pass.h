// The energy pass of one cell: a few of its prompts once more while the bench's power meter samples. Part of
// measure_session (session.h), after all other passes: raising markers costs some instructions a token.
//
//   each repeat: meter on, idle, the prompts one by one, idle, meter off and drained
//
// Every repeat begins and ends with the board idle in the same state (model loaded, clocks as they are). The
// repeats are one capture: the sample positions of one go on where those of the one before ended. Samples are
// in a file from when they arrive on, and read from there (sample_log.h).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "harness/base/records/energy.h"
#include "harness/base/records/power.h"
#include "harness/measure/sample_log.h"
#include "harness/measure/session.h"
#include "harness/rig/meters/meter.h"

namespace slmrig::measure {

// What the board reports of a generation of the pass.
struct MeteredGeneration {
  std::string prompt_id;
  std::string prompt_sha256;
  uint32_t repeat = 0;
  uint64_t prompt_tokens = 0;
  uint64_t generated_tokens = 0;
  uint64_t first_token_ticks = 0;
  uint64_t total_ticks = 0;
  int64_t accepted_ns = 0;  // CLOCK_MONOTONIC of the host, before and after
  int64_t reported_ns = 0;
};

struct EnergyCapture {
  SampleLog* samples = nullptr;                // never null in what EnergyMeans are given
  std::vector<MeteredGeneration> generations;  // in the order in which they ran
  int64_t started_at_ns = 0;                   // UTC, of the first sample
};

// What the pass needs besides the board.
struct EnergyMeans {
  // Open, and the board fed as it should be. Asked before each cell: one that was lost is opened anew.
  std::function<base::Result<rig::Meter*>()> meter;
  // Told when it does not start or ends early, before it is asked for again.
  std::function<void()> meter_failed;
  base::EnergySettings settings;
  uint64_t idle_ticks = 0;     // of the board, for settings.idle_ms of the meter's time
  uint64_t between_ticks = 0;  // sleep between two prompts, so that the meter sees them apart
  // Where the samples of a cell go; `started_at_ns`: UTC, of the first of them.
  std::function<base::Result<std::unique_ptr<SampleLog>>(int64_t started_at_ns)> open_log;
  // From samples to energy; ids, names and times are filled in here. Called after every repeat.
  std::function<base::Result<base::Energy>(const EnergyCapture& capture)> evaluate;
  // Ends the log and puts it where it stays; once, after the last repeat. Empty: the samples go when the
  // energies are known.
  std::function<base::Result<base::CaptureFacts>(SampleLog& log)> keep;
  std::string meter_name;  // kind, model and serial number
  // That hold for all of it: the self-check failed, ... As of the meter's last opening.
  std::function<std::vector<std::string>()> doubts;
};

struct EnergyOutcome {
  int64_t busy_ns = 0;
  bool go_on =
      true;  // false: the board failed, so that further cells would fare no better, or the user stopped
};

// What goes wrong on board, meter or disk is a notice and a fact of the session ("energy.<suite>" and
// "energy.missing"), and the cell has no energy: its figures were measured before. The error is the sink's.
base::Result<EnergyOutcome> measure_energy(rig::LiveBoard& board, const SessionInputs& inputs,
                                           const SessionContext& context, const base::Cell& cell,
                                           const EnergyMeans& means);

}  // namespace slmrig::measure
