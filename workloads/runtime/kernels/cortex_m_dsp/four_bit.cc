// Q4_0 by masks; IQ4_NL and NF4 by a table that turns a byte of weights into two 16-bit codes.
#include "workloads/runtime/kernels/cortex_m_dsp/blocks.h"
#include "workloads/runtime/kernels/cortex_m_dsp/masked_asm.h"
#include "workloads/runtime/kernels/cortex_m_dsp/strip_asm.h"
#include "workloads/runtime/kernels/plain/plain.h"

namespace slmrig::runtime::dsp {
namespace {

// y [4 * strips]. The sums begin with -8 times the sum of the activations: the zero point.
void multiply_q4_strips(const uint8_t* w, const PairBlock* x_first, const PairBlock* end, uint32_t strips,
                        float* y) {
  const PairBlock* x = nullptr;
  uint32_t sums[kGroupRows] = {};
  uint32_t even = 0;
  uint32_t odd = 0;
  uint32_t two = 0;
  __asm__ volatile(SLMRIG_BEGIN_STRIP
                   "vldr s10, [%[x]]\n\t"
                   "ldr %[s0], [%[x], #68]\n\t" SLMRIG_LOAD_SCALES SLMRIG_MASKED_BLOCK(
                       "", ", lsr #8", ", lsr #4", ", lsr #12") SLMRIG_ADD_BLOCK
                   "ldr %[two], %[end]\n\t"
                   "add %[x], %[x], #84\n\t"
                   "cmp %[x], %[two]\n\t"
                   "bne 1b\n\t" SLMRIG_END_STRIP
                   : [w] "+&r"(w), [x] "=&r"(x), [s0] "=&r"(sums[0]), [s1] "=&r"(sums[1]),
                     [s2] "=&r"(sums[2]), [s3] "=&r"(sums[3]), [even] "=&r"(even), [odd] "=&r"(odd),
                     [two] "=&r"(two), [y] "+m"(y), [strips] "+m"(strips)
                   : [mask] "r"(0x000F000FU), [end] "m"(end), [x_first] "m"(x_first)
                   : SLMRIG_STRIP_CLOBBERS);
}

// The codes of a byte: low nibble in the low half.
struct PairTable {
  uint32_t pairs[256];
  constexpr explicit PairTable(const int8_t (&codes)[16]) : pairs() {
    for (uint32_t i = 0; i < 256; ++i) {
      const auto low = static_cast<uint16_t>(codes[i & 15U]);
      const auto high = static_cast<uint16_t>(codes[i >> 4]);
      pairs[i] = low | static_cast<uint32_t>(high) << 16;
    }
  }
};
constexpr PairTable kIq4NlTable(kIq4NlCodes);
constexpr PairTable kNf4Table(kNf4Codes);

// Two bytes of one row, at offsets `a` and `b` of the block's codes.
#define SLMRIG_LOOK_UP(a, b, x_a, x_b, sum)    \
  "ldrb %[one], [%[w], #" a                    \
  "]\n\t"                                      \
  "ldrb %[two], [%[w], #" b                    \
  "]\n\t"                                      \
  "ldr %[one], [%[table], %[one], lsl #2]\n\t" \
  "ldr %[two], [%[table], %[two], lsl #2]\n\t" \
  "smlad " sum ", %[one], " x_a ", " sum       \
  "\n\t"                                       \
  "smlad " sum ", %[two], " x_b ", " sum "\n\t"
#define SLMRIG_LOOK_UP_ROW(a, b, c, d, sum) \
  SLMRIG_LOOK_UP(a, b, "r4", "r5", sum) SLMRIG_LOOK_UP(c, d, "r6", "r8", sum)
#define SLMRIG_LOOK_UP_BLOCK                                                                                \
  "ldmia %[x]!, {r4, r5, r6, r8}\n\t" SLMRIG_LOOK_UP_ROW("0", "1", "2", "3", "%[s0]") SLMRIG_LOOK_UP_ROW(   \
      "4", "5", "6", "7", "%[s1]") SLMRIG_LOOK_UP_ROW("8", "9", "10", "11", "%[s2]")                        \
      SLMRIG_LOOK_UP_ROW("12", "13", "14", "15",                                                            \
                         "%[s3]") "ldmia %[x]!, {r4, r5, r6, r8}\n\t" SLMRIG_LOOK_UP_ROW("16", "17", "18",  \
                                                                                         "19", "%[s0]")     \
          SLMRIG_LOOK_UP_ROW("20", "21", "22", "23", "%[s1]")                                               \
              SLMRIG_LOOK_UP_ROW("24", "25", "26", "27", "%[s2]") SLMRIG_LOOK_UP_ROW(                       \
                  "28", "29", "30", "31",                                                                   \
                  "%[s3]") "ldmia %[x]!, {r4, r5, r6, r8}\n\t" SLMRIG_LOOK_UP_ROW("32", "33", "34", "35",   \
                                                                                  "%[s0]")                  \
                  SLMRIG_LOOK_UP_ROW("36", "37", "38", "39", "%[s1]")                                       \
                      SLMRIG_LOOK_UP_ROW("40", "41", "42", "43", "%[s2]") SLMRIG_LOOK_UP_ROW(               \
                          "44", "45", "46", "47",                                                           \
                          "%[s3]") "ldmia %[x]!, {r4, r5, r6, r8}\n\t" SLMRIG_LOOK_UP_ROW("48", "49", "50", \
                                                                                          "51", "%[s0]")    \
                          SLMRIG_LOOK_UP_ROW("52", "53", "54", "55", "%[s1]")                               \
                              SLMRIG_LOOK_UP_ROW("56", "57", "58", "59", "%[s2]") SLMRIG_LOOK_UP_ROW(       \
                                  "60", "61", "62", "63", "%[s3]") "add %[w], %[w], #64\n\t"

#define SLMRIG_TABLE_BLOCK  \
  "vldmia %[x]!, {s10}\n\t" \
  "mov %[s0], #0\n\t"       \
  "mov %[s1], #0\n\t"       \
  "mov %[s2], #0\n\t"       \
  "mov %[s3], #0\n\t" SLMRIG_LOOK_UP_BLOCK SLMRIG_ADD_BLOCK

// y [4 * strips]. `blocks`: one SLMRIG_TABLE_BLOCK for every 32 columns under one scale.
#define SLMRIG_TABLE_STRIPS(table_pairs, blocks)                                                    \
  const LookupBlock* x = nullptr;                                                                   \
  uint32_t sums[kGroupRows] = {};                                                                   \
  uint32_t one = 0;                                                                                 \
  uint32_t two = 0;                                                                                 \
  __asm__ volatile(                                                                                 \
      SLMRIG_BEGIN_STRIP SLMRIG_LOAD_SCALES blocks                                                  \
      "cmp %[x], %[end]\n\t"                                                                        \
      "bne 1b\n\t" SLMRIG_END_STRIP                                                                 \
      : [w] "+&r"(w), [x] "=&r"(x), [s0] "=&r"(sums[0]), [s1] "=&r"(sums[1]), [s2] "=&r"(sums[2]),  \
        [s3] "=&r"(sums[3]), [one] "=&r"(one), [two] "=&r"(two), [y] "+m"(y), [strips] "+m"(strips) \
      : [table] "r"(table_pairs), [end] "r"(end), [x_first] "m"(x_first)                            \
      : SLMRIG_STRIP_CLOBBERS)

void multiply_iq4_nl_strips(const uint8_t* w, const LookupBlock* x_first, const LookupBlock* end,
                            uint32_t strips, float* y) {
  SLMRIG_TABLE_STRIPS(kIq4NlTable.pairs, SLMRIG_TABLE_BLOCK);
}

void multiply_nf4_strips(const uint8_t* w, const LookupBlock* x_first, const LookupBlock* end,
                         uint32_t strips, float* y) {
  SLMRIG_TABLE_STRIPS(kNf4Table.pairs, SLMRIG_TABLE_BLOCK SLMRIG_TABLE_BLOCK);
}

void multiply_q4_0(const Matrix& matrix, const Activations& activations, uint32_t tokens, float* y) {
  multiply_tokens<PairBlock, multiply_q4_strips>(matrix, activations, tokens, y,
                                                 matrix.columns / kBlockColumns * kQ4GroupBytes);
}

void multiply_iq4_nl(const Matrix& matrix, const Activations& activations, uint32_t tokens, float* y) {
  multiply_tokens<LookupBlock, multiply_iq4_nl_strips>(matrix, activations, tokens, y,
                                                       matrix.columns / kBlockColumns * kQ4GroupBytes);
}

void multiply_nf4(const Matrix& matrix, const Activations& activations, uint32_t tokens, float* y) {
  multiply_tokens<LookupBlock, multiply_nf4_strips>(matrix, activations, tokens, y,
                                                    matrix.columns / kNf4GroupColumns * kNf4GroupBytes);
}

}  // namespace

const FormatKernels kQ4Kernels = {pairs_prepared_bytes, prepare_pairs_and_sums, multiply_q4_0,
                                  plain::read_q4_0_row};
const FormatKernels kIq4NlKernels = {lookup_prepared_bytes, prepare_lookup, multiply_iq4_nl,
                                     plain::read_iq4_nl_row};
const FormatKernels kNf4Kernels = {lookup_prepared_bytes, prepare_lookup, multiply_nf4, plain::read_nf4_row};

}  // namespace slmrig::runtime::dsp
