// Attention over keys and values that are kept as floats, as halves or as bytes.
//
// One load brings eight halves, and two instructions make floats of them: the even ones and the odd ones. So
// queries and results are taken apart alike, and the lanes fold in the order of kernels.h all the same.
#include <arm_mve.h>

#include "workloads/runtime/kernels/cortex_m_mve/lanes_inl.h"
#include "workloads/runtime/kernels/cortex_m_mve/mve.h"
#include "workloads/runtime/kernels/lanes.h"
#include "workloads/runtime/kernels/plain/plain.h"

namespace slmrig::runtime::mve {
namespace {

#define SLMRIG_INLINE inline __attribute__((always_inline))

// GNU as 2.40 encodes the vectors of VCVTB and VCVTT as twice their numbers, so the instructions are spelled
// out: 111 1 1110 0011 1111 | Qd T 1110 0000 Qm 1.
#define SLMRIG_FLOATS_OF_HALVES(opcode, floats, halves)                                \
  __asm__(                                                                             \
      ".set slmrig_q0, 0; .set slmrig_q1, 1; .set slmrig_q2, 2; .set slmrig_q3, 3; "   \
      ".set slmrig_q4, 4; .set slmrig_q5, 5; .set slmrig_q6, 6; .set slmrig_q7, 7\n\t" \
      ".inst.w " opcode " + (slmrig_%q[to] << 13) + (slmrig_%q[from] << 1)"            \
      : [to] "=w"(floats)                                                              \
      : [from] "w"(halves))

SLMRIG_INLINE float32x4_t even_floats(float16x8_t halves) {
  float32x4_t floats;
  SLMRIG_FLOATS_OF_HALVES("0xfe3f0e01", floats, halves);
  return floats;
}

SLMRIG_INLINE float32x4_t odd_floats(float16x8_t halves) {
  float32x4_t floats;
  SLMRIG_FLOATS_OF_HALVES("0xfe3f1e01", floats, halves);
  return floats;
}

// Keeps the compiler from addressing two loads from one pointer, which costs it copies in a loop where each
// load could move the pointer on by itself.
template <typename T>
SLMRIG_INLINE void moved_on(T& pointer) {
  __asm__("" : "+r"(pointer));
}

// What the rows of a cache are made of: a scale, if any, then numbers.
//   load(row, i)          the eight numbers from number i on, arranged as `Lanes` of the format's own
//   next(&numbers)        the same of the eight numbers there; moves on
//   next_query(&x)        eight floats in the same arrangement; moves on
//   store(lanes, y)       the other way
//   store_parts(lanes, to)  what is left to be added of a row, to [kParts][4 rows][4]: each part is added as
//                         (0 + 2) + (1 + 3), then the parts
//   column_pair(rows, k)  of four rows of eight: numbers 2k and 2k + 1 of each
//   scaled(x, rows)       x times the scales of four rows that are stride_bytes apart

struct Floats {
  static constexpr uint32_t kScaleBytes = 0;
  static constexpr uint32_t kParts = 1;

  static uint32_t row_bytes(uint32_t head_dim) { return head_dim * sizeof(float); }
  static SLMRIG_INLINE float scale(const uint8_t*) { return 1.0F; }

  static SLMRIG_INLINE Lanes load(const uint8_t* row, uint32_t i) {
    const auto* numbers = reinterpret_cast<const float*>(row) + i;
    return {vldrwq_f32(numbers), vldrwq_f32(numbers + 4)};
  }
  static SLMRIG_INLINE Lanes next_query(const float** x) {
    const float32x4_t low = vldrwq_f32(*x);
    *x += 4;
    moved_on(*x);
    const float32x4_t high = vldrwq_f32(*x);
    *x += 4;
    return {low, high};
  }
  static SLMRIG_INLINE Lanes next(const uint8_t** row) {
    const auto* numbers = reinterpret_cast<const float*>(*row);
    const Lanes lanes = next_query(&numbers);
    *row = reinterpret_cast<const uint8_t*>(numbers);
    return lanes;
  }
  static SLMRIG_INLINE void store(Lanes lanes, float* y) {
    vstrwq_f32(y, lanes.low);
    vstrwq_f32(y + 4, lanes.high);
  }
  static SLMRIG_INLINE void store_parts(Lanes lanes, float* parts) {
    vstrwq_f32(parts, vaddq_f32(lanes.low, lanes.high));
  }
  static SLMRIG_INLINE Lanes column_pair(const uint8_t* rows, uint32_t k) {
    const uint32x4_t offsets = {0, kLanes, 2 * kLanes, 3 * kLanes};
    const auto* numbers = reinterpret_cast<const float*>(rows) + 2 * k;
    return {vldrwq_gather_shifted_offset_f32(numbers, offsets),
            vldrwq_gather_shifted_offset_f32(numbers + 1, offsets)};
  }
  static SLMRIG_INLINE float32x4_t scaled(float32x4_t x, const uint8_t*, uint32_t) { return x; }

