// Kernels for Armv8.1-M with the vector extension for integers and floats (Cortex-M55, M85).
//
// The vector unit takes subnormal floats as zero; kernels.h says why no result depends on it.
#pragma once

#include "workloads/runtime/kernels/kernels.h"

namespace slmrig::runtime::mve {

extern const FormatKernels kF32Kernels;
extern const FormatKernels kQ8Kernels;
extern const FormatKernels kQ4Kernels;
extern const FormatKernels kIq4NlKernels;
extern const FormatKernels kNf4Kernels;
extern const FormatKernels kTq2Kernels;
extern const FormatKernels kQ2KKernels;

extern const KvKernels kF16Kv;
extern const KvKernels kInt8Kv;

void rms_norm(const float* x, const float* gain, uint32_t n, float epsilon, float* y);
void scores(const float* query, const float* keys, uint32_t positions, uint32_t head_dim, float scale,
            float* out);
void softmax(float* x, uint32_t n);
void mix(const float* weights, const float* values, uint32_t positions, uint32_t head_dim, float* out);
void rotate(float* x, const float* table, uint32_t heads, uint32_t head_dim);
void silu_multiply(float* gate, const float* up, uint32_t n);
void add(float* x, const float* y, uint32_t n);

}  // namespace slmrig::runtime::mve
