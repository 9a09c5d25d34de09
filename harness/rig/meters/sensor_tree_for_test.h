// A host's /sys in a folder, with sensors that tests move.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include <catch2/catch.hpp>

#include "harness/base/file.h"
#include "harness/base/unique_fd.h"
#include "harness/rig/host_devices.h"

namespace slmrig::rig {

struct SensorTree {
  base::TemporaryDirectory folder = base::TemporaryDirectory::create("sensors").value();
  HostRoots roots = {folder.path() / "sys", folder.path() / "dev", folder.path() / "proc"};

  static void write(const std::filesystem::path& file, const std::string& text) {
    std::filesystem::create_directories(file.parent_path());
    REQUIRE(base::write_file_atomically(file, text + "\n"));
  }

  // A chip as hwmonN, bound to the I2C device `device`.
  std::filesystem::path add_hwmon(const std::string& number, const std::string& chip,
                                  const std::string& device) const {
    const std::filesystem::path place = roots.sys / "devices/i2c" / device;
    const std::filesystem::path hwmon = roots.sys / "class/hwmon" / number;
    std::filesystem::create_directories(place);
    write(hwmon / "name", chip);
    std::filesystem::create_directory_symlink(place, hwmon / "device");
    return hwmon;
  }

  std::filesystem::path add_zone(const std::string& id, const std::string& name,
                                 const std::string& energy_uj) const {
    const std::filesystem::path zone = roots.sys / "class/powercap" / id;
    write(zone / "name", name);
    write(zone / "energy_uj", energy_uj);
    write(zone / "max_energy_range_uj", "262143328850");
    return zone;
  }
};

}  // namespace slmrig::rig
