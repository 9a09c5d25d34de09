// One cell of a session: its prompts, generation by generation. Part of measure_session (session.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/measure/profile_pass.h"
#include "harness/measure/session.h"

namespace slmrig::measure {

struct CellOutcome {
  bool ended = false;                  // end_cell was written, and another attempt would change nothing
  std::optional<base::Error> failure;  // of a cell that ended as failed
  std::optional<base::Error> broken;   // the board or its link broke; end_cell was not written
  bool stopped = false;                // ended as interrupted
  int64_t busy_ns = 0;
  PlainTicks plain;  // of the first repeat
};

rig::LoadRequest load_request(const base::Session& session);

class CellRun {
 public:
  CellRun(rig::LiveBoard& board, const SessionInputs& inputs, const SessionContext& context,
          const base::Cell& cell);

  // The error is the sink's.
  base::Result<CellOutcome> run();

 private:
  base::Done one(const base::Prompt& prompt, uint32_t repeat);
  base::Result<rig::RunReply> try_again(const base::Prompt& prompt, const base::Error& first);
  void note_failure(const base::Prompt& prompt, const base::Error& error);
  base::Generation record_of(const base::Prompt& prompt, uint32_t repeat, rig::RunReply reply) const;
  base::Done end();
  std::optional<int64_t> host_waiting_ns() const;
  void doubt_busy_host();

  rig::LiveBoard& board_;
  const SessionInputs& inputs_;
  const SessionContext& context_;
  const base::Cell& cell_;
  const base::Suite& suite_;
  std::size_t prompts_;
  uint64_t planned_;
  std::vector<std::string> doubts_;
  int64_t began_ns_;
  std::optional<int64_t> host_waiting_at_start_ns_;
  uint64_t done_ = 0;
  uint64_t failed_ = 0;
  uint64_t failed_in_a_row_ = 0;
  CellOutcome outcome_;
};

}  // namespace slmrig::measure
