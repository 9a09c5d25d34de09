#include "workloads/forge/gptq.h"

#include <algorithm>
#include <cmath>

#include "workloads/forge/block_encode.h"

namespace slmrig::forge {

using base::ErrorCode;
using base::fail;
using base::Result;

namespace {

// Share of the mean diagonal that is added to the diagonal, as in the reference implementation: keeps columns
// that hardly vary from swinging wildly.
constexpr double kDamping = 0.01;

// A square matrix of doubles, row-major.
class Square {
 public:
  explicit Square(std::size_t size) : size_(size), values_(size * size) {}
  std::size_t size() const { return size_; }
  double* row(std::size_t i) { return values_.data() + i * size_; }
  const double* row(std::size_t i) const { return values_.data() + i * size_; }

 private:
  std::size_t size_;
  std::vector<double> values_;
};

// Lower Cholesky factor in place; the part above the diagonal is left as it was. False for a matrix that is
// not positive definite.
bool factorise(Square* matrix) {
  for (std::size_t i = 0; i < matrix->size(); ++i) {
    double* row = matrix->row(i);
    for (std::size_t j = 0; j <= i; ++j) {
      const double* other = matrix->row(j);
      double sum = row[j];
      for (std::size_t k = 0; k < j; ++k) sum -= row[k] * other[k];
      if (j < i) {
        row[j] = sum / other[j];
      } else if (sum > 0.0 && std::isfinite(sum)) {
        row[i] = std::sqrt(sum);
      } else {
        return false;
      }
    }
  }
  return true;
}

// The inverse of a lower triangular matrix, transposed: row j holds column j of the inverse, from j on.
Square inverse_transposed(const Square& lower) {
  const std::size_t size = lower.size();
  Square inverse(size);
  for (std::size_t j = 0; j < size; ++j) {
    double* column = inverse.row(j);
    column[j] = 1.0 / lower.row(j)[j];
    for (std::size_t i = j + 1; i < size; ++i) {
      const double* row = lower.row(i);
      double sum = 0.0;
      for (std::size_t k = j; k < i; ++k) sum -= row[k] * column[k];
      column[i] = sum / row[i];
    }
  }
  return inverse;
}

// The hessian with its diagonal raised. A column that no input reached has nothing to make up for and nothing
// to give: a one stands on its diagonal.
std::vector<float> damped(const GptqLayer& layer) {
  const std::size_t n = layer.columns;
  double mean = 0.0;
  for (std::size_t i = 0; i < n; ++i) mean += static_cast<double>(layer.hessian[i * n + i]);
  const auto damping = static_cast<float>(std::max(kDamping * mean / static_cast<double>(n), 1e-12));
  std::vector<float> result(layer.hessian.begin(), layer.hessian.end());
  for (std::size_t i = 0; i < n; ++i) {
    float& diagonal = result[i * n + i];
    diagonal = diagonal == 0.0F ? 1.0F : diagonal + damping;
  }
  return result;
}

// The upper factor U of inverse(hessian) = U^T U, each row divided by its diagonal element: what an error of
// column i, once made, asks of every later column.
//
// With the order of columns reversed, a lower factor of the hessian is an upper one, and U is its inverse;
// no inverse of the hessian itself is needed.
Result<std::vector<float>> corrections(std::span<const float> hessian, std::size_t n) {
  Square reversed(n);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      reversed.row(n - 1 - i)[n - 1 - j] = static_cast<double>(hessian[i * n + j]);
    }
  }
  if (!factorise(&reversed)) {
    return fail(ErrorCode::kCorrupt,
                "the calibration's inputs give no positive definite matrix; they may not be finite");
  }
  const Square inverse = inverse_transposed(reversed);
  std::vector<float> upper(n * n);
  for (std::size_t i = 0; i < n; ++i) {
    // Row i of U is column i of the inverse lower factor, read from the other end.
    for (std::size_t k = i; k < n; ++k) {
      const double value = inverse.row(n - 1 - k)[n - 1 - i];
      upper[i * n + k] = static_cast<float>(value / inverse.row(n - 1 - i)[n - 1 - i]);
    }
  }
  return upper;
}

// Rounds one row after the other; holds the buffers that a row needs.
class RowRounder {
 public:
  // upper: corrections(). hessian: damped as there.
  RowRounder(const BlockCodec& codec, const GptqLayer& layer, std::span<const float> upper,
             std::span<const float> hessian)
      : codec_(codec),
        layer_(layer),
        upper_(upper),
        hessian_(hessian),
        weight_(codec.columns),
        codes_(layer.columns),
        values_(layer.columns),
        moved_(layer.columns),
        gradient_(layer.columns),
        scales_(layer.columns / codec.columns) {}

