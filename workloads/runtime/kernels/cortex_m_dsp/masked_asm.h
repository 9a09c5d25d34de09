// Products of nibbles and crumbs by masks: a word of weights, shifted and masked, holds two of them in its
// halves, as PairBlock holds activations. Operands: %[w], %[x] (a PairBlock), %[mask], %[even], %[odd],
// %[two], sums %[s0]..%[s3]. A shift is ", lsr #n" or empty.
#pragma once

// Columns 0 and 2, 1 and 3 of one row's run. `from`: what the sum begins with.
#define SLMRIG_MASKED_ROW(word, sum, from, shift_even, shift_odd) \
  "and %[two], %[mask], " word shift_even                         \
  "\n\t"                                                          \
  "smlad " sum ", %[two], %[even], " from                         \
  "\n\t"                                                          \
  "and %[two], %[mask], " word shift_odd                          \
  "\n\t"                                                          \
  "smlad " sum ", %[two], %[odd], " sum "\n\t"

// The four rows of a run with the activations at offset `at` of the block.
#define SLMRIG_MASKED_ROWS(at, shift_even, shift_odd)                      \
  "ldrd %[even], %[odd], [%[x], #" at                                      \
  "]\n\t" SLMRIG_MASKED_ROW("r8", "%[s3]", "%[s3]", shift_even, shift_odd) \
      SLMRIG_MASKED_ROW("r6", "%[s2]", "%[s2]", shift_even, shift_odd)     \
          SLMRIG_MASKED_ROW("r5", "%[s1]", "%[s1]", shift_even, shift_odd) \
              SLMRIG_MASKED_ROW("r4", "%[s0]", "%[s0]", shift_even, shift_odd)

// The same; all sums begin with what %[s0] holds.
#define SLMRIG_FIRST_MASKED_ROWS(at, shift_even, shift_odd)                \
  "ldrd %[even], %[odd], [%[x], #" at                                      \
  "]\n\t" SLMRIG_MASKED_ROW("r8", "%[s3]", "%[s0]", shift_even, shift_odd) \
      SLMRIG_MASKED_ROW("r6", "%[s2]", "%[s0]", shift_even, shift_odd)     \
          SLMRIG_MASKED_ROW("r5", "%[s1]", "%[s0]", shift_even, shift_odd) \
              SLMRIG_MASKED_ROW("r4", "%[s0]", "%[s0]", shift_even, shift_odd)

#define SLMRIG_LOAD_WEIGHTS "ldmia %[w]!, {r4, r5, r6, r8}\n\t"

// A block of 32 columns: 4 runs, in each of them columns 0..15 at the first two shifts and 16..31 at the
// others. All sums begin with what %[s0] holds.
#define SLMRIG_MASKED_BLOCK(low_even, low_odd, high_even, high_odd) \
  SLMRIG_LOAD_WEIGHTS                                               \
  SLMRIG_FIRST_MASKED_ROWS("4", low_even, low_odd)                  \
  SLMRIG_MASKED_ROWS("36", high_even, high_odd)                     \
  SLMRIG_LOAD_WEIGHTS                                               \
  SLMRIG_MASKED_ROWS("12", low_even, low_odd)                       \
  SLMRIG_MASKED_ROWS("44", high_even, high_odd)                     \
  SLMRIG_LOAD_WEIGHTS                                               \
  SLMRIG_MASKED_ROWS("20", low_even, low_odd)                       \
  SLMRIG_MASKED_ROWS("52", high_even, high_odd)                     \
  SLMRIG_LOAD_WEIGHTS                                               \
  SLMRIG_MASKED_ROWS("28", low_even, low_odd)                       \
  SLMRIG_MASKED_ROWS("60", high_even, high_odd)

// Half a block: 16 columns from offset `a`, `b`, `c`, `d` on.
#define SLMRIG_MASKED_HALF(a, b, c, d, even_shift, odd_shift)            \
  SLMRIG_LOAD_WEIGHTS SLMRIG_FIRST_MASKED_ROWS(a, even_shift, odd_shift) \
  SLMRIG_LOAD_WEIGHTS SLMRIG_MASKED_ROWS(b, even_shift, odd_shift)       \
  SLMRIG_LOAD_WEIGHTS SLMRIG_MASKED_ROWS(c, even_shift, odd_shift)       \
  SLMRIG_LOAD_WEIGHTS SLMRIG_MASKED_ROWS(d, even_shift, odd_shift)
