// Pieces of the asm of a strip of 4 rows, shared by the formats. Registers: s16..s19 sum up y; s12..s15 are
// the rows' scales; %[s0]..%[s3] the integer sums of a block.
#pragma once

// Four halves at %[w] become the rows' scales, and %[w] steps over them.
#define SLMRIG_LOAD_SCALES       \
  "vldmia %[w]!, {s14, s15}\n\t" \
  "vcvtb.f32.f16 s12, s14\n\t"   \
  "vcvtt.f32.f16 s13, s14\n\t"   \
  "vcvtb.f32.f16 s14, s15\n\t"   \
  "vcvtt.f32.f16 s15, s15\n\t"

// y += float(integer sum) * (scale * s10), s10 being the scale of the activations.
#define SLMRIG_ADD_BLOCK          \
  "vmov s4, s5, %[s0], %[s1]\n\t" \
  "vmov s6, s7, %[s2], %[s3]\n\t" \
  "vmul.f32 s0, s12, s10\n\t"     \
  "vmul.f32 s1, s13, s10\n\t"     \
  "vmul.f32 s2, s14, s10\n\t"     \
  "vmul.f32 s3, s15, s10\n\t"     \
  "vcvt.f32.s32 s4, s4\n\t"       \
  "vcvt.f32.s32 s5, s5\n\t"       \
  "vcvt.f32.s32 s6, s6\n\t"       \
  "vcvt.f32.s32 s7, s7\n\t"       \
  "vmul.f32 s4, s4, s0\n\t"       \
  "vmul.f32 s5, s5, s1\n\t"       \
  "vmul.f32 s6, s6, s2\n\t"       \
  "vmul.f32 s7, s7, s3\n\t"       \
  "vadd.f32 s16, s16, s4\n\t"     \
  "vadd.f32 s17, s17, s5\n\t"     \
  "vadd.f32 s18, s18, s6\n\t"     \
  "vadd.f32 s19, s19, s7\n\t"

// Around the blocks of a strip, at label 1; label 1 again for each block, label 0 for each strip. Operands in
// memory, since no register is left: %[y], %[x_first], %[strips]. %[s0] is free here.
#define SLMRIG_BEGIN_STRIP   \
  "0:\n\t"                   \
  "ldr %[x], %[x_first]\n\t" \
  "mov %[s0], #0\n\t"        \
  "vmov s16, %[s0]\n\t"      \
  "vmov s17, %[s0]\n\t"      \
  "vmov s18, %[s0]\n\t"      \
  "vmov s19, %[s0]\n"        \
  "1:\n\t"
#define SLMRIG_END_STRIP         \
  "ldr %[s0], %[y]\n\t"          \
  "vstmia %[s0]!, {s16-s19}\n\t" \
  "str %[s0], %[y]\n\t"          \
  "ldr %[s0], %[strips]\n\t"     \
  "subs %[s0], %[s0], #1\n\t"    \
  "str %[s0], %[strips]\n\t"     \
  "bne 0b\n\t"

#define SLMRIG_STRIP_CLOBBERS                                                                           \
  "s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "s12", "s13", "s14", "s15", \
      "s16", "s17", "s18", "s19", "r4", "r5", "r6", "r8", "cc", "memory"
