#include "harness/plan/setting_names.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "harness/base/error.h"

namespace slmrig::plan {
namespace {

using base::CellSettings;

struct Entry {
  std::string_view name;
  uint32_t CellSettings::*field;
  SettingRange range;
  bool of_session;
};

// The upper bounds keep a slip of the pen from planning a year of work; none of them is a limit of the
// device.
constexpr std::array<Entry, 8> kEntries = {{
    {"context_tokens", &CellSettings::context_tokens, {8, 1U << 20}, true},
    {"sessions", &CellSettings::sessions, {1, 1000}, true},
    {"cold_starts", &CellSettings::cold_starts, {0, 1000}, true},
    {"warmup_generations", &CellSettings::warmup_generations, {0, 1000}, true},
    {"attempts", &CellSettings::attempts, {1, 10}, true},
    {"max_new_tokens", &CellSettings::max_new_tokens, {0, 1U << 20}, false},
    {"prompts", &CellSettings::prompts, {0, 1000000}, false},
    {"repeats", &CellSettings::repeats, {1, 100000}, false},
}};

const Entry* find_entry(const std::string& name) {
  const auto* found =
      std::find_if(kEntries.begin(), kEntries.end(), [&](const Entry& entry) { return entry.name == name; });
  return found == kEntries.end() ? nullptr : found;
}

}  // namespace

std::vector<std::string> setting_names() {
  std::vector<std::string> names;
  for (const Entry& entry : kEntries) names.emplace_back(entry.name);
  return names;
}

bool belongs_to_session(const std::string& name) {
  const Entry* entry = find_entry(name);
  return entry != nullptr && entry->of_session;
}

SettingRange setting_range(const std::string& name) {
  const Entry* entry = find_entry(name);
  SLMRIG_CHECK(entry != nullptr);
  return entry->range;
}

void set_setting(CellSettings& settings, const std::string& name, uint32_t value) {
  const Entry* entry = find_entry(name);
  SLMRIG_CHECK(entry != nullptr);
  settings.*entry->field = value;
}

}  // namespace slmrig::plan
