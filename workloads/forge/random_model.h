// A model of random weights, llama or like it, with a small SentencePiece vocabulary: for tests, benchmarks
// and bring-up of a board before a trained model fits it. Its answers mean nothing.
#pragma once

#include <cstdint>
#include <string>

#include "workloads/forge/gguf.h"

namespace slmrig::forge {

struct RandomModelOptions {
  std::string name = "random";
  std::string architecture = "llama";  // or "qwen2" (with biases), "gemma"
  std::uint32_t width = 64;
  std::uint32_t layer_count = 2;
  std::uint32_t head_count = 4;
  std::uint32_t kv_head_count = 2;
  std::uint32_t feed_forward = 96;
  std::uint32_t context_tokens = 64;
  bool tied_output = true;
  std::uint64_t seed = 1;
};

// 512 pieces: <unk>, <s>, </s>, 256 bytes, 253 pieces of text. Weights are normal, scaled by 1/sqrt(columns),
// so that activations stay near one and greedy answers vary. The same options give the same file.
GgufFile random_model(const RandomModelOptions& options);

}  // namespace slmrig::forge
