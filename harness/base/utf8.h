// Text from a device is bytes; what we store and show is valid UTF-8.
#pragma once

#include <string>
#include <string_view>

namespace slmrig::base {

// Each maximal ill-formed part becomes one U+FFFD (the Unicode standard's recommended practice). NUL is kept.
std::string make_valid_utf8(std::string_view bytes);

bool is_valid_utf8(std::string_view bytes);

}  // namespace slmrig::base
