// Eight floats at a time in asm: SLMRIG_EIGHT("vmul.f32", SLMRIG_S0_7, SLMRIG_S16_23) multiplies s0..s7 by
// s16..s23, SLMRIG_EIGHT_BY("vmul.f32", SLMRIG_S0_7, 24) all of s0..s7 by s24. Spelled out without .rept: the
// compiler counts lines to know how far its constants may be.
#pragma once

#define SLMRIG_S0_7 0, 1, 2, 3, 4, 5, 6, 7
#define SLMRIG_S8_15 8, 9, 10, 11, 12, 13, 14, 15
#define SLMRIG_S16_23 16, 17, 18, 19, 20, 21, 22, 23
#define SLMRIG_S24_31 24, 25, 26, 27, 28, 29, 30, 31

#define SLMRIG_ONE(op, d, b) op " s" #d ", s" #d ", s" #b "\n\t"
#define SLMRIG_EIGHT_EXPANDED(op, d0, d1, d2, d3, d4, d5, d6, d7, b0, b1, b2, b3, b4, b5, b6, b7) \
  SLMRIG_ONE(op, d0, b0)                                                                          \
  SLMRIG_ONE(op, d1, b1)                                                                          \
  SLMRIG_ONE(op, d2, b2)                                                                          \
  SLMRIG_ONE(op, d3, b3)                                                                          \
  SLMRIG_ONE(op, d4, b4)                                                                          \
  SLMRIG_ONE(op, d5, b5)                                                                          \
  SLMRIG_ONE(op, d6, b6)                                                                          \
  SLMRIG_ONE(op, d7, b7)
#define SLMRIG_EIGHT(...) SLMRIG_EIGHT_EXPANDED(__VA_ARGS__)
#define SLMRIG_EIGHT_BY_EXPANDED(op, d0, d1, d2, d3, d4, d5, d6, d7, b) \
  SLMRIG_EIGHT_EXPANDED(op, d0, d1, d2, d3, d4, d5, d6, d7, b, b, b, b, b, b, b, b)
#define SLMRIG_EIGHT_BY(...) SLMRIG_EIGHT_BY_EXPANDED(__VA_ARGS__)
// All eight become what a core register holds.
#define SLMRIG_SET_EXPANDED(from, d0, d1, d2, d3, d4, d5, d6, d7) \
  "vmov s" #d0 ", " from                                          \
  "\n\t"                                                          \
  "vmov s" #d1 ", " from                                          \
  "\n\t"                                                          \
  "vmov s" #d2 ", " from                                          \
  "\n\t"                                                          \
  "vmov s" #d3 ", " from                                          \
  "\n\t"                                                          \
  "vmov s" #d4 ", " from                                          \
  "\n\t"                                                          \
  "vmov s" #d5 ", " from                                          \
  "\n\t"                                                          \
  "vmov s" #d6 ", " from                                          \
  "\n\t"                                                          \
  "vmov s" #d7 ", " from "\n\t"
#define SLMRIG_SET(from, ...) SLMRIG_SET_EXPANDED(from, __VA_ARGS__)
// The canonical fold of eight lanes, into the first.
#define SLMRIG_FOLD_EXPANDED(l0, l1, l2, l3, l4, l5, l6, l7) \
  SLMRIG_ONE("vadd.f32", l0, l4)                             \
  SLMRIG_ONE("vadd.f32", l1, l5)                             \
  SLMRIG_ONE("vadd.f32", l2, l6)                             \
  SLMRIG_ONE("vadd.f32", l3, l7)                             \
  SLMRIG_ONE("vadd.f32", l0, l2)                             \
  SLMRIG_ONE("vadd.f32", l1, l3)                             \
  SLMRIG_ONE("vadd.f32", l0, l1)
#define SLMRIG_FOLD(...) SLMRIG_FOLD_EXPANDED(__VA_ARGS__)

#define SLMRIG_CLOBBER_S0_15 \
  "s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "s12", "s13", "s14", "s15"
#define SLMRIG_CLOBBER_S16_31                                                                              \
  "s16", "s17", "s18", "s19", "s20", "s21", "s22", "s23", "s24", "s25", "s26", "s27", "s28", "s29", "s30", \
      "s31"
