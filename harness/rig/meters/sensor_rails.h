// Rails: the supply lines that sensors of the host measure, whatever the kernel calls their files.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "harness/base/error.h"
#include "harness/rig/meters/polled_meter.h"

namespace slmrig::rig {

// A number in a file; the figure is (file + offset) * scale. No file: not measured.
struct RailFile {
  std::filesystem::path file;
  double offset = 0;
  double scale = 1;
  explicit operator bool() const { return !file.empty(); }
};

struct Rail {
  std::string chip;    // "ina3221"
  std::string device;  // "1-0040": stays from boot to boot
  std::string label;   // "VDD_IN", or its number where it has no name
  RailFile current_ua;
  RailFile voltage_mv;
  RailFile power_uw;
  double shunt_ohm = 0;          // 0: not told
  double update_interval_s = 0;  // of the sensor; 0: not told

  std::string address() const { return chip + "/" + label; }
};

// Those among `all` that `address` names: one, or for "total" all that add up to the module. kBadInput lists
// what there is, kLinkLost where there is nothing at all. `kind` is that of the meter, for messages.
base::Result<std::vector<Rail>> choose_rails(const std::vector<Rail>& all, const std::string& address,
                                             const std::string& kind);

std::vector<NamedSensor> named_rails(const std::vector<Rail>& rails);

// Looks for the rails that are there now.
using RailFinder = std::vector<Rail> (*)(const std::filesystem::path& sys);

// Reads what spec.address chooses among what `find` finds, and looks again where a sensor comes back under
// another name.
base::Result<std::unique_ptr<Meter>> open_rails(const base::MeterSpec& spec, const std::filesystem::path& sys,
                                                RailFinder find);

}  // namespace slmrig::rig
