#include "harness/rig/meters/scpi_profile.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdlib>
#include <regex>

#include <fmt/format.h>

#include "harness/base/json_reader.h"

namespace slmrig::rig {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::fail;
using base::JsonObject;
using base::Result;

int number_of(JsonObject& object, const char* key, uint64_t absent, uint64_t lowest, uint64_t highest) {
  return static_cast<int>(object.optional_uint(key, absent, lowest, highest));
}

void check_expression(JsonObject& object, const char* key, const std::string& expression) {
  if (!matches("", expression)) object.fail(key, "is no regular expression: " + expression);
}

void read_serial(JsonObject serial, ScpiProfile* profile) {
  constexpr uint64_t kMostMs = 1000;
  profile->is_serial = true;
  profile->baud = static_cast<int>(serial.required_uint("baud", 300, 4'000'000));
  profile->framing.line_end = serial.optional_string("line_end", "\n");
  profile->framing.silence_ms = number_of(serial, "silence_ms", 40, 1, kMostMs);
  profile->framing.pause_ms = number_of(serial, "pause_ms", 0, 0, kMostMs);
}

ScpiSupply read_supply(JsonObject json) {
  constexpr uint64_t kMost = 1'000'000;
  ScpiSupply supply;
  supply.set_voltage = json.required_string("set_voltage");
  supply.voltage = json.required_string("voltage");
  supply.set_current_limit = json.required_string("set_current_limit");
  supply.on = json.required_string("on");
  supply.off = json.required_string("off");
  supply.lowest_mv = number_of(json, "lowest_mv", 0, 0, kMost);
  supply.highest_mv = static_cast<int>(json.required_uint("highest_mv", 1, kMost));
  supply.highest_ma = static_cast<int>(json.required_uint("highest_ma", 1, kMost));
  supply.volts_decimals = number_of(json, "volts_decimals", 3, 0, 9);
  supply.amperes_decimals = number_of(json, "amperes_decimals", 3, 0, 9);
  supply.width = number_of(json, "width", 0, 0, 12);
  if (json.has("state")) {
    JsonObject state = json.required_object("state");
    supply.state = state.required_string("query");
    supply.state_on = state.optional_string("on");
    supply.state_bit = state.has("bit") ? static_cast<int>(state.required_uint("bit", 0, 7)) : -1;
    if (supply.state_on.empty() == (supply.state_bit < 0)) state.fail("", "has either \"on\" or \"bit\"");
    check_expression(state, "on", supply.state_on);
  }
  return supply;
}

void read_measure(JsonObject measure, ScpiProfile* profile) {
  profile->voltage = measure.optional_string("voltage");
  profile->current = measure.optional_string("current");
  profile->power = measure.optional_string("power");
  if (profile->current.empty() && profile->power.empty())
    measure.fail("", "measures neither current nor power");
}

void read_rest(JsonObject& root, ScpiProfile* profile) {
  constexpr double kMostPercent = 50;
  if (root.has("integration")) {
    JsonObject integration = root.required_object("integration");
    profile->integration = integration.required_string("command");
    profile->nplc = integration.optional_number("nplc", 1, 1e-4, 1000);
  }
  if (root.has("error")) {
    JsonObject error = root.required_object("error");
    profile->error = error.required_string("query");
    profile->no_error = error.required_string("none");
    check_expression(error, "none", profile->no_error);
  }
  if (root.has("accuracy")) {
    JsonObject accuracy = root.required_object("accuracy");
    profile->accuracy_stated = true;
    profile->current_gain = accuracy.optional_number("current_percent", 0, 0, kMostPercent) / 100;
    profile->current_offset_ua = accuracy.optional_number("current_offset_ua", 0, 0, 1e9);
    profile->voltage_gain = accuracy.optional_number("voltage_percent", 0, 0, kMostPercent) / 100;
  }
}

}  // namespace

Result<ScpiProfile> read_scpi_profile(const fs::path& file) {
  constexpr uint64_t kMostChannels = 64;
  SLMRIG_ASSIGN(base::JsonDocument document, base::JsonDocument::read(file));
  JsonObject root = document.root();
  ScpiProfile profile;
  profile.name = root.required_string("name");
  profile.description = root.required_string("description");
  root.required_string("source");
  profile.idn = root.required_string("idn");
  check_expression(root, "idn", profile.idn);
  if (root.has("serial")) read_serial(root.required_object("serial"), &profile);
  profile.channels = number_of(root, "channels", 1, 1, kMostChannels);
  profile.open = root.optional_strings("open");
  profile.close = root.optional_strings("close");
  profile.select = root.optional_string("select");
  profile.setup = root.optional_strings("setup");
  read_measure(root.required_object("measure"), &profile);
  if (root.has("supply")) profile.supply = read_supply(root.required_object("supply"));
  read_rest(root, &profile);
  if (profile.name != file.stem().string())
    root.fail("name", fmt::format("is '{}' in a file of another name", profile.name));
  SLMRIG_TRY(document.finish());
  return profile;
}

Result<std::vector<ScpiProfile>> read_scpi_profiles(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code problem;
  for (const auto& entry : fs::directory_iterator(folder, problem)) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(".json") && !name.ends_with(".schema.json")) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::vector<ScpiProfile> profiles;
  for (const fs::path& file : files) {
    SLMRIG_ASSIGN(ScpiProfile profile, read_scpi_profile(file));
    profiles.push_back(std::move(profile));
  }
  if (!profiles.empty()) return profiles;
  return fail(ErrorCode::kBadInput, fmt::format("{} holds no profile of an instrument", folder.string()));
}

Result<bool> matches(const std::string& text, const std::string& expression) {
  try {
    return std::regex_search(text, std::regex(expression));
  } catch (const std::regex_error& error) {
    return fail(ErrorCode::kBadInput,
                fmt::format("'{}' is no regular expression: {}", expression, error.what()));
  }
}

std::string fill_command(std::string command, const std::map<std::string, std::string>& values) {
  for (const auto& [name, value] : values) {
    const std::string place = "{" + name + "}";
    for (std::size_t at = command.find(place); at != std::string::npos; at = command.find(place, at))
      command.replace(at, place.size(), value);
  }
  return command;
}

std::string figure_text(double value, int decimals, int width) {
  return fmt::format("{:0{}.{}f}", value, width, decimals);
}

Result<ScpiFigure> parse_figure(const std::string& answer) {
  // IEEE 488.2's not-a-number and infinity, as SCPI instruments send them.
  constexpr double kNotANumber = 9.91e37;
  constexpr double kInfinity = 9.9e37;
  const char* text = answer.c_str();
  char* rest = nullptr;
  ScpiFigure figure;
  figure.value = std::strtod(text, &rest);
  const std::string unit(rest);
  const bool is_unit = std::all_of(
      unit.begin(), unit.end(), [](unsigned char c) { return std::isalpha(c) != 0 || std::isspace(c) != 0; });
  if (rest == text || !is_unit)
    return fail(ErrorCode::kCorrupt, fmt::format("a figure was expected, it answered '{}'", answer));
  const double size = std::abs(figure.value);
  figure.valid = std::isfinite(figure.value) && size < kNotANumber * 0.9999;
  figure.saturated = figure.valid && size >= kInfinity * 0.9999;
  return figure;
}

}  // namespace slmrig::rig
