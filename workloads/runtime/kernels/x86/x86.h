// Kernels for x86-64 beyond the baseline; chosen at run time by what the processor has (select.cc).
//
// Each file is compiled for its own instruction set, so no function with external linkage may be shared by
// two of them through a header: the linker would keep one, perhaps one that the processor cannot run.
#pragma once

#include "workloads/runtime/kernels/block_set.h"
#include "workloads/runtime/kernels/kernels.h"

namespace slmrig::runtime {

namespace x86 {

// AVX2 and F16C.
const BlockMultiplies& avx2_blocks();
const FormatKernels& avx2_f32();
const FormatKernels& avx2_f16();
const DecodedFormats& avx2_decoded();
// AVX2, F16C and AVX-VNNI.
const BlockMultiplies& avx_vnni_blocks();
// AVX-512 F, BW, DQ, VL and VNNI, besides AVX2 and F16C.
const BlockMultiplies& avx512_blocks();

// AVX2.
void rms_norm(const float* x, const float* gain, uint32_t n, float epsilon, float* y);
void scores(const float* query, const float* keys, uint32_t positions, uint32_t head_dim, float scale,
            float* out);
void softmax(float* x, uint32_t n);
void mix(const float* weights, const float* values, uint32_t positions, uint32_t head_dim, float* out);
const KvKernels& f16_kv();
const KvKernels& int8_kv();
void rotate(float* x, const float* table, uint32_t heads, uint32_t head_dim);
void silu_multiply(float* gate, const float* up, uint32_t n);
void add(float* x, const float* y, uint32_t n);

}  // namespace x86

// Null where the processor lacks what the set needs.
const KernelSet* avx2_kernels();
const KernelSet* avx_vnni_kernels();
const KernelSet* avx512_kernels();

}  // namespace slmrig::runtime