  // exact [columns] -> blocks
  void round(std::span<const float> exact, std::uint8_t* blocks) {
    std::copy(exact.begin(), exact.end(), moved_.begin());
    for (std::size_t block = 0; block < scales_.size(); ++block) round_block(block);
    refine(exact);
    for (std::size_t block = 0; block < scales_.size(); ++block) {
      codec_.pack(scales_[block], codes_.data() + block * codec_.columns, blocks + block * codec_.bytes);
    }
  }

 private:
  Rounded rounded(std::size_t column, float x) const {
    const BlockScales& scales = scales_[column / codec_.columns];
    const std::size_t sub = column % codec_.columns / codec_.sub_columns;
    return round_weight(codec_.levels, scales.scale[sub], scales.offset[sub], x);
  }

  void round_block(std::size_t block) {
    const std::size_t begin = block * codec_.columns;
    const std::span<const float> x = std::span<const float>(moved_).subspan(begin, codec_.columns);
    search_weights(x, layer_.importance.subspan(begin, codec_.columns), weight_);
    codec_.choose(x.data(), weight_.data(), ScaleChoice::kSearch, &scales_[block]);
    for (std::size_t i = 0; i < codec_.columns; ++i) {
      // The weights of this sub-block have moved since the scales of the whole block were chosen.
      if (codec_.choose_sub != nullptr && i > 0 && i % codec_.sub_columns == 0) {
        codec_.choose_sub(x.data() + i, weight_.data() + i, i / codec_.sub_columns, &scales_[block]);
      }
      round_column(begin + i);
    }
  }

  void round_column(std::size_t column) {
    const Rounded result = rounded(column, moved_[column]);
    codes_[column] = result.code;
    values_[column] = result.value;
    const float error = moved_[column] - result.value;
    const float* correction = upper_.data() + column * layer_.columns;
    for (std::size_t k = column + 1; k < layer_.columns; ++k) moved_[k] -= error * correction[k];
  }

  // Columns had to be rounded before it was known what later ones would make up for. Once all are, each is
  // given the best level for what the others are now, until none changes.
  void refine(std::span<const float> exact) {
    constexpr int kMostSweeps = 8;
    const std::size_t n = layer_.columns;
    std::fill(gradient_.begin(), gradient_.end(), 0.0F);
    for (std::size_t i = 0; i < n; ++i) move_gradient(i, exact[i] - values_[i]);
    bool changed = true;
    for (int sweep = 0; sweep < kMostSweeps && changed; ++sweep) {
      changed = false;
      for (std::size_t i = 0; i < n; ++i) {
        const Rounded result = rounded(i, values_[i] + gradient_[i] / hessian_[i * n + i]);
        if (result.code == codes_[i]) continue;
        move_gradient(i, values_[i] - result.value);
        codes_[i] = result.code;
        values_[i] = result.value;
        changed = true;
      }
    }
  }

  // gradient = hessian times (exact - values)
  void move_gradient(std::size_t column, float change) {
    const float* row = hessian_.data() + column * layer_.columns;
    for (std::size_t k = 0; k < layer_.columns; ++k) gradient_[k] += row[k] * change;
  }

  const BlockCodec& codec_;
  const GptqLayer& layer_;
  std::span<const float> upper_;
  std::span<const float> hessian_;
  std::vector<float> weight_;
  std::vector<std::uint8_t> codes_;
  std::vector<float> values_;  // what the codes stand for
  std::vector<float> moved_;   // weights, as corrected by the columns before them
  std::vector<float> gradient_;
  std::vector<BlockScales> scales_;
};

}  // namespace

Result<std::vector<std::byte>> gptq_encode(const GptqLayer& layer) {
  const BlockCodec* codec = block_codec(layer.type);
  const std::size_t n = layer.columns;
  SLMRIG_CHECK(codec != nullptr && n % codec->columns == 0 && layer.weights.size() % n == 0);
  SLMRIG_CHECK(layer.hessian.size() == n * n && layer.importance.size() == n);
  const std::vector<float> hessian = damped(layer);
  SLMRIG_ASSIGN(const std::vector<float> upper, corrections(hessian, n));
  std::vector<std::byte> bytes(layer.weights.size() / codec->columns * codec->bytes);
  const std::size_t row_bytes = n / codec->columns * codec->bytes;
  RowRounder rounder(*codec, layer, upper, hessian);
  for (std::size_t row = 0; row < layer.weights.size() / n; ++row) {
    rounder.round(layer.weights.subspan(row * n, n),
                  reinterpret_cast<std::uint8_t*>(bytes.data()) + row * row_bytes);
  }
  return bytes;
}

}  // namespace slmrig::forge
