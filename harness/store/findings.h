// Findings in the database: kept from night to night, acknowledged and reopened by people.
//
// Each function opens the database by itself; writing ones do all or nothing in one transaction, so that two
// analyses at once leave a finding once. Errors as in store.h and queries.h.
#pragma once

#include <string>
#include <vector>

#include "harness/base/error.h"
#include "harness/store/finding_rows.h"

namespace slmrig::store {

// Newest onset first. A database without any gives an empty list.
base::Result<std::vector<FindingRow>> read_findings(const std::string& database);

// The beginning or the end of a finding's id: those found in one night begin alike. kBadInput: none or
// several; says which.
base::Result<FindingRow> find_finding(const std::string& database, const std::string& selector);

// In the order in which they happened.
base::Result<std::vector<FindingEvent>> finding_events(const std::string& database,
                                                       const std::string& finding_id);

// Stores what is new, with its events; an empty finding_id is given one. What is there in `updates` replaces
// what was known, but for a state that somebody set since it was read: acknowledged stays acknowledged.
base::Done keep_findings(const std::string& database, std::vector<FindingUpdate>& updates);

// What a person decides: the state, and the event that says who and why.
struct FindingDecision {
  FindingState state = FindingState::kAcknowledged;  // or kOngoing: reopened
  std::string who;
  std::string reason;
  int64_t at_ns = 0;
};

// kBadInput when the finding is in that state already.
base::Done decide_finding(const std::string& database, const std::string& finding_id,
                          const FindingDecision& decision);

}  // namespace slmrig::store
