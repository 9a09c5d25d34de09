#include "workloads/forge/block_search.h"

#include <algorithm>
#include <cmath>

namespace slmrig::forge {

namespace {

constexpr int kMostRefits = 6;

float largest_by_magnitude(const Piece& piece) {
  float largest = 0.0F;
  for (std::size_t i = 0; i < piece.count; ++i) {
    if (std::fabs(piece.x[i]) > std::fabs(largest)) largest = piece.x[i];
  }
  return largest;
}

// For the codes that `scale` gives: the best scale, and how much of sum(weight * x^2) it explains.
struct Fit {
  float scale = 0.0F;
  double explained = 0.0;
};

Fit refit(const Levels& levels, const Piece& piece, float scale) {
  const float inverse = 1.0F / scale;
  double cross = 0.0;
  double power = 0.0;
  for (std::size_t i = 0; i < piece.count; ++i) {
    const float level = levels.values[nearest_code(levels, piece.x[i] * inverse)];
    cross += static_cast<double>(piece.weight[i] * piece.x[i] * level);
    power += static_cast<double>(piece.weight[i] * level * level);
  }
  if (power == 0.0) return {};
  return {static_cast<float>(cross / power), cross * cross / power};
}

// Sums of the normal equations of x ~ scale * code + minimum.
struct AffineSums {
  double w = 0, c = 0, cc = 0, x = 0, xc = 0, xx = 0;

  void add(double weight, double code, double value) {
    w += weight;
    c += weight * code;
    cc += weight * code * code;
    x += weight * value;
    xc += weight * value * code;
    xx += weight * value * value;
  }
};

struct AffineFit {
  AffineScale scale;
  double loss = 0.0;
};

AffineFit solve(const AffineSums& s) {
  const double determinant = s.w * s.cc - s.c * s.c;
  double scale = 0.0;
  double minimum = 0.0;
  if (determinant > 0.0) {
    scale = (s.w * s.xc - s.c * s.x) / determinant;
    minimum = (s.cc * s.x - s.c * s.xc) / determinant;
  }
  if (determinant <= 0.0 || minimum > 0.0) {
    minimum = 0.0;
    scale = s.cc > 0.0 ? s.xc / s.cc : 0.0;
  }
  const double loss = s.xx + scale * scale * s.cc + minimum * minimum * s.w + 2.0 * scale * minimum * s.c -
                      2.0 * scale * s.xc - 2.0 * minimum * s.x;
  return {{static_cast<float>(scale), static_cast<float>(-minimum)}, loss};
}

AffineFit refit_affine(float highest, const Piece& piece, float inverse, float offset) {
  AffineSums sums;
  for (std::size_t i = 0; i < piece.count; ++i) {
    const float code = std::clamp(std::nearbyint((piece.x[i] + offset) * inverse), 0.0F, highest);
    sums.add(static_cast<double>(piece.weight[i]), static_cast<double>(code),
             static_cast<double>(piece.x[i]));
  }
  return solve(sums);
}

}  // namespace

float absmax_scale(const Levels& levels, const Piece& piece) {
  const float largest = largest_by_magnitude(piece);
  const float lowest = levels.values[0];
  const float highest = levels.values[levels.count - 1];
  return -lowest > highest ? largest / lowest : std::fabs(largest) / highest;
}

float search_scale(const Levels& levels, const Piece& piece) {
  const float start = absmax_scale(levels, piece);
  if (start == 0.0F) return 0.0F;
  // Few levels are best spent on the many small weights: for three of them the best scale of a normal block
  // of 256 is 0.4 of its largest weight.
  constexpr float kStep = 0.025F;
  const float least = levels.count <= 4 ? 0.2F : 0.65F;
  const bool symmetric = levels.values[0] == -levels.values[levels.count - 1];
  Fit best = refit(levels, piece, start);
  for (float share = least; share < 1.2F; share += kStep) {
    for (const float sign : {1.0F, -1.0F}) {
      if (sign < 0.0F && symmetric) continue;
      const Fit fit = refit(levels, piece, sign * share * start);
      if (fit.explained > best.explained) best = fit;
    }
  }
  for (int i = 0; i < kMostRefits && best.scale != 0.0F; ++i) {
    const Fit fit = refit(levels, piece, best.scale);
    if (!(fit.explained > best.explained)) break;
    best = fit;
  }
  return best.scale;
}

AffineScale minmax_scale(float highest, const Piece& piece) {
  const auto [least, most] = std::minmax_element(piece.x, piece.x + piece.count);
  const float minimum = std::min(*least, 0.0F);
  return {std::max((*most - minimum) / highest, 0.0F), -minimum};
}

AffineScale search_affine_scale(float highest, const Piece& piece) {
  const AffineScale start = minmax_scale(highest, piece);
  if (start.scale == 0.0F) return start;
  constexpr int kTrials = 36;
  constexpr float kStep = 0.05F;
  constexpr float kFirst = -0.9F;
  AffineFit best = refit_affine(highest, piece, 1.0F / start.scale, start.offset);
  for (int trial = 0; trial <= kTrials; ++trial) {
    const float inverse = (highest + kFirst + kStep * static_cast<float>(trial)) / (highest * start.scale);
    const AffineFit fit = refit_affine(highest, piece, inverse, start.offset);
    if (fit.loss < best.loss) best = fit;
  }
  for (int i = 0; i < kMostRefits && best.scale.scale > 0.0F; ++i) {
    const AffineFit fit = refit_affine(highest, piece, 1.0F / best.scale.scale, best.scale.offset);
    if (!(fit.loss < best.loss)) break;
    best = fit;
  }
  best.scale.scale = std::max(best.scale.scale, 0.0F);
  return best.scale;
}

double rounding_loss(const Levels& levels, const Piece& piece, float scale, float offset) {
  double loss = 0.0;
  for (std::size_t i = 0; i < piece.count; ++i) {
    const float error = piece.x[i] - round_weight(levels, scale, offset, piece.x[i]).value;
    loss += static_cast<double>(piece.weight[i] * error * error);
  }
  return loss;
}

float search_unit(float highest, const Piece& values) {
  const float largest = *std::max_element(values.x, values.x + values.count);
  if (!(largest > 0.0F)) return 0.0F;
  constexpr int kTrials = 10;
  constexpr float kStep = 0.1F;
  double best_explained = 0.0;
  float best = largest / highest;
  for (int trial = -kTrials; trial <= kTrials; ++trial) {
    const float inverse = (highest + kStep * static_cast<float>(trial)) / largest;
    double cross = 0.0;
    double power = 0.0;
    for (std::size_t i = 0; i < values.count; ++i) {
      const float code = std::clamp(std::nearbyint(values.x[i] * inverse), 0.0F, highest);
      cross += static_cast<double>(values.weight[i] * values.x[i] * code);
      power += static_cast<double>(values.weight[i] * code * code);
    }
    if (power > 0.0 && cross * cross / power > best_explained) {
      best_explained = cross * cross / power;
      best = static_cast<float>(cross / power);
    }
  }
  return best;
}

}  // namespace slmrig::forge
