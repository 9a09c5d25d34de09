#include "workloads/forge/train_loop.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <numbers>
#include <optional>
#include <system_error>
#include <vector>

#include <cblas.h>
#include <fmt/format.h>

#include "workloads/forge/distil.h"
#include "workloads/forge/prompt_format.h"
#include "workloads/forge/tokenizer_train.h"
#include "workloads/forge/train_data.h"
#include "workloads/forge/train_optimizer.h"

namespace slmrig::forge {

using base::Done;
using base::Result;
using Clock = std::chrono::steady_clock;

namespace {

constexpr std::uint64_t kValidationSeed = 20001;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Of the answers in a batch: how many are right from end to end, and their summed loss.
struct AnswerScore {
  std::vector<bool> right;
  double nats = 0.0;
  std::size_t token_count = 0;
};

AnswerScore score_answers(Network& network, const TrainBatch& batch) {
  const std::span<const float> logits = network.forward(batch);
  const std::size_t vocab = network.shape().vocab;
  AnswerScore score;
  for (std::size_t doc = 0; doc + 1 < batch.starts.size(); ++doc) {
    bool right = true;
    for (std::size_t t = batch.starts[doc]; t < batch.starts[doc + 1]; ++t) {
      if (batch.weights[t] != LossWeights{}.answer) continue;
      const float* row = logits.data() + t * vocab;
      const auto target = static_cast<std::size_t>(batch.targets[t]);
      const float top = *std::max_element(row, row + vocab);
      double sum = 0.0;
      for (std::size_t v = 0; v < vocab; ++v) sum += std::exp(static_cast<double>(row[v] - top));
      score.nats += std::log(sum) - static_cast<double>(row[target] - top);
      ++score.token_count;
      right = right && row[target] >= top;
    }
    score.right.push_back(right);
  }
  return score;
}

struct KindScore {
  double nats = 0.0;
  std::size_t token_count = 0;
  double accuracy = 0.0;
};

Result<KindScore> validate_kind(Network& network, const TextCodec& codec, Split split, ExampleKind kind,
                                std::size_t count) {
  constexpr std::size_t kBatchExamples = 32;
  Random random(kValidationSeed + static_cast<std::uint64_t>(split));
  KindScore total;
  std::size_t right = 0;
  for (std::size_t done = 0; done < count;) {
    TrainBatch batch;
    for (std::size_t i = 0; i < kBatchExamples && done < count; ++i, ++done) {
      const Example example =
          kind == ExampleKind::kCommand ? make_command(split, random) : make_summary(split, random);
      SLMRIG_ASSIGN(const TokenisedExample tokens, tokenise(codec, example));
      append(batch, tokens, LossWeights{});
    }
    const AnswerScore score = score_answers(network, batch);
    right += static_cast<std::size_t>(std::count(score.right.begin(), score.right.end(), true));
    total.nats += score.nats;
    total.token_count += score.token_count;
  }
  total.accuracy = count == 0 ? 0.0 : static_cast<double>(right) / static_cast<double>(count);
  return total;
}

}  // namespace

Result<Validation> validate(Network& network, const TextCodec& codec, Split split, std::size_t commands,
                            std::size_t summaries) {
  SLMRIG_ASSIGN(const KindScore command,
                validate_kind(network, codec, split, ExampleKind::kCommand, commands));
  SLMRIG_ASSIGN(const KindScore summary,
                validate_kind(network, codec, split, ExampleKind::kSummary, summaries));
  const auto tokens =
      static_cast<double>(std::max<std::size_t>(1, command.token_count + summary.token_count));
  return Validation{(command.nats + summary.nats) / tokens, command.accuracy, summary.accuracy};
}

namespace {

// The step at which the rate begins to fall in a training of `step_count` steps.
std::uint64_t level_steps(const TrainOptions& options, std::uint64_t step_count) {
  const auto level =
      static_cast<std::uint64_t>(static_cast<double>(step_count) * (1.0 - options.decay_share));
  return std::max(options.warmup_steps, level);
}

}  // namespace

double learning_rate_at(const TrainOptions& options, std::uint64_t step) {
  if (step < options.warmup_steps) {
    return options.learning_rate * static_cast<double>(step + 1) / static_cast<double>(options.warmup_steps);
  }
  const std::uint64_t level_end = level_steps(options, options.step_count);
  if (step < level_end) return options.learning_rate;
  const double span = static_cast<double>(std::max<std::uint64_t>(1, options.step_count - level_end));
  const double progress = std::min(1.0, static_cast<double>(step - level_end) / span);
  const double low = options.final_learning_rate_share;
  return options.learning_rate * (low + (1.0 - low) * 0.5 * (1.0 + std::cos(std::numbers::pi * progress)));
}

Result<GgufFile> model_gguf(const Network& network, const GgufFile& vocabulary) {
  const ModelShape& shape = network.shape();
  const auto u32 = [](std::size_t value) { return static_cast<std::uint32_t>(value); };
  GgufFile file;
  file.set("general.architecture", std::string("llama"));
  file.set("general.name", shape.name);
  file.set("general.file_type", std::uint32_t{0});
  file.set("slmrig.prompt_suffix", std::string(1, kPromptEnd));
  file.set("llama.context_length", u32(shape.context_tokens));
  file.set("llama.embedding_length", u32(shape.d_model));
  file.set("llama.block_count", u32(shape.layer_count));
  file.set("llama.feed_forward_length", u32(shape.ff));
  file.set("llama.attention.head_count", u32(shape.head_count));
  file.set("llama.attention.head_count_kv", u32(shape.kv_head_count));
  file.set("llama.attention.layer_norm_rms_epsilon", shape.rms_epsilon);
  file.set("llama.attention.key_length", u32(shape.head_dim));
  file.set("llama.attention.value_length", u32(shape.head_dim));
  file.set("llama.rope.dimension_count", u32(shape.head_dim));
  file.set("llama.rope.freq_base", shape.rope_base);
  file.set("llama.vocab_size", u32(shape.vocab));
  for (const auto& [key, value] : vocabulary.metadata()) file.set(key, value);
  for (const NamedSlice& slice : network.layout().slices) {
    SLMRIG_TRY(
        file.add_floats(slice.name, slice.dims, network.parameters().subspan(slice.offset, slice.size)));
  }
  return file;
}

Done load_parameters(const GgufFile& file, Network& network) {
  for (const NamedSlice& slice : network.layout().slices) {
    const GgufTensor* tensor = file.find_tensor(slice.name);
    if (tensor == nullptr || tensor->dims != slice.dims || tensor->floats().size() != slice.size) {
      return base::fail(base::ErrorCode::kBadInput,
                        fmt::format("the model has no f32 tensor `{}` of the shape of {}", slice.name,
                                    network.shape().name));
    }
    std::copy(tensor->floats().begin(), tensor->floats().end(),
              network.parameters().begin() + static_cast<std::ptrdiff_t>(slice.offset));
  }
  return {};
}

void prefer_fast_blas() {
#if defined(__x86_64__)
  constexpr const char* kVariable = "OPENBLAS_CORETYPE";
  if (std::getenv(kVariable) != nullptr || std::string_view(openblas_get_corename()) != "Prescott") return;
  const bool has_avx512 = __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0;
  const bool has_avx2 = __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
  if (!has_avx512 && !has_avx2) return;
  std::ifstream stream("/proc/self/cmdline", std::ios::binary);
  std::vector<std::string> arguments;
  for (std::string argument; std::getline(stream, argument, '\0');) arguments.push_back(argument);
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  setenv(kVariable, has_avx512 ? "SkylakeX" : "Haswell", 1);
  execv("/proc/self/exe", argv.data());  // only returns when it failed: then we are slow, not wrong
#endif
}

Result<TrainOptions> bundled_training(std::string_view model) {
  SLMRIG_ASSIGN(const ModelShape shape, model_shape(model));
  TrainOptions options;
  options.model = shape.name;
  const bool is_nano = shape.name == "wrist-nano";
  // At 3.5e-3 the wide model had not learned to copy after 6 M tokens; at 1.5e-3 it had after 2 M.
  options.learning_rate = is_nano ? 6e-3 : 1.5e-3;
  options.step_count = is_nano ? 4400 : 8000;
  options.decay_share = is_nano ? 0.6 : 0.4;
  return options;
}

Result<TrainOptions> bundled_student_training(std::string_view model) {
  SLMRIG_ASSIGN(TrainOptions options, bundled_training(model));
  // Of 1, 2 and 3e-3 the first had the smallest divergence after 200 steps.
  options.learning_rate = 1e-3;
  options.step_count = 1800;
  options.batch_tokens = 1536;
  options.warmup_steps = 50;
  options.decay_share = 0.6;
  return options;
}

namespace {

class Trainer {
 public:
  Trainer(const TrainOptions& options, const ModelShape& shape, GgufFile vocabulary, TextCodec codec,
          std::optional<Teacher> teacher)
      : options_(options),
        vocabulary_(std::move(vocabulary)),
        codec_(std::move(codec)),
        teacher_(std::move(teacher)),
        network_(shape),
        optimizer_(network_.layout()) {
    corpus_.noise_rate = options.noise_rate;
    corpus_.summary_share = options.summary_share;
    corpus_.command_share = 0.9 - options.summary_share;
  }

