// Activations in the form that all block formats read: codes and a scale for every 32 columns.
#include "workloads/runtime/kernels/plain/plain.h"
#include "workloads/runtime/math.h"

namespace slmrig::runtime::plain {

BlockScale block_scale(const float* x) {
  // Doubled bits drop the sign, and magnitudes compare like integers: shorter than a float comparison on
  // cores that move flags between units.
  uint32_t most = 0;
  for (uint32_t i = 0; i < kBlockColumns; ++i) {
    const uint32_t doubled = static_cast<uint32_t>(bits_of(x[i])) << 1;
    if (doubled > most) most = doubled;
  }
  const float largest = float_of(static_cast<int32_t>(most >> 1));
  if (!(largest > kQuantizeFloor)) return {0.0F, 0.0F};
  return {largest * (1.0F / 127.0F), 127.0F / largest};
}

size_t blocks_prepared_bytes(uint32_t columns) {
  const size_t bytes = columns / kBlockColumns * sizeof(Q8Block);
  return (bytes + 31) / 32 * 32;
}

Activations prepare_blocks(const float* x, uint32_t tokens, uint32_t columns, uint8_t* room) {
  const size_t stride_bytes = blocks_prepared_bytes(columns);
  for (uint32_t token = 0; token < tokens; ++token) {
    auto* blocks = reinterpret_cast<Q8Block*>(room + token * stride_bytes);
    const float* values = x + static_cast<size_t>(token) * columns;
    for (uint32_t block = 0; block < columns / kBlockColumns; ++block, values += kBlockColumns) {
      const BlockScale scale = block_scale(values);
      blocks[block].scale = scale.scale;
      for (uint32_t i = 0; i < kBlockColumns; ++i) {
        blocks[block].codes[i] = static_cast<int8_t>(round_to_even(values[i] * scale.inverse));
      }
    }
  }
  return {room, stride_bytes};
}

}  // namespace slmrig::runtime::plain
