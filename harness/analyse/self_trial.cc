#include "harness/analyse/self_trial.h"

#include <algorithm>
#include <cmath>

#include "harness/analyse/change_points.h"
#include "harness/analyse/internal/random.h"
#include "harness/analyse/internal/robust.h"
#include "harness/analyse/noise.h"
#include "harness/analyse/percentile.h"

namespace slmrig::analyse {
namespace {

constexpr std::size_t kSameChange = 5;  // nights by which a change may move and still be the same
// A new level is no alert before (change_points.h confirms it), so earlier nights need not be looked at.
constexpr std::size_t kFirstLook = 4;
// Nights that stay together where the order is drawn anew: what depends on the night before stays so.
constexpr std::size_t kStretch = 10;
constexpr double kNightsAYear = 365;

std::size_t apart(std::size_t a, std::size_t b) { return a > b ? a - b : b - a; }

class Tester {
 public:
  Tester(std::vector<double> values, const SelfTrialOptions& options)
      : values_(std::move(values)), options_(options) {
    look_.watch = false;
    look_.seed = options.seed;
  }

  SelfTrial make() {
    SelfTrial test;
    test.nights = values_.size();
    test.learning = values_.size() < kSelfTrialNights;
    if (test.learning) return test;
    const Noise noise = estimate_noise(values_);
    test.sigma = noise.sigma;
    test.level = internal::median_of(values_);
    test.is_constant = !(noise.sigma > 0);
    if (test.is_constant) return test;
    own_ = alerts_of(values_);
    for (const double height : options_.sigmas)
      test.steps.push_back(power_of(height, false, height * noise.sigma));
    for (const double share : options_.shares)
      test.steps.push_back(power_of(share, true, share * std::abs(test.level)));
    test.alerts = alerts_night_by_night(values_);
    internal::Random random(options_.seed);
    for (std::size_t i = 0; i < options_.reorders; ++i) {
      const std::vector<double> noise_alone = reordered(random);
      test.false_alerts += alerts_night_by_night(noise_alone);
      test.nights_reordered += noise_alone.size();
    }
    return test;
  }

 private:
  // Places of changes that are told when the last of these nights is looked at.
  std::vector<std::size_t> alerts_of(std::span<const double> nights) const {
    std::vector<std::size_t> places;
    for (const ChangePoint& change : find_change_points(nights, look_)) {
      const double q_value = change.p_value * static_cast<double>(options_.series_of_board);
      if (change.level == ChangeLevel::kAlert && q_value <= options_.false_discovery_rate)
        places.push_back(change.index);
    }
    return places;
  }

  static bool has_near(const std::vector<std::size_t>& places, std::size_t at) {
    return std::any_of(places.begin(), places.end(),
                       [&](std::size_t place) { return apart(place, at) <= kSameChange; });
  }

  // Nights after which the step is found, if it is.
  std::optional<std::size_t> delay_of(std::size_t at, std::size_t within, double height) const {
    std::vector<double> stepped = values_;
    for (std::size_t i = at; i < stepped.size(); ++i) stepped[i] += height;
    for (std::size_t nights = kFirstLook; nights <= within; ++nights) {
      if (has_near(alerts_of(std::span(stepped).first(at + nights)), at)) return nights;
    }
    return std::nullopt;
  }

  StepPower power_of(double height, bool is_share, double by) const {
    StepPower power;
    power.height = height;
    power.is_share = is_share;
    const std::size_t within = std::min(options_.within_nights, values_.size() - kSelfTrialBefore);
    const std::size_t last = values_.size() - within;
    for (std::size_t i = 0; i < options_.trials; ++i) {
      const std::size_t at =
          kSelfTrialBefore + (last - kSelfTrialBefore) * i / std::max<std::size_t>(1, options_.trials - 1);
      if (has_near(own_, at)) continue;
      ++power.tried;
      if (const auto delay = delay_of(at, within, i % 2 == 0 ? by : -by)) power.delays.push_back(*delay);
    }
    return power;
  }

  std::size_t alerts_night_by_night(std::span<const double> nights) const {
    std::vector<std::size_t> known;
    for (std::size_t count = look_.min_points; count <= nights.size(); ++count) {
      for (const std::size_t place : alerts_of(nights.first(count))) {
        if (!has_near(known, place)) known.push_back(place);
      }
    }
    return known.size();
  }

  // The nights without the levels that the whole history shows, in stretches of random order.
  std::vector<double> reordered(internal::Random& random) const {
    std::vector<std::size_t> edges = {0};
    for (const ChangePoint& change : find_change_points(values_, look_)) edges.push_back(change.index);
    edges.push_back(values_.size());
    std::vector<double> level_less;
    for (std::size_t i = 0; i + 1 < edges.size(); ++i) {
      const auto segment = std::span<const double>(values_).subspan(edges[i], edges[i + 1] - edges[i]);
      const double level = internal::median_of(segment);
      for (const double value : segment) level_less.push_back(value - level);
    }
    std::vector<std::size_t> order((level_less.size() + kStretch - 1) / kStretch);
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
    std::vector<double> nights;
    for (const std::size_t stretch : order) {
      const std::size_t end = std::min(level_less.size(), (stretch + 1) * kStretch);
      for (std::size_t i = stretch * kStretch; i < end; ++i) nights.push_back(level_less[i]);
    }
    return nights;
  }

  std::vector<double> values_;
  const SelfTrialOptions& options_;
  ChangePointOptions look_;
  std::vector<std::size_t> own_;  // changes that the history has: no step is put beside them
};

}  // namespace

double StepPower::power() const {
  return tried == 0 ? 0 : static_cast<double>(delays.size()) / static_cast<double>(tried);
}

std::optional<double> StepPower::median_delay() const {
  return percentile(std::vector<double>(delays.begin(), delays.end()), 50);
}

double SelfTrial::false_alerts_a_hundred_years() const {
  if (nights_reordered == 0) return 0;
  return 100 * kNightsAYear * static_cast<double>(false_alerts) / static_cast<double>(nights_reordered);
}

SelfTrial self_trial(std::span<const double> values, const SelfTrialOptions& options) {
  std::vector<double> finite;
  std::copy_if(values.begin(), values.end(), std::back_inserter(finite),
               [](double value) { return std::isfinite(value); });
  return Tester(std::move(finite), options).make();
}

SelfTrial together(const std::vector<SelfTrial>& tests) {
  SelfTrial all;
  for (const SelfTrial& test : tests) {
    all.nights += test.nights;
    all.alerts += test.alerts;
    all.false_alerts += test.false_alerts;
    all.nights_reordered += test.nights_reordered;
    for (const StepPower& step : test.steps) {
      const auto same = std::find_if(all.steps.begin(), all.steps.end(), [&](const StepPower& each) {
        return each.height == step.height && each.is_share == step.is_share;
      });
      if (same == all.steps.end()) {
        all.steps.push_back(step);
        continue;
      }
      same->tried += step.tried;
      same->delays.insert(same->delays.end(), step.delays.begin(), step.delays.end());
    }
  }
  return all;
}

}  // namespace slmrig::analyse
