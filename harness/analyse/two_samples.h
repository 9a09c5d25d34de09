// Do two samples differ, and by how much?
//
// Repetitions inside one session share its state and are no independent samples: give one value a session to
// mann_whitney and welch, or the sessions as they are to difference_of_medians. Pure; safe from many threads.
// Values that are not finite are missing and left out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace slmrig::analyse {

struct MannWhitney {
  double u = 0;        // of the first sample: pairs in which its value is the larger one, ties half
  double p_value = 1;  // two-sided
  bool exact = false;  // by counting, not by the normal approximation
};

// As scipy.stats.mannwhitneyu does (and with it Google Benchmark's compare.py): exact where a sample has at
// most 8 values and none are tied, otherwise normal with corrections for ties and continuity. Nothing when a
// sample is empty; p is 1 when all values are equal.
std::optional<MannWhitney> mann_whitney(std::span<const double> first, std::span<const double> second);

struct Difference {
  double value = 0;  // second - first
  double low = 0;
  double high = 0;
  double p_value = 1;  // two-sided, that there is none; of welch() only
};

// Of the means, with unequal variances. Nothing when a sample has fewer than 2 values.
std::optional<Difference> welch(std::span<const double> first, std::span<const double> second,
                                double confidence = 0.95);

struct BootstrapOptions {
  double confidence = 0.95;
  std::size_t resamples = 2000;
  uint64_t seed = 1;
};

// [sessions][values of the session]
using Sessions = std::vector<std::vector<double>>;

// Of the medians over all values, by drawing sessions and then values in them, each with replacement. With
// few sessions (below some 8 a side) the interval is too narrow; welch() of one value a session is then the
// honest one. Nothing when a side has fewer than 2 sessions with a value.
std::optional<Difference> difference_of_medians(const Sessions& first, const Sessions& second,
                                                const BootstrapOptions& options = {});

}  // namespace slmrig::analyse
