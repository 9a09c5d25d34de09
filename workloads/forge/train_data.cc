#include "workloads/forge/train_data.h"

#include <algorithm>

#include "workloads/forge/prompt_format.h"
#include "workloads/forge/tokenizer_train.h"

namespace slmrig::forge {

base::Result<TokenisedExample> tokenise(const TextCodec& codec, const Example& example) {
  TokenisedExample result;
  result.kind = example.kind;
  // No piece spans the line feed, so prompt and answer can be encoded as one text.
  SLMRIG_ASSIGN(result.tokens, codec.encode(prompt_text(example.utterance) + example.answer));
  const auto end = std::find(result.tokens.begin(), result.tokens.end(), kFirstByteToken + kPromptEnd);
  SLMRIG_CHECK(end != result.tokens.end());
  result.answer_begin = static_cast<std::size_t>(end - result.tokens.begin()) + 1;
  result.tokens.push_back(kEndToken);
  return result;
}

void append(TrainBatch& batch, const TokenisedExample& example, const LossWeights& weights) {
  if (batch.starts.empty()) batch.starts.push_back(0);
  const float prompt_weight =
      example.kind == ExampleKind::kSummary ? weights.stream_prompt : weights.command_prompt;
  for (std::size_t t = 0; t + 1 < example.tokens.size(); ++t) {
    batch.tokens.push_back(example.tokens[t]);
    batch.targets.push_back(example.tokens[t + 1]);
    const bool is_answer = t + 1 >= example.answer_begin;
    const bool is_line_feed = t + 2 == example.answer_begin;
    batch.weights.push_back(is_answer ? weights.answer : is_line_feed ? weights.line_feed : prompt_weight);
  }
  batch.starts.push_back(batch.tokens.size());
}

base::Result<TrainBatch> make_batch(const TextCodec& codec, Split split, const CorpusOptions& corpus,
                                    std::size_t tokens_wanted, std::uint64_t seed, std::uint64_t step) {
  // A generator of its own for each step: a resumed training sees what an unbroken one would have seen.
  Random random(Random(seed).next() ^ Random(step * 2 + 1).next());
  TrainBatch batch;
  while (batch.tokens.size() < tokens_wanted) {
    SLMRIG_ASSIGN(const TokenisedExample example, tokenise(codec, make_example(split, corpus, random)));
    append(batch, example, LossWeights{});
  }
  return batch;
}

std::vector<std::string> vocabulary_texts(std::uint64_t seed, std::size_t count) {
  Random random(seed);
  CorpusOptions options;
  options.noise_rate = 0.1;
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < count; ++i) {
    const Example example = make_example(Split::kTrain, options, random);
    texts.push_back(prompt_text(example.utterance) + example.answer);
  }
  return texts;
}

}  // namespace slmrig::forge
