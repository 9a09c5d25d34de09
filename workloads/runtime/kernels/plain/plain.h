// The plain kernels: C++ alone, for any processor with single-precision floats. They define the numbers that
// every other set must reproduce, and other sets borrow them one by one.
#pragma once

#include "workloads/runtime/kernels/kernels.h"

namespace slmrig::runtime::plain {

// One token's activations for Q8_0: blocks of 32 columns, one after the other.
struct Q8Block {
  float scale;
  int8_t codes[kBlockColumns];
};
static_assert(sizeof(Q8Block) == 36, "blocks follow each other without gaps");

// The scale of a block, and the factor that turns its values into codes. Both 0 below kQuantizeFloor.
struct BlockScale {
  float scale;
  float inverse;
};
BlockScale block_scale(const float* x);

extern const FormatKernels kF32Kernels;
extern const FormatKernels kQ8Kernels;

void read_q8_row(const Matrix& matrix, uint32_t row, float* y);
void read_f32_row(const Matrix& matrix, uint32_t row, float* y);

// In the canonical order of lanes (kernels.h).
float dot(const float* a, const float* b, uint32_t n);
float sum(const float* x, uint32_t n);

void rms_norm(const float* x, const float* gain, uint32_t n, float epsilon, float* y);
void scores(const float* query, const float* keys, uint32_t positions, uint32_t head_dim, float scale,
            float* out);
void softmax(float* x, uint32_t n);
void mix(const float* weights, const float* values, uint32_t positions, uint32_t head_dim, float* out);
void rotate(float* x, const float* table, uint32_t heads, uint32_t head_dim);
void silu_multiply(float* gate, const float* up, uint32_t n);
void add(float* x, const float* y, uint32_t n);

}  // namespace slmrig::runtime::plain
