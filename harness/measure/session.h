// One session on a board that was deployed to: cold starts, warm-up, cells, memory. Raw ticks go to the sink
// as they come; nothing is computed from them here.
//
//   resets x cold_starts, each: banner, load, first prompt up to its first token
//   hash check of the slot (when the board was reset since it was deployed)
//   warm-up generations, not recorded
//   for each cell: prompts x repeats, repeat by repeat, so that drift meets all prompts alike
//   memory by class
//   where it is asked for: the profile pass, each prompt of each cell once more, operator by operator
//   where there is a power meter: the energy pass, a few prompts of each cell once more while it samples;
//   then a few cold starts while it does
//
// What the board does wrong is a result and not an error of this function: see SessionOutcome. The Result's
// error is the sink's alone (the database could not be written), and ends the run.
//
// Blocks for as long as the board works; every single question to it is bounded. Asks `stop` between
// generations. One session a thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/clock.h"
#include "harness/base/error.h"
#include "harness/base/observer.h"
#include "harness/base/records/run_record.h"
#include "harness/rig/live_board.h"

namespace slmrig::measure {

// SHA-256 of the host's own answer for the same image, by prompt id.
using ReferenceHashes = std::map<std::string, std::string>;
// By cell id. Absent: not compared.
using References = std::map<std::string, ReferenceHashes>;

// Work units of Observer::advance, by what is done.
struct WorkUnits {
  std::map<std::string, uint64_t> cold_start;  // by session id
  std::map<std::string, uint64_t> generation;  // by cell id
  // Whole passes under the meter; absent where there is none.
  std::map<std::string, uint64_t> energy;             // by cell id
  std::map<std::string, uint64_t> cold_start_energy;  // by session id
};

struct EnergyMeans;  // energy_pass.h

struct SessionInputs {
  const base::Session& session;  // its cells are the ones to measure
  const base::Plan& plan;
  const References& references;
  const WorkUnits& units;
  bool profile = false;  // with a profile pass
  // Doubts that hold for every cell of the session (the clock check failed, the board had restarted, ...).
  std::vector<std::string> doubts;
  // Of a board that is this host: time so far in which some program had to wait for a processor, or nothing
  // where the system does not tell. A cell during which that grew much is doubted. Empty: the host does not
  // matter.
  std::function<std::optional<int64_t>()> host_waiting_ns;
  // Asked when a cell ends: why the board's own condition makes it doubtful; empty: it does not. Empty
  // function: the board tells nothing.
  std::function<std::string()> board_doubt;
  // How long one generation may take, by cell id; kGenerationTimeoutMs where nothing is said.
  std::map<std::string, int64_t> generation_timeouts_ms;
  const EnergyMeans* energy = nullptr;  // null: the bench has no power meter, or energy is not wanted
};

inline constexpr int64_t kGenerationTimeoutMs = 120'000;

// The share of a cell's time from which on other work on the host is a doubt.
inline constexpr double kMostHostWaiting = 0.1;

// What the session wrote to, and what it listens to; all outlive it.
struct SessionContext {
  base::RecordSink& sink;
  base::Observer& observer;
  base::Clock& clock;
  std::function<bool()> stop;  // true: end between two generations
};

struct SessionOutcome {
  std::vector<std::string> ended_cells;  // ids; ok, or failed in a way that another try would repeat
  std::vector<base::Error> cell_errors;  // of the failed ones among them; context names the prompt
  // The board or its link broke: the cells that did not end are worth another attempt, on a board that is
  // deployed anew.
  std::optional<base::Error> broken;
  bool stopped = false;  // `stop` was seen; the cell it fell into ended as interrupted
  int64_t busy_ns = 0;   // host time in which the agent measured: cold starts and generations
};

// What a cell asks a board, of which `ticks` are the ticks, for one of its prompts.
rig::RunRequest run_request(const SessionInputs& inputs, const base::Cell& cell, const base::Prompt& prompt,
                            const base::TickScale& ticks);

base::Result<SessionOutcome> measure_session(rig::LiveBoard& board, const SessionInputs& inputs,
                                             const SessionContext& context);

}  // namespace slmrig::measure
