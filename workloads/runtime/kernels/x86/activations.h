// One block of activations as all x86 kernels read it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "workloads/runtime/kernels/kernels.h"

namespace slmrig::runtime::x86 {

struct ActivationBlock {
  int8_t codes[kBlockColumns];
  uint8_t magnitudes[kBlockColumns];  // of codes
  float scale;
  int32_t negated_sum;  // of codes
  float low_sum;        // of codes 0..15
  float high_sum;       // of codes 16..31
};
static_assert(sizeof(ActivationBlock) == 80, "blocks follow each other without gaps");

// The same for every set, so that all sets can share it: AVX2.
size_t blocks_prepared_bytes(uint32_t columns);
Activations prepare_blocks(const float* x, uint32_t tokens, uint32_t columns, uint8_t* room);

}  // namespace slmrig::runtime::x86
