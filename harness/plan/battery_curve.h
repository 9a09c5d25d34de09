// How a battery's voltage falls as it is emptied (boards/batteries/<name>.json, schema:
// boards/batteries/battery.schema.json).
#pragma once

#include <string>
#include <vector>

#include "harness/base/error.h"

namespace slmrig::plan {

struct BatteryPoint {
  double remaining_percent = 0;
  double mv = 0;
};

struct BatteryCurve {
  std::string name;
  std::vector<BatteryPoint> points;  // from full to empty, two or more; neither column ever rises

  // On the lines between the points; the ends beyond them.
  double mv_at(double remaining_percent) const;
};

// `name` is a bundled battery of the project root, or the path of a file. kBadInput names file and key.
base::Result<BatteryCurve> load_battery(const std::string& name, const std::string& root);

}  // namespace slmrig::plan
