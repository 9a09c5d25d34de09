// A kind of hardware, as boards/<name>/board.json states it (schema: boards/board.schema.json).
// Boards are data: no board name appears in C++.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/base/records/tier.h"

namespace slmrig::base {

struct MemoryRegion {
  std::string name;
  uint64_t address = 0;
  uint64_t bytes = 0;
};

// How an emulator is started. Arguments may hold {agent}, {image}, {unique_id_file}, {uart}.
struct EmulatorSpec {
  std::string program;
  std::vector<std::string> arguments;
};

struct Board {
  std::string name;
  std::string description;
  std::string family;  // "linux", "mps2", "mps3", ...
  std::string cpu;
  std::string isa;  // kernels compiled in: "plain", "x86", "aarch64", "dsp", "mve"
  uint64_t clock_hz = 0;
  Tier tier = Tier::kHardware;
  std::vector<MemoryRegion> memory_regions;
  uint64_t slot_bytes = 0;         // capacity of model slot 0
  uint64_t slot_address = 0;       // of model slot 0, where a flasher lays the image; 0: none does
  uint64_t upload_slot_bytes = 0;  // capacity of the slot that uploads go to; 0: slot 0 takes them
  uint64_t arena_bytes = 0;        // for kv, activations and scratch
  std::string tick_source;
  uint64_t tick_rate_hz = 0;
  TickScale ticks;
  std::string flasher;  // "native", "emulator", "pyocd", "ssh", "command"
  // The build of the agent that runs on it, as firmware_file() takes it; that of the board's own name where
  // board.json does not say.
  std::string agent_build;
  // Linux boards: what every life of the agent is run by on the board, {"qemu-aarch64", "-cpu", "max"} for an
  // emulator of another architecture; empty: nothing.
  std::vector<std::string> runner;
  EmulatorSpec emulator;
  std::vector<std::string> features;
  std::string file;    // where this was read from
  std::string sha256;  // of that file: part of the provenance
};

}  // namespace slmrig::base
