// What is worth knowing about the host of a run: kernel, CPU, governor, load, compiler. Reads /proc and /sys;
// what cannot be read is absent.
#pragma once

#include <string>

#include "harness/base/records/run_record.h"

namespace slmrig::campaign {

base::Provenance host_facts();

// The first line that `program --version` prints; empty when it cannot be run.
std::string program_version(const std::string& program);

}  // namespace slmrig::campaign
