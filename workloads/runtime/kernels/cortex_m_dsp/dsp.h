// Kernels for Armv7E-M (Cortex-M4, M7) and Armv8-M with the DSP extension (M33): two 16-bit products an
// instruction.
#pragma once

#include "workloads/runtime/kernels/kernels.h"

namespace slmrig::runtime::dsp {

extern const FormatKernels kQ8Kernels;

}  // namespace slmrig::runtime::dsp
