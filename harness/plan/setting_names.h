// The settings of a cell by the names that plan files use: one list for reading, overriding and suggesting.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/base/records/plan.h"

namespace slmrig::plan {

struct SettingRange {
  uint32_t least = 0;
  uint32_t most = 0;
};

std::vector<std::string> setting_names();

// Settings that the cells of a session share (context, sessions, cold starts, ...): one suite cannot have its
// own. False for an unknown name.
bool belongs_to_session(const std::string& name);

// The names must be of setting_names() from here on.
//
// The words of a setting that is written as one of some words, in the order of the values that they stand
// for; empty for a number.
std::vector<std::string> setting_words(const std::string& name);
SettingRange setting_range(const std::string& name);
void set_setting(base::CellSettings& settings, const std::string& name, uint32_t value);

}  // namespace slmrig::plan
