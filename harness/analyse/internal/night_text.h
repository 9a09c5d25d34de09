// Nights and changes in words, for notes and reasons. Part of analyse.
#pragma once

#include <cstdint>
#include <string>

namespace slmrig::analyse {

// "2026-03-14", UTC.
std::string night_text(int64_t at_ns);

// "+10.1% (12 to 13.2)"; without the share where `before` is 0.
std::string change_text(double before, double after);

}  // namespace slmrig::analyse
