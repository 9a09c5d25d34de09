#include "workloads/forge/gptq.h"

#include <array>
#include <cmath>
#include <limits>

#include <catch2/catch.hpp>

#include "workloads/forge/block_encode.h"
#include "workloads/forge/block_formats.h"
#include "workloads/forge/random.h"

namespace slmrig::forge {
namespace {

constexpr std::size_t kColumns = 256;
constexpr std::size_t kRows = 16;
constexpr std::size_t kTokens = 1024;
constexpr std::size_t kCauses = 64;

// Inputs that are mixtures of fewer causes, as those of a trained layer are.
struct Layer {
  std::vector<float> weights = std::vector<float>(kRows * kColumns);
  std::vector<float> hessian = std::vector<float>(kColumns * kColumns);
  std::vector<float> mean_squares = std::vector<float>(kColumns);
};

Layer make_layer() {
  Random random(5);
  Layer layer;
  for (float& w : layer.weights) w = static_cast<float>(random.normal());
  std::vector<float> mixture(kColumns * kCauses);
  for (float& share : mixture) share = static_cast<float>(random.normal());
  std::vector<float> x(kColumns);
  for (std::size_t token = 0; token < kTokens; ++token) {
    for (float& value : x) value = static_cast<float>(random.normal());
    for (std::size_t cause = 0; cause < kCauses; ++cause) {
      const auto size = static_cast<float>(random.normal());
      for (std::size_t i = 0; i < kColumns; ++i) x[i] += size * mixture[i * kCauses + cause];
    }
    for (std::size_t i = 0; i < kColumns; ++i) {
      for (std::size_t j = 0; j < kColumns; ++j) {
        layer.hessian[i * kColumns + j] += x[i] * x[j] / static_cast<float>(kTokens);
      }
    }
  }
  for (std::size_t i = 0; i < kColumns; ++i) layer.mean_squares[i] = layer.hessian[i * kColumns + i];
  return layer;
}

std::vector<float> decoded(std::uint32_t type, std::vector<std::byte> bytes) {
  const GgufTensor tensor = {"t", type, {kColumns, kRows}, bytes};
  auto values = dequantize(tensor);
  REQUIRE(values);
  return std::move(*values);
}

// Mean over rows of (w - q) H (w - q)^T: the squared error of the layer's outputs.
double output_error(const Layer& layer, const std::vector<float>& rounded) {
  double sum = 0.0;
  for (std::size_t row = 0; row < kRows; ++row) {
    std::vector<double> e(kColumns);
    for (std::size_t i = 0; i < kColumns; ++i) {
      e[i] = static_cast<double>(layer.weights[row * kColumns + i]) -
             static_cast<double>(rounded[row * kColumns + i]);
    }
    for (std::size_t i = 0; i < kColumns; ++i) {
      for (std::size_t j = 0; j < kColumns; ++j) {
        sum += e[i] * static_cast<double>(layer.hessian[i * kColumns + j]) * e[j];
      }
    }
  }
  return sum / kRows;
}

TEST_CASE("Columns that go together make up for each other's errors, in every block type") {
  const Layer layer = make_layer();
  constexpr std::array kTypes = {kGgmlQ8_0, kGgmlQ4_0, kGgmlIq4Nl, kGgmlNf4,
                                 kGgmlQ4_K, kGgmlQ6_K, kGgmlQ2_K,  kGgmlTq2_0};
  double mean_share = 0.0;
  for (const std::uint32_t type : kTypes) {
    INFO(gguf_type_info(type)->name);
    const auto searched =
        decoded(type, encode_rows(type, layer.weights, kColumns, {ScaleChoice::kSearch, layer.mean_squares}));
    auto bytes = gptq_encode({type, layer.weights, kColumns, layer.hessian, layer.mean_squares});
    REQUIRE(bytes);
    const double share = output_error(layer, decoded(type, *bytes)) / output_error(layer, searched);
    CHECK(share < 0.16);
    mean_share += share / kTypes.size();
  }
  // 0.130; 0.153 by the refinement alone, 0.179 without it.
  CHECK(mean_share < 0.14);
}

TEST_CASE("Inputs that have nothing to do with each other leave weights at their nearest level") {
  const Layer layer = make_layer();
  std::vector<float> identity(kColumns * kColumns);
  for (std::size_t i = 0; i < kColumns; ++i) identity[i * kColumns + i] = 1.0F;
  const std::vector<float> ones(kColumns, 1.0F);
  const auto bytes = gptq_encode({kGgmlQ4_0, layer.weights, kColumns, identity, ones});
  REQUIRE(bytes);
  CHECK(*bytes == encode_rows(kGgmlQ4_0, layer.weights, kColumns, {ScaleChoice::kSearch, ones}));
}

TEST_CASE("A column that no input reached takes no part, and keeps what it was") {
  Layer layer = make_layer();
  constexpr std::size_t kDead = 33;
  for (std::size_t i = 0; i < kColumns; ++i) {
    layer.hessian[kDead * kColumns + i] = 0.0F;
    layer.hessian[i * kColumns + kDead] = 0.0F;
  }
  layer.mean_squares[kDead] = 0.0F;
  const auto bytes = gptq_encode({kGgmlQ8_0, layer.weights, kColumns, layer.hessian, layer.mean_squares});
  REQUIRE(bytes);
  const std::vector<float> rounded = decoded(kGgmlQ8_0, *bytes);
  for (std::size_t i = kDead; i < rounded.size(); i += kColumns) {
    CHECK(std::fabs(rounded[i] - layer.weights[i]) < 0.02F);  // half a step of the largest scale
  }
}

TEST_CASE("Inputs that are not finite are refused") {
  Layer layer = make_layer();
  layer.hessian[7 * kColumns + 7] = std::numeric_limits<float>::quiet_NaN();
  const auto bytes = gptq_encode({kGgmlQ4_0, layer.weights, kColumns, layer.hessian, layer.mean_squares});
  REQUIRE_FALSE(bytes);
  CHECK(bytes.error().code == base::ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace slmrig::forge
