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

// The upper factor U of inverse(hessian) = U^T U, each row divided by its diagonal element: what an error of
// column i, once made, asks of every later column.
//
// With the order of columns reversed, a lower factor of the hessian is an upper one, and U is its inverse;
// no inverse of the hessian itself is needed.
Result<std::vector<float>> corrections(const GptqLayer& layer, const std::vector<bool>& is_dead) {
  const std::size_t n = layer.columns;
  double mean = 0.0;
  for (std::size_t i = 0; i < n; ++i) mean += static_cast<double>(layer.hessian[i * n + i]);
  const double damping = std::max(kDamping * mean / static_cast<double>(n), 1e-12);
  Square reversed(n);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      reversed.row(n - 1 - i)[n - 1 - j] = static_cast<double>(layer.hessian[i * n + j]);
    }
    reversed.row(n - 1 - i)[n - 1 - i] += is_dead[i] ? 1.0 : damping;
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

// One row: w [columns] is changed on the way.
class RowRounder {
 public:
  RowRounder(const BlockCodec& codec, const GptqLayer& layer, std::span<const float> upper)
      : codec_(codec), layer_(layer), upper_(upper), weight_(codec.columns), codes_(codec.columns) {}

  void round(std::span<float> w, std::uint8_t* blocks) {
    for (std::size_t begin = 0; begin < w.size(); begin += codec_.columns) {
      search_weights(w.subspan(begin, codec_.columns), layer_.importance.subspan(begin, codec_.columns),
                     weight_);
      codec_.choose(w.data() + begin, weight_.data(), ScaleChoice::kSearch, &scales_);
      for (std::size_t sub = 0; sub < codec_.columns / codec_.sub_columns; ++sub) round_sub(w, begin, sub);
      codec_.pack(scales_, codes_.data(), blocks);
      blocks += codec_.bytes;
    }
  }

 private:
  void round_sub(std::span<float> w, std::size_t begin, std::size_t sub) {
    const std::size_t first = sub * codec_.sub_columns;
    // The weights of this sub-block have moved since the scales of the whole block were chosen.
    if (codec_.choose_sub != nullptr && sub > 0) {
      codec_.choose_sub(w.data() + begin + first, weight_.data() + first, sub, &scales_);
    }
    for (std::size_t i = first; i < first + codec_.sub_columns; ++i) {
      const std::size_t column = begin + i;
      const Rounded rounded = round_weight(codec_.levels, scales_.scale[sub], scales_.offset[sub], w[column]);
      codes_[i] = rounded.code;
      const float error = w[column] - rounded.value;
      const float* correction = upper_.data() + column * w.size();
      for (std::size_t k = column + 1; k < w.size(); ++k) w[k] -= error * correction[k];
    }
  }

  const BlockCodec& codec_;
  const GptqLayer& layer_;
  std::span<const float> upper_;
  std::vector<float> weight_;
  std::vector<std::uint8_t> codes_;
  BlockScales scales_;
};

}  // namespace

Result<std::vector<std::byte>> gptq_encode(const GptqLayer& layer) {
  const BlockCodec* codec = block_codec(layer.type);
  const std::size_t n = layer.columns;
  SLMRIG_CHECK(codec != nullptr && n % codec->columns == 0 && layer.weights.size() % n == 0);
  SLMRIG_CHECK(layer.hessian.size() == n * n && layer.importance.size() == n);
  // A column that no input reached has nothing to make up for, and nothing to give.
  std::vector<bool> is_dead(n);
  for (std::size_t i = 0; i < n; ++i) is_dead[i] = layer.hessian[i * n + i] == 0.0F;
  SLMRIG_ASSIGN(const std::vector<float> upper, corrections(layer, is_dead));
  std::vector<float> w(layer.weights.begin(), layer.weights.end());
  std::vector<std::byte> bytes(w.size() / codec->columns * codec->bytes);
  const std::size_t row_bytes = n / codec->columns * codec->bytes;
  RowRounder rounder(*codec, layer, upper);
  for (std::size_t row = 0; row < w.size() / n; ++row) {
    rounder.round(std::span(w).subspan(row * n, n),
                  reinterpret_cast<std::uint8_t*>(bytes.data()) + row * row_bytes);
  }
  return bytes;
}

}  // namespace slmrig::forge
