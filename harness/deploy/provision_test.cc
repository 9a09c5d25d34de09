// Provisioning through the real slmforge, and what happens when it refuses, or the disk does.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>

#include <chrono>
#include <thread>

#include <catch2/catch.hpp>

#include "harness/base/sha256.h"
#include "harness/deploy/test_workshop.h"

namespace slmrig::deploy {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;

std::size_t files_in(const fs::path& folder) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), {}));
}

}  // namespace

TEST_CASE("a variant is made once and found again afterwards") {
  TestWorkshop bed;
  const base::VariantFacts made = bed.variant("int8");
  CHECK(made.model == "tiny");
  CHECK(made.variant == "int8");
  CHECK(made.context_tokens == 64);
  CHECK(made.image_sha256 == base::sha256_hex_of_file(made.image_file).value());
  CHECK(made.image_bytes == fs::file_size(made.image_file));
  CHECK(made.model_sha256 == base::sha256_hex_of_file(bed.model.file).value());
  CHECK(made.arena_total_bytes >= made.arena_kv_bytes);
  CHECK(made.arena_kv_bytes > 0);
  CHECK(made.weight_macs_per_token > 0);
  const auto written = fs::last_write_time(made.image_file);
  const base::VariantFacts found = bed.variant("int8");
  CHECK(found.image_file == made.image_file);
  CHECK(fs::last_write_time(made.image_file) == written);
  CHECK(files_in(bed.workshop.cache_directory / "images") == 2);  // image and facts, nothing left over
}

TEST_CASE("another recipe, context or model is another image") {
  TestWorkshop bed;
  const auto int8 = bed.variant("int8");
  const auto f32 = bed.variant("f32");
  CHECK(f32.image_bytes > int8.image_bytes);
  const auto shorter = provision_variant(bed.model, "int8", {32}, bed.workshop).value();
  CHECK(shorter.image_file != int8.image_file);
  CHECK(shorter.arena_kv_bytes < int8.arena_kv_bytes);
  const auto other = provision_variant(bed.make_model("tiny", 2), "int8", {64}, bed.workshop).value();
  CHECK(other.image_sha256 != int8.image_sha256);
}

TEST_CASE("a calibration text or a student that changes beside the model makes another variant") {
  TestWorkshop bed;
  const std::string without = bed.variant("int8").image_file;
  REQUIRE(
      base::write_file_atomically(bed.folder.path() / "tiny.calibration.txt", std::string(4000, 'a') + "\n"));
  const std::string calibrated = bed.variant("int8").image_file;
  CHECK(calibrated != without);
  REQUIRE(base::write_file_atomically(bed.folder.path() / "tiny.int8.gguf", std::string_view("a student")));
  CHECK(bed.variant("int8").image_file != calibrated);
}

