// The energy pass of one cell: a few of its prompts once more while the bench's power meter samples. Part of
// measure_session (session.h), after all other passes: raising markers costs some instructions a token.
//
//   each repeat: meter on, idle, the prompts one by one, idle, meter off and drained
//
// or, where the plan asks for windows, as many of them, with the prompts again and again until each has
// lasted long enough. Every repeat begins and ends with the board idle in the same state (model loaded,
// clocks as they are). The repeats are one capture: the sample positions of one go on where those of the one
// before ended. Samples are in a file from when they arrive on, and read from there (sample_log.h).
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
  uint32_t repeat = 0;  // of the prompt
  uint32_t span = 0;    // of the recording: a repeat of all prompts, or a window
  uint64_t prompt_tokens = 0;
  uint64_t generated_tokens = 0;
  std::vector<uint64_t> token_ticks;  // each; [0] from the prompt on
  uint64_t total_ticks = 0;
  int64_t accepted_ns = 0;  // CLOCK_MONOTONIC of the host, before and after
  int64_t reported_ns = 0;
};

// What the board reports of a reset and the load after it.
struct MeteredColdStart {
  uint64_t boot_ticks = 0;
  uint64_t load_ticks = 0;
};

struct EnergyCapture {
  SampleLog* samples = nullptr;                // never null in what EnergyMeans are given
  std::vector<int64_t> span_starts;            // position of the first sample of each span of recording
  std::vector<MeteredGeneration> generations;  // in the order in which they ran
  std::vector<MeteredColdStart> cold_starts;   // likewise; of a capture without generations
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
  std::function<int64_t(uint64_t board_ticks)> meter_ns;  // in the meter's time
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
  std::string no_cold_starts;  // why boot and load cannot be told; empty: they can
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
