// What looking for changes would find in somebody's own history: steps of known size are put into it, and it
// is looked at night by night as it would have been. Pure, the same for the same input; safe from many
// threads.
//
//   const SelfTrial tested = self_trial(judged.corrected);
//   if (tested.learning) ...  // too short, or nothing moves in it
//
// A step counts as found where an alert (change_points.h) is raised near it whose p stands among the series
// of its board, were it alone there. False alarms are counted in the same history without its levels, its
// stretches in random order: whatever is then found is none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace slmrig::analyse {

struct SelfTrialOptions {
  std::vector<double> sigmas = {1, 2, 3, 4};             // heights in standard deviations of a night
  std::vector<double> shares = {0.01, 0.02, 0.05, 0.1};  // heights as shares of the level
  std::size_t within_nights = 20;                        // a step is found within so many, or not
  std::size_t trials = 10;   // places at which a step of each height is put, half of them downwards
  std::size_t reorders = 1;  // random orders of the history in which false alarms are counted
  std::size_t series_of_board = 1;
  double false_discovery_rate = 0.05;
  uint64_t seed = 1;
};

// What became of steps of one height.
struct StepPower {
  double height = 0;
  bool is_share = false;  // of the level; else in sigma
  std::size_t tried = 0;
  std::vector<std::size_t> delays;  // nights until each of those that were found was

  double power() const;                        // 0 where nothing was tried
  std::optional<double> median_delay() const;  // absent where nothing was found
};

struct SelfTrial {
  bool learning = false;     // fewer nights than kSelfTrialNights
  bool is_constant = false;  // no noise: a step of any size is found
  std::size_t nights = 0;    // that were looked at, in one order
  double level = 0;
  double sigma = 0;              // of a night, in the values' unit
  std::vector<StepPower> steps;  // sigmas, then shares, in the order of the options
  // In the history as it is: what it was found to have by the night on which it was. Real changes are among
  // them.
  std::size_t alerts = 0;
  std::size_t false_alerts = 0;  // in its random orders
  std::size_t nights_reordered = 0;

  double false_alerts_a_hundred_years() const;  // series-years; 0 where nothing was looked at
};

// The history before a step, and the nights after it, at least.
inline constexpr std::size_t kSelfTrialBefore = 16;
inline constexpr std::size_t kSelfTrialNights = kSelfTrialBefore + 8;

// `values` by night, finite or missing.
SelfTrial self_trial(std::span<const double> values, const SelfTrialOptions& options = {});

// Of several series together: sums, and steps of the same height as one. `level` and `sigma` stay 0.
SelfTrial together(const std::vector<SelfTrial>& tests);

}  // namespace slmrig::analyse
