// What a power meter is and what it saw: plain data, shared by drivers, the capture file and the analysis.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace slmrig::base {

// One measuring range. Gains are half-widths relative to the reading (0.10: +-10 %), as the maker states
// them.
struct MeterRange {
  std::string name;            // "50 uA"
  double highest_ua = 0;       // full scale
  double gain_half_width = 0;  // of the reading
  double offset_ua = 0;        // half-width: resolution and zero together
  double shunt_ohm = 0;        // what the supply drops over; 0: not known
  bool calibrated =
      true;  // false: the meter has not told its constants; figures of this range are not trusted
};

// Who measures, and how well; constant from open to close.
struct MeterFacts {
  std::string kind;                // "ppk2", "lpm01a", "scpi", "hwmon", ...: as in the rig file
  std::string model;               // as the instrument says
  std::string serial;              // its own serial number; empty: it has none
  std::string version;             // of its firmware; empty: it does not tell
  std::string address;             // where it was found
  double sample_rate_hz = 0;       // 0: samples are not equally spaced and carry their own time
  std::vector<MeterRange> ranges;  // by PowerSamples::range; empty: the meter has none
  uint32_t marker_lines = 0;       // D0 .. Dn-1, sampled with the current; 0: none
  bool measures_voltage = false;   // else energy is charge times the supply's set-point
  bool sources = false;            // the board is fed by it
  double voltage_half_width = 0;   // of the supply's set-point or of the voltage reading, relative
  std::map<std::string, std::string> settings;  // in force, for the provenance
};

// Bits of PowerSamples::flags.
inline constexpr uint8_t kSampleSaturated = 1;  // the true current is this or more
inline constexpr uint8_t kSampleInvalid = 2;    // nothing is known of this sample
inline constexpr uint8_t kSampleDoubtful = 4;   // beside a gap whose length is ambiguous
// Of meters that are asked: the same figures as the reading before, so it may be the same conversion. Energy
// counts it; as an independent observation it does not count.
inline constexpr uint8_t kSampleRepeated = 8;

// Sample periods that the meter took and we never got, just before the sample `index`.
struct SampleGap {
  int64_t index = 0;
  int64_t count = 0;
};

// Samples in their order. Element [i] of every column belongs to one sample; a column is either empty or of
// the length of all others.
struct PowerSamples {
  // Position in sample periods since the meter was started, of every sample: gaps have advanced it.
  // Equally spaced meters: index of the first; further ones follow without a hole except at `gaps`.
  int64_t first_index = 0;
  std::vector<float> current_ua;  // signed; empty: the meter tells power alone
  std::vector<float> voltage_mv;  // empty: the supply's set-point
  std::vector<float> power_uw;    // empty: current times voltage. Mean power since the sample before.
  std::vector<int64_t> time_ns;   // CLOCK_MONOTONIC of the host, for meters without a fixed rate; else empty
  std::vector<uint8_t> range;     // of MeterFacts::ranges; empty: one range
  std::vector<uint8_t> markers;   // bit k: line Dk; empty: no marker lines
  std::vector<uint8_t> flags;     // kSample...; empty: nothing to tell
  std::vector<SampleGap> gaps;
  int64_t received_ns = 0;  // CLOCK_MONOTONIC when the last of them was read
};

}  // namespace slmrig::base
