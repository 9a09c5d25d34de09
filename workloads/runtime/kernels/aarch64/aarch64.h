// Kernels for 64-bit Arm; chosen at run time by what the processor has (select.cc).
//
// Each file is compiled for its own instruction set, so no function with external linkage may be shared by
// two of them through a header: the linker would keep one, perhaps one that the processor cannot run.
#pragma once

#include "workloads/runtime/kernels/block_set.h"
#include "workloads/runtime/kernels/kernels.h"

namespace slmrig::runtime {

namespace aarch64 {

const BlockMultiplies& neon_blocks();
const BlockMultiplies& dotprod_blocks();  // Armv8.2 DotProd: Cortex-A55, A76 and later
const BlockMultiplies& i8mm_blocks();     // DotProd and I8MM: Neoverse V1, N2, Cortex-A510 and later

const FormatKernels& neon_f32();
const FormatKernels& neon_f16();
const DecodedFormats& neon_decoded();

void rms_norm(const float* x, const float* gain, uint32_t n, float epsilon, float* y);
void scores(const float* query, const float* keys, uint32_t positions, uint32_t head_dim, float scale,
            float* out);
void mix(const float* weights, const float* values, uint32_t positions, uint32_t head_dim, float* out);
const KvKernels& f16_kv();
const KvKernels& int8_kv();

}  // namespace aarch64

const KernelSet* neon_kernels();
// Null where the processor lacks what the set needs.
const KernelSet* dotprod_kernels();
const KernelSet* i8mm_kernels();

}  // namespace slmrig::runtime
