#include "workloads/forge/ladder.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include <fmt/format.h>

#include "harness/base/sha256.h"
#include "harness/base/suite_reader.h"
#include "workloads/forge/bits_per_weight.h"
#include "workloads/forge/corpus.h"
#include "workloads/forge/kv_format.h"
#include "workloads/forge/prompt_format.h"
#include "workloads/forge/quantize.h"

namespace slmrig::forge {

using base::ErrorCode;
using base::fail;
using base::Result;
using Clock = std::chrono::steady_clock;

namespace {

constexpr std::size_t kDocuments = 300;
constexpr std::uint64_t kDocumentSeed = 1;
// A token spells a byte at least, so bytes of text bound the tokens.
constexpr std::size_t kMostKeptBytes = std::size_t{256} << 20;
constexpr std::string_view kReferenceRecipe = "f32";

struct RungPlan {
  std::string recipe;
  runtime::KvFormat kv_format = runtime::KvFormat::kF32;
};

// f32 first, then what was asked for, then f32 weights with smaller caches: the cost of the cache alone.
Result<std::vector<RungPlan>> plan_rungs(std::vector<std::string> recipes) {
  if (recipes.empty()) recipes = recipe_names();
  std::vector<RungPlan> plan = {{std::string(kReferenceRecipe)}};
  for (std::string& recipe : recipes) {
    SLMRIG_TRY(find_recipe(recipe));
    if (recipe != kReferenceRecipe) plan.push_back({std::move(recipe)});
  }
  plan.push_back({std::string(kReferenceRecipe), runtime::KvFormat::kF16});
  plan.push_back({std::string(kReferenceRecipe), runtime::KvFormat::kInt8});
  return plan;
}

class LadderMeasurer {
 public:
  LadderMeasurer(const std::filesystem::path& model, const Yardstick& yardstick, const LadderOptions& options,
                 const LadderProgress& progress)
      : model_(model), yardstick_(yardstick), options_(options), progress_(progress) {}

  Result<Ladder> measure() {
    const Clock::time_point start = Clock::now();
    Ladder ladder;
    ladder.text_source = yardstick_.text_source;
    ladder.is_documents = yardstick_.is_documents;
    SLMRIG_ASSIGN(ladder.model_sha256, base::sha256_hex_of_file(model_));
    SLMRIG_ASSIGN(file_, load_gguf(model_));
    if (!options_.calibration.empty()) {
      SLMRIG_ASSIGN(calibration_, calibration_from_text(file_, options_.calibration));
    }
    SLMRIG_ASSIGN(const std::vector<RungPlan> plan, plan_rungs(options_.recipes));
    for (const RungPlan& rung_plan : plan) {
      auto rung = measure_rung(rung_plan);
      if (!rung) return tl::unexpected(base::within("variant " + rung_plan.recipe, rung.error()));
      ladder.rungs.push_back(std::move(*rung));
    }
    ladder.model = reference_->info().model;
    ladder.kernels = reference_->runtime().kernel_isa();
    ladder.seconds = std::chrono::duration<double>(Clock::now() - start).count();
    return ladder;
  }

 private:
  Result<Rung> measure_rung(const RungPlan& plan) {
    const Clock::time_point start = Clock::now();
    Rung rung;
    rung.variant = plan.recipe;
    rung.kv_format = to_string(plan.kv_format);
    const std::string label = plan.kv_format == runtime::KvFormat::kF32
                                  ? plan.recipe
                                  : fmt::format("{}, kv {}", plan.recipe, rung.kv_format);
    const auto work = [&](std::string_view what) -> Progress {
      if (!progress_) return {};
      return [this, label, what = std::string(what)](std::uint64_t done, std::uint64_t total) {
        progress_(label, what, done, total);
      };
    };
    if (progress_) progress_(label, "quantize", 0, 1);
    SLMRIG_ASSIGN(std::optional<ModelRunner> runner, open(plan, &rung));
    if (!runner && !reference_) return fail(ErrorCode::kUnsupported, rung.not_applicable_reason);
    if (!runner) return rung;
    if (!yardstick_.text.empty()) {
      SLMRIG_ASSIGN(rung.text, measure_text(&*runner, work("text")));
    }
    for (std::size_t i = 0; i < yardstick_.suites.size(); ++i) {
      const base::Suite& suite = yardstick_.suites[i];
      SLMRIG_ASSIGN(SuiteScore score,
                    score_suite(&*runner, suite, {.prompts = options_.prompts}, work(suite.name)));
      SuiteComparison to_reference = compare(reference_ ? reference_suites_[i] : score, score);
      rung.suites.push_back({std::move(score), std::move(to_reference)});
    }
    if (!reference_) {
      reference_ = std::move(runner);
      for (const RungSuite& suite : rung.suites) reference_suites_.push_back(suite.score);
    }
    rung.seconds = std::chrono::duration<double>(Clock::now() - start).count();
    return rung;
  }

