#include "harness/plan/plan_reader.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>
#include <set>

#include <fmt/format.h>

#include "harness/base/file.h"
#include "harness/base/json_reader.h"
#include "harness/base/paths.h"
#include "harness/base/sentinel.h"
#include "harness/base/sha256.h"
#include "harness/base/suggest.h"
#include "harness/plan/battery_curve.h"
#include "harness/plan/setting_names.h"

namespace slmrig::plan {
namespace {

namespace fs = std::filesystem;
using base::Done;
using base::ErrorCode;
using base::fail;
using base::JsonDocument;
using base::JsonObject;
using base::Plan;
using base::Result;

// Where names and relative paths of one plan are looked up.
struct Places {
  fs::path root;
  fs::path plan_folder;
};

bool is_path(const std::string& name, std::string_view extension) {
  return name.find('/') != std::string::npos || name.ends_with(extension);
}

bool is_file(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

// Relative to the plan's folder first, so that a plan may travel with its files; then to the current folder.
Result<std::string> find_path(const std::string& path, const Places& places) {
  const fs::path beside = places.plan_folder / path;
  if (is_file(beside)) return beside.lexically_normal().string();
  if (is_file(path)) return path;
  return fail(ErrorCode::kBadInput,
              fmt::format("no such file: {} (looked for {} and, from the current folder, {})", path,
                          beside.lexically_normal().string(), path));
}

// Bundled models are folders that hold a GGUF of their own name.
std::vector<std::string> bundled_models(const fs::path& root) {
  std::vector<std::string> names;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(root / "workloads/models", error)) {
    const std::string name = entry.path().filename().string();
    if (is_file(entry.path() / (name + ".gguf"))) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

Result<std::string> find_model(const std::string& name, const Places& places) {
  if (is_path(name, ".gguf")) return find_path(name, places);
  const fs::path bundled = places.root / "workloads/models" / name / (name + ".gguf");
  if (is_file(bundled)) return bundled.string();
  return fail(ErrorCode::kBadInput, base::unknown_name("model", name, bundled_models(places.root)) +
                                        "; a model of your own is named by the path of its .gguf");
}

Result<std::string> find_suite(const std::string& name, const Places& places) {
  if (is_path(name, ".json")) return find_path(name, places);
  const fs::path bundled = places.root / "workloads/suites" / (name + ".json");
  if (is_file(bundled)) return bundled.string();
  return fail(ErrorCode::kBadInput,
              base::unknown_name("suite", name, base::bundled_names(places.root / "workloads/suites")) +
                  "; a suite of your own is named by the path of its .json");
}

// One entry of "models" or "suites": a name or path, or {"name": ..., "file": ...}.
struct NamedFile {
  std::string name;  // empty: taken from the file
  std::string file;
};

std::vector<NamedFile> named_files(JsonObject& plan, std::string_view key) {
  std::vector<NamedFile> entries;
  const nlohmann::json* list = plan.raw(key);
  if (list == nullptr || !list->is_array() || list->empty()) {
    plan.fail(key, "expected a list of one or more names or {\"file\": \"...\"} objects");
    return entries;
  }
  for (std::size_t i = 0; i < list->size(); ++i) {
    const nlohmann::json& item = (*list)[i];
    if (item.is_string()) {
      entries.push_back({"", item.get<std::string>()});
    } else if (item.is_object()) {
      JsonObject object = plan.element(key, i);
      NamedFile entry;
      entry.name = object.optional_string("name");
      entry.file = object.required_string("file");
      entries.push_back(std::move(entry));
    } else {
      plan.fail(fmt::format("{}[{}]", key, i), "expected a name or {\"file\": \"...\"}");
    }
  }
  return entries;
}

void read_models(JsonObject& root, const Places& places, Plan& plan) {
  for (const NamedFile& entry : named_files(root, "models")) {
    Result<std::string> file = find_model(entry.file, places);
    if (!file) return root.fail("models", file.error().text());
    const std::string name = entry.name.empty() ? fs::path(*file).stem().string() : entry.name;
    if (name.starts_with(base::kSentinelPrefix)) {
      return root.fail("models", fmt::format("'{}' has the name of a sentinel; those stand in \"sentinels\", "
                                             "and another model needs another name",
                                             name));
    }
    plan.models.push_back({name, *file});
  }
}

// A pair that is not measured.
base::SettingsOverride left_out(const std::string& model, const std::string& variant) {
  return {{{"model", model}, {"variant", variant}}, {{"sessions", 0}}};
}

// A sentinel is a model of its own name, measured as its one variant; and if that is none of the plan's, no
// other model is.
void read_sentinels(JsonObject& root, const Places& places, Plan& plan) {
  for (JsonObject& object : root.optional_objects("sentinels")) {
    const std::string model = object.required_string("model");
    const std::string variant = object.required_string("variant");
    if (variant.empty()) object.fail("variant", "expected a variant, for example \"int8\"");
    Result<std::string> file = find_model(model, places);
    if (!file) return object.fail("model", file.error().text());
    const std::string name = std::string(base::kSentinelPrefix) + fs::path(*file).stem().string();
    for (const std::string& other : plan.variants) {
      if (other != variant) plan.overrides.push_back(left_out(name, other));
    }
    const bool is_known =
        std::find(plan.variants.begin(), plan.variants.end(), variant) != plan.variants.end();
    if (!is_known) {
      for (const base::ModelRef& other : plan.models) plan.overrides.push_back(left_out(other.name, variant));
      plan.variants.push_back(variant);
    }
    plan.models.push_back({name, *file});
  }
}

// An error of a suite is its own: it names the suite's file and key, not the plan's.
Done read_suites(JsonObject& root, const Places& places, Plan& plan) {
  for (const NamedFile& entry : named_files(root, "suites")) {
    Result<std::string> file = find_suite(entry.file, places);
    if (!file) {
      root.fail("suites", file.error().text());
      return {};
    }
    SLMRIG_ASSIGN(base::Suite suite, load_suite(*file));
    if (!entry.name.empty()) suite.name = entry.name;
    std::string name = suite.name;
    plan.suites.push_back({std::move(name), std::move(suite)});
  }
  return {};
}

// As CellSettings and SettingsOverride keep it: a word stands as its place among the words.
uint32_t read_setting(JsonObject& settings, const std::string& name) {
  const std::vector<std::string> words = setting_words(name);
  if (words.empty()) {
    const SettingRange range = setting_range(name);
    return static_cast<uint32_t>(settings.required_uint(name, range.least, range.most));
  }
  const std::string word = settings.required_choice(name, words);
  const auto found = std::find(words.begin(), words.end(), word);
  return found == words.end() ? 0 : static_cast<uint32_t>(found - words.begin());
}

void read_settings(JsonObject settings, base::CellSettings& into) {
  for (const std::string& name : setting_names()) {
    if (settings.has(name)) set_setting(into, name, read_setting(settings, name));
  }
}

void read_energy(JsonObject object, base::EnergySettings& into) {
  const auto count = [&](const char* name, uint32_t fallback, uint64_t least, uint64_t most) {
    return static_cast<uint32_t>(object.optional_uint(name, fallback, least, most));
  };
  into.prompts = count("prompts", into.prompts, 0, 1000);
  into.repeats = count("repeats", into.repeats, 1, 1000);
  into.most_repeats = count("most_repeats", std::max(into.most_repeats, into.repeats), 1, 1000);
  into.until_half_width_percent =
      object.optional_number("until_half_width_percent", into.until_half_width_percent, 0, 100);
  into.idle_ms = count("idle_ms", into.idle_ms, 50, 60'000);
  into.windows = count("windows", into.windows, 0, 1000);
  into.window_s = object.optional_number("window_s", into.window_s, 0.01, 3600);
  into.window_limit_s = count("window_limit_s", into.window_limit_s, 1, 86'400);
  into.cold_starts = count("cold_starts", into.cold_starts, 0, 1000);
  for (const char* name : {"repeats", "most_repeats", "until_half_width_percent"}) {
    if (into.windows != 0 && object.has(name))
      object.fail(name, "stands beside \"windows\"; an energy pass has repeats or windows");
  }
  if (into.windows == 0 && (object.has("window_s") || object.has("window_limit_s")))
    object.fail("windows", "is 0 or not there, and what a window is to be is said; MLPerf Tiny has 5");
  if (into.most_repeats < into.repeats) {
    object.fail("most_repeats", fmt::format("is {}, less than the {} repeats that are wanted at least",
                                            into.most_repeats, into.repeats));
  }
}

// Numbers at `key`, each in [least, most], one or more.
std::vector<double> number_list(JsonObject& object, std::string_view key, double least, double most) {
  std::vector<double> numbers;
  const nlohmann::json* list = object.raw(key);
  const std::string expected =
      fmt::format("expected a list of one or more numbers from {} to {}", least, most);
  if (list == nullptr || !list->is_array() || list->empty()) {
    object.fail(key, expected);
    return numbers;
  }
  for (const nlohmann::json& item : *list) {
    const double number = item.is_number() ? item.get<double>() : least - 1;
    if (number < least || number > most) {
      object.fail(key, expected);
      return {};
    }
    numbers.push_back(number);
  }
  return numbers;
}

Result<BatteryCurve> find_battery(const std::string& battery, const Places& places) {
  std::string file = battery;
  if (is_path(battery, ".json")) {
    SLMRIG_ASSIGN(file, find_path(battery, places));
  }
  return load_battery(file, places.root.string());
}

// A sweep of supply voltages: stated, or those of a battery that empties.
void read_supplies(JsonObject& root, const Places& places, Plan& plan) {
  constexpr double kMostMv = 60'000;
  std::vector<double> supplies;
  if (root.has("supply_mv")) supplies = number_list(root, "supply_mv", 1, kMostMv);
  if (root.has("discharge")) {
    JsonObject discharge = root.required_object("discharge");
    const std::string battery = discharge.required_string("battery");
    const std::vector<double> remaining = number_list(discharge, "remaining_percent", 0, 100);
    if (!supplies.empty())
      return root.fail("discharge", "stands beside \"supply_mv\"; a plan has one of both");
    const Result<BatteryCurve> curve = find_battery(battery, places);
    if (!curve) return discharge.fail("battery", curve.error().text());
    for (const double percent : remaining) supplies.push_back(curve->mv_at(percent));
  }
  for (const double mv : supplies) plan.supply_mv.push_back(static_cast<int>(std::lround(mv)));
  std::sort(plan.supply_mv.begin(), plan.supply_mv.end(), std::greater<>());
  plan.supply_mv.erase(std::unique(plan.supply_mv.begin(), plan.supply_mv.end()), plan.supply_mv.end());
}

void read_override(JsonObject object, Plan& plan) {
  base::SettingsOverride result;
  JsonObject where = object.required_object("where");
  for (const std::string_view key : {"bench", "board", "model", "variant", "suite"}) {
    if (where.has(key)) result.where[std::string(key)] = where.required_string(key);
  }
  JsonObject set = object.required_object("set");
  for (const std::string& name : setting_names()) {
    if (!set.has(name)) continue;
    result.set[name] = read_setting(set, name);
    if (belongs_to_session(name) && result.where.contains("suite")) {
      set.fail(name,
               fmt::format("'{}' belongs to a session, which all suites share; take \"suite\" out of this "
                           "\"where\", or make a plan of its own for the suite",
                           name));
    }
  }
  plan.overrides.push_back(std::move(result));
}

template <typename Items, typename NameOf>
std::optional<std::string> first_repeated(const Items& items, NameOf name_of) {
  std::set<std::string> seen;
  for (const auto& item : items) {
    if (!seen.insert(name_of(item)).second) return name_of(item);
  }
  return std::nullopt;
}

void refuse_repeated(JsonObject& root, const Plan& plan) {
  const auto complain = [&](std::string_view key, const std::optional<std::string>& name) {
    if (name) root.fail(key, fmt::format("'{}' stands here twice; each name once", *name));
  };
  complain("models", first_repeated(plan.models, [](const auto& model) { return model.name; }));
  complain("suites", first_repeated(plan.suites, [](const auto& suite) { return suite.name; }));
  complain("variants", first_repeated(plan.variants, [](const auto& variant) { return variant; }));
}

Result<std::string> find_plan(const std::string& name, const fs::path& root) {
  if (is_path(name, ".json") || is_file(name)) return name;
  const fs::path bundled = root / "workloads/plans" / (name + ".json");
  if (is_file(bundled)) return bundled.string();
  return fail(ErrorCode::kBadInput,
              base::unknown_name("plan", name, base::bundled_names(root / "workloads/plans")) +
                  "; a plan of your own is named by the path of its .json");
}

}  // namespace

Result<Plan> parse_plan(std::string_view text, const std::string& file, const std::string& root_folder) {
  SLMRIG_ASSIGN(JsonDocument document, JsonDocument::parse(std::string(text), file));
  JsonObject root = document.root();
  const Places places{root_folder, fs::path(file).parent_path()};
  Plan plan;
  plan.file = file;
  plan.text = text;
  plan.sha256 = document.sha256();
  plan.name = root.required_string("name");
  plan.benches = root.optional_strings("benches");
  plan.variants = root.required_strings("variants");
  if (plan.variants.empty()) root.fail("variants", "expected one or more, for example [\"f32\", \"int8\"]");
  read_models(root, places, plan);
  SLMRIG_TRY(read_suites(root, places, plan));
  const std::string purpose = root.optional_choice("purpose", {"look", "gate"}, "look");
  if (purpose == "gate") plan.settings.sessions = base::kSessionsOfGate;
  read_settings(root.optional_object("settings"), plan.settings);
  read_energy(root.optional_object("energy"), plan.energy);
  read_supplies(root, places, plan);
  for (JsonObject& object : root.optional_objects("overrides")) read_override(object, plan);
  read_sentinels(root, places, plan);  // after the overrides, which are not to bring its other variants back
  plan.order_seed = root.optional_uint("order_seed", 1);
  plan.engine = root.optional_string("engine", "slm");
  root.optional_string("description");
  refuse_repeated(root, plan);
  SLMRIG_TRY(document.finish());
  return plan;
}

Result<std::string> find_model_file(const std::string& name, const std::string& root) {
  return find_model(name, {root, fs::path(".")});
}

Result<Plan> load_plan(const std::string& name, const std::string& root) {
  SLMRIG_ASSIGN(const std::string file, find_plan(name, root));
  SLMRIG_ASSIGN(const std::string text, base::read_text(file));
  return parse_plan(text, file, root);
}

}  // namespace slmrig::plan
