#include "harness/base/metrics.h"

#include <algorithm>
#include <array>

namespace slmrig::base {

namespace {

using enum Better;
using enum MetricBasis;
using enum MetricScope;

constexpr std::array kMetrics = {
    Metric{"cold_start_ms_p50", "ms", "cold start p50", kLower, kTime, kSession},
    Metric{"cold_start_boot_ms_p50", "ms", "cold start: boot p50", kLower, kTime, kSession},
    Metric{"cold_start_load_ms_p50", "ms", "cold start: load and validate p50", kLower, kTime, kSession},
    Metric{"cold_start_first_prefill_ms_p50", "ms", "cold start: first prefill p50", kLower, kTime, kSession},
    Metric{"cold_start_first_token_ms_p50", "ms", "cold start: first token p50", kLower, kTime, kSession},
    Metric{"cold_start_instructions_p50", "instructions", "cold start p50", kLower, kInstructions, kSession},
    Metric{"cold_start_boot_instructions_p50", "instructions", "cold start: boot p50", kLower, kInstructions,
           kSession},
    Metric{"cold_start_load_instructions_p50", "instructions", "cold start: load and validate p50", kLower,
           kInstructions, kSession},
    Metric{"cold_start_first_prefill_instructions_p50", "instructions", "cold start: first prefill p50",
           kLower, kInstructions, kSession},
    Metric{"cold_start_first_token_instructions_p50", "instructions", "cold start: first token p50", kLower,
           kInstructions, kSession},

    Metric{"ttft_ms_p50", "ms", "time to first token p50", kLower, kTime, kCell},
    Metric{"ttft_ms_p95", "ms", "time to first token p95", kLower, kTime, kCell},
    Metric{"token_ms_p50", "ms", "token p50", kLower, kTime, kCell},
    Metric{"token_ms_p95", "ms", "token p95", kLower, kTime, kCell},
    Metric{"token_ms_p99", "ms", "token p99", kLower, kTime, kCell},
    Metric{"token_ms_max", "ms", "token max", kLower, kTime, kCell},
    Metric{"answer_ms_p50", "ms", "whole answer p50", kLower, kTime, kCell},
    Metric{"answer_ms_p95", "ms", "whole answer p95", kLower, kTime, kCell},
    Metric{"answer_ms_p99", "ms", "whole answer p99", kLower, kTime, kCell},
    Metric{"answer_ms_max", "ms", "whole answer max", kLower, kTime, kCell},
    Metric{"benchmark_ms_p50", "ms", "imported benchmark p50", kLower, kTime, kCell},
    Metric{"decode_tokens_per_s", "tokens/s", "decode rate", kHigher, kTime, kCell},
    Metric{"prefill_tokens_per_s", "tokens/s", "prefill rate", kHigher, kTime, kCell},
    Metric{"ttft_instructions_p50", "instructions", "instructions to first token p50", kLower, kInstructions,
           kCell},
    Metric{"ttft_instructions_p95", "instructions", "instructions to first token p95", kLower, kInstructions,
           kCell},
    Metric{"token_instructions_p50", "instructions", "token p50", kLower, kInstructions, kCell},
    Metric{"token_instructions_p95", "instructions", "token p95", kLower, kInstructions, kCell},
    Metric{"token_instructions_p99", "instructions", "token p99", kLower, kInstructions, kCell},
    Metric{"token_instructions_max", "instructions", "token max", kLower, kInstructions, kCell},
    Metric{"token_instructions_mean", "instructions", "instructions a token", kLower, kInstructions, kCell},
    Metric{"answer_instructions_p50", "instructions", "whole answer p50", kLower, kInstructions, kCell},
    Metric{"answer_instructions_p95", "instructions", "whole answer p95", kLower, kInstructions, kCell},
    Metric{"answer_instructions_p99", "instructions", "whole answer p99", kLower, kInstructions, kCell},
    Metric{"answer_instructions_max", "instructions", "whole answer max", kLower, kInstructions, kCell},
    Metric{"prefill_instructions_per_token", "instructions", "prefill instructions a prompt token", kLower,
           kInstructions, kCell},

    Metric{"memory_peak_bytes", "bytes", "memory peak", kLower, kAny, kSession},
    Metric{"memory_weights_bytes", "bytes", "memory: weights", kLower, kAny, kSession},
    Metric{"memory_kv_bytes", "bytes", "memory: KV cache", kLower, kAny, kSession},
    Metric{"memory_activations_bytes", "bytes", "memory: activations", kLower, kAny, kSession},
    Metric{"memory_scratch_bytes", "bytes", "memory: scratch", kLower, kAny, kSession},
    Metric{"memory_stack_bytes", "bytes", "memory: stack", kLower, kAny, kSession},
    Metric{"memory_wire_bytes", "bytes", "memory: wire", kLower, kAny, kSession},
    Metric{"memory_trace_bytes", "bytes", "memory: trace", kLower, kAny, kSession},
    Metric{"memory_text_bytes", "bytes", "agent: code", kLower, kAny, kSession},
    Metric{"memory_data_bytes", "bytes", "agent: initialised data", kLower, kAny, kSession},
    Metric{"memory_bss_bytes", "bytes", "agent: zeroed data", kLower, kAny, kSession},
    Metric{"memory_process_bytes", "bytes", "process peak (VmHWM)", kLower, kAny, kSession},
    Metric{"memory_cgroup_bytes", "bytes", "control group peak (memory.peak)", kLower, kAny, kSession},
    Metric{"image_bytes", "bytes", "model image", kLower, kAny, kSession},

    Metric{"accuracy", "ratio", "accuracy", kHigher, kAny, kCell},
    Metric{"intent_accuracy", "ratio", "intents right", kHigher, kAny, kCell},
    Metric{"worst_intent_accuracy", "ratio", "intents right, of the worst intent", kHigher, kAny, kCell},
    Metric{"flip_rate", "ratio", "answers that f32 had right and this wrong, or the reverse", kLower, kAny,
           kCell},
    Metric{"reference_agreement", "ratio", "answers equal to the host's", kHigher, kAny, kCell},

    Metric{"energy_uj_per_answer", "uj", "energy an answer", kLower, kEnergy, kCell},
    Metric{"energy_net_uj_per_answer", "uj", "energy an answer, net of idle", kLower, kEnergy, kCell},
    Metric{"energy_prefill_uj_per_answer", "uj", "prefill energy an answer, net", kLower, kEnergy, kCell},
    Metric{"energy_decode_uj_per_token", "uj", "decode energy a token, net", kLower, kEnergy, kCell},
    Metric{"energy_boot_uj", "uj", "energy of a boot", kLower, kEnergy, kSession},
    Metric{"energy_load_uj", "uj", "energy of loading the model", kLower, kEnergy, kSession},
    Metric{"idle_power_uw", "uw", "idle power, model loaded", kLower, kEnergy, kCell},
};

constexpr std::array kMemoryClasses = {
    MemoryClassInfo{"weights", "memory_weights_bytes", true},
    MemoryClassInfo{"kv", "memory_kv_bytes", true},
    MemoryClassInfo{"activations", "memory_activations_bytes", true},
    MemoryClassInfo{"scratch", "memory_scratch_bytes", true},
    MemoryClassInfo{"stack", "memory_stack_bytes", true},
    MemoryClassInfo{"wire", "memory_wire_bytes", true},
    MemoryClassInfo{"trace", "memory_trace_bytes", true},
    MemoryClassInfo{"text", "memory_text_bytes", false},
    MemoryClassInfo{"data", "memory_data_bytes", false},
    MemoryClassInfo{"bss", "memory_bss_bytes", false},
    MemoryClassInfo{"process", "memory_process_bytes", false},
    MemoryClassInfo{"cgroup", "memory_cgroup_bytes", false},
};

}  // namespace

std::string_view to_string(Better better) { return better == kLower ? "lower" : "higher"; }

std::span<const Metric> metrics() { return kMetrics; }

const Metric* find_metric(std::string_view name) {
  const auto* found =
      std::find_if(kMetrics.begin(), kMetrics.end(), [&](const Metric& m) { return m.name == name; });
  return found == kMetrics.end() ? nullptr : found;
}

bool has_figures(const Metric& metric, Tier tier) {
  switch (metric.basis) {
    case kTime: return tier == Tier::kHardware || tier == Tier::kModelled;
    case kInstructions: return tier == Tier::kEmulated;
    case kEnergy: return tier == Tier::kHardware || tier == Tier::kModelled;
    case kAny: return true;
  }
  return false;
}

std::span<const MemoryClassInfo> memory_classes() { return kMemoryClasses; }

}  // namespace slmrig::base
