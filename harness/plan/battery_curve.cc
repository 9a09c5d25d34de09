#include "harness/plan/battery_curve.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "harness/base/json_reader.h"
#include "harness/base/paths.h"
#include "harness/base/suggest.h"

namespace slmrig::plan {
namespace {

namespace fs = std::filesystem;
using base::JsonDocument;
using base::JsonObject;
using base::Result;

constexpr uint64_t kMostMv = 100'000;

void read_points(JsonObject& root, BatteryCurve& curve) {
  for (JsonObject& object : root.required_objects("curve")) {
    BatteryPoint point;
    if (!object.has("remaining_percent")) object.fail("remaining_percent", "is missing");
    point.remaining_percent = object.optional_number("remaining_percent", 0, 0, 100);
    point.mv = static_cast<double>(object.required_uint("mv", 1, kMostMv));
    if (!curve.points.empty()) {
      const BatteryPoint& before = curve.points.back();
      if (point.remaining_percent >= before.remaining_percent || point.mv > before.mv)
        object.fail("", "does not lie below the point before it; the curve goes from full to empty");
    }
    curve.points.push_back(point);
  }
  if (curve.points.size() < 2) root.fail("curve", "expected two or more points");
}

}  // namespace

double BatteryCurve::mv_at(double remaining_percent) const {
  if (remaining_percent >= points.front().remaining_percent) return points.front().mv;
  for (std::size_t i = 1; i < points.size(); ++i) {
    const BatteryPoint& above = points[i - 1];
    const BatteryPoint& below = points[i];
    if (remaining_percent < below.remaining_percent) continue;
    const double share =
        (remaining_percent - below.remaining_percent) / (above.remaining_percent - below.remaining_percent);
    return below.mv + share * (above.mv - below.mv);
  }
  return points.back().mv;
}

Result<BatteryCurve> load_battery(const std::string& name, const std::string& root) {
  std::string file = name;
  if (name.find('/') == std::string::npos && !name.ends_with(".json")) {
    const fs::path folder = fs::path(root) / "boards" / "batteries";
    const std::vector<std::string> known = base::bundled_names(folder);
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      return base::fail(base::ErrorCode::kBadInput,
                        base::unknown_name("battery", name, known) +
                            "; a battery of your own is named by the path of its .json");
    }
    file = (folder / (name + ".json")).string();
  }
  SLMRIG_ASSIGN(JsonDocument document, JsonDocument::read(file));
  JsonObject object = document.root();
  BatteryCurve curve;
  curve.name = object.required_string("name");
  object.required_string("source");
  object.optional_string("description");
  read_points(object, curve);
  SLMRIG_TRY(document.finish());
  return curve;
}

}  // namespace slmrig::plan