  Result<TrainResult> run(const std::function<void(const TrainProgress&)>& report) {
    if (teacher_) {
      teacher_->initialise(&network_);
    } else {
      network_.initialise(options_.seed);
    }
    SLMRIG_TRY(resume());
    const std::uint64_t first_step = step_;
    const double seconds_before = result_.seconds;
    const Clock::time_point start = Clock::now();
    Clock::time_point report_start = start;
    BatchLoss since_report;
    std::uint64_t tokens_since_report = 0;
    const std::uint64_t last_step = options_.stop_after_step == 0
                                        ? options_.step_count
                                        : std::min(options_.stop_after_step, options_.step_count);
    while (step_ < last_step) {
      SLMRIG_ASSIGN(const BatchLoss loss, one_step(&tokens_since_report));
      since_report.loss_nats += loss.loss_nats;
      since_report.weight += loss.weight;
      result_.seconds = seconds_before + seconds_since(start);
      const bool validates = step_ % options_.validate_every == 0 || step_ == options_.step_count;
      if (validates) SLMRIG_TRY(validate_and_keep());
      if (step_ % options_.report_every == 0 || validates) {
        progress_.step = step_;
        progress_.step_count = options_.step_count;
        progress_.loss = since_report.loss_nats / since_report.weight;
        progress_.learning_rate = learning_rate_at(options_, step_ - 1);
        progress_.tokens_per_second = static_cast<double>(tokens_since_report) / seconds_since(report_start);
        progress_.seconds_left = seconds_since(start) / static_cast<double>(step_ - first_step) *
                                 static_cast<double>(options_.step_count - step_);
        report(progress_);
        since_report = {};
        tokens_since_report = 0;
        report_start = Clock::now();
      }
    }
    result_.parameter_count = network_.layout().size;
    if (step_ < options_.step_count) {
      SLMRIG_TRY(save_checkpoint());
      return result_;
    }
    SLMRIG_TRY(save_model());
    std::error_code ignored;
    std::filesystem::remove(options_.checkpoint, ignored);
    return result_;
  }

