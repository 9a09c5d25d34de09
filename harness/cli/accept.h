// `--accept` of `slmrig compare` and `slmrig report`: what was compared, held against conditions.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "harness/analyse/comparison_subjects.h"
#include "harness/base/error.h"
#include "harness/cli/exit_code.h"
#include "harness/gate/acceptance.h"
#include "harness/gate/input.h"
#include "harness/store/queries.h"

namespace slmrig::cli {

struct AcceptQuestion {
  std::string database;  // the file that the reader reads
  std::string run_id;
  analyse::ComparedPlace place;
  std::vector<gate::Candidate> candidates;
};

// The variants of a run at a place, under their names.
std::vector<gate::Candidate> candidates_of(const std::vector<analyse::Subject>& variants,
                                           const analyse::ComparedPlace& place);

// Judges what the run measured at the place; how much sessions differ is told by its sessions and by the
// history before it.
base::Result<gate::Acceptance> accept(store::Reader& reader, const std::vector<gate::Condition>& conditions,
                                      const AcceptQuestion& question);

// Each place of a run where variants are compared: all of them are candidates.
base::Result<std::map<analyse::ComparedPlace, gate::Acceptance>> accept_variants(
    store::Reader& reader, const std::vector<gate::Condition>& conditions, const std::string& database,
    const store::RunData& run);

// Takes away what was not measured there, other settings of the same suite included. Pure.
void keep_place(const analyse::ComparedPlace& place, gate::GateInput& input);

// No: 1; undecided: 3. `reference`: that candidate's answer is not counted.
ExitCode exit_code_of(const gate::Acceptance& acceptance, const std::string& reference);

}  // namespace slmrig::cli
