#include "harness/plan/setting_names.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <type_traits>

#include "harness/base/error.h"

namespace slmrig::plan {
namespace {

using base::CellSettings;

struct Entry {
  std::string_view name;
  void (*set)(CellSettings&, uint32_t);
  SettingRange range;
  bool of_session;
};

template <auto kField>
void set_field(CellSettings& settings, uint32_t value) {
  auto& field = settings.*kField;
  field = static_cast<std::remove_reference_t<decltype(field)>>(value);
}

constexpr std::string_view kKv = "kv";
constexpr std::array kKvFormats = {base::KvFormat::kF32, base::KvFormat::kF16, base::KvFormat::kInt8};

// The upper bounds keep a slip of the pen from planning a year of work; none of them is a limit of the
// device.
constexpr std::array<Entry, 10> kEntries = {{
    {"context_tokens", set_field<&CellSettings::context_tokens>, {8, 1U << 20}, true},
    {"sessions", set_field<&CellSettings::sessions>, {0, 1000}, true},
    {"cold_starts", set_field<&CellSettings::cold_starts>, {0, 1000}, true},
    {"warmup_generations", set_field<&CellSettings::warmup_generations>, {0, 1000}, true},
    {"attempts", set_field<&CellSettings::attempts>, {1, 10}, true},
    {kKv, set_field<&CellSettings::kv>, {0, kKvFormats.size() - 1}, true},
    {"max_new_tokens", set_field<&CellSettings::max_new_tokens>, {0, 1U << 20}, false},
    {"prompts", set_field<&CellSettings::prompts>, {0, 1000000}, false},
    {"repeats", set_field<&CellSettings::repeats>, {1, 100000}, false},
    {"generation_timeout_s", set_field<&CellSettings::generation_timeout_s>, {0, 86400}, false},
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

std::vector<std::string> setting_words(const std::string& name) {
  std::vector<std::string> words;
  if (name != kKv) return words;
  for (const base::KvFormat format : kKvFormats) words.emplace_back(base::to_string(format));
  return words;
}

SettingRange setting_range(const std::string& name) {
  const Entry* entry = find_entry(name);
  SLMRIG_CHECK(entry != nullptr);
  return entry->range;
}

void set_setting(CellSettings& settings, const std::string& name, uint32_t value) {
  const Entry* entry = find_entry(name);
  SLMRIG_CHECK(entry != nullptr);
  entry->set(settings, value);
}

}  // namespace slmrig::plan
