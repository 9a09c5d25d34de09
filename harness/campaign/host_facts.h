// What is worth knowing about the host of a run: kernel, CPU, governor, load, compiler. Reads /proc and /sys;
// what cannot be read is absent.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "harness/base/records/run_record.h"

namespace slmrig::campaign {

base::Provenance host_facts();

// Time since the host started in which at least one program was ready and had no processor to run on
// (pressure stall information); nothing where the kernel does not tell.
std::optional<int64_t> host_waiting_ns();

// The first line that `program --version` prints; empty when it cannot be run.
std::string program_version(const std::string& program);

}  // namespace slmrig::campaign
