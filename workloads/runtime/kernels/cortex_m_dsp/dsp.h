// Kernels for Armv7E-M (Cortex-M4, M7) and Armv8-M with the DSP extension (M33): two 16-bit products an
// instruction.
#pragma once

#include "workloads/runtime/kernels/kernels.h"

namespace slmrig::runtime::dsp {

extern const FormatKernels kF32Kernels;
extern const FormatKernels kQ8Kernels;
extern const FormatKernels kQ4Kernels;
extern const FormatKernels kIq4NlKernels;
extern const FormatKernels kNf4Kernels;
extern const FormatKernels kTq2Kernels;
extern const FormatKernels kQ2KKernels;

extern const KvKernels kF16Kv;
extern const KvKernels kInt8Kv;

// In the canonical order of lanes.
float dot(const float* a, const float* b, uint32_t n);
float sum(const float* x, uint32_t n);

// x [n] *= factor
void scale_all(float* x, uint32_t n, float factor);

void rms_norm(const float* x, const float* gain, uint32_t n, float epsilon, float* y);
void scores(const float* query, const float* keys, uint32_t positions, uint32_t head_dim, float scale,
            float* out);
void softmax(float* x, uint32_t n);
void mix(const float* weights, const float* values, uint32_t positions, uint32_t head_dim, float* out);
void rotate(float* x, const float* table, uint32_t heads, uint32_t head_dim);
void add(float* x, const float* y, uint32_t n);

}  // namespace slmrig::runtime::dsp
