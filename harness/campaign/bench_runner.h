// One bench's share of a run: its sessions one after the other, with their attempts. Part of run_campaign.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/clock.h"
#include "harness/campaign/bench_meter.h"
#include "harness/campaign/campaign.h"
#include "harness/campaign/emulator_places.h"
#include "harness/campaign/prepare.h"
#include "harness/measure/session.h"

namespace slmrig::campaign {

// How a board is brought to life: deploy::deploy_variant, or a test's own.
using DeployBoard = std::function<base::Result<std::unique_ptr<rig::LiveBoard>>(
    const base::Bench& bench, const base::VariantFacts& variant, const rig::UploadProgress& progress)>;

// What the threads of a run share. Lists are guarded by `mutex`; the rest is constant or thread-safe by
// itself.
struct SharedRun {
  const CampaignRequest& request;
  const base::ExpandedPlan& expanded;  // with unfit sessions marked
  const Preparation& preparation;
  const measure::WorkUnits& units;
  const std::string& run_id;
  store::Store& store;
  base::Observer& observer;
  DeployBoard deploy;
  std::function<base::Result<std::unique_ptr<rig::Meter>>(const base::Bench& bench,
                                                          const base::MeterSpec& spec)>
      open_meter;  // may be empty: no bench has a meter
  std::function<void(const std::string& bench)>
      release;                 // nothing more is deployed to the bench; may be empty
  std::function<bool()> stop;  // Ctrl-C, or the run cannot be stored any more
  std::atomic<bool>& broken;   // set with `fatal`: the other benches stop, too
  EmulatorPlaces& emulators;
  std::map<std::string, std::string> tool_versions;  // of emulators, by program

  std::mutex mutex;
  std::vector<Failure> failures;
  std::optional<base::Error> fatal;        // the store's first error
  std::map<std::string, int64_t> busy_ns;  // by bench
};

class BenchRunner {
 public:
  BenchRunner(const base::Bench& bench, SharedRun& run);

  // All sessions of the bench. Blocks; never fails: what goes wrong is a row, a Failure, or SharedRun::fatal.
  void run();

 private:
  base::Done run_session(base::Session session);
  // What the bench's sessions are expected to take from this one of the plan on.
  int64_t work_left_ns(const base::Session& from) const;
  // Ends every cell of a session that is not measured.
  base::Done record_unmeasured(const base::Session& session, base::CellStatus status,
                               const std::string& reason);
  // One attempt; leaves in `session` the cells that another one would have to measure.
  base::Done attempt(base::Session& session, const base::VariantFacts& variant, uint32_t number,
                     std::optional<base::Error>& broken);
  base::Done measure_on(rig::LiveBoard& board, base::Session& session, const base::VariantFacts& variant,
                        uint32_t number, std::optional<base::Error>& broken);
  // Opens the bench's meter, once and after each loss, and checks it; null where there is none, or it cannot
  // be used (a notice, and a fact of the session).
  BenchMeter* ready_meter();
  // The supply that the session is to be measured at.
  base::Done set_supply(const base::Session& session);
  // Silence or a reset at a lowered supply, where a session went well at a higher one: a result, no failure.
  bool is_brown_out(const base::Session& session, const base::Error& error) const;
  // Ends the session's cells by what broke it.
  base::Done end_broken(const base::Session& session, const base::Error& error);
  base::Done check_clock(rig::LiveBoard& board, std::optional<base::Error>& broken);
  base::Done end_cells(const base::Session& session, base::CellStatus status, const std::string& reason);
  base::Done finish_session(const std::string& session_id);
  base::SessionStart start_of(const base::Session& session, const base::VariantFacts& variant,
                              uint32_t number) const;
  measure::References references_of(const base::Session& session) const;
  std::map<std::string, int64_t> timeouts_of(const base::Session& session,
                                             const base::VariantFacts& variant) const;
  std::vector<std::string> doubts_about(const rig::LiveBoard& board) const;
  void note_failure(const base::Session& session, const base::Error& error);

  const base::Bench& bench_;
  SharedRun& run_;
  mutable base::SystemClock clock_;
  std::optional<std::string> clock_check_;  // the text of the bench's clock check, once it was made
  std::string clock_doubt_;
  std::optional<EmulatorPlaces::Place> place_;  // of an emulated board, from its first session to the last
  std::unique_ptr<BenchMeter> meter_;
  std::string meter_missing_;          // why it is not there; empty: it is, or none is wanted
  bool is_at_session_supply_ = false;  // false while the board is deployed to
  int good_supply_mv_ = 0;             // the highest at which a session of this bench went well
  std::string unmeasured_reason_;      // that was told last
};

}  // namespace slmrig::campaign
