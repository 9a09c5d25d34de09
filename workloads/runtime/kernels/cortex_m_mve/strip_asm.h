// Pieces of the asm of strips of 4 rows, shared by the formats: with intrinsics GCC 12 moves vectors to and
// fro and takes half as many instructions again.
//
// Operands: %[w] weights, %[x] activations, %[x_first], %[blocks], %[strips], %[y]. Registers: q0..q3 bytes
// of the four rows, q4 activations, q5 codes, q6 the sums of y; r4, r6, r8, r10 the integer sums of a block
// (VMLADAV wants even ones), r5 a scale of activations, r7 a zero point.
#pragma once

// Label 0 is met for each strip, label 1 for each pass of its loop, of which there are %[blocks].
#define SLMRIG_BEGIN_STRIP   \
  "0:\n\t"                   \
  "mov %[x], %[x_first]\n\t" \
  "vmov.i32 q6, #0\n\t"      \
  "dls lr, %[blocks]\n"      \
  "1:\n\t"
#define SLMRIG_END_STRIP              \
  "le lr, 1b\n\t"                     \
  "vstrw.32 q6, [%[y]], #16\n\t"      \
  "subs %[strips], %[strips], #1\n\t" \
  "bne 0b\n\t"

// Sixteen bytes of each row. VLD4 takes runs of 4 bytes apart into rows; %[w] steps over them.
#define SLMRIG_LOAD_ROWS                  \
  "vld40.32 {q0, q1, q2, q3}, [%[w]]\n\t" \
  "vld41.32 {q0, q1, q2, q3}, [%[w]]\n\t" \
  "vld42.32 {q0, q1, q2, q3}, [%[w]]\n\t" \
  "vld43.32 {q0, q1, q2, q3}, [%[w]]!\n\t"

#define SLMRIG_LOAD_X "vldrb.u8 q4, [%[x]], #16\n\t"

// One row's products with the activations in q4: first those that begin its sum, then those that add.
#define SLMRIG_DOT(sum, row) "vmladav.s8 " sum ", q4, " row "\n\t"
#define SLMRIG_ADD_DOT(sum, row) "vmladava.s8 " sum ", q4, " row "\n\t"

// Integer sums into `to`, a row a lane: the first of two core registers goes to the lower lane, which is
// named second.
#define SLMRIG_GATHER_SUMS(to) \
  "vmov " to "[2], " to        \
  "[0], r4, r8\n\t"            \
  "vmov " to "[3], " to "[1], r6, r10\n\t"

// q0 = the four halves at `at`, as floats. In q0 because the assembler of binutils 2.40 encodes the registers
// of a vector VCVTB doubled (q2 becomes q4), which is right for q0 only.
#define SLMRIG_LOAD_SCALES(at) \
  "vldrh.u32 q0, " at          \
  "\n\t"                       \
  "vcvtb.f32.f16 q0, q0\n\t"

// q6 += float(sums) * (scales * r5)
#define SLMRIG_ADD_SCALED(sums, scales)  \
  "vcvt.f32.s32 " sums ", " sums         \
  "\n\t"                                 \
  "vmul.f32 " scales ", " scales         \
  ", r5\n\t"                             \
  "vmul.f32 " sums ", " sums ", " scales \
  "\n\t"                                 \
  "vadd.f32 q6, q6, " sums "\n\t"

#define SLMRIG_STRIP_CLOBBERS                                                                           \
  "s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "s12", "s13", "s14", "s15", \
      "s16", "s17", "s18", "s19", "s20", "s21", "s22", "s23", "s24", "s25", "s26", "s27", "s28", "s29", \
      "s30", "s31", "r4", "r5", "r6", "r8", "r10", "lr", "cc", "memory"
