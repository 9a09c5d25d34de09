// Figures as people read them: three significant digits and a unit. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "harness/store/rows.h"

namespace slmrig::cli {

// What stands where nothing was measured.
inline constexpr const char* kNothing = "-";

// "812ns", "45.6µs", "1.23ms", "2.31s".
std::string time_text(double ns);

// "812", "45.6k", "1.23M".
std::string count_text(double count);

// A time, or a count of instructions, by the unit; "-" when absent.
std::string cost_text(std::optional<double> cost, store::CostUnit unit);

// "812B", "45.6kB", "1.23MB": powers of 1000.
std::string bytes_text(std::optional<double> bytes);

// "812nJ", "45.6µJ", "1.23mJ", "2.31J"; "812nW", ...
std::string energy_text(double uj);
std::string power_text(double uw);

// A figure with its half-width as a share of it: "1.23mJ ±12%", "±0.05%".
std::string with_half_width(const std::string& figure, double value, double half_width);

// 0.975 -> "97.5%"; 1 -> "100%".
std::string share_text(std::optional<double> share);

// Whole times for people: "8 s", "1 min 20 s", "2 h 5 min".
std::string duration_text(int64_t ns);

// A clock that counts down: "0:41", "12:05", "1:02:00".
std::string countdown_text(int64_t ns);

}  // namespace slmrig::cli
