#include <cstring>

#include "workloads/runtime/kernels/lanes.h"
#include "workloads/runtime/kernels/plain/plain.h"
#include "workloads/runtime/math.h"

namespace slmrig::runtime::plain {
namespace {

constexpr size_t kScaleBytes = sizeof(float);

size_t round_up_to_4(size_t bytes) { return (bytes + 3) / 4 * 4; }

struct F16 {
  static size_t row_bytes(uint32_t head_dim) { return round_up_to_4(2 * static_cast<size_t>(head_dim)); }

  static void store(const float* x, uint32_t head_dim, uint8_t* row) {
    for (uint32_t i = 0; i < head_dim; ++i) {
      const uint16_t half = half_from_float(x[i]);
      std::memcpy(row + 2 * i, &half, 2);
    }
  }

  static float scale(const uint8_t*) { return 1.0F; }

  static float value(const uint8_t* row, uint32_t i) {
    uint16_t half = 0;
    std::memcpy(&half, row + 2 * i, 2);
    return float_from_half(half);
  }
};

struct Int8 {
  static size_t row_bytes(uint32_t head_dim) { return kScaleBytes + round_up_to_4(head_dim); }

  static void store(const float* x, uint32_t head_dim, uint8_t* row) {
    float largest = 0.0F;
    for (uint32_t i = 0; i < head_dim; ++i) {
      const float magnitude = x[i] < 0.0F ? -x[i] : x[i];
      if (magnitude > largest) largest = magnitude;
    }
    const bool is_zero = !(largest > kQuantizeFloor);
    const float scale = is_zero ? 0.0F : largest * (1.0F / 127.0F);
    const float inverse = is_zero ? 0.0F : 127.0F / largest;
    std::memcpy(row, &scale, kScaleBytes);
    for (uint32_t i = 0; i < head_dim; ++i) {
      row[kScaleBytes + i] = static_cast<uint8_t>(static_cast<int8_t>(round_to_even(x[i] * inverse)));
    }
  }

  static float scale(const uint8_t* row) {
    float scale = 0.0F;
    std::memcpy(&scale, row, kScaleBytes);
    return scale;
  }

  static float value(const uint8_t* row, uint32_t i) {
    return static_cast<float>(static_cast<int8_t>(row[kScaleBytes + i]));
  }
};

template <typename Row>
void scores(const float* query, const uint8_t* keys, uint32_t positions, uint32_t head_dim, float scale,
            float* out) {
  const size_t stride_bytes = Row::row_bytes(head_dim);
  for (uint32_t t = 0; t < positions; ++t, keys += stride_bytes) {
    float lanes[kLanes] = {};
    for (uint32_t i = 0; i < head_dim; ++i) lanes[i % kLanes] += Row::value(keys, i) * query[i];
    out[t] = (fold_lanes(lanes) * Row::scale(keys)) * scale;
  }
}

template <typename Row>
void mix(const float* weights, const uint8_t* values, uint32_t positions, uint32_t head_dim, float* out) {
  const size_t stride_bytes = Row::row_bytes(head_dim);
  for (uint32_t i = 0; i < head_dim; ++i) out[i] = 0.0F;
  for (uint32_t t = 0; t < positions; ++t, values += stride_bytes) {
    const float weight = weights[t] * Row::scale(values);
    for (uint32_t i = 0; i < head_dim; ++i) out[i] += weight * Row::value(values, i);
  }
}

}  // namespace

const KvKernels kF16Kv = {F16::row_bytes, F16::store, scores<F16>, mix<F16>};
const KvKernels kInt8Kv = {Int8::row_bytes, Int8::store, scores<Int8>, mix<Int8>};

void gelu_multiply(float* gate, const float* up, uint32_t n) {
  for (uint32_t i = 0; i < n; ++i) {
    const float z = gate[i];
    const float cube = (z * z) * z;
    const float u = 0.797884583F * (z + 0.044715F * cube);
    gate[i] = (z / (1.0F + exp_clamped(-2.0F * u))) * up[i];
  }
}

}  // namespace slmrig::runtime::plain
