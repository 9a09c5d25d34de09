// The plain kernels: C++ alone, for any processor with single-precision floats. They define the numbers that
// every other set must reproduce, and other sets borrow them one by one.
#pragma once

#include "workloads/runtime/kernels/kernels.h"

namespace slmrig::runtime::plain {

// One token's activations for block formats: blocks of 32 columns, one after the other.
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

// What every block format has in common, and what every format of floats has.
size_t blocks_prepared_bytes(uint32_t columns);
Activations prepare_blocks(const float* x, uint32_t tokens, uint32_t columns, uint8_t* room);
size_t floats_prepared_bytes(uint32_t columns);
Activations prepare_floats(const float* x, uint32_t tokens, uint32_t columns, uint8_t* room);

extern const FormatKernels kF32Kernels;
extern const FormatKernels kQ8Kernels;
extern const FormatKernels kQ4Kernels;
extern const FormatKernels kIq4NlKernels;
extern const FormatKernels kNf4Kernels;
extern const FormatKernels kTq2Kernels;
extern const FormatKernels kQ2KKernels;
extern const FormatKernels kQ4KKernels;
extern const FormatKernels kQ6KKernels;
extern const FormatKernels kF16Kernels;
extern const FormatKernels kBf16Kernels;
extern const FormatKernels kQ4_1Kernels;
extern const FormatKernels kQ5_0Kernels;
extern const FormatKernels kQ5_1Kernels;
extern const FormatKernels kQ5_KKernels;

void read_f32_row(const Matrix& matrix, uint32_t row, float* y);
void read_q8_row(const Matrix& matrix, uint32_t row, float* y);
void read_q4_0_row(const Matrix& matrix, uint32_t row, float* y);
void read_iq4_nl_row(const Matrix& matrix, uint32_t row, float* y);
void read_nf4_row(const Matrix& matrix, uint32_t row, float* y);
void read_tq2_0_row(const Matrix& matrix, uint32_t row, float* y);
void read_q2_k_row(const Matrix& matrix, uint32_t row, float* y);
void read_q4_k_row(const Matrix& matrix, uint32_t row, float* y);
void read_q6_k_row(const Matrix& matrix, uint32_t row, float* y);

// In the canonical order of lanes (kernels.h). add_products: lanes [8] += a [n] * b [n], element i to lane
// i % 8.
void add_products(const float* a, const float* b, uint32_t n, float* lanes);
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
