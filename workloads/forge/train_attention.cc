#include "workloads/forge/train_attention.h"

#include <algorithm>
#include <cmath>

#include <cblas.h>

#include "workloads/forge/train_kernels.h"

namespace slmrig::forge {

namespace {

// c[m, n] = alpha a b + beta c, all row-major with a leading dimension each.
struct Operand {
  const float* data;
  std::size_t stride;
  bool transposed;
};

void multiply(std::size_t m, std::size_t n, std::size_t k, Operand a, Operand b, float beta, float* c,
              std::size_t c_stride) {
  cblas_sgemm(CblasRowMajor, a.transposed ? CblasTrans : CblasNoTrans,
              b.transposed ? CblasTrans : CblasNoTrans, static_cast<blasint>(m), static_cast<blasint>(n),
              static_cast<blasint>(k), 1.0F, a.data, static_cast<blasint>(a.stride), b.data,
              static_cast<blasint>(b.stride), beta, c, static_cast<blasint>(c_stride));
}

float score_scale(const ModelShape& shape) { return 1.0F / std::sqrt(static_cast<float>(shape.head_dim)); }

}  // namespace

std::size_t attention_floats(const ModelShape& shape, std::span<const std::size_t> starts) {
  std::size_t total = 0;
  for (std::size_t doc = 0; doc + 1 < starts.size(); ++doc) {
    const std::size_t n = starts[doc + 1] - starts[doc];
    total += shape.head_count * n * n;
  }
  return total;
}

void attention_forward(const ModelShape& shape, std::span<const std::size_t> starts, const float* qkv,
                       float* probabilities, float* out) {
  const std::size_t hd = shape.head_dim;
  const std::size_t stride = shape.qkv_dim();
  const std::size_t group = shape.head_count / shape.kv_head_count;
  for (std::size_t doc = 0; doc + 1 < starts.size(); ++doc) {
    const std::size_t n = starts[doc + 1] - starts[doc];
    const float* rows = qkv + starts[doc] * stride;
    float* out_rows = out + starts[doc] * shape.q_dim();
    for (std::size_t head = 0; head < shape.head_count; ++head) {
      const float* q = rows + head * hd;
      const float* k = rows + shape.q_dim() + head / group * hd;
      const float* v = k + shape.kv_dim();
      multiply(n, n, hd, {q, stride, false}, {k, stride, true}, 0.0F, probabilities, n);
      causal_softmax_forward(probabilities, n, score_scale(shape));
      multiply(n, hd, n, {probabilities, n, false}, {v, stride, false}, 0.0F, out_rows + head * hd,
               shape.q_dim());
      probabilities += n * n;
    }
  }
}

void attention_backward(const ModelShape& shape, std::span<const std::size_t> starts, const float* qkv,
                        const float* probabilities, const float* dout, float* dqkv,
                        std::vector<float>& scratch) {
  const std::size_t hd = shape.head_dim;
  const std::size_t stride = shape.qkv_dim();
  const std::size_t group = shape.head_count / shape.kv_head_count;
  for (std::size_t doc = 0; doc + 1 < starts.size(); ++doc) {
    const std::size_t n = starts[doc + 1] - starts[doc];
    scratch.resize(std::max(scratch.size(), n * n));
    const float* rows = qkv + starts[doc] * stride;
    float* drows = dqkv + starts[doc] * stride;
    const float* dout_rows = dout + starts[doc] * shape.q_dim();
    for (std::size_t head = 0; head < shape.head_count; ++head) {
      const std::size_t k_offset = shape.q_dim() + head / group * hd;
      const std::size_t v_offset = k_offset + shape.kv_dim();
      // The first head of a group overwrites the shared k and v gradients, the others add to them.
      const float beta = head % group == 0 ? 0.0F : 1.0F;
      const Operand dy{dout_rows + head * hd, shape.q_dim(), false};
      multiply(n, hd, n, {probabilities, n, true}, dy, beta, drows + v_offset, stride);
      multiply(n, n, hd, dy, {rows + v_offset, stride, true}, 0.0F, scratch.data(), n);
      causal_softmax_backward(probabilities, n, score_scale(shape), scratch.data());
      multiply(n, hd, n, {scratch.data(), n, false}, {rows + k_offset, stride, false}, 0.0F,
               drows + head * hd, stride);
      multiply(n, hd, n, {scratch.data(), n, true}, {rows + head * hd, stride, false}, beta, drows + k_offset,
               stride);
      probabilities += n * n;
    }
  }
}

}  // namespace slmrig::forge
