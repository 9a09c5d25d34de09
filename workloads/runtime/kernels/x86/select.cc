#include "workloads/runtime/kernels/kernels.h"
#include "workloads/runtime/kernels/x86/x86.h"

namespace slmrig::runtime {
namespace {

// What is not set here is plain.
KernelSet make_set(const char* isa, const FormatKernels& q8_0) {
  KernelSet set = plain_kernels();
  set.isa = isa;
  set.formats[static_cast<size_t>(Format::kF32)] = &x86::avx2_f32();
  set.formats[static_cast<size_t>(Format::kQ8_0)] = &q8_0;
  set.rms_norm = x86::rms_norm;
  set.scores = x86::scores;
  set.softmax = x86::softmax;
  set.mix = x86::mix;
  set.rotate = x86::rotate;
  set.silu_multiply = x86::silu_multiply;
  set.add = x86::add;
  return set;
}

bool has_avx2() {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("f16c") != 0;
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

}  // namespace

const KernelSet* avx2_kernels() {
  static const KernelSet kSet = make_set("avx2", x86::avx2_q8_0());
  return has_avx2() ? &kSet : nullptr;
}

const KernelSet* avx_vnni_kernels() {
  static const KernelSet kSet = make_set("avx_vnni", x86::avx_vnni_q8_0());
  return has_avx2() && has_avx_vnni() ? &kSet : nullptr;
}

const KernelSet& best_kernels() {
  static const KernelSet* const kBest = [] {
    if (const KernelSet* vnni = avx_vnni_kernels(); vnni != nullptr) return vnni;
    if (const KernelSet* avx2 = avx2_kernels(); avx2 != nullptr) return avx2;
    return &plain_kernels();
  }();
  return *kBest;
}

}  // namespace slmrig::runtime