  static void plain_scores(const float* query, const uint8_t* keys, uint32_t positions, uint32_t head_dim,
                           float scale, float* out) {
    plain::scores(query, reinterpret_cast<const float*>(keys), positions, head_dim, scale, out);
  }
  static void plain_mix(const float* weights, const uint8_t* values, uint32_t positions, uint32_t head_dim,
                        float* out) {
    plain::mix(weights, reinterpret_cast<const float*>(values), positions, head_dim, out);
  }
};

// What the formats of plain/kv.cc share.
template <const KvKernels& kPlain>
struct Packed {
  static uint32_t row_bytes(uint32_t head_dim) { return static_cast<uint32_t>(kPlain.row_bytes(head_dim)); }
  static void plain_scores(const float* query, const uint8_t* keys, uint32_t positions, uint32_t head_dim,
                           float scale, float* out) {
    kPlain.scores(query, keys, positions, head_dim, scale, out);
  }
  static void plain_mix(const float* weights, const uint8_t* values, uint32_t positions, uint32_t head_dim,
                        float* out) {
    kPlain.mix(weights, values, positions, head_dim, out);
  }
};

// Lanes: even numbers low, odd ones high.
struct Halves : Packed<plain::kF16Kv> {
  static constexpr uint32_t kScaleBytes = 0;
  static constexpr uint32_t kParts = 2;

  static SLMRIG_INLINE float scale(const uint8_t*) { return 1.0F; }

  static SLMRIG_INLINE Lanes load(const uint8_t* row, uint32_t i) {
    const float16x8_t halves = vldrhq_f16(reinterpret_cast<const float16_t*>(row) + i);
    return {even_floats(halves), odd_floats(halves)};
  }
  static SLMRIG_INLINE Lanes next(const uint8_t** row) {
    const Lanes lanes = load(*row, 0);
    *row += 8 * sizeof(float16_t);
    return lanes;
  }
  static SLMRIG_INLINE Lanes next_query(const float** x) {
    const float32x4x2_t pairs = vld2q_f32(*x);
    *x += kLanes;
    return {pairs.val[0], pairs.val[1]};
  }
  static SLMRIG_INLINE void store(Lanes lanes, float* y) {
    float32x4x2_t pairs;
    pairs.val[0] = lanes.low;
    pairs.val[1] = lanes.high;
    vst2q_f32(y, pairs);
  }
  static SLMRIG_INLINE void store_parts(Lanes lanes, float* parts) {
    vstrwq_f32(parts, lanes.low);
    vstrwq_f32(parts + 16, lanes.high);
  }
  static SLMRIG_INLINE Lanes column_pair(const uint8_t* rows, uint32_t k) {
    const uint32x4_t offsets = {0, 4, 8, 12};
    const float16x8_t halves = vreinterpretq_f16_u32(
        vldrwq_gather_shifted_offset_u32(reinterpret_cast<const uint32_t*>(rows) + k, offsets));
    return {even_floats(halves), odd_floats(halves)};
  }
  static SLMRIG_INLINE float32x4_t scaled(float32x4_t x, const uint8_t*, uint32_t) { return x; }
};

struct Bytes : Packed<plain::kInt8Kv> {
  static constexpr uint32_t kScaleBytes = sizeof(float);
  static constexpr uint32_t kRowOfEightBytes = kScaleBytes + 8;
  static constexpr uint32_t kParts = 1;

  static SLMRIG_INLINE float scale(const uint8_t* row) { return *reinterpret_cast<const float*>(row); }

