// Whether the methods are worth their time: measured on a trained model and text that it was not
// calibrated on.
#include <cmath>
#include <map>

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include "workloads/forge/block_formats.h"
#include "workloads/forge/quantize.h"
#include "workloads/forge/train_data.h"
#include "workloads/forge/train_network.h"

namespace slmrig::forge {
namespace {

constexpr const char* kModel = "workloads/models/wrist-wide/wrist-wide.gguf";
// Fewer tokens than a release is judged by: enough to order methods that differ by a tenth, in seconds.
constexpr std::size_t kHeldOutTokens = 2000;
constexpr std::size_t kCalibrationSequences = 60;

class Judge {
 public:
  Judge() : file_(load_gguf(kModel).value()), network_(model_shape("wrist-wide").value()) {
    const TextCodec codec = TextCodec::from(file_).value();
    batch_ = make_batch(codec, Split::kValidation, {}, kHeldOutTokens, 7, 1).value();
    calibration_ = bundled_calibration(file_).value();
    calibration_.sequences.resize(kCalibrationSequences);
    calibration_.token_count = 0;
    for (const auto& sequence : calibration_.sequences) calibration_.token_count += sequence.size();
    load(file_);
    reference_ = log_probabilities();
  }

  // Mean divergence of the model's next-token distribution from that of its f32 original, in nats.
  double divergence(const std::string& type, const std::string& method) {
    const auto recipe = parse_recipe(fmt::format(R"({{"name": "t", "description": "d", "tensors": [
            {{"match": ["token_embd.weight"], "type": "Q8_0"}},
            {{"match": ["*"], "type": "{}", "method": "{}"}}]}})",
                                                 type, method),
                                     "t.json");
    REQUIRE(recipe);
    QuantizeOptions options;
    options.calibration = &calibration_;
    const auto quantized = quantize(file_, *recipe, options);
    REQUIRE(quantized);
    load(quantized->file);
    const std::vector<double> other = log_probabilities();
    double sum = 0.0;
    for (std::size_t i = 0; i < other.size(); ++i)
      sum += std::exp(reference_[i]) * (reference_[i] - other[i]);
    return sum / static_cast<double>(batch_.tokens.size());
  }

 private:
  void load(const GgufFile& file) {
    for (const NamedSlice& slice : network_.layout().slices) {
      const std::vector<float> values = dequantize(*file.find_tensor(slice.name)).value();
      std::copy(values.begin(), values.end(),
                network_.parameters().begin() + static_cast<std::ptrdiff_t>(slice.offset));
    }
  }

  std::vector<double> log_probabilities() {
    const std::span<const float> logits = network_.forward(batch_);
    const std::size_t vocabulary = network_.shape().vocab;
    std::vector<double> result(logits.begin(), logits.end());
    for (std::size_t row = 0; row < result.size(); row += vocabulary) {
      double sum = 0.0;
      for (std::size_t i = 0; i < vocabulary; ++i) sum += std::exp(result[row + i]);
      for (std::size_t i = 0; i < vocabulary; ++i) result[row + i] -= std::log(sum);
    }
    return result;
  }

  GgufFile file_;
  Network network_;
  TrainBatch batch_;
  CalibrationTokens calibration_;
  std::vector<double> reference_;
};

TEST_CASE("On held-out text a search beats the absmax, and GPTQ beats rounding, at 4 and 2 bits") {
  Judge judge;
  for (const std::string type : {"Q4_0", "Q2_K"}) {
    INFO(type);
    const double nearest = judge.divergence(type, "nearest");
    const double search = judge.divergence(type, "search");
    const double gptq = judge.divergence(type, "gptq");
    INFO("nearest " << nearest << ", search " << search << ", gptq " << gptq);
    CHECK(search < 0.95 * nearest);
    CHECK(gptq < 0.7 * search);
  }
  CHECK(judge.divergence("Q8_0", "nearest") < 0.0005);
}

}  // namespace
}  // namespace slmrig::forge
