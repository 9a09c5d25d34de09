#include "workloads/forge/train_loop.h"

#include <cmath>

#include <catch2/catch.hpp>

#include "harness/base/file.h"
#include "workloads/forge/train_optimizer.h"
#include "workloads/forge/train_record.h"

namespace slmrig::forge {
namespace {

using Catch::Matchers::Contains;

TrainOptions tiny_training(const std::filesystem::path& folder, const std::string& name) {
  TrainOptions options;
  options.model = "wrist-nano";
  options.step_count = 8;
  options.batch_tokens = 192;
  options.learning_rate = 4e-3;
  options.warmup_steps = 4;
  options.validate_every = 1000;
  options.report_every = 1;
  options.vocabulary_texts = 800;
  options.validation_commands = 4;
  options.validation_summaries = 2;
  options.output = folder / (name + ".gguf");
  options.checkpoint = folder / (name + ".checkpoint");
  return options;
}

}  // namespace

TEST_CASE("The learning rate warms up, is level, and falls to its last share") {
  TrainOptions options;
  options.step_count = 1000;
  options.warmup_steps = 100;
  options.learning_rate = 1.0;
  options.decay_share = 0.4;
  options.final_learning_rate_share = 0.05;
  CHECK(learning_rate_at(options, 0) == Approx(0.01));
  CHECK(learning_rate_at(options, 49) == Approx(0.5));
  CHECK(learning_rate_at(options, 100) == Approx(1.0));
  CHECK(learning_rate_at(options, 599) == Approx(1.0));
  CHECK(learning_rate_at(options, 800) == Approx(0.05 + 0.95 * 0.5));
  CHECK(learning_rate_at(options, 1000) == Approx(0.05));
}

// A reference in double, from the definition of AdamW.
TEST_CASE("An update is AdamW's, clipped") {
  ModelShape shape = *model_shape("wrist-nano");
  Network network(shape);
  network.initialise(3);
  TrainBatch batch;
  batch.tokens = {1, 20, 30};
  batch.targets = {20, 30, 2};
  batch.weights = {1, 1, 1};
  batch.starts = {0, 3};
  network.forward_backward(batch);
  const std::size_t at = 20 * shape.d_model + 3;
  const double gradient = static_cast<double>(network.gradients()[at]);
  double norm = 0.0;
  for (const float value : network.gradients())
    norm += static_cast<double>(value) * static_cast<double>(value);
  const double clipped = gradient * std::min(1.0, 1.0 / std::sqrt(norm));
  const double before = static_cast<double>(network.parameters()[at]);
  AdamW optimizer(network.layout());
  optimizer.step(network, 1e-2, 0.1, 0);
  // At the first step the corrected mean is g and the corrected variance g^2.
  const double expected = before * (1 - 1e-2 * 0.1) - 1e-2 * clipped / (std::abs(clipped) + 1e-8);
  CHECK(static_cast<double>(network.parameters()[at]) == Approx(expected).epsilon(1e-4));
}

TEST_CASE("A short training lowers the loss, and resuming it changes no bit") {
  const auto folder = base::TemporaryDirectory::create("train-test");
  REQUIRE(folder);
  std::vector<double> losses;
  const TrainOptions whole = tiny_training(folder->path(), "whole");
  const auto result =
      train_model(whole, [&](const TrainProgress& progress) { losses.push_back(progress.loss); });
  REQUIRE(result);
  CHECK(losses.size() == 8);
  CHECK(losses.back() < 0.9 * losses.front());
  CHECK(result->token_count >= 8 * 192);
  CHECK_FALSE(std::filesystem::exists(whole.checkpoint));

  // Stopped after five steps, then resumed.
  TrainOptions part = tiny_training(folder->path(), "part");
  part.stop_after_step = 5;
  REQUIRE(train_model(part, [](const TrainProgress&) {}));
  REQUIRE(std::filesystem::exists(part.checkpoint));
  part.stop_after_step = 0;
  TrainOptions other_seed = part;
  other_seed.seed = 2;
  CHECK_THAT(train_model(other_seed, [](const TrainProgress&) {}).error().message, Contains("seed 1"));
  std::size_t reports = 0;
  REQUIRE(train_model(part, [&](const TrainProgress&) { ++reports; }));
  CHECK(reports == 3);
  CHECK(base::read_bytes(whole.output).value() == base::read_bytes(part.output).value());
}

TEST_CASE("The record of a training is read back the same") {
  const auto folder = base::TemporaryDirectory::create("train-record-test");
  REQUIRE(folder);
  TrainOptions options = *bundled_training("wrist-wide");
  options.seed = 5;
  const std::filesystem::path path = train_record_path(folder->path() / "m.gguf");
  CHECK(path.filename() == "m.train.json");
  const TrainRecord record =
      make_train_record(options, {.parameter_count = 7, .token_count = 8, .seconds = 9.5});
  CHECK_FALSE(record.processor.empty());
  REQUIRE(save_train_record(record, path));
  const auto loaded = load_train_record(path);
  REQUIRE(loaded);
  CHECK(loaded->options.model == "wrist-wide");
  CHECK(loaded->options.seed == 5);
  CHECK(loaded->options.learning_rate == options.learning_rate);
  CHECK(loaded->result.seconds == 9.5);
  CHECK(loaded->blas == record.blas);
}

TEST_CASE("A model that nobody bundled cannot be trained") {
  CHECK_THAT(bundled_training("wrist-huge").error().message, Contains("wrist-wide or wrist-nano"));
}

}  // namespace slmrig::forge
