#include "workloads/forge/train_kernels.h"

#include <algorithm>
#include <bit>
#include <cmath>

// The loops below are compiled once for each vector width and chosen at start, so that one program is fast on
// any x86-64. The sanitizers' start-up code cannot run before such a choice, so they get the plain loops.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__)
#define SLMRIG_VECTOR_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define SLMRIG_VECTOR_CLONES
#endif

namespace slmrig::forge {

namespace {

// exp(x) to about 2 units in the last place, in a form that compilers vectorise (libm's does not inline).
// Cody-Waite reduction to [-ln2/2, ln2/2], then a minimax polynomial of degree 6.
inline float exp_fast(float x) {
  const float clamped = std::min(std::max(x, -87.0F), 88.0F);
  constexpr float kRound = 12582912.0F;  // 1.5 * 2^23: adding it rounds to an integer
  const float shifted = clamped * 1.44269504F + kRound;
  const float n = shifted - kRound;
  const float r = (clamped - n * 0.693359375F) + n * 2.12194440e-4F;
  float p = 1.9875691500e-4F;
  p = p * r + 1.3981999507e-3F;
  p = p * r + 8.3334519073e-3F;
  p = p * r + 4.1665795894e-2F;
  p = p * r + 1.6666665459e-1F;
  p = p * r + 5.0000001201e-1F;
  p = p * r * r + r + 1.0F;
  const auto exponent = static_cast<std::int32_t>(n) + 127;
  return p * std::bit_cast<float>(exponent << 23);
}

inline float sigmoid(float x) { return 1.0F / (1.0F + exp_fast(-x)); }

}  // namespace

SLMRIG_VECTOR_CLONES void rms_norm_forward(const float* x, const float* gain, float epsilon, std::size_t rows,
                                           std::size_t d, float* y, float* inverse_rms) {
  for (std::size_t row = 0; row < rows; ++row) {
    const float* in = x + row * d;
    float* out = y + row * d;
    float sum = 0.0F;
#pragma omp simd reduction(+ : sum)
    for (std::size_t i = 0; i < d; ++i) sum += in[i] * in[i];
    const float inverse = 1.0F / std::sqrt(sum / static_cast<float>(d) + epsilon);
    inverse_rms[row] = inverse;
#pragma omp simd
    for (std::size_t i = 0; i < d; ++i) out[i] = in[i] * inverse * gain[i];
  }
}

SLMRIG_VECTOR_CLONES void rms_norm_backward(const float* dy, const float* x, const float* gain,
                                            const float* inverse_rms, std::size_t rows, std::size_t d,
                                            float* dx, float* dgain) {
  for (std::size_t row = 0; row < rows; ++row) {
    const float* grad = dy + row * d;
    const float* in = x + row * d;
    float* out = dx + row * d;
    const float inverse = inverse_rms[row];
    float dot = 0.0F;
#pragma omp simd reduction(+ : dot)
    for (std::size_t i = 0; i < d; ++i) dot += grad[i] * gain[i] * in[i];
    const float pull = dot * inverse * inverse * inverse / static_cast<float>(d);
#pragma omp simd
    for (std::size_t i = 0; i < d; ++i) {
      dgain[i] += grad[i] * in[i] * inverse;
      out[i] += grad[i] * gain[i] * inverse - in[i] * pull;
    }
  }
}

void rope_tables(float base, std::size_t context_tokens, std::size_t head_dim, float* cosine, float* sine) {
  const std::size_t half = head_dim / 2;
  for (std::size_t position = 0; position < context_tokens; ++position) {
    for (std::size_t i = 0; i < half; ++i) {
      const double exponent = -2.0 * static_cast<double>(i) / static_cast<double>(head_dim);
      const double angle = static_cast<double>(position) * std::pow(static_cast<double>(base), exponent);
      cosine[position * half + i] = static_cast<float>(std::cos(angle));
      sine[position * half + i] = static_cast<float>(std::sin(angle));
    }
  }
}

SLMRIG_VECTOR_CLONES void rope(float* x, std::size_t rows, std::size_t stride, std::size_t heads,
                               std::size_t head_dim, const std::int32_t* positions, const float* cosine,
                               const float* sine, float direction) {
  const std::size_t half = head_dim / 2;
  for (std::size_t row = 0; row < rows; ++row) {
    const float* c = cosine + static_cast<std::size_t>(positions[row]) * half;
    const float* s = sine + static_cast<std::size_t>(positions[row]) * half;
    for (std::size_t head = 0; head < heads; ++head) {
      float* v = x + row * stride + head * head_dim;
      for (std::size_t i = 0; i < half; ++i) {
        const float even = v[2 * i];
        const float odd = v[2 * i + 1];
        const float turn = s[i] * direction;
        v[2 * i] = even * c[i] - odd * turn;
        v[2 * i + 1] = even * turn + odd * c[i];
      }
    }
  }
}

SLMRIG_VECTOR_CLONES void swiglu_forward(const float* gate_up, std::size_t rows, std::size_t ff, float* act) {
  for (std::size_t row = 0; row < rows; ++row) {
    const float* gate = gate_up + row * 2 * ff;
    const float* up = gate + ff;
    float* out = act + row * ff;
#pragma omp simd
    for (std::size_t i = 0; i < ff; ++i) out[i] = gate[i] * sigmoid(gate[i]) * up[i];
  }
}

SLMRIG_VECTOR_CLONES void swiglu_backward(const float* dact, const float* gate_up, std::size_t rows,
                                          std::size_t ff, float* dgate_up) {
  for (std::size_t row = 0; row < rows; ++row) {
    const float* gate = gate_up + row * 2 * ff;
    const float* up = gate + ff;
    const float* grad = dact + row * ff;
    float* dgate = dgate_up + row * 2 * ff;
    float* dup = dgate + ff;
#pragma omp simd
    for (std::size_t i = 0; i < ff; ++i) {
      const float s = sigmoid(gate[i]);
      const float silu = gate[i] * s;
      dup[i] = grad[i] * silu;
      dgate[i] = grad[i] * up[i] * (s + silu * (1.0F - s));
    }
  }
}

SLMRIG_VECTOR_CLONES void causal_softmax_forward(float* scores, std::size_t n, float scale) {
  for (std::size_t i = 0; i < n; ++i) {
    float* row = scores + i * n;
    const std::size_t live = i + 1;
    float top = row[0];
#pragma omp simd reduction(max : top)
    for (std::size_t j = 0; j < live; ++j) top = std::max(top, row[j]);
    float sum = 0.0F;
#pragma omp simd reduction(+ : sum)
    for (std::size_t j = 0; j < live; ++j) {
      row[j] = exp_fast((row[j] - top) * scale);
      sum += row[j];
    }
    const float inverse = 1.0F / sum;
#pragma omp simd
    for (std::size_t j = 0; j < live; ++j) row[j] *= inverse;
    std::fill(row + live, row + n, 0.0F);
  }
}

SLMRIG_VECTOR_CLONES void causal_softmax_backward(const float* probabilities, std::size_t n, float scale,
                                                  float* dscores) {
  for (std::size_t i = 0; i < n; ++i) {
    const float* p = probabilities + i * n;
    float* row = dscores + i * n;
    const std::size_t live = i + 1;
    float dot = 0.0F;
#pragma omp simd reduction(+ : dot)
    for (std::size_t j = 0; j < live; ++j) dot += p[j] * row[j];
#pragma omp simd
    for (std::size_t j = 0; j < live; ++j) row[j] = p[j] * (row[j] - dot) * scale;
    std::fill(row + live, row + n, 0.0F);
  }
}

SLMRIG_VECTOR_CLONES float cross_entropy_row(float* logits, std::size_t vocab, std::int32_t target,
                                             float weight) {
  float top = logits[0];
#pragma omp simd reduction(max : top)
  for (std::size_t i = 0; i < vocab; ++i) top = std::max(top, logits[i]);
  const float at_target = logits[target];
  float sum = 0.0F;
#pragma omp simd reduction(+ : sum)
  for (std::size_t i = 0; i < vocab; ++i) {
    logits[i] = exp_fast(logits[i] - top);
    sum += logits[i];
  }
  const float factor = weight / sum;
#pragma omp simd
  for (std::size_t i = 0; i < vocab; ++i) logits[i] *= factor;
  logits[target] -= weight;
  return std::log(sum) - (at_target - top);
}

SLMRIG_VECTOR_CLONES float divergence_row(float* logits, const float* teacher_logits, std::size_t vocab,
                                          float weight) {
  float top = logits[0];
  float teacher_top = teacher_logits[0];
#pragma omp simd reduction(max : top, teacher_top)
  for (std::size_t i = 0; i < vocab; ++i) {
    top = std::max(top, logits[i]);
    teacher_top = std::max(teacher_top, teacher_logits[i]);
  }
  float sum = 0.0F;
  float teacher_sum = 0.0F;
  float weighted_difference = 0.0F;
#pragma omp simd reduction(+ : sum, teacher_sum, weighted_difference)
  for (std::size_t i = 0; i < vocab; ++i) {
    const float teacher_share = exp_fast(teacher_logits[i] - teacher_top);
    const float difference = (teacher_logits[i] - teacher_top) - (logits[i] - top);
    sum += exp_fast(logits[i] - top);
    teacher_sum += teacher_share;
    weighted_difference += teacher_share * difference;
  }
  const float factor = weight / sum;
  const float teacher_factor = weight / teacher_sum;
#pragma omp simd
  for (std::size_t i = 0; i < vocab; ++i) {
    logits[i] =
        exp_fast(logits[i] - top) * factor - exp_fast(teacher_logits[i] - teacher_top) * teacher_factor;
  }
  return weighted_difference / teacher_sum + std::log(sum) - std::log(teacher_sum);
}

SLMRIG_VECTOR_CLONES void add_in_place(float* x, const float* y, std::size_t count) {
#pragma omp simd
  for (std::size_t i = 0; i < count; ++i) x[i] += y[i];
}

double sum_of_squares(const float* x, std::size_t count) {
  double sum = 0.0;
  for (std::size_t i = 0; i < count; ++i) sum += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  return sum;
}

SLMRIG_VECTOR_CLONES void adamw_update(float* parameter, const float* gradient, float* mean, float* variance,
                                       std::size_t count, const AdamStep& step) {
  const AdamStep s = step;
  const float keep = 1.0F - s.learning_rate * s.weight_decay;
#pragma omp simd
  for (std::size_t i = 0; i < count; ++i) {
    const float g = gradient[i] * s.gradient_scale;
    mean[i] = s.beta1 * mean[i] + (1.0F - s.beta1) * g;
    variance[i] = s.beta2 * variance[i] + (1.0F - s.beta2) * g * g;
    const float m = mean[i] / s.correction1;
    const float v = variance[i] / s.correction2;
    parameter[i] = parameter[i] * keep - s.learning_rate * m / (std::sqrt(v) + s.epsilon);
  }
}

}  // namespace slmrig::forge
