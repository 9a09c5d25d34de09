// What Nordic's Power Profiler Kit II and its host say to each other: commands, calibration, samples. Pure.
//
// Commands are raw bytes without framing or acknowledgement; only kMetadata is answered, by lines of text.
// Samples are little-endian words of 32 bits, 100,000 a second:
//   bits 0-13   code of the converter, times 4 before use
//   bits 14-16  range 0-4, 0 the most sensitive; 5-7 are no samples
//   bits 18-23  counter, modulo 64
//   bits 24-31  logic inputs D0-D7
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slmrig::rig {

inline constexpr double kPpk2SampleRateHz = 100'000;
inline constexpr int kPpk2Ranges = 5;
inline constexpr int kPpk2Lines = 8;
inline constexpr int kPpk2LowestMv = 800;
inline constexpr int kPpk2HighestMv = 5000;
inline constexpr uint32_t kPpk2FullScale = 0x3FFF;

inline constexpr uint32_t ppk2_code(uint32_t word) { return word & 0x3FFFU; }
inline constexpr uint32_t ppk2_range(uint32_t word) { return word >> 14U & 7U; }
inline constexpr uint32_t ppk2_counter(uint32_t word) { return word >> 18U & 63U; }
inline constexpr uint32_t ppk2_lines(uint32_t word) { return word >> 24U; }

// The commands that Nordic's own program uses today; others are never sent.
enum class Ppk2Opcode : uint8_t {
  kStart = 0x06,
  kStop = 0x07,
  kPower = 0x0C,      // 0 off, 1 on
  kRegulator = 0x0D,  // millivolts, big-endian
  kMode = 0x11,       // Ppk2Mode
  kMetadata = 0x19,
};

enum class Ppk2Mode : uint8_t { kAmpere = 1, kSource = 2 };

std::vector<uint8_t> ppk2_command(Ppk2Opcode opcode);  // those without an argument
std::vector<uint8_t> ppk2_power(bool on);
std::vector<uint8_t> ppk2_regulator(int millivolts);
std::vector<uint8_t> ppk2_mode(Ppk2Mode mode);

// The constants of one range, as the names of the metadata have them (`zero` is O, `constant` is I).
struct Ppk2Calibration {
  double shunt_ohm = 0;       // R
  double quadratic_gain = 1;  // GS
  double gain = 1;            // GI
  double zero = 0;            // O, in counts
  double voltage_slope = 0;   // S
  double constant = 0;        // I, amperes
  double user_gain = 1;       // UG
  bool complete = true;       // false: at least one was not told, and stands at its maker's default
};

struct Ppk2Metadata {
  std::array<Ppk2Calibration, kPpk2Ranges> ranges;
  int vdd_mv = 0;                    // the regulator's setting; 0: not told
  int hardware = 0;                  // an identity, not a version
  int mode = 0;                      // Ppk2Mode; 0: not told
  bool says_calibrated = false;      // 0 is seen on units with complete constants
  std::vector<std::string> missing;  // names of constants that were not told, or are no number
};

// Reads the answer to kMetadata from all that arrived since it was asked for: stale samples may precede it.
// Nothing while its end has not come, or where not one known key is in it.
std::optional<Ppk2Metadata> parse_ppk2_metadata(std::string_view received);

// The current that a code of 14 bits means, at the supply's set-point.
double ppk2_current_ua(const Ppk2Calibration& calibration, uint32_t code, double supply_v);

}  // namespace slmrig::rig
