// slmforge quantize and imatrix as users and the harness call them.

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "harness/base/file.h"
#include "workloads/forge/imatrix.h"
#include "workloads/forge/slmforge_for_test.h"

namespace slmrig::forge {
namespace {

Finished run(const std::string& arguments) { return run_slmforge(arguments, false); }

TEST_CASE("A recipe that cannot apply ends with code 3 and a reason that programs can read") {
  const auto folder = base::TemporaryDirectory::create("quantize-test");
  REQUIRE(folder);
  const std::string path = folder->path().string();
  REQUIRE(run("random --name wrist-nano -o " + path + "/m.gguf").exit_code == 0);
  const std::string quantize = "quantize " + path + "/m.gguf -o " + path + "/q.gguf ";
  const Finished refused = run(quantize + "--recipe 2bit --json");
  CHECK(refused.exit_code == 3);
  const auto error = nlohmann::json::parse(refused.output)["error"];
  CHECK(error["kind"] == "not_applicable");
  CHECK(error["message"].get<std::string>().find("Q2_K needs a multiple of 256") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(path + "/q.gguf"));
  CHECK(run(quantize + "--recipe 2bit-qat --json").exit_code == 3);
  CHECK(run(quantize + "--recipe 3bit").exit_code == 2);

  const Finished fallen = run(quantize + "--recipe 2bit --allow-fallback --calibration none --json");
  CHECK(fallen.exit_code == 0);
  const auto report = nlohmann::json::parse(fallen.output);
  CHECK(report["recipe"] == "2bit");
  for (const auto& tensor : report["tensors"]) {
    if (tensor["name"] != "blk.0.attn_q.weight") continue;
    CHECK(tensor["type_after"] == "IQ4_NL");
    CHECK(tensor["method"] == "search");
    CHECK(tensor["fell_back"] == true);
    CHECK(tensor["bytes_after"] == 64 * 64 / 32 * 18);
    CHECK(tensor["relative_rmse"].get<double>() < 0.1);
  }
}

TEST_CASE("An importance matrix that slmforge wrote calibrates a recipe") {
  const auto folder = base::TemporaryDirectory::create("imatrix-test");
  REQUIRE(folder);
  const std::string path = folder->path().string();
  REQUIRE(run("random -o " + path + "/m.gguf").exit_code == 0);
  CHECK(run("imatrix " + path + "/m.gguf -o " + path + "/m.dat").exit_code == 2);  // of no bundled model
  std::string text;
  for (int i = 0; i < 50; ++i) text += "turn it on, line " + std::to_string(i) + "\n";
  REQUIRE(base::write_file_atomically(path + "/text.txt", text));
  const std::string calibration = " --calibration " + path + "/text.txt";
  REQUIRE(run("imatrix " + path + "/m.gguf -o " + path + "/m.dat" + calibration).exit_code == 0);
  const auto imatrix = load_imatrix(path + "/m.dat");
  REQUIRE(imatrix);
  CHECK(imatrix->source == "m.dat");
  CHECK(imatrix->mean_squares.size() == 14);
  const std::string quantize = "quantize " + path + "/m.gguf --recipe int4 --json -o " + path + "/q.gguf";
  CHECK(run(quantize + calibration + " --imatrix " + path + "/m.dat").exit_code == 0);
}

}  // namespace
}  // namespace slmrig::forge
