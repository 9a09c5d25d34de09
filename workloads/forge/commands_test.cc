// slmforge as users and scripts call it: what goes well, and errors that name what is wrong.
#include <catch2/catch.hpp>

#include <string>

#include <nlohmann/json.hpp>

#include "harness/base/file.h"
#include "workloads/forge/slmforge_for_test.h"

namespace slmrig::forge {
namespace {

Finished run(const std::string& arguments) { return run_slmforge(arguments, true); }

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
  // A byte that is no UTF-8, which JSON cannot hold.
  const Finished byte = run("generate " + path + "/q.img --prompt \"$(printf 'a\\377')\" -n 2 --json");
  CHECK(byte.exit_code == 0);
  CHECK(nlohmann::json::parse(byte.output)["prompt"] == "a\uFFFD");
}

nlohmann::json run_json(const std::string& arguments) {
  const Finished finished = run(arguments + " --json");
  INFO(finished.output);
  REQUIRE(finished.exit_code == 0);
  return nlohmann::json::parse(finished.output);
}

TEST_CASE("slmforge eval scores a text and a suite in one call as it does each alone") {
  const auto folder = base::TemporaryDirectory::create("slmforge-eval-test");
  REQUIRE(folder);
  const std::string path = folder->path().string();
  REQUIRE(run("random -o " + path + "/m.gguf").exit_code == 0);
  REQUIRE(run("random --seed 77 -o " + path + "/other.gguf").exit_code == 0);
  REQUIRE(base::write_file_atomically(path + "/text.txt", std::string_view("the heat in the end")));
  REQUIRE(base::write_file_atomically(path + "/suite.json",
                                      std::string_view(R"({"name":"s","generation":{"max_new_tokens":5},
                          "prompts":[{"id":"a","text":"the","checks":[{"kind":"equals","text":"x"}]}]})")));
  const std::string eval = "eval " + path + "/m.gguf --reference " + path + "/other.gguf";
  const std::string text = " --text " + path + "/text.txt";
  const std::string suite = " --suite " + path + "/suite.json";
  const nlohmann::json of_text = run_json(eval + text);
  const nlohmann::json of_suite = run_json(eval + suite);
  CHECK_FALSE(of_text.contains("prompts"));
  CHECK_FALSE(of_suite.contains("text"));
  nlohmann::json expected = of_text;
  expected.update(of_suite);
  CHECK(run_json(eval + text + suite) == expected);
  CHECK(expected["text"]["mean_kl_nats"] > 0.0);
  CHECK(expected["to_reference"]["gained"] == 0);

  const Finished both = run(eval + text + suite);
  CHECK(both.exit_code == 0);
  CHECK(both.output.find("perplexity") < both.output.find("0 of 1 correct"));
  CHECK(both.output.find("0 of 1 correct") != std::string::npos);
  CHECK(run(eval).exit_code == 2);
  CHECK(run(eval + text + " --suite " + path + "/none.json").exit_code == 2);
}

TEST_CASE("slmforge eval asks a suite as it stands unless a template is asked for") {
  const auto folder = base::TemporaryDirectory::create("slmforge-eval-template-test");
  REQUIRE(folder);
  const std::string path = folder->path().string();
  REQUIRE(run("random --name wrist-nano -o " + path + "/m.gguf").exit_code == 0);
  const auto save_suite = [&](const std::string& name, const std::string& prompt) {
    nlohmann::json suite = {{"name", "s"}, {"generation", {{"max_new_tokens", 5}, {"stop_at_end", false}}}};
    suite["prompts"] = nlohmann::json::array({{{"id", "a"}, {"text", prompt}}});
    REQUIRE(base::write_file_atomically(path + "/" + name, suite.dump()));
  };
  save_suite("bare.json", "the heat");
  save_suite("ended.json", "the heat\n");
  REQUIRE(base::write_file_atomically(path + "/chat", std::string_view("{{ messages[0].content }} in")));
  const std::string eval = "eval " + path + "/m.gguf --suite " + path;
  const auto answer = [](const nlohmann::json& report) { return report["prompts"][0]["token_ids_sha256"]; };
  const nlohmann::json bare = run_json(eval + "/bare.json");
  const nlohmann::json ended = run_json(eval + "/ended.json");
  CHECK(bare["template"] == "none");
  CHECK(answer(bare) != answer(ended));
  CHECK(run_json(eval + "/bare.json --template none") == bare);
  // A bundled model's prompts end with a line feed, once.
  const nlohmann::json completed = run_json(eval + "/bare.json --template auto");
  CHECK(completed["template"] == "auto");
  CHECK(completed["prompts"][0]["prompt"] == "the heat");
  CHECK(answer(completed) == answer(ended));
  CHECK(answer(run_json(eval + "/ended.json --template auto")) == answer(ended));
  save_suite("in.json", "the heat in");
  CHECK(answer(run_json(eval + "/bare.json --template " + path + "/chat")) ==
        answer(run_json(eval + "/in.json")));

  CHECK(run(eval + "/bare.json --template " + path + "/none").exit_code == 2);
  const Finished useless = run("eval " + path + "/m.gguf --text " + path + "/chat --template auto");
  CHECK(useless.exit_code == 2);
  CHECK(useless.output.find("--suite") != std::string::npos);
}

}  // namespace
}  // namespace slmrig::forge
