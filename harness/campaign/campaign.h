// One run of a plan from end to end: provision, lock, deploy, measure, store. The stages are called in turn;
// none of them knows another.
//
// Benches work at the same time, each in a thread of its own, with two exceptions that keep times honest: a
// bench whose board is this host runs alone, before all others; and at most as many emulators run as the host
// has cores, those benches first whose sessions are expected to take longest.
//
// A cell that fails is a row with its reason and stops no other. A session whose board or link broke is tried
// again on a board that is deployed anew, up to the plan's `attempts`; each attempt is counted and its reason
// kept.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/observer.h"
#include "harness/base/records/run_record.h"
#include "harness/deploy/deploy.h"
#include "harness/store/store.h"

namespace slmrig::campaign {

struct CampaignRequest {
  base::ExpandedPlan expanded;
  deploy::Workshop workshop;
  std::string label;
  base::BuildIdentity build;
  base::Provenance provenance;  // what the caller knows: its version, its command line, ...
  bool profile = false;         // with a profile pass, operator by operator, after each session's cells
  // On resuming: the run, what is left of it in `expanded`, and the attempts so far (resume.h). Empty: a new
  // run.
  std::string resume_run_id;
  std::map<std::string, uint32_t> attempts;
};

// A cell or session that could not be measured, other than unfit.
struct Failure {
  std::string bench;
  base::Error error;
};

struct CampaignOutcome {
  std::string run_id;
  bool interrupted = false;
  std::vector<Failure> failures;
  double busy_share = 0.0;  // see schedule.h
  int64_t wall_ns = 0;
};

// The error is one that ends the whole run: a bench that somebody else holds (kLocked, before anything was
// written), or a database that cannot be written. `stop` becoming true ends the run between two generations.
base::Result<CampaignOutcome> run_campaign(const CampaignRequest& request, store::Store& store,
                                           base::Observer& observer, const std::atomic<bool>& stop);

}  // namespace slmrig::campaign