TEST_CASE("threads that want the same variant get the same one") {
  TestWorkshop bed;
  std::vector<std::string> hashes(4);
  std::vector<std::thread> threads;
  for (std::string& hash : hashes) {
    threads.emplace_back([&] {
      if (const auto facts = provision_variant(bed.model, "int8", {64}, bed.workshop))
        hash = facts->image_sha256;
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(hashes == std::vector<std::string>(4, bed.variant("int8").image_sha256));
  CHECK(files_in(bed.workshop.cache_directory / "images") == 2);
}

TEST_CASE("a cached image that rotted or vanished is made again") {
  TestWorkshop bed;
  const base::VariantFacts made = bed.variant("int8");
  REQUIRE(base::write_file_atomically(made.image_file, std::string_view("rot")));
  const base::VariantFacts mended = bed.variant("int8");
  CHECK(mended.image_sha256 == made.image_sha256);
  CHECK(base::sha256_hex_of_file(made.image_file).value() == made.image_sha256);
  fs::remove(made.image_file);
  CHECK(fs::exists(bed.variant("int8").image_file));
}

TEST_CASE("what slmforge refuses is passed on in its own words") {
  TestWorkshop bed;
  REQUIRE(base::write_file_atomically(bed.folder.path() / "broken.gguf", std::string_view("not a model")));
  const auto broken =
      provision_variant({"broken", bed.folder.path() / "broken.gguf"}, "int8", {64}, bed.workshop);
  REQUIRE_FALSE(broken);
  CHECK(broken.error().code == ErrorCode::kBadInput);
  CHECK_THAT(broken.error().text(), Catch::StartsWith("model broken as int8: slmforge quantize: ") &&
                                        Catch::Contains("broken.gguf") && Catch::Contains("magic"));
  const auto recipe = provision_variant(bed.model, "int9", {64}, bed.workshop);
  REQUIRE_FALSE(recipe);
  CHECK(recipe.error().code == ErrorCode::kBadInput);
  CHECK_THAT(recipe.error().text(), Catch::Contains("int9"));
  const auto missing = provision_variant({"gone", "/nonexistent/gone.gguf"}, "int8", {64}, bed.workshop);
  REQUIRE_FALSE(missing);
  CHECK_THAT(missing.error().text(), Catch::Contains("/nonexistent/gone.gguf: No such file"));
  CHECK(files_in(bed.workshop.cache_directory / "images") == 0);
}

TEST_CASE("every truncation of a model file that is tried is refused without a crash") {
  TestWorkshop bed;
  const std::string whole = base::read_text(bed.model.file).value();
  for (const std::size_t length :
       {std::size_t{0}, std::size_t{3}, std::size_t{24}, whole.size() / 2, whole.size() - 1}) {
    const fs::path file = bed.folder.path() / "cut.gguf";
    REQUIRE(base::write_file_atomically(file, whole.substr(0, length)));
    const auto facts = provision_variant({"cut", file}, "int8", {64}, bed.workshop);
    REQUIRE_FALSE(facts);
    CHECK(facts.error().code == ErrorCode::kBadInput);
  }
}

TEST_CASE("a tool that prints something else is told from one that fails") {
  TestWorkshop bed;
  const fs::path tool = bed.folder.path() / "tool";
  const auto with_tool = [&](std::string_view script) {
    REQUIRE(base::write_file_atomically(tool, script));
    fs::permissions(tool, fs::perms::owner_all);
    Workshop workshop = bed.workshop;
    workshop.slmforge = tool;
    return provision_variant(bed.model, "int8", {64}, workshop).error();
  };
  const base::Error chatty = with_tool("#!/bin/sh\necho hello\n");
  CHECK(chatty.code == ErrorCode::kCorrupt);
  CHECK_THAT(chatty.text(), Catch::Contains("printed no JSON object, but hello"));
  const base::Error failing = with_tool("#!/bin/sh\necho out of luck >&2; exit 1\n");
  CHECK(failing.code == ErrorCode::kIo);
  CHECK_THAT(failing.text(), Catch::Contains("ended with exit status 1: out of luck"));
  CHECK_THAT(with_tool("#!/bin/sh\nkill -SEGV $$\n").text(), Catch::Contains("killed by signal 11"));
}

TEST_CASE("a recipe that cannot apply is told from a failure, in slmforge's words") {
  TestWorkshop bed;
  const fs::path tool = bed.folder.path() / "tool";
  const auto with_tool = [&](std::string_view script) {
    REQUIRE(base::write_file_atomically(tool, script));
    fs::permissions(tool, fs::perms::owner_all);
    Workshop workshop = bed.workshop;
    workshop.slmforge = tool;
    return provision_variant(bed.model, "2bit", {64}, workshop).error();
  };
  const base::Error refused = with_tool(R"(#!/bin/sh
echo '{"error": {"kind": "not_applicable", "message": "rows of 64 do not hold a block of 256"}}'; exit 3
)");
  CHECK(refused.code == ErrorCode::kUnsupported);
  CHECK(refused.message == "rows of 64 do not hold a block of 256");
  CHECK(with_tool("#!/bin/sh\necho '{\"error\": {\"kind\": \"other\"}}'; exit 3\n").code == ErrorCode::kIo);
  CHECK(with_tool("#!/bin/sh\nexit 3\n").code == ErrorCode::kIo);
}

TEST_CASE("a stop ends slmforge in the middle of its work") {
  TestWorkshop bed;
  const fs::path tool = bed.folder.path() / "tool";
  REQUIRE(base::write_file_atomically(tool, std::string_view("#!/bin/sh\nexec sleep 60\n")));
  fs::permissions(tool, fs::perms::owner_all);
  bed.workshop.slmforge = tool;
  const auto began = std::chrono::steady_clock::now();
  bed.workshop.stop = [&] {
    return std::chrono::steady_clock::now() - began > std::chrono::milliseconds(300);
  };
  const auto facts = provision_variant(bed.model, "int8", {64}, bed.workshop);
  REQUIRE_FALSE(facts);
  CHECK_THAT(facts.error().text(), Catch::Contains("stopped by the user"));
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(20));
  CHECK(files_in(bed.workshop.cache_directory / "images") == 0);
}

// The file size limit acts like a full disk, for slmforge too. In a child process, since it cannot be taken
// back.
TEST_CASE("a disk that is full while an image is made is an error, and leaves nothing behind") {
  TestWorkshop bed;
  const fs::path report = bed.folder.path() / "report";
  const pid_t child = ::fork();
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit = {4096, 4096};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    const auto facts = provision_variant(bed.model, "int8", {64}, bed.workshop);
    static_cast<void>(base::write_file_atomically(report, facts ? "made" : facts.error().text()));
    ::_exit(0);
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK_THAT(base::read_text(report).value(),
             Catch::Contains("model tiny as int8") && Catch::Contains("File too large"));
  CHECK(files_in(bed.workshop.cache_directory / "images") == 0);
  CHECK(fs::exists(bed.variant("int8").image_file));  // with room again, it works
}

TEST_CASE("a cache that cannot be written is named") {
  TestWorkshop bed;
  REQUIRE(base::write_file_atomically(bed.workshop.cache_directory, std::string_view("a file in the way")));
  const auto facts = provision_variant(bed.model, "int8", {64}, bed.workshop);
  REQUIRE_FALSE(facts);
  CHECK_THAT(facts.error().text(), Catch::Contains("creating folder") && Catch::Contains("cache/images"));
}

}  // namespace slmrig::deploy
