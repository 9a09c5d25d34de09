#include <initializer_list>

#include "workloads/runtime/kernels/kernels.h"
#include "workloads/runtime/kernels/x86/activations.h"
#include "workloads/runtime/kernels/x86/x86.h"

namespace slmrig::runtime {
namespace {

// A weight that is unpacked serves so many tokens, and their activations still fit the first cache.
constexpr uint32_t kBatchTokens = 32;

// A kernel set and the formats that it points to.
struct Set {
  Set(const char* isa, const BlockMultiplies& multiplies)
      : blocks(multiplies, x86::blocks_prepared_bytes, x86::prepare_blocks), kernels(plain_kernels()) {
    kernels.isa = isa;
    const auto put = [this](Format format, const FormatKernels& with) {
      kernels.formats[static_cast<size_t>(format)] = &with;
    };
    put(Format::kF32, x86::avx2_f32());
    put(Format::kF16, x86::avx2_f16());
    put(Format::kQ8_0, blocks.q8_0);
    put(Format::kQ4_0, blocks.q4_0);
    put(Format::kIq4Nl, blocks.iq4_nl);
    put(Format::kNf4, blocks.nf4);
    put(Format::kTq2_0, blocks.tq2_0);
    put(Format::kQ2_K, blocks.q2_k);
    put(Format::kQ4_K, blocks.q4_k);
    put(Format::kQ6_K, blocks.q6_k);
    const DecodedFormats& decoded = x86::avx2_decoded();
    put(Format::kBf16, decoded.bf16);
    put(Format::kQ4_1, decoded.q4_1);
    put(Format::kQ5_0, decoded.q5_0);
    put(Format::kQ5_1, decoded.q5_1);
    put(Format::kQ5_K, decoded.q5_k);
    kernels.rms_norm = x86::rms_norm;
    kernels.scores = x86::scores;
    kernels.softmax = x86::softmax;
    kernels.mix = x86::mix;
    kernels.kv[static_cast<size_t>(KvFormat::kF16)] = &x86::f16_kv();
    kernels.kv[static_cast<size_t>(KvFormat::kInt8)] = &x86::int8_kv();
    kernels.rotate = x86::rotate;
    kernels.silu_multiply = x86::silu_multiply;
    kernels.add = x86::add;
    kernels.batch_tokens = kBatchTokens;
  }

  BlockSet blocks;
  KernelSet kernels;
};

// Clang 14's __builtin_cpu_supports does not know F16C: CPUID leaf 1, ECX bit 29.
bool has_f16c() {
  uint32_t eax = 1;
  uint32_t ebx = 0;
  uint32_t ecx = 0;
  uint32_t edx = 0;
  __asm__("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
  return (ecx & (1U << 29)) != 0;
}

bool has_avx2() {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") != 0 && has_f16c();
}

// GCC 12's __builtin_cpu_supports does not know AVX-VNNI: CPUID leaf 7, subleaf 1, EAX bit 4.
bool has_avx_vnni() {
  uint32_t eax = 7;
  uint32_t ebx = 0;
  uint32_t ecx = 0;
  uint32_t edx = 0;
  __asm__("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
  if (eax < 1) return false;
  eax = 7;
  ecx = 1;
  __asm__("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
  return (eax & (1U << 4)) != 0;
}

bool has_avx512() {
  return has_avx2() && __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
         __builtin_cpu_supports("avx512dq") != 0 && __builtin_cpu_supports("avx512vl") != 0 &&
         __builtin_cpu_supports("avx512vnni") != 0;
}

}  // namespace

const KernelSet* avx2_kernels() {
  static const Set kSet("avx2", x86::avx2_blocks());
  return has_avx2() ? &kSet.kernels : nullptr;
}

const KernelSet* avx_vnni_kernels() {
  static const Set kSet("avx_vnni", x86::avx_vnni_blocks());
  return has_avx2() && has_avx_vnni() ? &kSet.kernels : nullptr;
}

const KernelSet* avx512_kernels() {
  static const Set kSet("avx512_vnni", x86::avx512_blocks());
  return has_avx512() ? &kSet.kernels : nullptr;
}

const KernelSet& best_kernels() {
  static const KernelSet* const kBest = [] {
    for (const KernelSet* set : {avx512_kernels(), avx_vnni_kernels(), avx2_kernels()}) {
      if (set != nullptr) return set;
    }
    return &plain_kernels();
  }();
  return *kBest;
}

}  // namespace slmrig::runtime
