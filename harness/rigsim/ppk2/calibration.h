// The constants of a PPK2 and its converter, from the instrument's side: a current becomes a code.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "harness/base/error.h"

namespace slmrig::rigsim {

inline constexpr int kPpk2Ranges = 5;

// The constants of two real units, by the names of the metadata.
struct Ppk2Constants {
  std::array<double, kPpk2Ranges> r, gs, gi, o, s, i, ug;
};

// "A" or "B".
base::Result<Ppk2Constants> ppk2_constants(const std::string& set);

// Where the instrument stands, as its metadata tells.
struct Ppk2Settings {
  int vdd_mv = 3000;
  int mode = 2;
};

// The answer to a request for metadata, ending with END. Keys of `left_out` are missing, those of
// `not_numbers` read -nan.
std::string ppk2_metadata(const Ppk2Constants& constants, const Ppk2Settings& settings,
                          const std::vector<std::string>& left_out,
                          const std::vector<std::string>& not_numbers);

// One range's converter at one supply voltage: how a current becomes counts (four times a code).
struct Ppk2Converter {
  double counts_per_ampere = 0;
  double zero_counts = 0;
  double quadratic_gain = 0;
  double gain = 1;
  double constant_a = 0;  // what is read at zero counts
  double user_gain = 1;

  double counts(double amperes) const;
};

std::array<Ppk2Converter, kPpk2Ranges> ppk2_converters(const Ppk2Constants& constants, double supply_v);

}  // namespace slmrig::rigsim