  static SLMRIG_INLINE Lanes load(const uint8_t* row, uint32_t i) {
    const auto* codes = reinterpret_cast<const int8_t*>(row) + kScaleBytes + i;
    return {vcvtq_f32_s32(vldrbq_s32(codes)), vcvtq_f32_s32(vldrbq_s32(codes + 4))};
  }
  static SLMRIG_INLINE Lanes next(const uint8_t** row) {
    const int32x4_t low = vldrbq_s32(reinterpret_cast<const int8_t*>(*row));
    *row += 4;
    moved_on(*row);
    const int32x4_t high = vldrbq_s32(reinterpret_cast<const int8_t*>(*row));
    *row += 4;
    return {vcvtq_f32_s32(low), vcvtq_f32_s32(high)};
  }
  static SLMRIG_INLINE Lanes next_query(const float** x) { return Floats::next_query(x); }
  static SLMRIG_INLINE void store(Lanes lanes, float* y) { Floats::store(lanes, y); }
  static SLMRIG_INLINE void store_parts(Lanes lanes, float* parts) { Floats::store_parts(lanes, parts); }
  static SLMRIG_INLINE Lanes column_pair(const uint8_t* rows, uint32_t k) {
    const uint32x4_t offsets = {0, kRowOfEightBytes, 2 * kRowOfEightBytes, 3 * kRowOfEightBytes};
    const auto* codes = reinterpret_cast<const int8_t*>(rows) + kScaleBytes + 2 * k;
    return {vcvtq_f32_s32(vldrbq_gather_offset_s32(codes, offsets)),
            vcvtq_f32_s32(vldrbq_gather_offset_s32(codes + 1, offsets))};
  }
  static SLMRIG_INLINE float32x4_t scaled(float32x4_t x, const uint8_t* rows, uint32_t stride_bytes) {
    const uint32x4_t offsets = {0, stride_bytes, 2 * stride_bytes, 3 * stride_bytes};
    return vmulq_f32(x, vldrwq_gather_offset_f32(reinterpret_cast<const float*>(rows), offsets));
  }
};

// Heads of 8, four positions: lanes are positions, so the canonical fold is a sum of vectors and nothing is
// added across lanes. Zero is added because the canonical lanes begin at +0, where a sum of -0 alone would
// stay -0.
template <typename Row>
SLMRIG_INLINE float32x4_t dots_of_eight(const float* query, const uint8_t* keys) {
  const auto products = [&](uint32_t k) __attribute__((always_inline)) {
    const Lanes pair = Row::column_pair(keys, k);
    return Lanes{vmulq_n_f32(pair.low, query[2 * k]), vmulq_n_f32(pair.high, query[2 * k + 1])};
  };
  const auto sums = [&](uint32_t k) __attribute__((always_inline)) {
    const Lanes a = products(k);
    const Lanes b = products(k + 2);
    return Lanes{vaddq_f32(a.low, b.low), vaddq_f32(a.high, b.high)};
  };
  const Lanes a = sums(0);
  const Lanes b = sums(1);
  return vaddq_n_f32(vaddq_f32(vaddq_f32(a.low, b.low), vaddq_f32(a.high, b.high)), 0.0F);
}

// Two rows, which share the loads of the query. head_dim > 0
template <typename Row>
SLMRIG_INLINE void dot_two(const float* query, const uint8_t* first, const uint8_t* second, uint32_t head_dim,
                           float* parts) {
  Lanes a = {vdupq_n_f32(0.0F), vdupq_n_f32(0.0F)};
  Lanes b = a;
  const float* const end = query + head_dim;
  do {
    const Lanes x = Row::next_query(&query);
    const Lanes of_first = Row::next(&first);
    a.low = multiply_add(of_first.low, x.low, a.low);
    a.high = multiply_add(of_first.high, x.high, a.high);
    const Lanes of_second = Row::next(&second);
    b.low = multiply_add(of_second.low, x.low, b.low);
    b.high = multiply_add(of_second.high, x.high, b.high);
  } while (query != end);
  Row::store_parts(a, parts);
  Row::store_parts(b, parts + 4);
}

SLMRIG_INLINE float32x4_t fold_part(const float* part) {
  const float32x4x4_t numbers = vld4q_f32(part);
  return vaddq_f32(vaddq_f32(numbers.val[0], numbers.val[2]), vaddq_f32(numbers.val[1], numbers.val[3]));
}

// Four positions. head_dim is a multiple of 8.
template <typename Row>
SLMRIG_INLINE float32x4_t dots_of_four(const float* query, const uint8_t* keys, uint32_t stride_bytes,
                                       uint32_t head_dim) {
  if (head_dim == kLanes) return dots_of_eight<Row>(query, keys);
  float parts[Row::kParts * 16];
  keys += Row::kScaleBytes;
  dot_two<Row>(query, keys, keys + stride_bytes, head_dim, parts);
  keys += 2 * stride_bytes;
  dot_two<Row>(query, keys, keys + stride_bytes, head_dim, parts + 8);
  const float32x4_t sums = fold_part(parts);
  return Row::kParts == 1 ? sums : vaddq_f32(sums, fold_part(parts + 16 * (Row::kParts - 1)));
}

// positions >= 4; the last ones are done again with those before them, so that there are four.
template <typename Row>
SLMRIG_INLINE void scores_by_four(const float* query, const uint8_t* keys, uint32_t positions,
                                  uint32_t head_dim, float scale, float* out) {
  const uint32_t stride_bytes = Row::row_bytes(head_dim);
  for (uint32_t t = 0; t < positions; t += 4) {
    if (t + 4 > positions) t = positions - 4;
    const uint8_t* rows = keys + t * stride_bytes;
    const float32x4_t dots = dots_of_four<Row>(query, rows, stride_bytes, head_dim);
    vstrwq_f32(out + t, vmulq_n_f32(Row::scaled(dots, rows, stride_bytes), scale));
  }
}

// Of few positions, and of heads that are no multiple of 8, the plain function takes care.
template <typename Row>
void scores_of(const float* query, const uint8_t* keys, uint32_t positions, uint32_t head_dim, float scale,
               float* out) {
  if (head_dim % kLanes != 0 || positions < 4) {
    return Row::plain_scores(query, keys, positions, head_dim, scale, out);
  }
  if (head_dim == kLanes) return scores_by_four<Row>(query, keys, positions, kLanes, scale, out);
  scores_by_four<Row>(query, keys, positions, head_dim, scale, out);
}

// kCount times eight numbers of every row, from number i on.
template <typename Row, uint32_t kCount>
SLMRIG_INLINE void mix_columns(const float* weights, const uint8_t* values, uint32_t positions,
                               uint32_t stride_bytes, uint32_t i, float* out) {
  Lanes sums[kCount];
  for (Lanes& eight : sums) eight = {vdupq_n_f32(0.0F), vdupq_n_f32(0.0F)};
  for (uint32_t t = 0; t < positions; ++t, values += stride_bytes) {
    const float weight = weights[t] * Row::scale(values);
    for (uint32_t part = 0; part < kCount; ++part) {
      const Lanes eight = Row::load(values, i + part * kLanes);
      sums[part].low = vaddq_f32(sums[part].low, vmulq_n_f32(eight.low, weight));
      sums[part].high = vaddq_f32(sums[part].high, vmulq_n_f32(eight.high, weight));
    }
  }
  for (uint32_t part = 0; part < kCount; ++part) Row::store(sums[part], out + i + part * kLanes);
}

template <typename Row>
void mix_of(const float* weights, const uint8_t* values, uint32_t positions, uint32_t head_dim, float* out) {
  if (head_dim % kLanes != 0) return Row::plain_mix(weights, values, positions, head_dim, out);
  const uint32_t stride_bytes = Row::row_bytes(head_dim);
  uint32_t i = 0;
  for (; i + 2 * kLanes <= head_dim; i += 2 * kLanes) {
    mix_columns<Row, 2>(weights, values, positions, stride_bytes, i, out);
  }
  if (i < head_dim) mix_columns<Row, 1>(weights, values, positions, stride_bytes, i, out);
}

size_t row_bytes_of_halves(uint32_t head_dim) { return plain::kF16Kv.row_bytes(head_dim); }
size_t row_bytes_of_bytes(uint32_t head_dim) { return plain::kInt8Kv.row_bytes(head_dim); }

void store_halves(const float* x, uint32_t head_dim, uint8_t* row) { plain::kF16Kv.store(x, head_dim, row); }
void store_bytes(const float* x, uint32_t head_dim, uint8_t* row) { plain::kInt8Kv.store(x, head_dim, row); }

}  // namespace

const KvKernels kF16Kv = {row_bytes_of_halves, store_halves, scores_of<Halves>, mix_of<Halves>};
const KvKernels kInt8Kv = {row_bytes_of_bytes, store_bytes, scores_of<Bytes>, mix_of<Bytes>};

void scores(const float* query, const float* keys, uint32_t positions, uint32_t head_dim, float scale,
            float* out) {
  scores_of<Floats>(query, reinterpret_cast<const uint8_t*>(keys), positions, head_dim, scale, out);
}

void mix(const float* weights, const float* values, uint32_t positions, uint32_t head_dim, float* out) {
  mix_of<Floats>(weights, reinterpret_cast<const uint8_t*>(values), positions, head_dim, out);
}

}  // namespace slmrig::runtime::mve
