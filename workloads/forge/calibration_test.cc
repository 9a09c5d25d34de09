// What models are calibrated on, and the pass that shows layers their inputs.
#include "workloads/forge/calibration.h"

#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include "harness/base/file.h"
#include "harness/base/suite_reader.h"
#include "workloads/forge/block_formats.h"
#include "workloads/forge/calibration_forward.h"
#include "workloads/forge/corpus.h"
#include "workloads/forge/prompt_format.h"
#include "workloads/forge/random_model.h"
#include "workloads/forge/reference_llama_test.h"
#include "workloads/forge/text_codec.h"

namespace slmrig::forge {
namespace {

using Catch::Matchers::Contains;

CalibrationTokens tokens_of(std::vector<std::vector<std::int32_t>> sequences) {
  CalibrationTokens tokens;
  for (const auto& sequence : sequences) tokens.token_count += sequence.size();
  tokens.sequences = std::move(sequences);
  return tokens;
}

GgufFile named_model(const std::string& name) {
  RandomModelOptions options;
  options.name = name;
  return random_model(options);
}

TEST_CASE("Calibration texts hold no prompt that a model is judged by") {
  std::set<std::string> calibration;
  for (const std::string& text : bundled_calibration_texts(4000)) {
    calibration.insert(text.substr(0, text.find(kPromptEnd) + 1));
  }
  CHECK(calibration.size() > 2000);
  std::size_t judged = 0;
  for (const auto& entry : std::filesystem::directory_iterator("workloads/suites")) {
    if (entry.path().extension() != ".json" || entry.path().string().ends_with(".schema.json")) continue;
    const auto suite = base::load_suite(entry.path().string());
    REQUIRE(suite);
    for (const auto& prompt : suite->prompts) {
      INFO(entry.path() << ": " << prompt.text);
      REQUIRE(calibration.count(prompt.text) == 0);
      ++judged;
    }
  }
  CHECK(judged > 500);
}

TEST_CASE("Calibration and test share neither wordings nor what is said") {
  const auto identities = [](Split split) {
    Random random(3);
    std::set<std::string> found;
    for (int i = 0; i < 4000; ++i) {
      const Example example = make_example(split, {}, random);
      found.insert("template " + example.template_text);
      if (!example.combination.empty()) found.insert("combination " + example.combination);
    }
    return found;
  };
  const std::set<std::string> calibration = identities(Split::kCalibration);
  const std::set<std::string> test = identities(Split::kTest);
  CHECK(calibration.size() > 100);
  CHECK(test.size() > 100);
  for (const std::string& each : calibration) {
    INFO(each);
    REQUIRE(test.count(each) == 0);
  }
}

TEST_CASE("Bundled models are calibrated on the same tokens every time, others on nothing by themselves") {
  const GgufFile file = named_model("wrist-nano");
  CHECK(has_bundled_calibration(file));
  const auto first = bundled_calibration(file);
  const auto second = bundled_calibration(file);
  REQUIRE((first && second));
  CHECK(first->sequences == second->sequences);
  CHECK(first->sha256 == second->sha256);
  CHECK(first->token_count >= kCalibrationTokens);
  CHECK(first->token_count < kCalibrationTokens + 64);
  for (const auto& sequence : first->sequences) REQUIRE(sequence.size() <= 64);  // the random model's context
  const auto other = bundled_calibration(named_model("random"));
  REQUIRE_FALSE(other);
  CHECK_THAT(other.error().message, Contains("--calibration"));
}

TEST_CASE("A text of one's own is cut at line ends and used from its beginning") {
  const auto folder = base::TemporaryDirectory::create("calibration-test");
  REQUIRE(folder);
  const auto path = folder->path() / "text.txt";
  std::string text;
  for (int i = 0; i < 300; ++i) text += fmt::format("line {} of a text\n", i);
  REQUIRE(base::write_file_atomically(path, text));
  const GgufFile file = named_model("random");
  const auto tokens = calibration_from_text(file, path);
  REQUIRE(tokens);
  CHECK(tokens->source == "text.txt");
  CHECK(tokens->sequences.size() == (text.size() + 1499) / 1500);
  const auto codec = TextCodec::from(file);
  REQUIRE(codec);
  CHECK_THAT(codec->decode(tokens->sequences[0], true), Contains("line 0 of"));
  CHECK(codec->decode(tokens->sequences[1], true).starts_with("line "));
  REQUIRE(base::write_file_atomically(path, std::string_view("")));
  CHECK_THAT(calibration_from_text(file, path).error().text(), Contains("empty"));
  CHECK_FALSE(calibration_from_text(file, folder->path() / "none.txt"));
}

// The head is visited last: its input times its weights are the logits.
TEST_CASE("The calibration's pass computes what the reference computes") {
  RandomModelOptions options;
  options.architecture = GENERATE("llama", "qwen2", "gemma");
  INFO(options.architecture);
  options.tied_output = false;
  const GgufFile file = random_model(options);
  const auto model = read_llama(file);
  REQUIRE(model);
  const std::vector<std::vector<std::int32_t>> sequences = {
      {1, 300, 17, 411}, {1, 260}, {499, 3, 258, 320, 300, 17}};
  const auto embedding = dequantize(*model->embedding);
  REQUIRE(embedding);
  std::vector<std::string> visited;
  std::vector<float> head_input;
  const auto visit = [&](const LinearInput& input) -> base::Result<std::vector<std::vector<float>>> {
    std::vector<std::vector<float>> weights;
    for (const GgufTensor* tensor : input.tensors) {
      visited.push_back(tensor->name);
      SLMRIG_ASSIGN(std::vector<float> values, dequantize(*tensor));
      weights.push_back(std::move(values));
    }
    head_input.assign(input.x.begin(), input.x.end());
    return weights;
  };
  REQUIRE(calibration_forward(*model, tokens_of(sequences), *embedding, visit));
  CHECK(visited.size() == 2 * 7 + 1);
  CHECK(visited.front() == "blk.0.attn_q.weight");
  CHECK(visited.back() == "output.weight");

  const auto head = dequantize(*model->output);
  REQUIRE(head);
  std::size_t last = 0;
  for (const auto& sequence : sequences) {
    last += sequence.size();
    const float* x = head_input.data() + (last - 1) * options.width;
    const std::vector<double> expected = reference_logits(*model, sequence);
    double size = 0.0;
    double error = 0.0;
    for (std::size_t token = 0; token < expected.size(); ++token) {
      double logit = 0.0;
      for (std::size_t i = 0; i < options.width; ++i) {
        logit += static_cast<double>((*head)[token * options.width + i]) * static_cast<double>(x[i]);
      }
      size = std::max(size, std::fabs(expected[token]));
      error = std::max(error, std::fabs(expected[token] - logit));
    }
    CHECK(error < 2e-5 * size);
  }
}

}  // namespace
}  // namespace slmrig::forge
