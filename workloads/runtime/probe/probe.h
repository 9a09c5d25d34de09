// The same kernel calls on a host and on a board: what must give the same bits everywhere, and what it costs.
//
// Freestanding like the runtime. Inputs come from a seeded generator, so that two builds can be compared by
// the hash of their outputs alone.
#pragma once

#include <cstdint>

#include "workloads/runtime/kernels/kernels.h"

namespace slmrig::runtime::probe {

struct Case {
  const char* name;
  // Multiply-accumulates of one run, for a cost per unit; 0 where that says nothing.
  uint32_t macs;
  // Fills the inputs; not timed.
  void (*prepare)();
  // What is timed.
  void (*run)(const KernelSet& kernels);
  // FNV-1a of the bits of all outputs.
  uint32_t (*result)();
};

// `count` cases; run each as prepare, run, result.
const Case* cases(uint32_t* count);

}  // namespace slmrig::runtime::probe
