// Scores and the command line: the figures agree with a calculation by hand, errors name what is wrong.
#include <catch2/catch.hpp>

#include <sys/wait.h>

#include <cmath>
#include <cstdio>
#include <string>

#include <nlohmann/json.hpp>

#include "harness/base/file.h"
#include "harness/base/sha256.h"
#include "harness/base/suite_reader.h"
#include "workloads/forge/evaluate.h"
#include "workloads/forge/quantize.h"
#include "workloads/forge/random_model.h"

namespace slmrig::forge {
namespace {

ModelRunner open_runner() {
  auto build = write_image(random_model({}), {}, {});
  REQUIRE(build);
  auto runner = ModelRunner::from_image(build->bytes, {});
  REQUIRE(runner);
  return std::move(*runner);
}

TEST_CASE("Perplexity of a short text is the mean over its tokens") {
  ModelRunner runner = open_runner();
  const std::string text = "the heat in the end";
  const auto score = score_text(&runner, text, {}, {});
  REQUIRE(score);

  runtime::Runtime& runtime = runner.runtime();
  std::vector<std::int32_t> ids(64);
  std::uint32_t count = 0;
  REQUIRE(runtime.encode(text.data(), text.size(), ids.data(), 64, &count) == runtime::Status::kOk);
  REQUIRE(runtime.begin({}) == runtime::Status::kOk);
  double nats = 0.0;
  for (std::uint32_t i = 0; i + 1 < count; ++i) {
    REQUIRE(runtime.prefill(&ids[i], 1) == runtime::Status::kOk);
    double sum = 0.0;
    for (int id = 0; id < 512; ++id) sum += std::exp(static_cast<double>(runtime.logits()[id]));
    nats += std::log(sum) - static_cast<double>(runtime.logits()[ids[i + 1]]);
  }
  CHECK(score->scored_tokens == count - 1);
  CHECK(score->nats_per_token == Approx(nats / (count - 1)).epsilon(1e-6));
  CHECK(score->perplexity == Approx(std::exp(nats / (count - 1))).epsilon(1e-6));
}

TEST_CASE("A long text is scored in the second half of each window only") {
  ModelRunner runner = open_runner();
  std::string text;
  for (int i = 0; i < 120; ++i) text += "the heat is on and on ";
  const auto score = score_text(&runner, text, {}, {});
  REQUIRE(score);
  CHECK(score->window_tokens == 64);
  CHECK(score->scored_tokens % 31 == 0);
  CHECK(score->bits_per_byte > 0.0);
}

TEST_CASE("A suite is scored with its own settings, prompt by prompt") {
  const auto folder = base::TemporaryDirectory::create("evaluate-test");
  REQUIRE(folder);
  const std::string file = (folder->path() / "suite.json").string();
  REQUIRE(
      base::write_file_atomically(file, R"({"name":"s","generation":{"max_new_tokens":5,"stop_at_end":false},
    "prompts":[{"id":"a","text":"the","checks":[{"kind":"length","min":0,"max":4000}]},
               {"id":"b","text":"heat","checks":[{"kind":"equals","text":"no such answer"},
                                                 {"kind":"length","min":0,"max":4000}]},
               {"id":"c","text":"on","checks":[]}]})"));
  const auto suite = base::load_suite(file);
  REQUIRE(suite);
  ModelRunner runner = open_runner();
  const auto score = score_suite(&runner, *suite, {.prompts = 2}, {});
  REQUIRE(score);
  REQUIRE(score->prompts.size() == 2);
  CHECK(score->correct == 1);
  CHECK(score->accuracy == Approx(0.5));
  CHECK(score->prompts[0].generated_tokens == 5);
  CHECK(score->prompts[1].failed_checks == std::vector<std::string>{"equals"});
  GenerationSettings settings;
  settings.max_new_tokens = 5;
  settings.stop_at_end = false;
  const auto generation = runner.generate("the", settings);
  REQUIRE(generation);
  CHECK(score->prompts[0].token_ids_sha256 == token_ids_sha256(generation->token_ids));
}

TEST_CASE("The hash of token ids is that of little-endian 32-bit integers") {
  CHECK(token_ids_sha256({1, 258}) == base::sha256_hex(std::string_view("\x01\0\0\0\x02\x01\0\0", 8)));
}

struct Finished {
  int exit_code = -1;
  std::string output;
};

Finished run(const std::string& arguments) {
  std::FILE* pipe = popen((std::string(SLMRIG_SLMFORGE) + " " + arguments + " 2>&1").c_str(), "r");
  REQUIRE(pipe != nullptr);
  Finished finished;
  char buffer[512];
  while (std::fgets(buffer, sizeof(buffer), pipe) != nullptr) finished.output += buffer;
  finished.exit_code = WEXITSTATUS(pclose(pipe));
  return finished;
}

TEST_CASE("slmforge quantizes, images, inspects and generates, and says what is wrong with a file") {
  const auto folder = base::TemporaryDirectory::create("slmforge-test");
  REQUIRE(folder);
  const std::string path = folder->path().string();
  CHECK(run("random -o " + path + "/m.gguf").exit_code == 0);
  CHECK(run("quantize " + path + "/m.gguf --recipe int8 -o " + path + "/q.gguf").exit_code == 0);
  const Finished image = run("image " + path + "/q.gguf -o " + path + "/q.img --json");
  CHECK(image.exit_code == 0);
  const auto report = nlohmann::json::parse(image.output);
  CHECK(report["variant"] == "int8");
  CHECK(run("inspect " + path + "/q.img").output.find("Q8_0 x4") != std::string::npos);
  CHECK(run("inspect " + path + "/q.gguf --json").exit_code == 0);
  const std::string sampled = "--prompt 'the heat' -n 8 --top-k 40 --seed 1 --json";
  const auto from_gguf = nlohmann::json::parse(run("generate " + path + "/q.gguf " + sampled).output);
  const auto from_image = nlohmann::json::parse(run("generate " + path + "/q.img " + sampled).output);
  CHECK(from_gguf["token_ids"] == from_image["token_ids"]);

  const Finished missing = run("generate " + path + "/none.gguf --prompt x");
  CHECK(missing.exit_code == 2);
  CHECK(missing.output.find("none.gguf") != std::string::npos);
  REQUIRE(base::write_file_atomically(path + "/text.img", std::string_view("hello")));
  const Finished text = run("generate " + path + "/text.img --prompt x");
  CHECK(text.exit_code == 2);
  CHECK(text.output.find("neither a GGUF file nor a model image") != std::string::npos);
  const auto whole = base::read_text(path + "/q.img");
  REQUIRE(whole);
  REQUIRE(base::write_file_atomically(path + "/cut.img", std::string_view(*whole).substr(0, 50000)));
  const Finished cut = run("inspect " + path + "/cut.img");
  CHECK(cut.exit_code == 2);
  CHECK(cut.output.find("the image is cut short (byte 16)") != std::string::npos);
  CHECK(run("").exit_code == 2);
  CHECK(run("generate").exit_code == 2);
  CHECK(run("--help").exit_code == 0);
  CHECK(run("generate " + path + "/q.img --prompt x --top-k 100000").exit_code == 2);
}

}  // namespace
}  // namespace slmrig::forge
