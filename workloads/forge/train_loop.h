// Training a bundled model from a seed: batches, AdamW with a cosine schedule, checkpoints, progress.
//
// The result depends on the options and on the kind of CPU (OpenBLAS chooses its kernels by it) and on
// nothing else: a training that was interrupted and resumed ends with the same bits as one that was not.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "harness/base/error.h"
#include "workloads/forge/corpus.h"
#include "workloads/forge/gguf.h"
#include "workloads/forge/text_codec.h"
#include "workloads/forge/train_network.h"

namespace slmrig::forge {

struct TrainOptions {
  std::string model = "wrist-wide";
  std::uint64_t seed = 1;
  std::uint64_t step_count = 10000;
  std::size_t batch_tokens = 3072;
  double learning_rate = 3e-3;
  double final_learning_rate_share = 0.01;
  std::uint64_t warmup_steps = 200;
  double decay_share = 0.4;  // of the steps, at the end
  double weight_decay = 0.05;
  double noise_rate = 0.25;
  double summary_share = 0.28;
  std::size_t vocabulary_texts = 60000;  // examples that the vocabulary is learned from
  std::uint64_t report_every = 100;
  std::uint64_t validate_every = 1000;
  std::size_t validation_commands = 300;
  std::size_t validation_summaries = 150;
  std::filesystem::path
      student_of;  // not empty: distil the model of this file (distil.h), seed for batches only
  std::uint64_t stop_after_step = 0;  // not 0: leave a checkpoint at this step and return
  std::filesystem::path output;       // the GGUF, written at the end and beside each checkpoint
  std::filesystem::path checkpoint;   // resumed from where it exists; removed at the end
};

// What is known at a report; the validation figures are those of the last validation.
struct TrainProgress {
  std::uint64_t step = 0;
  std::uint64_t step_count = 0;
  double loss = 0.0;  // weighted nats a token, mean since the last report
  double learning_rate = 0.0;
  double tokens_per_second = 0.0;
  double seconds_left = 0.0;
  bool has_validation = false;
  double validation_loss = 0.0;
  double command_accuracy = 0.0;  // share of answers that greedy decoding gets exactly right
  double summary_accuracy = 0.0;
};

struct TrainResult {
  std::uint64_t parameter_count = 0;
  std::uint64_t token_count = 0;  // trained on, in all runs of this training
  double seconds = 0.0;           // spent training, in all runs of this training
};

// How the bundled model of this name was trained: the options that reproduce it, but for the files.
base::Result<TrainOptions> bundled_training(std::string_view model);
// The same for its ternary student; student_of is left to the caller.
base::Result<TrainOptions> bundled_student_training(std::string_view model);

base::Result<TrainResult> train_model(const TrainOptions& options,
                                      const std::function<void(const TrainProgress&)>& report);

// Rate of a step: linear warm-up, level, then a cosine down to the final share over the last decay_share.
// While it is level the number of steps does not matter yet: a checkpoint from there may be resumed towards
// another one.
double learning_rate_at(const TrainOptions& options, std::uint64_t step);

// Share of examples of `split`, undisturbed, whose whole answer greedy decoding would give: every answer
// token is the most likely one after those before it. One forward pass each, no generation.
struct Validation {
  double loss = 0.0;  // nats an answer token
  double command_accuracy = 0.0;
  double summary_accuracy = 0.0;
};
base::Result<Validation> validate(Network& network, const TextCodec& codec, Split split, std::size_t commands,
                                  std::size_t summaries);

// Architecture keys, vocabulary and tensors as GGUF; `vocabulary` holds the tokenizer keys.
base::Result<GgufFile> model_gguf(const Network& network, const GgufFile& vocabulary);

// The tensors of a model of the network's shape into its parameters.
base::Done load_parameters(const GgufFile& file, Network& network);

// OpenBLAS 0.3.21 takes a processor newer than itself for the oldest one and is four times slower. Where that
// happened, sets OPENBLAS_CORETYPE and runs this program again in place, with the same arguments; otherwise
// returns.
void prefer_fast_blas();

}  // namespace slmrig::forge
