// How one family of bench supplies or multimeters is spoken to: data, from boards/meters/<name>.json (schema:
// boards/meters/meter.schema.json). A new model is a new file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/error.h"

namespace slmrig::rig {

// How commands and answers are cut.
struct InstrumentFraming {
  std::string line_end = "\n";  // empty: an answer ends when nothing has come for silence_ms
  int64_t silence_ms = 40;
  int64_t pause_ms = 0;  // the instrument's rest between two commands
};

struct ScpiSupply {
  std::string set_voltage;
  std::string voltage;  // asks for the set-point
  std::string set_current_limit;
  std::string on;
  std::string off;
  std::string state;  // asks whether it is on; empty: cannot be asked
  std::string state_on;
  int state_bit = -1;
  int lowest_mv = 0;
  int highest_mv = 0;
  int highest_ma = 0;
  int volts_decimals = 3;
  int amperes_decimals = 3;
  int width = 0;
};

struct ScpiProfile {
  std::string name;
  std::string description;
  std::string idn;
  bool is_serial = false;
  int baud = 9600;
  InstrumentFraming framing;
  int channels = 1;
  std::vector<std::string> open;
  std::vector<std::string> close;
  std::string select;
  std::vector<std::string> setup;
  std::string voltage;  // queries
  std::string current;
  std::string power;
  std::string integration;
  double nplc = 0;
  std::optional<ScpiSupply> supply;
  std::string error;
  std::string no_error;
  bool accuracy_stated = false;
  double current_gain = 0;  // half-widths, relative
  double current_offset_ua = 0;
  double voltage_gain = 0;
};

base::Result<ScpiProfile> read_scpi_profile(const std::filesystem::path& file);
// All of a folder, by name.
base::Result<std::vector<ScpiProfile>> read_scpi_profiles(const std::filesystem::path& folder);

// Found in `text` (ECMAScript). kBadInput where it is no regular expression.
base::Result<bool> matches(const std::string& text, const std::string& expression);

// "{volts}" and its like in `command` replaced.
std::string fill_command(std::string command, const std::map<std::string, std::string>& values);
// 3.3 with 2 decimals and width 5: "03.30".
std::string figure_text(double value, int decimals, int width);

// What an instrument answers where it has no figure, or too large a one.
struct ScpiFigure {
  double value = 0;
  bool valid = true;       // false: 9.91E37, not a number
  bool saturated = false;  // 9.9E37, an overload
};
// "+3.300123E+00", "0.234 A", "05.00". kCorrupt where it is no number.
base::Result<ScpiFigure> parse_figure(const std::string& answer);

}  // namespace slmrig::rig
