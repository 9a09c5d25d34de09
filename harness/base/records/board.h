// A kind of hardware, as boards/<name>/board.json states it (schema: boards/board.schema.json).
// Boards are data: no board name appears in C++.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "harness/base/records/tier.h"

namespace slmrig::base {

struct MemoryRegion {
  std::string name;
  uint64_t address = 0;
  uint64_t bytes = 0;
};

// How an emulator is started. Arguments may hold {agent}, {image}, {unique_id_file}, {uart}, {markers}.
struct EmulatorSpec {
  std::string program;
  std::vector<std::string> arguments;
};

// Supply voltages that the board bears, of which a meter may be asked for one.
struct SafeVoltages {
  int minimum_mv = 0;
  int maximum_mv = 0;  // 0: no voltage may be set at all
  int nominal_mv = 0;  // what it is fed with where nobody says otherwise
};

// What a real board of this kind might draw, for the virtual meter beside an emulated one: figures from here
// are of the tier `modelled` and claim nothing of any real board.
struct PowerModel {
  double cycles_per_instruction = 0;  // 0: there is no model
  double idle_ua = 0;
  double load_ua = 0;  // and while it boots
  double prefill_ua = 0;
  double decode_ua = 0;
  double token_pulse_ua = 0;  // more than that, at the end of each token
  double token_pulse_us = 0;
  std::map<std::string, std::string> sources;  // by "clock_hz", "cycles_per_instruction", "currents"
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
  SafeVoltages voltages;
  PowerModel power_model;
  std::string file;    // where this was read from
  std::string sha256;  // of that file: part of the provenance
};

}  // namespace slmrig::base
