#include "harness/cli/duty_file.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "harness/base/file.h"
#include "harness/base/json_reader.h"
#include "harness/base/paths.h"
#include "harness/base/suggest.h"

namespace slmrig::cli {
namespace {

namespace fs = std::filesystem;
using analyse::Duty;
using base::JsonDocument;
using base::JsonObject;
using base::Result;

constexpr double kMostPerDay = 1e6;
constexpr double kMostStated = 1e9;

// A number that must be there and be more than 0.
double positive_number(JsonObject& object, const char* key, double most) {
  if (!object.has(key)) object.fail(key, "is missing; expected a number above 0");
  const double value = object.optional_number(key, 0, 0, most);
  if (value <= 0) object.fail(key, fmt::format("is {:g}; expected a number above 0", value));
  return value;
}

analyse::Stated read_stated(JsonObject& duty, const char* key) {
  analyse::Stated stated;
  if (!duty.has(key)) return stated;
  JsonObject object = duty.required_object(key);
  stated.figure.value = positive_number(object, "value", kMostStated);
  stated.figure.half_width = object.optional_number("half_width", 0, 0, kMostStated);
  stated.source = object.required_string("source");
  return stated;
}

analyse::Battery read_battery(JsonObject object) {
  analyse::Battery battery;
  battery.capacity_mah = positive_number(object, "capacity_mah", 1e6);
  battery.nominal_mv = positive_number(object, "nominal_mv", 1e5);
  battery.capacity_half_width = object.optional_number("capacity_half_width_percent", 0, 0, 99) / 100;
  if (object.has("usable_percent"))
    battery.usable_share = positive_number(object, "usable_percent", 100) / 100;
  battery.self_discharge_per_month =
      object.optional_number("self_discharge_percent_per_month", 0, 0, 99) / 100;
  return battery;
}

}  // namespace

Result<Duty> parse_duty(std::string_view text, const std::string& file) {
  SLMRIG_ASSIGN(JsonDocument document, JsonDocument::parse(std::string(text), file));
  JsonObject root = document.root();
  Duty duty;
  duty.name = root.required_string("name");
  root.optional_string("description");
  duty.queries_per_day = positive_number(root, "queries_per_day", kMostPerDay);
  duty.wake_ups_per_day = root.optional_number("wake_ups_per_day", duty.queries_per_day, 0, kMostPerDay);
  if (duty.wake_ups_per_day < duty.queries_per_day) {
    root.fail("wake_ups_per_day",
              fmt::format("is {:g}, less than the {:g} queries, each of which wakes the board",
                          duty.wake_ups_per_day, duty.queries_per_day));
  }
  const std::string wake_by =
      root.optional_choice("wake_by", {"cold_start", "retained_memory"}, "cold_start");
  duty.wake_by = wake_by == "cold_start" ? analyse::WakeBy::kColdStart : analyse::WakeBy::kRetainedMemory;
  duty.awake_s = root.optional_number("awake_s", 0, 0, 86'400);
  duty.sleep_uw = read_stated(root, "sleep_uw");
  duty.detector_uw = read_stated(root, "detector_uw");
  duty.wake_uj = read_stated(root, "wake_uj");
  if (duty.wake_by == analyse::WakeBy::kRetainedMemory && !root.has("wake_uj")) {
    root.fail("wake_uj", "is missing: what a wake from retained memory takes is not measured; state it");
  }
  if (root.has("converter_efficiency_percent"))
    duty.converter_efficiency = positive_number(root, "converter_efficiency_percent", 100) / 100;
  duty.battery = read_battery(root.required_object("battery"));
  SLMRIG_TRY(document.finish());
  return duty;
}

Result<Duty> load_duty(const std::string& name, const fs::path& root) {
  const fs::path folder = root / "workloads" / "duty";
  std::string file = name;
  if (name.find('/') == std::string::npos && !name.ends_with(".json")) {
    const std::vector<std::string> known = base::bundled_names(folder);
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      return base::fail(
          base::ErrorCode::kBadInput,
          base::unknown_name("duty", name, known) + "; a duty of your own is named by the path of its .json",
          "--duty");
    }
    file = (folder / (name + ".json")).string();
  }
  SLMRIG_ASSIGN(const std::string text, base::read_text(file));
  return parse_duty(text, file);
}

}  // namespace slmrig::cli