  // The reference's logits are kept for the other rungs, as long as that takes less than running it again is
  // worth; else it runs beside each.
  Result<TextScore> measure_text(ModelRunner* runner, const Progress& progress) {
    TextOptions options{.is_documents = yardstick_.is_documents};
    const std::size_t vocabulary = runner->info().vocabulary_tokens;
    const bool keeps = yardstick_.text.size() * vocabulary * sizeof(float) <= kMostKeptBytes;
    if (!reference_) {
      if (keeps) options.kept_logits = &reference_logits_;
    } else if (keeps) {
      options.reference_logits = &reference_logits_;
    } else {
      options.reference = &*reference_;
    }
    SLMRIG_ASSIGN(TextScore score, score_text(runner, yardstick_.text, options, progress));
    if (!reference_) score.divergence = Divergence{0.0, {0.0, 0.0}, 1.0, {1.0, 1.0}};
    return score;
  }

  // Nothing, and the reason in the rung, where the recipe cannot apply.
  Result<std::optional<ModelRunner>> open(const RungPlan& plan, Rung* rung) {
    QuantizeOptions quantize_options;
    quantize_options.calibration = calibration_ ? &*calibration_ : nullptr;
    quantize_options.model_path = model_;
    quantize_options.allow_requantize = options_.allow_requantize;
    SLMRIG_ASSIGN(const Recipe recipe, find_recipe(plan.recipe));
    rung->not_applicable_reason = not_applicable_reason(file_, recipe, quantize_options);
    if (!rung->not_applicable_reason.empty()) return std::optional<ModelRunner>();
    SLMRIG_ASSIGN(const Quantized quantized, quantize(file_, recipe, quantize_options));
    rung->file_bytes = serialise_gguf(quantized.file).size();
    rung->bits_per_weight = bits_per_weight(quantized.file);
    SLMRIG_ASSIGN(const ImageBuild image, write_image(quantized.file, {}, {}));
    rung->image_bytes = image.info.image_bytes;
    rung->image_sha256 = image.info.sha256;
    RunnerOptions runner_options;
    runner_options.kv_format = plan.kv_format;
    SLMRIG_ASSIGN(ModelRunner runner, ModelRunner::from_image(image.bytes, runner_options));
    return std::optional<ModelRunner>(std::move(runner));
  }

  const std::filesystem::path& model_;
  const Yardstick& yardstick_;
  const LadderOptions& options_;
  const LadderProgress& progress_;
  GgufFile file_;
  std::optional<CalibrationTokens> calibration_;  // where a text was named
  std::optional<ModelRunner> reference_;          // once the first rung is measured
  std::vector<float> reference_logits_;
  std::vector<SuiteScore> reference_suites_;
};

}  // namespace

Result<std::vector<base::Suite>> load_suites(const std::filesystem::path& folder) {
  std::error_code error;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(".json") && !name.ends_with(".schema.json")) files.push_back(entry.path());
  }
  if (error || files.empty()) {
    return fail(ErrorCode::kBadInput, "holds no suites to measure the model on", folder.string());
  }
  std::sort(files.begin(), files.end());
  std::vector<base::Suite> suites;
  for (const std::filesystem::path& file : files) {
    SLMRIG_ASSIGN(base::Suite suite, base::load_suite(file.string()));
    suites.push_back(std::move(suite));
  }
  return suites;
}

Result<Yardstick> bundled_yardstick(const std::filesystem::path& suite_folder) {
  Yardstick yardstick;
  Random random(kDocumentSeed);
  for (std::size_t i = 0; i < kDocuments; ++i) {
    const Example example = make_example(Split::kTest, CorpusOptions{}, random);
    yardstick.text += prompt_text(example.utterance) + example.answer + "\n\n";
  }
  yardstick.text_source =
      fmt::format("`slmforge corpus --split test --count {} --seed {}`", kDocuments, kDocumentSeed);
  yardstick.is_documents = true;
  SLMRIG_ASSIGN(yardstick.suites, load_suites(suite_folder));
  return yardstick;
}

Result<Ladder> measure_ladder(const std::filesystem::path& model, const Yardstick& yardstick,
                              const LadderOptions& options, const LadderProgress& progress) {
  return LadderMeasurer(model, yardstick, options, progress).measure();
}

}  // namespace slmrig::forge
