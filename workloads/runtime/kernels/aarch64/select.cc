#include <initializer_list>

#if defined(__linux__)
#include <sys/auxv.h>
#endif

#include "workloads/runtime/kernels/aarch64/aarch64.h"
#include "workloads/runtime/kernels/aarch64/activations.h"

namespace slmrig::runtime {
namespace {

// A weight that is unpacked serves so many tokens, and their activations still fit the first cache.
constexpr uint32_t kBatchTokens = 32;

// A kernel set and the formats that it points to. Loops over one array are left to the plain functions:
// NEON is in the baseline, and the compiler uses it.
struct Set {
  Set(const char* isa, const BlockMultiplies& multiplies)
      : blocks(multiplies, aarch64::blocks_prepared_bytes, aarch64::prepare_blocks),
        kernels(plain_kernels()) {
    kernels.isa = isa;
    const auto put = [this](Format format, const FormatKernels& with) {
      kernels.formats[static_cast<size_t>(format)] = &with;
    };
    put(Format::kF32, aarch64::neon_f32());
    put(Format::kF16, aarch64::neon_f16());
    put(Format::kQ8_0, blocks.q8_0);
    put(Format::kQ4_0, blocks.q4_0);
    put(Format::kIq4Nl, blocks.iq4_nl);
    put(Format::kNf4, blocks.nf4);
    put(Format::kTq2_0, blocks.tq2_0);
    put(Format::kQ2_K, blocks.q2_k);
    put(Format::kQ4_K, blocks.q4_k);
    put(Format::kQ6_K, blocks.q6_k);
    const DecodedFormats& decoded = aarch64::neon_decoded();
    put(Format::kBf16, decoded.bf16);
    put(Format::kQ4_1, decoded.q4_1);
    put(Format::kQ5_0, decoded.q5_0);
    put(Format::kQ5_1, decoded.q5_1);
    put(Format::kQ5_K, decoded.q5_k);
    kernels.rms_norm = aarch64::rms_norm;
    kernels.scores = aarch64::scores;
    kernels.mix = aarch64::mix;
    kernels.kv[static_cast<size_t>(KvFormat::kF16)] = &aarch64::f16_kv();
    kernels.kv[static_cast<size_t>(KvFormat::kInt8)] = &aarch64::int8_kv();
    kernels.batch_tokens = kBatchTokens;
  }

  BlockSet blocks;
  KernelSet kernels;
};

// Bits of the auxiliary vector; older headers lack the second.
constexpr unsigned long kHasDotProd = 1UL << 20;  // HWCAP_ASIMDDP
constexpr unsigned long kHasI8mm = 1UL << 13;     // HWCAP2_I8MM

bool has_dotprod() {
#if defined(__linux__)
  return (getauxval(AT_HWCAP) & kHasDotProd) != 0;
#else
  return false;
#endif
}

bool has_i8mm() {
#if defined(__linux__)
  return has_dotprod() && (getauxval(AT_HWCAP2) & kHasI8mm) != 0;
#else
  return false;
#endif
}

}  // namespace

const KernelSet* neon_kernels() {
  static const Set kSet("neon", aarch64::neon_blocks());
  return &kSet.kernels;
}

const KernelSet* dotprod_kernels() {
  static const Set kSet("dotprod", aarch64::dotprod_blocks());
  return has_dotprod() ? &kSet.kernels : nullptr;
}

const KernelSet* i8mm_kernels() {
  static const Set kSet("i8mm", aarch64::i8mm_blocks());
  return has_i8mm() ? &kSet.kernels : nullptr;
}

const KernelSet& best_kernels() {
  for (const KernelSet* set : {i8mm_kernels(), dotprod_kernels()}) {
    if (set != nullptr) return *set;
  }
  return *neon_kernels();
}

}  // namespace slmrig::runtime
