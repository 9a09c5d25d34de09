// A run in the form of Google Benchmark's JSON, for its tools/compare.py and whatever else reads that. Pure.
//
// Each generation is a repetition of up to three benchmarks: BENCH/MODEL/VARIANT/SUITE/SETTINGS/ttft,
// .../answer (prompt to last token) and .../token (mean of the tokens after the first). real_time and
// cpu_time are the same: a board has one clock.
#pragma once

#include <cstdint>
#include <string>

#include "harness/store/rows.h"

namespace slmrig::store {

struct BenchmarkJson {
  std::string text;
  uint64_t benchmarks = 0;          // names
  uint64_t cells_without_time = 0;  // left out: emulated and functional boards have none
};

// `instructions`: emulated cells come, too, with instruction counts where times stand, and names that end in
// "/instructions" (the format has no other unit: their time_unit says "ns" and means instructions).
BenchmarkJson google_benchmark_json(const RunData& run, bool instructions);

}  // namespace slmrig::store