 private:
  Result<BatchLoss> one_step(std::uint64_t* tokens) {
    SLMRIG_ASSIGN(const TrainBatch batch,
                  make_batch(codec_, Split::kTrain, corpus_, options_.batch_tokens, options_.seed, step_));
    const BatchLoss loss =
        teacher_ ? teacher_->forward_backward(&network_, batch) : network_.forward_backward(batch);
    optimizer_.step(network_, learning_rate_at(options_, step_), options_.weight_decay, step_);
    ++step_;
    *tokens += batch.tokens.size();
    result_.token_count += batch.tokens.size();
    return loss;
  }

  Result<Validation> validate_stored() {
    std::optional<TernaryWeights> stored;
    if (teacher_) stored.emplace(&network_);
    return validate(network_, codec_, Split::kValidation, options_.validation_commands,
                    options_.validation_summaries);
  }

  Done validate_and_keep() {
    SLMRIG_ASSIGN(const Validation validation, validate_stored());
    progress_.has_validation = true;
    progress_.validation_loss = validation.loss;
    progress_.command_accuracy = validation.command_accuracy;
    progress_.summary_accuracy = validation.summary_accuracy;
    SLMRIG_TRY(save_checkpoint());
    return save_model();
  }

  std::string teacher_sha256() const { return teacher_ ? teacher_->sha256() : std::string(); }

  Done save_model() {
    SLMRIG_ASSIGN(const GgufFile file,
                  teacher_ ? student_gguf(network_, *teacher_) : model_gguf(network_, vocabulary_));
    return save_gguf(file, options_.output);
  }

