// The kinds of sensor streams: how each is asked for, generated and summarised.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "workloads/forge/random.h"

namespace slmrig::forge {

struct Stream {
  std::string items;  // "72 at 14:02, 131 at 14:08"
  std::string answer;
  std::vector<std::string> facts;    // numbers and clock times that the answer must state
  std::vector<std::string> phrases;  // words that it must hold
};

struct StreamSpec {
  std::string_view name;
  std::string_view wording;                   // a pattern of grammar.h around {items}
  std::span<const std::string_view> layouts;  // how one reading is written, a part of the template
  Stream (*make)(std::string_view layout, Random& random);
};

std::span<const StreamSpec> stream_specs();

}  // namespace slmrig::forge
