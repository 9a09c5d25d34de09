// Pieces of the asm of a strip of 4 rows and two tokens, shared by the formats: weights are taken apart once
// for both. The sums of 2 rows and 2 tokens are what the core registers hold, so a block is read in two
// passes.
//
// Operands: %[w], %[a] and %[b] (blocks of the two tokens), sums %[a0], %[a1], %[b0], %[b1], activations
// %[a_even], %[a_odd], %[b_even], %[b_odd]. Registers: r4, r5 weights of two rows, free between passes;
// s12..s15 scales; s16..s19 and s20..s23 sum up y of the two tokens; s24..s27 and s28..s31 the integer sums
// of a block.
#pragma once

// Two rows of a run of four columns; %[w] steps to the next run.
#define SLMRIG_LOAD_TWO_ROWS "ldrd r4, r5, [%[w]], #16\n\t"

#define SLMRIG_LOAD_TWO_X(at)             \
  "ldrd %[a_even], %[a_odd], [%[a], #" at \
  "]\n\t"                                 \
  "ldrd %[b_even], %[b_odd], [%[b], #" at "]\n\t"

// `codes` holds two weights of a row.
#define SLMRIG_TWO_PRODUCTS(codes, parity, row)            \
  "smlad %[a" row "], " codes ", %[a_" parity "], %[a" row \
  "]\n\t"                                                  \
  "smlad %[b" row "], " codes ", %[b_" parity "], %[b" row "]\n\t"
// The same; the sums begin here.
#define SLMRIG_FIRST_TWO_PRODUCTS(codes, parity, row) \
  "smuad %[a" row "], " codes ", %[a_" parity         \
  "]\n\t"                                             \
  "smuad %[b" row "], " codes ", %[b_" parity "]\n\t"

// The integer sums of a pass of two rows, to the registers of rows 0 and 1, or 2 and 3.
#define SLMRIG_KEEP_ROWS_01         \
  "vmov s24, s25, %[a0], %[a1]\n\t" \
  "vmov s28, s29, %[b0], %[b1]\n\t"
#define SLMRIG_KEEP_ROWS_23         \
  "vmov s26, s27, %[a0], %[a1]\n\t" \
  "vmov s30, s31, %[b0], %[b1]\n\t"

// y of one token += float(integer sum) * (scale * s`x`)
#define SLMRIG_ADD_TOKEN(x, i0, i1, i2, i3, y0, y1, y2, y3) \
  "vmul.f32 s0, s12, s" #x                                  \
  "\n\t"                                                    \
  "vmul.f32 s1, s13, s" #x                                  \
  "\n\t"                                                    \
  "vmul.f32 s2, s14, s" #x                                  \
  "\n\t"                                                    \
  "vmul.f32 s3, s15, s" #x                                  \
  "\n\t"                                                    \
  "vcvt.f32.s32 s4, s" #i0                                  \
  "\n\t"                                                    \
  "vcvt.f32.s32 s5, s" #i1                                  \
  "\n\t"                                                    \
  "vcvt.f32.s32 s6, s" #i2                                  \
  "\n\t"                                                    \
  "vcvt.f32.s32 s7, s" #i3                                  \
  "\n\t"                                                    \
  "vmul.f32 s4, s4, s0\n\t"                                 \
  "vmul.f32 s5, s5, s1\n\t"                                 \
  "vmul.f32 s6, s6, s2\n\t"                                 \
  "vmul.f32 s7, s7, s3\n\t"                                 \
  "vadd.f32 s" #y0 ", s" #y0                                \
  ", s4\n\t"                                                \
  "vadd.f32 s" #y1 ", s" #y1                                \
  ", s5\n\t"                                                \
  "vadd.f32 s" #y2 ", s" #y2                                \
  ", s6\n\t"                                                \
  "vadd.f32 s" #y3 ", s" #y3 ", s7\n\t"

// Both tokens' block is done: scales are at s12..s15.
#define SLMRIG_ADD_TWO_TOKENS                                                 \
  "vldr s10, [%[a]]\n\t"                                                      \
  "vldr s11, [%[b]]\n\t" SLMRIG_ADD_TOKEN(10, 24, 25, 26, 27, 16, 17, 18, 19) \
      SLMRIG_ADD_TOKEN(11, 28, 29, 30, 31, 20, 21, 22, 23)

#define SLMRIG_CLEAR_TWO_TOKENS \
  "mov r4, #0\n\t"              \
  "vmov s16, r4\n\t"            \
  "vmov s17, r4\n\t"            \
  "vmov s18, r4\n\t"            \
  "vmov s19, r4\n\t"            \
  "vmov s20, r4\n\t"            \
  "vmov s21, r4\n\t"            \
  "vmov s22, r4\n\t"            \
  "vmov s23, r4\n"

// Back to label 1 until a's end, then out with y. `block_bytes`: of the activations.
#define SLMRIG_NEXT_TWO_BLOCKS(block_bytes) \
  "ldr r4, %[a_end]\n\t"                    \
  "add %[a], %[a], #" block_bytes           \
  "\n\t"                                    \
  "add %[b], %[b], #" block_bytes           \
  "\n\t"                                    \
  "cmp %[a], r4\n\t"                        \
  "bne 1b\n\t"                              \
  "ldr r4, %[y]\n\t"                        \
  "vstmia r4, {s16-s23}\n\t"

#define SLMRIG_TWO_OUTPUTS                                                                                 \
  [w] "+&r"(w), [a] "+&r"(a), [b] "+&r"(b), [a0] "=&r"(sums[0]), [a1] "=&r"(sums[1]), [b0] "=&r"(sums[2]), \
      [b1] "=&r"(sums[3]), [a_even] "=&r"(x[0]), [a_odd] "=&r"(x[1]), [b_even] "=&r"(x[2]),                \
      [b_odd] "=&r"(x[3])
#define SLMRIG_TWO_INPUTS [a_end] "m"(a_end), [y] "m"(y)

#define SLMRIG_TWO_CLOBBERS                                                                               \
  "s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s10", "s11", "s12", "s13", "s14", "s15", "s16", "s17", \
      "s18", "s19", "s20", "s21", "s22", "s23", "s24", "s25", "s26", "s27", "s28", "s29", "s30", "s31",   \
      "r4", "r5", "cc", "memory"
