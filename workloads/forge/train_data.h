// From examples of the corpus to batches of tokens.
#pragma once

#include <cstdint>
#include <vector>

#include "workloads/forge/corpus.h"
#include "workloads/forge/text_codec.h"
#include "workloads/forge/train_network.h"

namespace slmrig::forge {

// One example as tokens: BOS, prompt, line feed, answer, EOS. answer_begin indexes the first answer token.
struct TokenisedExample {
  std::vector<std::int32_t> tokens;
  std::size_t answer_begin = 0;
  ExampleKind kind = ExampleKind::kCommand;
};

base::Result<TokenisedExample> tokenise(const TextCodec& codec, const Example& example);

// Shares in the loss: the answer and its EOS count 1. The prompt is learned a little, so that the model knows
// the language of commands and ends an utterance by itself; readings of a sensor are random digits, not to be
// learned.
struct LossWeights {
  float answer = 1.0F;
  float command_prompt = 0.1F;
  float stream_prompt = 0.02F;
  float line_feed = 0.3F;
};

void append(TrainBatch& batch, const TokenisedExample& example, const LossWeights& weights);

// A batch of at least `tokens_wanted` tokens, the same for the same seed and step.
base::Result<TrainBatch> make_batch(const TextCodec& codec, Split split, const CorpusOptions& corpus,
                                    std::size_t tokens_wanted, std::uint64_t seed, std::uint64_t step);

// Texts of the training split to learn a vocabulary from.
std::vector<std::string> vocabulary_texts(std::uint64_t seed, std::size_t count);

}  // namespace slmrig::forge
