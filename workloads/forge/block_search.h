// Searches for the scale that loses least. Pure functions over one block or sub-block.
//
// x, weight [count]; weight is what a squared error counts, above zero.
#pragma once

#include <cstddef>
#include <cstdint>

#include "workloads/forge/block_codec.h"

namespace slmrig::forge {

struct Piece {
  const float* x;
  const float* weight;
  std::size_t count;
};

// The scale under which the weight of largest magnitude meets the outermost level. It may be negative: where
// levels are not symmetric, the sign is the one that lets the extreme weight have the longer side.
float absmax_scale(const Levels& levels, const Piece& piece);

// Tries scales around the absmax of either sign, rounds, takes the closed-form best scale for those codes,
// keeps what loses least and rounds and fits it again until it settles.
float search_scale(const Levels& levels, const Piece& piece);

// weight = level * scale - offset, scale and offset >= 0, levels 0..highest.
struct AffineScale {
  float scale = 0.0F;
  float offset = 0.0F;
};
AffineScale minmax_scale(float highest, const Piece& piece);
AffineScale search_affine_scale(float highest, const Piece& piece);

// Sum of weight * error^2 when every x takes the nearest level.
double rounding_loss(const Levels& levels, const Piece& piece, float scale, float offset);

// The unit for values [count] >= 0 that are to be stored as value ~ unit * (0..highest), by least weighted
// error; 0 where all are 0.
float search_unit(float highest, const Piece& values);

}  // namespace slmrig::forge
