// GGUF files that llama.cpp wrote, one of every type that is read, have the perplexity that llama.cpp gives
// them: tests/peers/llama_cpp, written by `node tests/peers/perplexity.mjs --fixtures`.
#include <catch2/catch.hpp>

#include <cmath>
#include <filesystem>
#include <string>

#include <nlohmann/json.hpp>

#include "harness/base/file.h"
#include "workloads/forge/evaluate.h"
#include "workloads/forge/model_runner.h"

namespace slmrig::forge {
namespace {

const std::filesystem::path kFolder = "tests/peers/llama_cpp";
// Both quantize activations, llama.cpp's K-quants and minima in larger blocks; its cache holds halves.
constexpr double kMostDifference = 0.005;

TEST_CASE("Files of every type that llama.cpp wrote have its perplexity") {
  const auto figures_text = base::read_text(kFolder / "perplexity.json");
  const auto text = base::read_text(kFolder / "text.txt");
  REQUIRE(figures_text);
  REQUIRE(text);
  const nlohmann::json figures = nlohmann::json::parse(*figures_text, nullptr, false);
  REQUIRE(figures.is_object());
  CHECK(figures["figures"].size() == 15);
  for (const nlohmann::json& figure : figures["figures"]) {
    const std::string type = figure["type"];
    INFO(type);
    RunnerOptions options;
    options.context_tokens = figures["context_tokens"];
    auto model = ModelRunner::open(kFolder / (type + ".gguf"), options);
    REQUIRE(model);
    const auto score = score_text(&*model, *text, {}, {});
    REQUIRE(score);
    const double theirs = figure["perplexity"];
    INFO("slmrig " << score->perplexity << ", llama.cpp " << theirs);
    CHECK(std::fabs(score->perplexity / theirs - 1.0) <= kMostDifference);
  }
}

}  // namespace
}  // namespace slmrig::forge
