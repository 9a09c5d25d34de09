// How the parts of a Cortex-M's debug system identify themselves: the ROM table and the identification words
// at the end of each 4 kB page. Source: Arm ARMv7-M Architecture Reference Manual (DDI 0403E), C1.2 and
// appendix D2.
#pragma once

#include <cstdint>
#include <optional>

namespace slmrig::rigsim {

inline constexpr uint32_t kRomTableAddress = 0xE00FF000;
inline constexpr uint32_t kControlSpaceAddress = 0xE000E000;
inline constexpr uint32_t kDwtAddress = 0xE0001000;
inline constexpr uint32_t kFpbAddress = 0xE0002000;

// The word of a ROM table or of an identification page at this word address; nothing for every other address.
std::optional<uint32_t> coresight_word(uint32_t address);

}  // namespace slmrig::rigsim
