// Element-wise arithmetic of the trainer: what is not a matrix product. Pure functions over f32 buffers that
// the caller owns; row-major; "rows" are tokens. Results do not depend on how many rows a call is given.
#pragma once

#include <cstddef>
#include <cstdint>

namespace slmrig::forge {

// y[rows, d] = x / sqrt(mean(x^2) + epsilon) * gain[d]; inverse_rms[rows] is kept for the way back.
void rms_norm_forward(const float* x, const float* gain, float epsilon, std::size_t rows, std::size_t d,
                      float* y, float* inverse_rms);
// dx[rows, d] += ..., dgain[d] += ...
void rms_norm_backward(const float* dy, const float* x, const float* gain, const float* inverse_rms,
                       std::size_t rows, std::size_t d, float* dx, float* dgain);

// cosine, sine [context, head_dim / 2] of position * base^(-2i / head_dim).
void rope_tables(float base, std::size_t context_tokens, std::size_t head_dim, float* cosine, float* sine);
// Rotates neighbours (2i, 2i + 1) of `heads` heads at the front of x[rows, stride] in place.
// positions[rows]; direction +1 forward, -1 to rotate a gradient back.
void rope(float* x, std::size_t rows, std::size_t stride, std::size_t heads, std::size_t head_dim,
          const std::int32_t* positions, const float* cosine, const float* sine, float direction);

// act[rows, ff] = silu(gate) * up, gate_up[rows, 2 ff] = gate then up.
void swiglu_forward(const float* gate_up, std::size_t rows, std::size_t ff, float* act);
void swiglu_backward(const float* dact, const float* gate_up, std::size_t rows, std::size_t ff,
                     float* dgate_up);

// Row i of scores[n, n] becomes softmax(scale * row) over columns 0..i, and zero after.
void causal_softmax_forward(float* scores, std::size_t n, float scale);
// dscores (in place of dprobabilities) of the raw scores, from the probabilities.
void causal_softmax_backward(const float* probabilities, std::size_t n, float scale, float* dscores);

// One row of logits[vocab]: returns -log softmax[target] and leaves (softmax - onehot) * weight in the row.
float cross_entropy_row(float* logits, std::size_t vocab, std::int32_t target, float weight);
// The same towards softmax(teacher_logits[vocab]): returns the Kullback-Leibler divergence from the teacher
// and leaves (softmax - teacher's softmax) * weight in the row.
float divergence_row(float* logits, const float* teacher_logits, std::size_t vocab, float weight);

void add_in_place(float* x, const float* y, std::size_t count);
double sum_of_squares(const float* x, std::size_t count);

struct AdamStep {
  float learning_rate;
  float beta1;
  float beta2;
  float epsilon;
  float weight_decay;
  float gradient_scale;  // clipping
  float correction1;     // 1 - beta1^t
  float correction2;     // 1 - beta2^t
};
void adamw_update(float* parameter, const float* gradient, float* mean, float* variance, std::size_t count,
                  const AdamStep& step);

}  // namespace slmrig::forge
