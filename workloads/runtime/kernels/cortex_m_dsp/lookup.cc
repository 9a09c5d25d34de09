// IQ4_NL and NF4: a table turns a byte of weights into two 16-bit codes.
//
// A pair of products takes three instructions: a byte of weights is a register (LDRB), which is an index
// (LDR), whose word is multiplied (SMLAD). No instruction of these cores gives two indices, and a larger
// index does not pay: 3 codes of 12 bits need 32 KiB of table, and 5 instructions.
#include "workloads/runtime/kernels/cortex_m_dsp/blocks.h"
#include "workloads/runtime/kernels/cortex_m_dsp/strip_asm.h"
#include "workloads/runtime/kernels/cortex_m_dsp/two_tokens_asm.h"
#include "workloads/runtime/kernels/plain/plain.h"

namespace slmrig::runtime::dsp {
namespace {

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
// In RAM: from flash every look-up would take its wait states (5 on an STM32F4 at 168 MHz, whose data cache
// holds 128 bytes: RM0090, 3.5).
__attribute__((section(".data.iq4_nl_table"))) constexpr PairTable kIq4NlTable(kIq4NlCodes);
__attribute__((section(".data.nf4_table"))) constexpr PairTable kNf4Table(kNf4Codes);

#define SLMRIG_AT(offset) "[%[w], #" offset "]"

// The codes of two bytes of weights, to `one` and `two`.
#define SLMRIG_LOOK_UP(one, two, byte_a, byte_b) \
  "ldrb " one ", " byte_a                        \
  "\n\t"                                         \
  "ldrb " two ", " byte_b                        \
  "\n\t"                                         \
  "ldr " one ", [%[table], " one                 \
  ", lsl #2]\n\t"                                \
  "ldr " two ", [%[table], " two ", lsl #2]\n\t"

// --- One token: r4, r5, r6, r8 are the activations of a run ---

#define SLMRIG_PAIRS(byte_a, byte_b, x_a, x_b, sum)  \
  SLMRIG_LOOK_UP("%[one]", "%[two]", byte_a, byte_b) \
  "smlad " sum ", %[one], " x_a ", " sum             \
  "\n\t"                                             \
  "smlad " sum ", %[two], " x_b ", " sum "\n\t"
// The same; the sum begins here.
#define SLMRIG_FIRST_PAIRS(byte_a, byte_b, x_a, x_b, sum) \
  SLMRIG_LOOK_UP("%[one]", "%[two]", byte_a, byte_b)      \
  "smuad " sum ", %[one], " x_a                           \
  "\n\t"                                                  \
  "smlad " sum ", %[two], " x_b ", " sum "\n\t"

#define SLMRIG_LOAD_RUN_X "ldmia %[x]!, {r4, r5, r6, r8}\n\t"
#define SLMRIG_LOOK_UP_ROW(first, a, b, c, d, sum) \
  first(SLMRIG_AT(a), SLMRIG_AT(b), "r4", "r5", sum) SLMRIG_PAIRS(SLMRIG_AT(c), SLMRIG_AT(d), "r6", "r8", sum)
// 64 bytes: the sums of 32 columns and 4 rows. The last byte to be read is the first, and %[w] steps on.
#define SLMRIG_LOOK_UP_BLOCK                                              \
  SLMRIG_LOAD_RUN_X                                                       \
  SLMRIG_LOOK_UP_ROW(SLMRIG_FIRST_PAIRS, "48", "49", "50", "51", "%[s0]") \
  SLMRIG_LOOK_UP_ROW(SLMRIG_FIRST_PAIRS, "52", "53", "54", "55", "%[s1]") \
  SLMRIG_LOOK_UP_ROW(SLMRIG_FIRST_PAIRS, "56", "57", "58", "59", "%[s2]") \
  SLMRIG_LOOK_UP_ROW(SLMRIG_FIRST_PAIRS, "60", "61", "62", "63", "%[s3]") \
  SLMRIG_LOAD_RUN_X                                                       \
  SLMRIG_LOOK_UP_ROW(SLMRIG_PAIRS, "32", "33", "34", "35", "%[s0]")       \
  SLMRIG_LOOK_UP_ROW(SLMRIG_PAIRS, "36", "37", "38", "39", "%[s1]")       \
  SLMRIG_LOOK_UP_ROW(SLMRIG_PAIRS, "40", "41", "42", "43", "%[s2]")       \
  SLMRIG_LOOK_UP_ROW(SLMRIG_PAIRS, "44", "45", "46", "47", "%[s3]")       \
  SLMRIG_LOAD_RUN_X                                                       \
  SLMRIG_LOOK_UP_ROW(SLMRIG_PAIRS, "16", "17", "18", "19", "%[s0]")       \
  SLMRIG_LOOK_UP_ROW(SLMRIG_PAIRS, "20", "21", "22", "23", "%[s1]")       \
  SLMRIG_LOOK_UP_ROW(SLMRIG_PAIRS, "24", "25", "26", "27", "%[s2]")       \
  SLMRIG_LOOK_UP_ROW(SLMRIG_PAIRS, "28", "29", "30", "31", "%[s3]")       \
  SLMRIG_LOAD_RUN_X                                                       \
  SLMRIG_LOOK_UP_ROW(SLMRIG_PAIRS, "12", "13", "14", "15", "%[s3]")       \
  SLMRIG_LOOK_UP_ROW(SLMRIG_PAIRS, "8", "9", "10", "11", "%[s2]")         \
  SLMRIG_LOOK_UP_ROW(SLMRIG_PAIRS, "4", "5", "6", "7", "%[s1]")           \
  SLMRIG_PAIRS(SLMRIG_AT("1"), SLMRIG_AT("2"), "r5", "r6", "%[s0]")       \
  SLMRIG_PAIRS(SLMRIG_AT("3"), "[%[w]], #64", "r8", "r4", "%[s0]")

#define SLMRIG_TABLE_BLOCK "vldmia %[x]!, {s10}\n\t" SLMRIG_LOOK_UP_BLOCK SLMRIG_ADD_BLOCK

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

// --- Two tokens: codes are looked up once for both ---

// Columns of two words of activations at `x_at`, whose weights are bytes a and b of the first row of the
// pass, c and d of the second.
#define SLMRIG_TWO_LOOK_UPS(first, x_at, a, b, c, d)                             \
  SLMRIG_LOAD_TWO_X(x_at)                                                        \
  SLMRIG_LOOK_UP("r4", "r5", SLMRIG_AT(a), SLMRIG_AT(b))                         \
  first("r4", "even", "0") SLMRIG_TWO_PRODUCTS("r5", "odd", "0") SLMRIG_LOOK_UP( \
      "r4", "r5", SLMRIG_AT(c), SLMRIG_AT(d)) first("r4", "even", "1") SLMRIG_TWO_PRODUCTS("r5", "odd", "1")
#define SLMRIG_TWO_LOOK_UP_PASS                                            \
  SLMRIG_TWO_LOOK_UPS(SLMRIG_FIRST_TWO_PRODUCTS, "52", "0", "1", "4", "5") \
  SLMRIG_TWO_LOOK_UPS(SLMRIG_TWO_PRODUCTS, "60", "2", "3", "6", "7")       \
  SLMRIG_TWO_LOOK_UPS(SLMRIG_TWO_PRODUCTS, "36", "16", "17", "20", "21")   \
  SLMRIG_TWO_LOOK_UPS(SLMRIG_TWO_PRODUCTS, "44", "18", "19", "22", "23")   \
  SLMRIG_TWO_LOOK_UPS(SLMRIG_TWO_PRODUCTS, "20", "32", "33", "36", "37")   \
  SLMRIG_TWO_LOOK_UPS(SLMRIG_TWO_PRODUCTS, "28", "34", "35", "38", "39")   \
  SLMRIG_TWO_LOOK_UPS(SLMRIG_TWO_PRODUCTS, "4", "48", "49", "52", "53")    \
  SLMRIG_TWO_LOOK_UPS(SLMRIG_TWO_PRODUCTS, "12", "50", "51", "54", "55")

// A strip. y [2][4]. `load_scales`: for a block, or only where it begins a group.
#define SLMRIG_TABLE_TWO(table_pairs, load_scales)                                              \
  uint32_t sums[4] = {};                                                                        \
  uint32_t x[4] = {};                                                                           \
  __asm__ volatile(SLMRIG_CLEAR_TWO_TOKENS                                                      \
                   "1:\n\t" load_scales SLMRIG_TWO_LOOK_UP_PASS SLMRIG_KEEP_ROWS_01             \
                   "add %[w], %[w], #8\n\t" SLMRIG_TWO_LOOK_UP_PASS SLMRIG_KEEP_ROWS_23         \
                   "add %[w], %[w], #56\n\t" SLMRIG_ADD_TWO_TOKENS SLMRIG_NEXT_TWO_BLOCKS("68") \
                   : SLMRIG_TWO_OUTPUTS                                                         \
                   : SLMRIG_TWO_INPUTS, [table] "r"(table_pairs)                                \
                   : SLMRIG_TWO_CLOBBERS)

void multiply_iq4_nl_two(const uint8_t* w, const LookupBlock* a, const LookupBlock* b,
                         const LookupBlock* a_end, float* y) {
  SLMRIG_TABLE_TWO(kIq4NlTable.pairs, SLMRIG_LOAD_SCALES);
}

// Blocks take 17 words and a token's first one is aligned to 32 bytes: bit 2 of the address tells which of
// the two blocks of a group it is.
static_assert(sizeof(LookupBlock) % 8 == 4, "the address tells odd blocks from even ones");

void multiply_nf4_two(const uint8_t* w, const LookupBlock* a, const LookupBlock* b, const LookupBlock* a_end,
                      float* y) {
  SLMRIG_TABLE_TWO(kNf4Table.pairs,
                   "tst %[a], #4\n\t"
                   "bne 2f\n\t" SLMRIG_LOAD_SCALES "2:\n\t");
}

void multiply_iq4_nl(const Matrix& matrix, const Activations& activations, uint32_t tokens, float* y) {
  multiply_tokens<LookupBlock, multiply_iq4_nl_strips, multiply_iq4_nl_two>(
      matrix, activations, tokens, y, matrix.columns / kBlockColumns * kQ4GroupBytes);
}

void multiply_nf4(const Matrix& matrix, const Activations& activations, uint32_t tokens, float* y) {
  multiply_tokens<LookupBlock, multiply_nf4_strips, multiply_nf4_two>(
      matrix, activations, tokens, y, matrix.columns / kNf4GroupColumns * kNf4GroupBytes);
}

}  // namespace

const FormatKernels kIq4NlKernels = {lookup_prepared_bytes, prepare_lookup, multiply_iq4_nl,
                                     plain::read_iq4_nl_row};
const FormatKernels kNf4Kernels = {lookup_prepared_bytes, prepare_lookup, multiply_nf4, plain::read_nf4_row};

}  // namespace slmrig::runtime::dsp