  // A checkpoint is a GGUF too, so that it is checked like any other file when it is read.
  Done save_checkpoint() {
    if (options_.checkpoint.empty()) return {};
    GgufFile file;
    file.set("slmrig.train.model", options_.model);
    file.set("slmrig.train.teacher_sha256", teacher_sha256());
    file.set("slmrig.train.seed", options_.seed);
    file.set("slmrig.train.step_count", options_.step_count);
    file.set("slmrig.train.step", step_);
    file.set("slmrig.train.tokens", result_.token_count);
    file.set("slmrig.train.seconds", result_.seconds);
    SLMRIG_TRY(file.add_floats("parameters", {network_.layout().size}, network_.parameters()));
    SLMRIG_TRY(file.add_floats("mean", {network_.layout().size}, optimizer_.mean()));
    SLMRIG_TRY(file.add_floats("variance", {network_.layout().size}, optimizer_.variance()));
    return save_gguf(file, options_.checkpoint);
  }

  Done resume() {
    std::error_code ignored;
    if (options_.checkpoint.empty() || !std::filesystem::exists(options_.checkpoint, ignored)) return {};
    SLMRIG_ASSIGN(const GgufFile file, load_gguf(options_.checkpoint));
    SLMRIG_ASSIGN(const std::string model, file.string_of("slmrig.train.model"));
    SLMRIG_ASSIGN(const std::string teacher, file.string_of("slmrig.train.teacher_sha256"));
    if (teacher != teacher_sha256()) {
      return base::fail(base::ErrorCode::kBadInput,
                        fmt::format("{} belongs to the training of {}, not to this one; remove it",
                                    options_.checkpoint.string(),
                                    teacher.empty() ? "a teacher" : "a student of the teacher " + teacher));
    }
    SLMRIG_ASSIGN(const std::uint64_t seed, file.count_of("slmrig.train.seed"));
    SLMRIG_ASSIGN(const std::uint64_t step_count, file.count_of("slmrig.train.step_count"));
    SLMRIG_ASSIGN(step_, file.count_of("slmrig.train.step"));
    const bool may_change_length = step_ <= level_steps(options_, std::min(step_count, options_.step_count));
    if (model != options_.model || seed != options_.seed ||
        (step_count != options_.step_count && !may_change_length)) {
      return base::fail(
          base::ErrorCode::kBadInput,
          fmt::format("{} holds {} of seed {} over {} steps, not {} of seed {} over {}; remove it or "
                      "give the same options",
                      options_.checkpoint.string(), model, seed, step_count, options_.model, options_.seed,
                      options_.step_count));
    }
    SLMRIG_ASSIGN(result_.token_count, file.count_of("slmrig.train.tokens"));
    SLMRIG_ASSIGN(result_.seconds, file.number_of("slmrig.train.seconds"));
    SLMRIG_TRY(copy_into(file, "parameters", network_.parameters()));
    SLMRIG_TRY(copy_into(file, "mean", optimizer_.mean()));
    return copy_into(file, "variance", optimizer_.variance());
  }

  Done copy_into(const GgufFile& file, std::string_view name, std::span<float> to) const {
    const GgufTensor* tensor = file.find_tensor(name);
    if (tensor == nullptr || tensor->floats().size() != to.size()) {
      return base::fail(base::ErrorCode::kCorrupt,
                        fmt::format("{} has no tensor `{}` of {} floats; remove it to start again",
                                    options_.checkpoint.string(), name, to.size()));
    }
    std::copy(tensor->floats().begin(), tensor->floats().end(), to.begin());
    return {};
  }

  TrainOptions options_;
  CorpusOptions corpus_;
  GgufFile vocabulary_;
  TextCodec codec_;
  std::optional<Teacher> teacher_;  // where a student is trained
  Network network_;
  AdamW optimizer_;
  std::uint64_t step_ = 0;
  TrainProgress progress_;
  TrainResult result_;
};

}  // namespace

Result<TrainResult> train_model(const TrainOptions& options,
                                const std::function<void(const TrainProgress&)>& report) {
  openblas_set_num_threads(1);
  SLMRIG_ASSIGN(const ModelShape shape, model_shape(options.model));
  GgufFile vocabulary;
  std::optional<Teacher> teacher;
  if (options.student_of.empty()) {
    write_vocabulary(train_vocabulary(vocabulary_texts(options.seed, options.vocabulary_texts), shape.vocab),
                     vocabulary);
  } else {
    SLMRIG_ASSIGN(teacher, Teacher::open(options.student_of, shape));
    vocabulary = teacher->vocabulary();
  }
  SLMRIG_ASSIGN(TextCodec codec, TextCodec::from(vocabulary));
  return Trainer(options, shape, std::move(vocabulary), std::move(codec), std::move(teacher)).run(report);
}

}  // namespace slmrig::forge
