// A small, believable run of three boards, for tests of the rooms that read the store (cli, reports, gate).
// Goes through the RecordSink like any run. Seeded: the same options give the same rows, ids included. Tests
// only.
#pragma once

#include <cstdint>
#include <string>

#include "harness/base/error.h"
#include "harness/store/store.h"

namespace slmrig::store {

struct SampleOptions {
  uint64_t seed = 1;
  uint32_t prompts_native = 12;   // generations of each cell on the board of tier hardware
  uint32_t prompts_emulated = 3;  // and on the two emulated ones
  bool both_models = true;        // false: wrist-nano alone
  bool with_troubles = true;      // false: every cell ends ok, every answer is right
  std::string label = "sample";
  std::string build = "sample-1.0";
  std::string commit_sha = "0123456789abcdef0123456789abcdef01234567";
  int64_t started_at_ns = 1'767'225'600'000'000'000;  // 2026-01-01 00:00 UTC
};

// Boards: native (hardware), mps2-an386 and mps3-an547 (emulated); models wrist-nano and wrist-wide; variants
// f32 and int8; suites intents and summaries. With troubles, every status but not_applicable occurs
// (wrist-wide f32 is unfit on one board, one cell failed, one was interrupted, and so the run was), wrong
// answers, differences from the reference, a doubt, and a session at its second attempt. Cells that are ok
// have a profile, and on the emulated boards an energy of tier modelled (cold starts on mps2-an386). Series
// values are left to analyse::series_values. Returns the run's id.
base::Result<std::string> fill_with_sample_run(Store& store, const SampleOptions& options = {});

}  // namespace slmrig::store
