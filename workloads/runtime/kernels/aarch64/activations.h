// One block of activations as all AArch64 kernels read it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "workloads/runtime/kernels/kernels.h"

namespace slmrig::runtime::aarch64 {

struct ActivationBlock {
  int8_t codes[kBlockColumns];
  float scale;
  int32_t negated_sum;  // of codes
  float low_sum;        // of codes 0..15
  float high_sum;       // of codes 16..31
};
static_assert(sizeof(ActivationBlock) == 48, "blocks follow each other without gaps");

size_t blocks_prepared_bytes(uint32_t columns);
Activations prepare_blocks(const float* x, uint32_t tokens, uint32_t columns, uint8_t* room);

}  // namespace slmrig::runtime::aarch64
