// What a GGUF file says about a model of a llama-like architecture, checked.
//
// The one place that knows the architectures, their metadata keys and tensor names: `llama`; `qwen2` (biases
// on query, key and value, pairs half a head apart); `gemma` (such pairs, GELU, embeddings scaled by the root
// of the width). Everything that a runtime could not honour (another architecture, mixture of experts, other
// rope scalings, tensors that nothing would use) is refused here, by name.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/base/error.h"
#include "workloads/forge/gguf.h"
#include "workloads/runtime/image.h"

namespace slmrig::forge {

// Which numbers of a head rotary positions turn together: (2i, 2i + 1), or (i, i + head_dim / 2).
enum class Rotation { kNeighbours, kHalves };

struct LlamaShape {
  std::uint32_t vocabulary_tokens = 0;
  std::uint32_t context_tokens = 0;
  std::uint32_t width = 0;
  std::uint32_t layer_count = 0;
  std::uint32_t head_count = 0;
  std::uint32_t kv_head_count = 0;
  std::uint32_t head_dim = 0;
  std::uint32_t feed_forward = 0;
  float rms_epsilon = 0.0F;
  double rope_base = 10000.0;
  double rope_factor = 1.0;  // positions are divided by it
  Rotation rotation = Rotation::kNeighbours;
  runtime::Activation activation = runtime::Activation::kSilu;
  float embedding_scale = 0.0F;  // 0: none
};

// Tensors point into the GgufFile, which must outlive this.
struct LlamaLayer {
  const GgufTensor* attention_norm = nullptr;     // [D]
  const GgufTensor* query = nullptr;              // [D, H*hd]
  const GgufTensor* key = nullptr;                // [D, KV*hd]
  const GgufTensor* value = nullptr;              // [D, KV*hd]
  const GgufTensor* attention_output = nullptr;   // [H*hd, D]
  const GgufTensor* feed_forward_norm = nullptr;  // [D]
  const GgufTensor* gate = nullptr;               // [D, FF]
  const GgufTensor* up = nullptr;                 // [D, FF]
  const GgufTensor* down = nullptr;               // [FF, D]
  // Null where the model has none.
  const GgufTensor* query_bias = nullptr;             // [H*hd]
  const GgufTensor* key_bias = nullptr;               // [KV*hd]
  const GgufTensor* value_bias = nullptr;             // [KV*hd]
  const GgufTensor* attention_output_bias = nullptr;  // [D]
};

struct LlamaModel {
  std::string architecture;
  std::string name;     // general.name, or "unnamed"
  std::string variant;  // slmrig.variant, or what the tensor types say: "f32", "int8", "mixed"
  LlamaShape shape;
  const GgufTensor* embedding = nullptr;     // [D, V]
  const GgufTensor* output_norm = nullptr;   // [D]
  const GgufTensor* output = nullptr;        // [D, V], or null where tied to the embedding
  const GgufTensor* rope_factors = nullptr;  // [hd/2], or null
  std::vector<LlamaLayer> layers;
};

// Errors name the key or tensor, what was found and what was expected.
base::Result<LlamaModel> read_llama(const GgufFile& file);

}  // namespace slmrig::forge
