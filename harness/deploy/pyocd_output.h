// What pyOCD's own words mean. Its exit status says little: an image outside the memory map, a wrong command
// and an interrupted load all end with 0. So success is read from what it says it did, and failure from what
// it complains of.
//
// Pure. Known to read 0.34 to 0.45. Trouble with probe or wire is kLinkLost (worth another attempt), what the
// rig file says wrongly kBadInput, what the system forbids kIo.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/base/child_process.h"
#include "harness/base/error.h"

namespace slmrig::deploy {

struct PyocdLoad {
  uint64_t programmed_bytes = 0;
  uint64_t skipped_bytes = 0;  // equal already
};

struct PyocdProbe {
  std::string serial;
  std::string description;  // "Arm DAPLink CMSIS-DAP"
};

// Of `pyocd load`: all of at least expected_bytes are on the board, or were.
base::Result<PyocdLoad> read_load(const base::CapturedRun& run, uint64_t expected_bytes);
// Of `pyocd cmd` and `pyocd reset`: nothing was complained of, and each of `wanted` was said.
base::Done read_command(const base::CapturedRun& run, const std::vector<std::string>& wanted);
// Of `pyocd json --probes`.
base::Result<std::vector<PyocdProbe>> read_probes(const base::CapturedRun& run);

}  // namespace slmrig::deploy
