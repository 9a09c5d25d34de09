// What is known of a figure: estimates with one-sided bounds, each holding with the given confidence. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "harness/analyse/stable_level.h"
#include "harness/base/metrics.h"
#include "harness/gate/verdict.h"

namespace slmrig::gate {

// Standard deviation between sessions, as earlier nights tell it.
struct KnownSpread {
  double standard_deviation = 0;
  uint32_t nights = 0;
};

// A figure that is the same whenever it is measured: the worst of `of_sessions` [sessions >= 1].
Estimate exact_estimate(std::vector<double> of_sessions, base::Better better);

// The mean of `of_sessions` [sessions >= 1] with Student's bounds. The spread is that of the sessions pooled
// with the known one, or their own alone where it is clearly larger; without either the bounds are infinite.
Estimate mean_estimate(std::vector<double> of_sessions, const std::optional<KnownSpread>& known,
                       double confidence);

// The level that a series has had over many nights. `exact`: of a figure that is the same whenever it is
// measured.
Estimate level_estimate(const analyse::StableLevel& level, bool exact, double confidence);

// Widens the bounds of `estimate` to those of the order statistics of all samples together (and takes the
// sample quantile for its value): `samples` [sessions] of [n] each, in any order. Samples of a session that
// are alike count for less, by the design effect between sessions. A bound that so few samples cannot have is
// infinite.
void widen_by_order_statistics(const std::vector<std::vector<double>>& samples, double quantile,
                               double confidence, Estimate& estimate);

// So many independent samples must there be for an upper bound (quantile above one half) or a lower one.
uint64_t least_samples(double quantile, double confidence);

// A share of independent yes and no, after Clopper and Pearson.
Estimate share_estimate(uint64_t right, uint64_t all, double confidence);

// So many prompts, of which the same share is right, tell that share from `limit` (with a power of 80 %);
// nothing where `most` do not.
std::optional<uint64_t> prompts_for(double share, double limit, double confidence, uint64_t most);

struct Difference {
  double value = 0;
  double low = 0;
  double high = 0;
};
// left - factor * right, from the bounds of both (Zou and Donner's method of variance estimates recovery).
Difference difference_of(const Estimate& left, const Estimate& right, double factor);

struct SessionsWanted {
  double standard_deviation = 0;
  double degrees_of_freedom = 0;  // beside those that the sessions bring themselves
  double other_variance = 0;      // of what it is compared with; does not fall with more sessions
  double confidence = 0.99;
};
// The distance that so many sessions tell with a power of 80 %.
double detectable_distance(uint32_t sessions, const SessionsWanted& wanted);
// The least number of sessions that tells `distance`; nothing where `most` do not.
std::optional<uint32_t> sessions_for(double distance, const SessionsWanted& wanted, uint32_t most);

// One-sided: how often a figure as far from the limit as `distance`, or further, is measured by chance.
double chance_of(double distance, double standard_error, double degrees_of_freedom);

}  // namespace slmrig::gate
