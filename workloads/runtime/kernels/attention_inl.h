// Attention over cached rows of floats, halves or bytes, in terms of a vector unit E as float_rows_inl.h has
// it, with besides: load_bytes(const uint8_t*) of signed bytes as floats, set(float), fold_four(lanes [4], to
// [4]). Internal linkage: see block_formats_inl.h.
#pragma once

#include <cstdint>
#include <cstring>

#include "workloads/runtime/kernels/float_rows_inl.h"
#include "workloads/runtime/kernels/plain/plain.h"

namespace slmrig::runtime {
namespace {

// A cached row: bytes(head_dim), its numbers as eight lanes (load) or one by one (at), and what they are to
// be multiplied with (scale).
template <typename E>
struct F32Cached : F32Row<E> {
  static size_t bytes(uint32_t head_dim) { return sizeof(float) * head_dim; }
  static inline float scale(const uint8_t*) { return 1.0F; }
};

template <typename E>
struct F16Cached : F16Row<E> {
  static size_t bytes(uint32_t head_dim) { return plain::kF16Kv.row_bytes(head_dim); }
  static inline float scale(const uint8_t*) { return 1.0F; }
};

template <typename E>
struct Int8Cached {
  static constexpr size_t kScaleBytes = sizeof(float);

  static size_t bytes(uint32_t head_dim) { return plain::kInt8Kv.row_bytes(head_dim); }
  static inline float scale(const uint8_t* row) {
    float scale = 0.0F;
    std::memcpy(&scale, row, kScaleBytes);
    return scale;
  }
  static inline typename E::Eight load(const uint8_t* row, size_t i) {
    return E::load_bytes(row + kScaleBytes + i);
  }
  static inline float at(const uint8_t* row, size_t i) {
    return static_cast<float>(static_cast<int8_t>(row[kScaleBytes + i]));
  }
};

template <typename E, template <typename> class CachedOf>
struct Attention {
  using Cached = CachedOf<E>;
  using Eight = typename E::Eight;

  // kRows keys at once: one load of the query serves them all.
  template <uint32_t kRows>
  static inline void score(const float* query, const uint8_t* keys, size_t stride_bytes, uint32_t head_dim,
                           float scale, float* out) {
    Eight sums[kRows];
    for (Eight& lanes : sums) lanes = E::zero();
    uint32_t i = 0;
    for (; i + kLanes <= head_dim; i += kLanes) {
      const Eight values = E::load(query + i);
      for (uint32_t row = 0; row < kRows; ++row) {
        sums[row] = E::multiply_add(Cached::load(keys + row * stride_bytes, i), values, sums[row]);
      }
    }
    float dots[kRows];
    if (kRows == 4 && i == head_dim) {
      E::fold_four(sums, dots);
    } else {
      for (uint32_t row = 0; row < kRows; ++row) {
        dots[row] = finish(sums[row], query, keys + row * stride_bytes, i, head_dim);
      }
    }
    for (uint32_t row = 0; row < kRows; ++row) {
      out[row] = (dots[row] * Cached::scale(keys + row * stride_bytes)) * scale;
    }
  }

  // The lanes with what is left from number i on; folded.
  static inline float finish(Eight sums, const float* query, const uint8_t* key, uint32_t i,
                             uint32_t head_dim) {
    float lanes[kLanes];
    E::store(sums, lanes);
    for (uint32_t lane = 0; i < head_dim; ++i, ++lane) lanes[lane] += Cached::at(key, i) * query[i];
    return fold_lanes(lanes);
  }

  static void scores(const float* query, const uint8_t* keys, uint32_t positions, uint32_t head_dim,
                     float scale, float* out) {
    const size_t stride_bytes = Cached::bytes(head_dim);
    uint32_t t = 0;
    for (; t + 4 <= positions; t += 4, keys += 4 * stride_bytes) {
      score<4>(query, keys, stride_bytes, head_dim, scale, out + t);
    }
    for (; t < positions; ++t, keys += stride_bytes) {
      score<1>(query, keys, stride_bytes, head_dim, scale, out + t);
    }
  }

  // kCount times eight columns from i on.
  template <uint32_t kCount>
  static inline void mix_columns(const float* weights, const uint8_t* values, size_t stride_bytes,
                                 uint32_t positions, uint32_t i, float* out) {
    Eight sums[kCount];
    for (Eight& eight : sums) eight = E::zero();
    for (uint32_t t = 0; t < positions; ++t, values += stride_bytes) {
      const Eight weight = E::set(weights[t] * Cached::scale(values));
      for (uint32_t part = 0; part < kCount; ++part) {
        sums[part] = E::multiply_add(weight, Cached::load(values, i + part * kLanes), sums[part]);
      }
    }
    for (uint32_t part = 0; part < kCount; ++part) E::store(sums[part], out + i + part * kLanes);
  }

  static void mix(const float* weights, const uint8_t* values, uint32_t positions, uint32_t head_dim,
                  float* out) {
    const size_t stride_bytes = Cached::bytes(head_dim);
    uint32_t i = 0;
    // Eight accumulators are enough chains of additions to hide their latency.
    for (; i + 8 * kLanes <= head_dim; i += 8 * kLanes) {
      mix_columns<8>(weights, values, stride_bytes, positions, i, out);
    }
    for (; i + 4 * kLanes <= head_dim; i += 4 * kLanes) {
      mix_columns<4>(weights, values, stride_bytes, positions, i, out);
    }
    for (; i + kLanes <= head_dim; i += kLanes) {
      mix_columns<1>(weights, values, stride_bytes, positions, i, out);
    }
    for (; i < head_dim; ++i) {
      out[i] = 0.0F;
      for (uint32_t t = 0; t < positions; ++t) {
        const uint8_t* row = values + t * stride_bytes;
        out[i] += (weights[t] * Cached::scale(row)) * Cached::at(row, i);
      }
    }
  }
};

// Of KernelSet, whose keys and values are floats.
template <typename E>
void f32_scores(const float* query, const float* keys, uint32_t positions, uint32_t head_dim, float scale,
                float* out) {
  Attention<E, F32Cached>::scores(query, reinterpret_cast<const uint8_t*>(keys), positions, head_dim, scale,
                                  out);
}

template <typename E>
void f32_mix(const float* weights, const float* values, uint32_t positions, uint32_t head_dim, float* out) {
  Attention<E, F32Cached>::mix(weights, reinterpret_cast<const uint8_t*>(values), positions, head_dim, out);
}

// Storing is left to the plain function: one row a token.
template <typename E, template <typename> class CachedOf>
KvKernels kv_kernels(const KvKernels& plain) {
  return {plain.row_bytes, plain.store, Attention<E, CachedOf>::scores, Attention<E, CachedOf>::mix};
}

}  // namespace
}  // namespace slmrig::runtime
