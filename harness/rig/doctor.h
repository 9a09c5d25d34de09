// Whether this host can serve a rig: permissions, ports that others hold, programs, disk, clock. Looks and
// changes nothing; what would have to be changed is said, as text for a person.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "harness/rig/host_devices.h"

namespace slmrig::rig {

enum class Health { kGood, kDoubtful, kBad };

struct Diagnosis {
  Health health = Health::kGood;
  std::string subject;  // "serial port /dev/ttyACM0"
  std::string found;
  std::string remedy;  // commands and files, as lines; empty where nothing is to do
};

// Probes, meters and serial ports that are plugged in: whether we may use them, and whether others do.
std::vector<Diagnosis> examine_devices(const HostRoots& roots = {});
// Power sensors of this host (hwmon, IIO, RAPL): whether we may read them.
std::vector<Diagnosis> examine_sensors(const HostRoots& roots = {});
// Services that open every new serial port to see whether it is a modem.
std::vector<Diagnosis> examine_services(const HostRoots& roots = {});
// Room for results below `folder` (it need not exist), and whether the host's wall clock is kept.
Diagnosis examine_disk(const std::filesystem::path& folder);
Diagnosis examine_clock();

}  // namespace slmrig::rig
