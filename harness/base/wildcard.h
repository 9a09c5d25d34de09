// Names with wildcards, as plans and --only use them: '*' is any run of characters, '?' is any one.
#pragma once

#include <string_view>

namespace slmrig::base {

// Linear in text x pattern; no recursion, no special characters beside the two.
bool matches_wildcard(std::string_view pattern, std::string_view text);

}  // namespace slmrig::base
