#include "workloads/forge/reference_llama_test.h"

#include <cmath>

#include "workloads/forge/block_formats.h"

namespace slmrig::forge {
namespace {

using Vector = std::vector<double>;

Vector values_of(const GgufTensor& tensor) {
  const auto values = dequantize(tensor);
  SLMRIG_CHECK(values);
  return {values->begin(), values->end()};
}

Vector product(const GgufTensor& tensor, const Vector& x) {
  const Vector weights = values_of(tensor);
  const std::size_t columns = tensor.dims[0];
  Vector y(tensor.dims[1]);
  for (std::size_t row = 0; row < y.size(); ++row) {
    for (std::size_t i = 0; i < columns; ++i) y[row] += weights[row * columns + i] * x[i];
  }
  return y;
}

Vector norm(const Vector& x, const GgufTensor& gain, double epsilon) {
  const Vector gains = values_of(gain);
  double sum = 0.0;
  for (const double value : x) sum += value * value;
  Vector y(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    y[i] = x[i] / std::sqrt(sum / static_cast<double>(x.size()) + epsilon) * gains[i];
  }
  return y;
}

// By the architecture's name, so that what read_llama() made of it is checked, too.
void rotate(Vector* x, const LlamaModel& model, std::size_t position) {
  const std::size_t head_dim = model.shape.head_dim;
  const bool neighbours = model.architecture == "llama";
  const Vector factors = model.rope_factors == nullptr ? Vector() : values_of(*model.rope_factors);
  for (std::size_t each = 0; each < x->size() / 2; ++each) {
    const std::size_t head = each / (head_dim / 2) * head_dim;
    const std::size_t pair = each % (head_dim / 2);
    const std::size_t i = head + (neighbours ? 2 * pair : pair);
    const std::size_t j = neighbours ? i + 1 : i + head_dim / 2;
    double angle =
        static_cast<double>(position) *
        std::pow(model.shape.rope_base, -2.0 * static_cast<double>(pair) / static_cast<double>(head_dim));
    if (!factors.empty()) angle /= factors[pair];
    const double first = (*x)[i];
    const double second = (*x)[j];
    (*x)[i] = first * std::cos(angle) - second * std::sin(angle);
    (*x)[j] = first * std::sin(angle) + second * std::cos(angle);
  }
}

// The attention of the last position over all.
Vector attend(const LlamaShape& shape, const Vector& query, const std::vector<Vector>& keys,
              const std::vector<Vector>& values) {
  const std::size_t head_dim = shape.head_dim;
  Vector out(query.size());
  for (std::size_t head = 0; head < shape.head_count; ++head) {
    const std::size_t kv = head / (shape.head_count / shape.kv_head_count);
    Vector weights;
    double sum = 0.0;
    for (const Vector& key : keys) {
      double score = 0.0;
      for (std::size_t i = 0; i < head_dim; ++i) score += query[head * head_dim + i] * key[kv * head_dim + i];
      weights.push_back(std::exp(score / std::sqrt(static_cast<double>(head_dim))));
      sum += weights.back();
    }
    for (std::size_t t = 0; t < weights.size(); ++t) {
      for (std::size_t i = 0; i < head_dim; ++i) {
        out[head * head_dim + i] += weights[t] / sum * values[t][kv * head_dim + i];
      }
    }
  }
  return out;
}

void add(Vector* x, const Vector& y) {
  for (std::size_t i = 0; i < x->size(); ++i) (*x)[i] += y[i];
}

Vector biased(Vector x, const GgufTensor* bias) {
  if (bias != nullptr) add(&x, values_of(*bias));
  return x;
}

double activated(double z, bool gelu) {
  if (!gelu) return z / (1.0 + std::exp(-z));
  return 0.5 * z * (1.0 + std::tanh(std::sqrt(2.0 / std::acos(-1.0)) * (z + 0.044715 * z * z * z)));
}

// All positions of the sequence through one layer.
void run_layer(const LlamaModel& model, const LlamaLayer& layer, std::vector<Vector>* sequence) {
  const double epsilon = static_cast<double>(model.shape.rms_epsilon);
  const bool gelu = model.architecture == "gemma";
  std::vector<Vector> keys;
  std::vector<Vector> values;
  for (std::size_t position = 0; position < sequence->size(); ++position) {
    Vector& x = (*sequence)[position];
    const Vector inner = norm(x, *layer.attention_norm, epsilon);
    Vector query = biased(product(*layer.query, inner), layer.query_bias);
    keys.push_back(biased(product(*layer.key, inner), layer.key_bias));
    values.push_back(biased(product(*layer.value, inner), layer.value_bias));
    rotate(&query, model, position);
    rotate(&keys.back(), model, position);
    add(&x, product(*layer.attention_output, attend(model.shape, query, keys, values)));
    const Vector hidden = norm(x, *layer.feed_forward_norm, epsilon);
    Vector gate = product(*layer.gate, hidden);
    const Vector up = product(*layer.up, hidden);
    for (std::size_t i = 0; i < gate.size(); ++i) gate[i] = activated(gate[i], gelu) * up[i];
    add(&x, product(*layer.down, gate));
  }
}

}  // namespace

std::vector<double> reference_logits(const LlamaModel& model, const std::vector<std::int32_t>& ids) {
  const Vector embedding = values_of(*model.embedding);
  const std::size_t width = model.shape.width;
  std::vector<Vector> sequence;
  for (const std::int32_t id : ids) {
    const auto row = embedding.begin() + static_cast<std::ptrdiff_t>(static_cast<std::size_t>(id) * width);
    sequence.emplace_back(row, row + static_cast<std::ptrdiff_t>(width));
  }
  if (model.architecture == "gemma") {
    for (Vector& row : sequence) {
      for (double& value : row) value *= std::sqrt(static_cast<double>(width));
    }
  }
  for (const LlamaLayer& layer : model.layers) run_layer(model, layer, &sequence);
  const Vector last = norm(sequence.back(), *model.output_norm, static_cast<double>(model.shape.rms_epsilon));
  return product(model.output == nullptr ? *model.embedding : *model.output, last);
}

}  // namespace slmrig::forge
