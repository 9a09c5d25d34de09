// The kinds of meters that there are drivers for: one row each, in open_meter.cc.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "harness/base/error.h"
#include "harness/rig/host_devices.h"
#include "harness/rig/meters/meter.h"

namespace slmrig::rig {

struct FoundMeter {
  std::string kind;
  std::string name;  // "Power Profiler Kit II, E1F2..."
  std::string address;
};

struct MeterKind {
  const char* name;     // in rig files and on the command line
  const char* title;    // what people call it
  const char* address;  // what its address is
  bool needs_address;
  std::function<base::Result<std::unique_ptr<Meter>>(const base::MeterSpec&)> open;
  // Those that are there now, as addresses that open takes; empty: such meters cannot be looked for.
  std::function<std::vector<FoundMeter>(const HostRoots&)> find;
};

const std::vector<MeterKind>& meter_kinds();
std::vector<std::string> meter_kind_names();
// Of all kinds.
std::vector<FoundMeter> find_meters(const HostRoots& roots = {});
// Null: there is none.
const MeterKind* find_meter_kind(const std::string& name);

}  // namespace slmrig::rig
