#include "workloads/runtime/kernels/cortex_m_dsp/blocks.h"
#include "workloads/runtime/kernels/plain/plain.h"
#include "workloads/runtime/math.h"

namespace slmrig::runtime::dsp {
namespace {

// The largest of 16 values whose sign bit is shifted out: magnitudes of floats compare like integers. A new
// largest is rare, so it is noted out of line: two instructions a value.
#define SLMRIG_COMPARE(label, from) \
  "cmp %[most], " from              \
  ", lsl #1\n\t"                    \
  "blo 1" label                     \
  "f\n"                             \
  "2" label ":\n\t"
#define SLMRIG_NOTE(label, from) \
  "1" label                      \
  ":\n\t"                        \
  "lsl %[most], " from           \
  ", #1\n\t"                     \
  "b 2" label "b\n\t"
#define SLMRIG_COMPARE_FOUR(label)                                                                    \
  "ldmia %[x]!, {r4, r5, r6, r8}\n\t" SLMRIG_COMPARE(label "0", "r4") SLMRIG_COMPARE(label "1", "r5") \
      SLMRIG_COMPARE(label "2", "r6") SLMRIG_COMPARE(label "3", "r8")
#define SLMRIG_NOTE_FOUR(label) \
  SLMRIG_NOTE(label "0", "r4")  \
  SLMRIG_NOTE(label "1", "r5") SLMRIG_NOTE(label "2", "r6") SLMRIG_NOTE(label "3", "r8")

inline __attribute__((always_inline)) plain::BlockScale block_scale(const float* x) {
  uint32_t most = 0;
  const float* const end = x + kBlockColumns;
  __asm__ volatile(
      "1:\n\t"
      SLMRIG_COMPARE_FOUR("1") SLMRIG_COMPARE_FOUR("2") SLMRIG_COMPARE_FOUR("3") SLMRIG_COMPARE_FOUR("4")
      "cmp %[x], %[end]\n\t"
      "bne 1b\n\t"
      "b 2f\n"
      SLMRIG_NOTE_FOUR("1") SLMRIG_NOTE_FOUR("2") SLMRIG_NOTE_FOUR("3") SLMRIG_NOTE_FOUR("4")
      "2:\n\t"
      : [x] "+&r"(x), [most] "+&r"(most)
      : [end] "r"(end)
      : "r4", "r5", "r6", "r8", "cc", "memory");
  const float largest = float_of(static_cast<int32_t>(most >> 1));
  if (!(largest > kQuantizeFloor)) return {0.0F, 0.0F};
  return {largest * (1.0F / 127.0F), 127.0F / largest};
}

// The code of a value stands in the low 16 bits of value * inverse + kRoundMagic. Spelled out without .rept:
// the compiler counts lines to know how far its constants may be.
#define SLMRIG_QUANTIZE_EIGHT(add_first, add_second) \
  "vldmia %[x]!, {s0-s7}\n\t"                        \
  "vmul.f32 s0, s0, %[inverse]\n\t"                  \
  "vmul.f32 s1, s1, %[inverse]\n\t"                  \
  "vmul.f32 s2, s2, %[inverse]\n\t"                  \
  "vmul.f32 s3, s3, %[inverse]\n\t"                  \
  "vmul.f32 s4, s4, %[inverse]\n\t"                  \
  "vmul.f32 s5, s5, %[inverse]\n\t"                  \
  "vmul.f32 s6, s6, %[inverse]\n\t"                  \
  "vmul.f32 s7, s7, %[inverse]\n\t"                  \
  "vadd.f32 s0, s0, %[magic]\n\t"                    \
  "vadd.f32 s1, s1, %[magic]\n\t"                    \
  "vadd.f32 s2, s2, %[magic]\n\t"                    \
  "vadd.f32 s3, s3, %[magic]\n\t"                    \
  "vadd.f32 s4, s4, %[magic]\n\t"                    \
  "vadd.f32 s5, s5, %[magic]\n\t"                    \
  "vadd.f32 s6, s6, %[magic]\n\t"                    \
  "vadd.f32 s7, s7, %[magic]\n\t"                    \
  "vmov r4, r5, s0, s1\n\t"                          \
  "vmov %[first], %[second], s2, s3\n\t"             \
  "vmov r6, r8, s4, s5\n\t"                          \
  "pkhbt r4, r4, %[first], lsl #16\n\t"              \
  "pkhbt r5, r5, %[second], lsl #16\n\t"             \
  "vmov %[first], %[second], s6, s7\n\t" add_first   \
  "pkhbt r6, r6, %[first], lsl #16\n\t"              \
  "pkhbt r8, r8, %[second], lsl #16\n\t" add_second "stmia %[pairs]!, {r4, r5, r6, r8}\n\t"
#define SLMRIG_QUANTIZE_LOOKUP           \
  "vldmia %[x]!, {s0-s3}\n\t"            \
  "vldmia %[high]!, {s4-s7}\n\t"         \
  "vmul.f32 s0, s0, %[inverse]\n\t"      \
  "vmul.f32 s1, s1, %[inverse]\n\t"      \
  "vmul.f32 s2, s2, %[inverse]\n\t"      \
  "vmul.f32 s3, s3, %[inverse]\n\t"      \
  "vmul.f32 s4, s4, %[inverse]\n\t"      \
  "vmul.f32 s5, s5, %[inverse]\n\t"      \
  "vmul.f32 s6, s6, %[inverse]\n\t"      \
  "vmul.f32 s7, s7, %[inverse]\n\t"      \
  "vadd.f32 s0, s0, %[magic]\n\t"        \
  "vadd.f32 s1, s1, %[magic]\n\t"        \
  "vadd.f32 s2, s2, %[magic]\n\t"        \
  "vadd.f32 s3, s3, %[magic]\n\t"        \
  "vadd.f32 s4, s4, %[magic]\n\t"        \
  "vadd.f32 s5, s5, %[magic]\n\t"        \
  "vadd.f32 s6, s6, %[magic]\n\t"        \
  "vadd.f32 s7, s7, %[magic]\n\t"        \
  "vmov r4, r5, s0, s1\n\t"              \
  "vmov %[first], %[second], s4, s5\n\t" \
  "vmov r6, r8, s2, s3\n\t"              \
  "pkhbt r4, r4, %[first], lsl #16\n\t"  \
  "pkhbt r5, r5, %[second], lsl #16\n\t" \
  "vmov %[first], %[second], s6, s7\n\t" \
  "pkhbt r6, r6, %[first], lsl #16\n\t"  \
  "pkhbt r8, r8, %[second], lsl #16\n\t" \
  "stmdb %[pairs]!, {r4, r5, r6, r8}\n\t"

#define SLMRIG_SUM(first, second) \
  "smlad %[sum], " first          \
  ", %[ones], %[sum]\n\t"         \
  "smlad %[sum], " second ", %[ones], %[sum]\n\t"
#define SLMRIG_QUANTIZE_CLOBBERS \
  "s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "r4", "r5", "r6", "r8", "memory"

// Sixteen columns to pairs of codes.
inline __attribute__((always_inline)) void quantize_pairs(const float*& x, float inverse, uint32_t*& pairs) {
  uint32_t first = 0;
  uint32_t second = 0;
  __asm__ volatile(SLMRIG_QUANTIZE_EIGHT("", "") SLMRIG_QUANTIZE_EIGHT("", "")
                   : [x] "+&r"(x), [pairs] "+&r"(pairs), [first] "=&r"(first), [second] "=&r"(second)
                   : [inverse] "t"(inverse), [magic] "t"(kRoundMagic)
                   : SLMRIG_QUANTIZE_CLOBBERS);
}

// The same, and the sum of the codes.
inline __attribute__((always_inline)) int32_t quantize_and_sum(const float*& x, float inverse,
                                                               uint32_t*& pairs) {
  int32_t sum = 0;
  uint32_t first = 0;
  uint32_t second = 0;
  __asm__ volatile(
      SLMRIG_QUANTIZE_EIGHT(SLMRIG_SUM("r4", "r5"), SLMRIG_SUM("r6", "r8"))
          SLMRIG_QUANTIZE_EIGHT(SLMRIG_SUM("r4", "r5"), SLMRIG_SUM("r6", "r8"))
      : [x] "+&r"(x), [pairs] "+&r"(pairs), [sum] "+&r"(sum), [first] "=&r"(first), [second] "=&r"(second)
      : [inverse] "t"(inverse), [magic] "t"(kRoundMagic), [ones] "r"(0x00010001U)
      : SLMRIG_QUANTIZE_CLOBBERS);
  return sum;
}

void quantize_lookup(const float* x, float inverse, uint32_t* pairs_end) {
  const float* high = x + 16;
  uint32_t first = 0;
  uint32_t second = 0;
  __asm__ volatile(SLMRIG_QUANTIZE_LOOKUP SLMRIG_QUANTIZE_LOOKUP SLMRIG_QUANTIZE_LOOKUP SLMRIG_QUANTIZE_LOOKUP
                   : [x] "+&r"(x), [high] "+&r"(high), [pairs] "+&r"(pairs_end), [first] "=&r"(first),
                     [second] "=&r"(second)
                   : [inverse] "t"(inverse), [magic] "t"(kRoundMagic)
                   : SLMRIG_QUANTIZE_CLOBBERS);
}

size_t round_up(size_t bytes) { return (bytes + 31) / 32 * 32; }

}  // namespace

size_t pairs_prepared_bytes(uint32_t columns) {
  return round_up(columns / kBlockColumns * sizeof(PairBlock));
}

Activations prepare_pairs(const float* x, uint32_t tokens, uint32_t columns, uint8_t* room) {
  const size_t stride_bytes = pairs_prepared_bytes(columns);
  for (uint32_t token = 0; token < tokens; ++token) {
    auto* block = reinterpret_cast<PairBlock*>(room + token * stride_bytes);
    for (const float* const end = x + columns; x != end; ++block) {
      const plain::BlockScale scale = block_scale(x);
      block->scale = scale.scale;
      uint32_t* pairs = block->pairs;
      quantize_pairs(x, scale.inverse, pairs);
      quantize_pairs(x, scale.inverse, pairs);
    }
  }
  return {room, stride_bytes};
}

Activations prepare_pairs_and_sums(const float* x, uint32_t tokens, uint32_t columns, uint8_t* room) {
  const size_t stride_bytes = pairs_prepared_bytes(columns);
  for (uint32_t token = 0; token < tokens; ++token) {
    auto* block = reinterpret_cast<PairBlock*>(room + token * stride_bytes);
    for (const float* const end = x + columns; x != end; ++block) {
      const plain::BlockScale scale = block_scale(x);
      block->scale = scale.scale;
      uint32_t* pairs = block->pairs;
      const int32_t low = quantize_and_sum(x, scale.inverse, pairs);
      const int32_t high = quantize_and_sum(x, scale.inverse, pairs);
      block->zero_8 = -8 * (low + high);
      block->zero_1 = -(low + high);
      block->sums[0] = low;
      block->sums[1] = high;
    }
  }
  return {room, stride_bytes};
}

size_t lookup_prepared_bytes(uint32_t columns) {
  return round_up(columns / kBlockColumns * sizeof(LookupBlock));
}

Activations prepare_lookup(const float* x, uint32_t tokens, uint32_t columns, uint8_t* room) {
  const size_t stride_bytes = lookup_prepared_bytes(columns);
  for (uint32_t token = 0; token < tokens; ++token) {
    auto* block = reinterpret_cast<LookupBlock*>(room + token * stride_bytes);
    const float* const end = x + columns;
    for (; x != end; ++block, x += kBlockColumns) {
      const plain::BlockScale scale = block_scale(x);
      block->scale = scale.scale;
      quantize_lookup(x, scale.inverse, block->pairs + 16);
    }
  }
  return {room, stride_bytes};
}

}  // namespace slmrig::runtime::dsp
