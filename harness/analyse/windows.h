// From stretches to what people ask for: idle, load, each generation, its phases and its tokens.
//
// The markers must add up: as many generations as were asked for, as many token edges in each as the board
// reports tokens. Where they do not, `doubts` says so and the tokens of that generation are not told. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/analyse/stretches.h"

namespace slmrig::analyse {

// What the board reports of a generation that ran while the meter did; in the order in which they ran.
struct ExpectedGeneration {
  std::string prompt_id;
  std::string prompt_sha256;
  uint32_t repeat = 0;
  uint64_t prompt_tokens = 0;
  uint64_t generated_tokens = 0;
  int64_t duration_ns = 0;  // by the board's own clock, in the meter's time; 0: not known
  uint32_t window = 0;      // of EnergyInputs::windows
};

// What the board reports of a reset and the load after it, in the meter's time; 0: not known.
struct ExpectedColdStart {
  int64_t boot_ns = 0;
  int64_t load_ns = 0;
};

// A span and the power on both sides of its ends, on which the uncertainty of an edge depends.
struct Window {
  int64_t start_ns = 0;  // since the first sample
  int64_t end_ns = 0;
  double step_at_start_uw = 0;
  double step_at_end_uw = 0;
  PowerSums sums;
  std::vector<float> block_uw;  // as Stretch's
  int64_t block_ns = 0;

  int64_t duration_ns() const { return end_ns - start_ns; }
};

struct GenerationWindows {
  Window whole;
  Window prefill;              // up to the first token
  Window decode;               // further tokens, up to the last one's edge
  std::vector<Window> tokens;  // [0] is the prefill
};

struct PassWindows {
  // Of the first generation; where there is none: of the first boot or load. None: nothing was idle.
  std::vector<Window> idle_before;
  std::vector<Window> idle_after;  // the last one
  // In between, one by one: spans that are about as long as those at both ends. What is shorter only keeps
  // two prompts apart.
  std::vector<Window> idle_between;
  std::vector<Window> load;
  std::vector<Window> boot;
  std::vector<GenerationWindows> generations;
  std::vector<std::string> doubts;
};

// `idle_guard_ns` is left out at both ends of an idle span: the board takes a question or settles there.
PassWindows find_windows(const std::vector<Stretch>& stretches,
                         const std::vector<ExpectedGeneration>& expected, int64_t idle_guard_ns,
                         const std::vector<ExpectedColdStart>& cold_starts = {});

}  // namespace slmrig::analyse
