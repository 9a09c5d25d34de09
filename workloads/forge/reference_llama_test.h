// A forward pass of llama, qwen2 and gemma written for clarity, in double, straight from the tensors of a
// GGUF file: what the runtime is compared with. No cache, no batching, no kernels.
#pragma once

#include <cstdint>
#include <vector>

#include "workloads/forge/llama_model.h"

namespace slmrig::forge {

// Logits [vocabulary] behind the last of `ids`.
std::vector<double> reference_logits(const LlamaModel& model, const std::vector<std::int32_t>& ids);

}  // namespace slmrig::forge
