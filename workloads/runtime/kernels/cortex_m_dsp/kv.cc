// Attention over keys and values that are kept as halves or as bytes: the loops of attention.cc with another
// way to bring eight numbers into registers. A number costs the multiplication and the addition that a float
// costs, and its conversion: one instruction for a half, two and a half for a byte.
#include "workloads/runtime/kernels/cortex_m_dsp/dsp.h"
#include "workloads/runtime/kernels/cortex_m_dsp/eights_asm.h"
#include "workloads/runtime/kernels/lanes.h"
#include "workloads/runtime/kernels/plain/plain.h"
#include "workloads/runtime/math.h"

namespace slmrig::runtime::dsp {
namespace {

constexpr uint32_t kHalfScaleBytes = 0;
constexpr uint32_t kByteScaleBytes = sizeof(float);

#define SLMRIG_HALF_TO(d, s, half) "vcvt" #half ".f32.f16 s" #d ", s" #s "\n\t"
// The eight halves at `from`, which moves on. Four words fill the first four registers; the last is unpacked
// first, so that none is written before it was read.
#define SLMRIG_LOAD_HALVES_EXPANDED(from, d0, d1, d2, d3, d4, d5, d6, d7)                         \
  "vldmia " from "!, {s" #d0 "-s" #d3 "}\n\t" SLMRIG_HALF_TO(d7, d3, t) SLMRIG_HALF_TO(d6, d3, b) \
      SLMRIG_HALF_TO(d5, d2, t) SLMRIG_HALF_TO(d4, d2, b) SLMRIG_HALF_TO(d3, d1, t)               \
          SLMRIG_HALF_TO(d2, d1, b) SLMRIG_HALF_TO(d1, d0, t) SLMRIG_HALF_TO(d0, d0, b)
#define SLMRIG_LOAD_HALVES(...) SLMRIG_LOAD_HALVES_EXPANDED(__VA_ARGS__)

#define SLMRIG_TWO_BYTES_TO(from, d0, d1) \
  "ldrsb %[c], [" from                    \
  "], #1\n\t"                             \
  "ldrsb %[d], [" from                    \
  "], #1\n\t"                             \
  "vmov s" #d0 ", s" #d1 ", %[c], %[d]\n\t"
#define SLMRIG_INTEGER_IN(d) "vcvt.f32.s32 s" #d ", s" #d "\n\t"
// The eight signed bytes at `from`, which moves on.
#define SLMRIG_LOAD_BYTES_EXPANDED(from, d0, d1, d2, d3, d4, d5, d6, d7) \
  SLMRIG_TWO_BYTES_TO(from, d0, d1)                                      \
  SLMRIG_TWO_BYTES_TO(from, d2, d3)                                      \
  SLMRIG_TWO_BYTES_TO(from, d4, d5)                                      \
  SLMRIG_TWO_BYTES_TO(from, d6, d7)                                      \
  SLMRIG_INTEGER_IN(d0)                                                  \
  SLMRIG_INTEGER_IN(d1)                                                  \
  SLMRIG_INTEGER_IN(d2)                                                  \
  SLMRIG_INTEGER_IN(d3)                                                  \
  SLMRIG_INTEGER_IN(d4)                                                  \
  SLMRIG_INTEGER_IN(d5)                                                  \
  SLMRIG_INTEGER_IN(d6)                                                  \
  SLMRIG_INTEGER_IN(d7)
#define SLMRIG_LOAD_BYTES(...) SLMRIG_LOAD_BYTES_EXPANDED(__VA_ARGS__)

// Rows of one cache, next to each other. scores and mix below see them from their first number on.
struct Rows {
  const uint8_t* data;
  uint32_t count;
  uint32_t stride_bytes;
};

// What the scales of two rows do to s0 and s1 when %[a] and %[b] are at the ends of the rows.
#define SLMRIG_NO_SCALES ""
#define SLMRIG_ROW_SCALES         \
  "sub %[c], %[a], %[stride]\n\t" \
  "vldr s18, [%[c]]\n\t"          \
  "vldr s19, [%[a]]\n\t"          \
  "vmul.f32 s0, s0, s18\n\t"      \
  "vmul.f32 s1, s1, s19\n\t"

// As scores_pairs of attention.cc. rows.count is even and > 0, head_dim > 0 a multiple of 8.
#define SLMRIG_DEFINE_SCORES(name, LOAD, SCALES, scale_bytes)                                                  \
  void name(const float* query, Rows rows, uint32_t head_dim, float scale, float* out) {                       \
    const uint8_t* a = rows.data;                                                                              \
    const uint8_t* b = a + rows.stride_bytes;                                                                  \
    uint32_t left = 0;                                                                                         \
    uint32_t c = 0;                                                                                            \
    uint32_t d = 0;                                                                                            \
    __asm__ volatile(                                                                                        \
        "1:\n\t"                                                                                             \
        "vldmia %[query]!, {s16-s23}\n\t"                                                                    \
        LOAD("%[a]", SLMRIG_S0_7)                                                                            \
        SLMRIG_EIGHT("vmul.f32", SLMRIG_S0_7, SLMRIG_S16_23)                                                 \
        LOAD("%[b]", SLMRIG_S8_15)                                                                           \
        SLMRIG_EIGHT("vmul.f32", SLMRIG_S8_15, SLMRIG_S16_23)                                                \
        "subs %[left], %[head_dim], #8\n\t"                                                                  \
        "beq 3f\n"                                                                                           \
        "2:\n\t"                                                                                             \
        "vldmia %[query]!, {s16-s23}\n\t"                                                                    \
        LOAD("%[a]", SLMRIG_S24_31)                                                                          \
        SLMRIG_EIGHT("vmul.f32", SLMRIG_S24_31, SLMRIG_S16_23)                                               \
        SLMRIG_EIGHT("vadd.f32", SLMRIG_S0_7, SLMRIG_S24_31)                                                 \
        LOAD("%[b]", SLMRIG_S24_31)                                                                          \
        SLMRIG_EIGHT("vmul.f32", SLMRIG_S24_31, SLMRIG_S16_23)                                               \
        SLMRIG_EIGHT("vadd.f32", SLMRIG_S8_15, SLMRIG_S24_31)                                                \
        "subs %[left], %[left], #8\n\t"                                                                      \
        "bne 2b\n"                                                                                           \
        "3:\n\t"                                                                                             \
        "vmov s16, %[scale]\n\t"                                                                             \
        "vmov s17, %[left]\n\t" /* which is 0: zero is added for the reason given in dot() */                \
        SLMRIG_FOLD(SLMRIG_S0_7)                                                                             \
        SLMRIG_FOLD(SLMRIG_S8_15)                                                                            \
        "vadd.f32 s0, s0, s17\n\t"                                                                           \
        "vadd.f32 s1, s8, s17\n\t"                                                                           \
        SCALES                                                                                               \
        "vmul.f32 s0, s0, s16\n\t"                                                                           \
        "vmul.f32 s1, s1, s16\n\t"                                                                           \
        "vstmia %[out]!, {s0-s1}\n\t"                                                                        \
        "add %[a], %[b], %[header]\n\t"                                                                      \
        "add %[b], %[a], %[stride]\n\t"                                                                      \
        "sub %[query], %[query], %[head_dim], lsl #2\n\t"                                                    \
        "subs %[count], %[count], #2\n\t"                                                                    \
        "bne 1b\n\t"                                                                                         \
        : [query] "+&r"(query), [a] "+&r"(a), [b] "+&r"(b), [left] "=&r"(left), [count] "+&r"(rows.count),   \
          [out] "+&r"(out), [c] "=&r"(c), [d] "=&r"(d)                                         \
        : [head_dim] "r"(head_dim), [stride] "r"(rows.stride_bytes), [scale] "r"(bits_of(scale)),            \
          [header] "i"(scale_bytes)                                                                          \
        : SLMRIG_CLOBBER_S0_15, SLMRIG_CLOBBER_S16_31, "cc", "memory"); \
  }

// clang-format off
SLMRIG_DEFINE_SCORES(scores_of_halves, SLMRIG_LOAD_HALVES, SLMRIG_NO_SCALES, kHalfScaleBytes)
SLMRIG_DEFINE_SCORES(scores_of_bytes, SLMRIG_LOAD_BYTES, SLMRIG_ROW_SCALES, kByteScaleBytes)
// clang-format on

// The weight of a row in s24.
#define SLMRIG_HALF_WEIGHT "vldmia %[weights]!, {s24}\n\t"
#define SLMRIG_BYTE_WEIGHT                  \
  "vldmia %[weights]!, {s24}\n\t"           \
  "vldr s25, [%[scales]]\n\t"               \
  "add %[scales], %[scales], %[stride]\n\t" \
  "vmul.f32 s24, s24, s25\n\t"
#define SLMRIG_MIX_EIGHT(LOAD, SUMS)             \
  LOAD("%[values]", SLMRIG_S16_23)               \
  SLMRIG_EIGHT_BY("vmul.f32", SLMRIG_S16_23, 24) \
  SLMRIG_EIGHT("vadd.f32", SUMS, SLMRIG_S16_23)
#define SLMRIG_MIX_SIXTEEN(LOAD) SLMRIG_MIX_EIGHT(LOAD, SLMRIG_S0_7) SLMRIG_MIX_EIGHT(LOAD, SLMRIG_S8_15)
#define SLMRIG_MIX_LAST_EIGHT(LOAD) SLMRIG_MIX_EIGHT(LOAD, SLMRIG_S0_7)

// `columns` columns of the rows from number `column` on: s0.. are the sums. rows.count > 0.
#define SLMRIG_DEFINE_MIX(name, LOAD, WEIGHT, COLUMNS, columns, number_bytes, scale_bytes, results)         \
  void name(const float* weights, Rows rows, uint32_t column, float* out) {                                 \
    const uint8_t* values = rows.data + column * (number_bytes);                                            \
    const uint8_t* scales = rows.data - (scale_bytes);                                                      \
    const uint32_t skip_bytes = rows.stride_bytes - (columns) * (number_bytes);                             \
    uint32_t c = 0;                                                                                         \
    uint32_t d = 0;                                                                                         \
    __asm__ volatile(                                                                                     \
        SLMRIG_SET("%[zero]", SLMRIG_S0_7)                                                                \
        SLMRIG_SET("%[zero]", SLMRIG_S8_15)                                                               \
        "1:\n\t"                                                                                          \
        WEIGHT                                                                                            \
        COLUMNS(LOAD)                                                                                     \
        "add %[values], %[values], %[skip]\n\t"                                                           \
        "subs %[count], %[count], #1\n\t"                                                                 \
        "bne 1b\n\t"                                                                                      \
        "vstmia %[out], {" results "}\n\t"                                                                \
        : [weights] "+&r"(weights), [values] "+&r"(values), [scales] "+&r"(scales),                       \
          [count] "+&r"(rows.count), [c] "=&r"(c), [d] "=&r"(d)                             \
        : [stride] "r"(rows.stride_bytes), [skip] "r"(skip_bytes), [out] "r"(out), [zero] "r"(0)          \
        : SLMRIG_CLOBBER_S0_15, SLMRIG_CLOBBER_S16_31, "cc", "memory"); \
  }

SLMRIG_DEFINE_MIX(mix_halves_16, SLMRIG_LOAD_HALVES, SLMRIG_HALF_WEIGHT, SLMRIG_MIX_SIXTEEN, 16, 2,
                  kHalfScaleBytes, "s0-s15")
SLMRIG_DEFINE_MIX(mix_halves_8, SLMRIG_LOAD_HALVES, SLMRIG_HALF_WEIGHT, SLMRIG_MIX_LAST_EIGHT, 8, 2,
                  kHalfScaleBytes, "s0-s7")
SLMRIG_DEFINE_MIX(mix_bytes_16, SLMRIG_LOAD_BYTES, SLMRIG_BYTE_WEIGHT, SLMRIG_MIX_SIXTEEN, 16, 1,
                  kByteScaleBytes, "s0-s15")
SLMRIG_DEFINE_MIX(mix_bytes_8, SLMRIG_LOAD_BYTES, SLMRIG_BYTE_WEIGHT, SLMRIG_MIX_LAST_EIGHT, 8, 1,
                  kByteScaleBytes, "s0-s7")

using ScorePairs = void (*)(const float* query, Rows rows, uint32_t head_dim, float scale, float* out);
using MixColumns = void (*)(const float* weights, Rows rows, uint32_t column, float* out);

// A last row is done again with the one before it. Heads that are no multiple of eight, and a row that is
// alone, are left to the plain functions.
template <const KvKernels& kPlain, ScorePairs kPairs, uint32_t kScaleBytes>
void scores(const float* query, const uint8_t* keys, uint32_t positions, uint32_t head_dim, float scale,
            float* out) {
  if (head_dim % kLanes != 0 || positions < 2) {
    return kPlain.scores(query, keys, positions, head_dim, scale, out);
  }
  const auto stride_bytes = static_cast<uint32_t>(kPlain.row_bytes(head_dim));
  keys += kScaleBytes;
  kPairs(query, {keys, positions / 2 * 2, stride_bytes}, head_dim, scale, out);
  if (positions % 2 == 0) return;
  const uint32_t last = positions - 2;
  kPairs(query, {keys + last * stride_bytes, 2, stride_bytes}, head_dim, scale, out + last);
}

template <const KvKernels& kPlain, MixColumns kSixteen, MixColumns kEight, uint32_t kScaleBytes>
void mix(const float* weights, const uint8_t* values, uint32_t positions, uint32_t head_dim, float* out) {
  if (head_dim % kLanes != 0 || positions == 0) {
    return kPlain.mix(weights, values, positions, head_dim, out);
  }
  const Rows rows = {values + kScaleBytes, positions, static_cast<uint32_t>(kPlain.row_bytes(head_dim))};
  uint32_t i = 0;
  for (; i + 16 <= head_dim; i += 16) kSixteen(weights, rows, i, out + i);
  if (i < head_dim) kEight(weights, rows, i, out + i);
}

size_t row_bytes_of_halves(uint32_t head_dim) { return plain::kF16Kv.row_bytes(head_dim); }
size_t row_bytes_of_bytes(uint32_t head_dim) { return plain::kInt8Kv.row_bytes(head_dim); }

void store_halves(const float* x, uint32_t head_dim, uint8_t* row) { plain::kF16Kv.store(x, head_dim, row); }
void store_bytes(const float* x, uint32_t head_dim, uint8_t* row) { plain::kInt8Kv.store(x, head_dim, row); }

}  // namespace

const KvKernels kF16Kv = {row_bytes_of_halves, store_halves,
                          scores<plain::kF16Kv, scores_of_halves, kHalfScaleBytes>,
                          mix<plain::kF16Kv, mix_halves_16, mix_halves_8, kHalfScaleBytes>};
const KvKernels kInt8Kv = {row_bytes_of_bytes, store_bytes,
                           scores<plain::kInt8Kv, scores_of_bytes, kByteScaleBytes>,
                           mix<plain::kInt8Kv, mix_bytes_16, mix_bytes_8, kByteScaleBytes>};

}  // namespace slmrig::runtime::dsp
