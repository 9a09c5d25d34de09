// Patterns of wordings: "(set|start) a timer [now] for {duration}".
//
// (a|b) chooses, [a|b] chooses or leaves out, {slot} stays. Groups nest. Expansion yields every wording once,
// with single spaces.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace slmrig::forge {

// Aborts on a malformed pattern: patterns are our own tables.
std::vector<std::string> expand_pattern(std::string_view pattern);

}  // namespace slmrig::forge
