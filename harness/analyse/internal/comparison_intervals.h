// The intervals of a comparison (comparison.h says which figure takes which). Pure; all are of 95 %.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "harness/analyse/comparison.h"

namespace slmrig::analyse {

// Of mean(values) / mean(reference), from Welch's t on logarithms (B. L. Welch, Biometrika 34, 1947). Nothing
// when either has less than two values or one that is not positive.
std::optional<Interval> ratio_interval(const std::vector<double>& reference,
                                       const std::vector<double>& values);

// Two-sided, that the means are alike; nothing where there is no interval.
std::optional<double> ratio_p_value(const std::vector<double>& reference, const std::vector<double>& values);

// Of the ratio of two figures whose relative half-widths are known, and that they are alike (normal).
Interval ratio_interval(double ratio, double reference_half_width, double half_width);
double ratio_p_value(double ratio, double reference_half_width, double half_width);

// Answers to the same prompts by two subjects. Shares of repeats count, so these need not be whole.
struct PairedAnswers {
  uint32_t prompts = 0;
  double only_reference_right = 0;
  double only_subject_right = 0;
};

// Of (only_subject - only_reference) / prompts: Wald's with half an answer added to each of the four cells of
// the table of pairs (A. Agresti, Y. Min, Statistics in Medicine 24, 2005), so that no disagreement in few
// prompts is not mistaken for certainty.
Interval paired_interval(const PairedAnswers& pairs);
double paired_p_value(const PairedAnswers& pairs);

// About how many prompts would bring the interval's half-width down to `half_width`, were the share of
// disagreement to stay.
uint32_t prompts_for(const PairedAnswers& pairs, double half_width);

}  // namespace slmrig::analyse
