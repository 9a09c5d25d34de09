#include "harness/rigsim/ppk2/calibration.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace slmrig::rigsim {
namespace {

constexpr Ppk2Constants kSetA = {{1003.3506, 101.5865, 10.3027, 0.9636, 0.0564},
                                 {0, 112.7890, 18.0115, 2.4217, 0.0729},
                                 {1, 0.9695, 0.9609, 0.9519, 0.9582},
                                 {112.9420, 75.4627, 64.6020, 50.4983, 87.2177},
                                 {4.8e-8, 5.96e-7, 5.281e-6, 6.2577e-5, 2.940743e-3},
                                 {-1.04e-7, -1.443e-6, 3.6439e-5, -3.74119e-4, -9.388455e-3},
                                 {1, 1, 1, 1, 1}};
constexpr Ppk2Constants kSetB = {{1004.569885, 102.184196, 10.382900, 0.972300, 0.056700},
                                 {0, 154.061005, 23.392099, 3.371000, 0.109369},
                                 {1, 0.957200, 0.950300, 0.936200, 0.944026},
                                 {151.841400, 103.388397, 87.856201, 66.804604, 118.277618},
                                 {-2.8e-8, -2.74e-7, -1.803e-6, -2.1984e-5, 1.923220e-3},
                                 {1.18e-7, 1.097e-6, 7.1752e-5, -2.14770e-4, -7.002169e-3},
                                 {1, 1, 1, 1, 1}};

// 1.8 V over 2^14 codes of four counts, behind an amplifier of 2.5.
constexpr double kVoltsPerCount = 1.8 / 163840;

class MetadataText {
 public:
  MetadataText(const std::vector<std::string>& left_out, const std::vector<std::string>& not_numbers)
      : left_out_(left_out), not_numbers_(not_numbers) {}

  void add(const std::string& key, const std::string& value) {
    if (has(left_out_, key)) return;
    text_ += fmt::format("{}: {}\n", key, has(not_numbers_, key) ? "-nan" : value);
  }
  void add_all(const char* prefix, const std::array<double, kPpk2Ranges>& values, int decimals) {
    for (int range = 0; range < kPpk2Ranges; ++range)
      add(fmt::format("{}{}", prefix, range), fmt::format("{:.{}f}", values[range], decimals));
  }
  std::string take() { return text_ + "END\n"; }

 private:
  static bool has(const std::vector<std::string>& list, const std::string& key) {
    return std::find(list.begin(), list.end(), key) != list.end();
  }

  const std::vector<std::string>& left_out_;
  const std::vector<std::string>& not_numbers_;
  std::string text_;
};

}  // namespace

base::Result<Ppk2Constants> ppk2_constants(const std::string& set) {
  if (set == "A") return kSetA;
  if (set == "B") return kSetB;
  return base::fail(base::ErrorCode::kBadInput,
                    fmt::format("unknown calibration '{}'; there are those of two units, A and B", set));
}

// In the order of a real unit, on which some clients rely.
std::string ppk2_metadata(const Ppk2Constants& constants, const Ppk2Settings& settings,
                          const std::vector<std::string>& left_out,
                          const std::vector<std::string>& not_numbers) {
  MetadataText text(left_out, not_numbers);
  text.add("Calibrated", "0");
  text.add_all("R", constants.r, 6);
  text.add_all("GS", constants.gs, 6);
  text.add_all("GI", constants.gi, 6);
  text.add_all("O", constants.o, 6);
  text.add("VDD", fmt::format("{}", settings.vdd_mv));
  text.add("HW", "9173");
  text.add("mode", fmt::format("{}", settings.mode));
  text.add_all("S", constants.s, 9);
  text.add_all("I", constants.i, 9);
  text.add_all("UG", constants.ug, 2);
  text.add("IA", "56");
  return text.take();
}

// The larger root of the quadratic that the host evaluates, in the form that stays exact for small currents.
double Ppk2Converter::counts(double amperes) const {
  const double seen = amperes / user_gain - constant_a;
  const double root = std::sqrt(std::max(0.0, gain * gain + 4 * quadratic_gain * seen));
  return 2 * seen / (gain + root) * counts_per_ampere + zero_counts;
}

std::array<Ppk2Converter, kPpk2Ranges> ppk2_converters(const Ppk2Constants& constants, double supply_v) {
  std::array<Ppk2Converter, kPpk2Ranges> converters;
  for (int range = 0; range < kPpk2Ranges; ++range) {
    converters[range] = {constants.r[range] / kVoltsPerCount,
                         constants.o[range],
                         constants.gs[range],
                         constants.gi[range],
                         constants.s[range] * supply_v + constants.i[range],
                         constants.ug[range]};
  }
  return converters;
}

}  // namespace slmrig::rigsim
