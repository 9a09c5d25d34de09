// Deployment to the real native agent, and to agents that misbehave.
#include "harness/deploy/deploy.h"

#include <catch2/catch.hpp>

#include "harness/base/clock.h"
#include "harness/base/sha256.h"
#include "harness/base/suite_reader.h"
#include "harness/deploy/agent_file.h"
#include "harness/deploy/test_workshop.h"
#include "harness/rig/agent_client.h"
#include "harness/rig/rig_file.h"

namespace slmrig::deploy {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;

base::Bench native_bench(const TestWorkshop& bed) {
  base::Bench bench;
  bench.name = "desk";
  bench.board = rig::load_board(bed.workshop.root / "boards" / "native" / "board.json").value();
  return bench;
}

std::string hash_of_ids(const std::vector<int32_t>& ids) {
  std::string bytes;
  for (const int32_t id : ids) {
    for (int i = 0; i < 4; ++i) bytes.push_back(static_cast<char>(static_cast<uint32_t>(id) >> (8 * i)));
  }
  return base::sha256_hex(bytes);
}

base::Suite small_suite(const TestWorkshop& bed) {
  const fs::path file = bed.folder.path() / "small.json";
  REQUIRE(base::write_file_atomically(file, std::string_view(R"({
    "name": "small", "description": "x", "store_text": true,
    "generation": {"max_new_tokens": 8, "top_k": 1, "temperature": 0, "seed": 1, "stop_at_end": true},
    "prompts": [{"id": "a", "text": "hello there", "checks": []}, {"id": "b", "text": "set a timer", "checks": []}]})")));
  return base::load_suite(file).value();
}

// A bench whose agent is the faulty one; `program` is a script that gives it the fault.
base::Bench faulty_bench(const TestWorkshop& bed, const std::string& fault) {
  base::Bench bench = native_bench(bed);
  bench.agent = base::find_program("slmrig-faulty-agent", bed.workshop.root).value();
  ::setenv("SLMRIG_FAULT_KIND", fault.c_str(), 1);
  return bench;
}

}  // namespace

TEST_CASE("an image is deployed to this host, answers like the reference, and survives a reset") {
  TestWorkshop bed;
  const base::VariantFacts variant = bed.variant("int8");
  uint64_t uploaded_bytes = 0;
  auto board = deploy_variant(native_bench(bed), variant, bed.workshop,
                              [&](uint64_t done, uint64_t) { uploaded_bytes = done; });
  if (!board) FAIL(board.error().text());
  rig::LiveBoard& live = **board;
  CHECK(uploaded_bytes == variant.image_bytes);
  CHECK(live.image_sha256() == variant.image_sha256);
  CHECK(live.banner().agent_build_id == live.agent_facts().build_id);
  CHECK(live.agent_facts().text_bytes > 0);
  CHECK_THAT(live.agent_facts().compiler, Catch::Contains("C++") || Catch::Contains("clang"));
  CHECK_THAT(live.agent_facts().compiler_flags, Catch::StartsWith("-") && Catch::Contains("-std=c++20"));
  CHECK(live.agent().load(live.slot(), {64}).value().context_tokens == 64);
  const base::Suite suite = small_suite(bed);
  const ReferenceAnswers reference = reference_answers(variant, suite, {}, bed.workshop).value();
  REQUIRE(reference.size() == 2);
  rig::RunRequest request;
  request.prompt = suite.prompts[0].text;
  request.max_new_tokens = 8;
  const rig::RunReply first = live.agent().run(request).value();
  CHECK(hash_of_ids(first.token_ids) == reference.at("a").token_ids_sha256);
  // No prompt is run in a nanosecond; what comes after it is not touched by that.
  rig::RunRequest hurried = request;
  hurried.budget_ticks = 1;
  hurried.fallback = "One moment.";
  const rig::RunReply late = live.agent().run(hurried).value();
  CHECK(late.output == "One moment.");
  CHECK(late.fallback == base::FallbackReason::kBudget);
  CHECK(late.finish == base::Finish::kLength);
  CHECK(late.generated_tokens == 0);
  CHECK(late.token_ids.empty());
  CHECK(live.agent().run(request).value().token_ids == first.token_ids);
  CHECK(first.generated_tokens == reference.at("a").generated_tokens);
  CHECK(first.token_ticks.at(0) == first.encode_ticks + first.prefill_ticks + first.first_sample_ticks);
  const rig::Banner banner = live.reset().value();
  CHECK(banner.boot_ticks > 0);
  CHECK(live.agent().query_slot(live.slot(), true).value().sha256 == variant.image_sha256);
  REQUIRE(live.agent().load(live.slot(), {64}));
  CHECK(live.agent().run(request).value().token_ids == first.token_ids);
  CHECK_THAT(live.transcript(), Catch::Contains("> UploadBegin") && Catch::Contains("the agent restarted"));
}

TEST_CASE("a Linux board is told the pins of its marker lines, and says what is wrong with them") {
  TestWorkshop bed;
  base::Bench bench = native_bench(bed);
  bench.meter.kind = "ppk2";
  bench.meter.board_pins = "/dev/null:17,27,22,23";
  const auto board = deploy_variant(bench, bed.variant("int8"), bed.workshop, {});
  REQUIRE_FALSE(board);
  CHECK_THAT(board.error().text(), Catch::Contains("/dev/null is no GPIO chip"));
}

TEST_CASE("an image that the board holds already is not sent again") {
  TestWorkshop bed;
  const base::VariantFacts variant = bed.variant("int8");
  REQUIRE(deploy_variant(native_bench(bed), variant, bed.workshop, {}));
  bool uploaded = false;
  REQUIRE(
      deploy_variant(native_bench(bed), variant, bed.workshop, [&](uint64_t, uint64_t) { uploaded = true; }));
  CHECK_FALSE(uploaded);
  const auto other = deploy_variant(native_bench(bed), bed.variant("f32"), bed.workshop,
                                    [&](uint64_t, uint64_t) { uploaded = true; });
  REQUIRE(other);
  CHECK(uploaded);
  CHECK((*other)->image_sha256() == bed.variant("f32").image_sha256);
}

TEST_CASE("an upload that was cut off goes on where it was, in the next life of the agent") {
  TestWorkshop bed;
  const std::vector<uint8_t> image(1'000'000, 0x5A);
  const std::string agent = base::find_program("slmrig-agent-native", bed.workshop.root).value();
  const std::string slots = bed.folder.path() / "slots";
  uint64_t first_heard_bytes = 0;
  const auto upload = [&](bool cut) {
    base::ChildOptions options;
    options.arguments = {agent, "--slots", slots};
    auto child = base::ChildProcess::spawn(options).value();
    rig::AgentClient client(rig::child_link(child, "the agent"), {});
    REQUIRE(client.connect());
    first_heard_bytes = 0;
    return client.upload(0, image, [&](uint64_t done_bytes, uint64_t) {
      if (first_heard_bytes == 0) first_heard_bytes = done_bytes;
      if (cut && done_bytes > 600'000) child.stop();
    });
  };
  const auto cut = upload(true);
  REQUIRE_FALSE(cut);
  CHECK(cut.error().code == ErrorCode::kLinkLost);
  const auto whole = upload(false);
  if (!whole) FAIL(whole.error().text());
  CHECK(first_heard_bytes > 300'000);
  CHECK(whole->sha256 == base::sha256_hex(image));
}

TEST_CASE("a bench that holds another board or unit than the rig file says is refused") {
  TestWorkshop bed;
  const base::VariantFacts variant = bed.variant("int8");
  base::Bench bench = native_bench(bed);
  bench.unit_id = "unit-7";
  auto board = deploy_variant(bench, variant, bed.workshop, {});
  REQUIRE(board);  // the native agent takes the id that it is given
  CHECK((*board)->banner().unique_id == "unit-7");
  board->reset();
  bench.board.tick_rate_hz = 1'000'000;
  const auto rate = deploy_variant(bench, variant, bed.workshop, {});
  REQUIRE_FALSE(rate);
  CHECK_THAT(rate.error().text(), Catch::StartsWith("bench desk: counts 1000000000 ticks a second"));
  bench.board.flasher = "ssh";
  const auto flasher = deploy_variant(bench, variant, bed.workshop, {});
  REQUIRE_FALSE(flasher);
  CHECK(flasher.error().code == ErrorCode::kBadInput);
  CHECK_THAT(flasher.error().text(), Catch::Contains("is flashed by ssh; the rig file must say how"));
}

TEST_CASE("an image that does not fit the slot is unfit, with both sizes") {
  TestWorkshop bed;
  const base::VariantFacts variant = bed.variant("int8");
  base::Bench bench = native_bench(bed);
  bench.board.slot_bytes = 1000;
  const auto board = deploy_variant(bench, variant, bed.workshop, {});
  REQUIRE_FALSE(board);
  CHECK(board.error().code == ErrorCode::kUnfit);
  CHECK_THAT(board.error().text(),
             Catch::Contains("needs " + std::to_string(variant.image_bytes) + " bytes") &&
                 Catch::Contains("board has 1000"));
}

TEST_CASE("agents that cannot be started, or are others than they should be, are refused by bench") {
  TestWorkshop bed;
  const base::VariantFacts variant = bed.variant("int8");
  base::Bench bench = native_bench(bed);
  bench.agent = "/nonexistent/agent";
  const auto missing = deploy_variant(bench, variant, bed.workshop, {});
  REQUIRE_FALSE(missing);
  CHECK_THAT(missing.error().text(), Catch::Contains("/nonexistent/agent") && Catch::Contains("./dev build"));
  bench.agent = bed.model.file;
  CHECK_THAT(deploy_variant(bench, variant, bed.workshop, {}).error().text(),
             Catch::Contains("it is no ELF file"));
}

TEST_CASE("a slot that does not take what is sent is reported, and a silent agent too") {
  TestWorkshop bed;
  const base::VariantFacts variant = bed.variant("int8");
  const auto wrong = deploy_variant(faulty_bench(bed, "wrong-hash"), variant, bed.workshop, {});
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().code == ErrorCode::kCorrupt);
  CHECK_THAT(wrong.error().text(), Catch::StartsWith("bench desk: placing tiny int8: slot 0 holds SHA-256"));
  const auto other = deploy_variant(faulty_bench(bed, "other-protocol"), variant, bed.workshop, {});
  REQUIRE_FALSE(other);
  CHECK(other.error().code == ErrorCode::kUnsupported);
  CHECK_THAT(other.error().text(), Catch::StartsWith("bench desk: the agent speaks protocol 2"));
  ::unsetenv("SLMRIG_FAULT_KIND");
}

TEST_CASE("an emulator that is missing or ends at once is named with its last words") {
  TestWorkshop bed;
  const base::VariantFacts variant = bed.variant("int8");
  base::Bench bench = native_bench(bed);
  bench.agent = base::find_program("slmrig-faulty-agent", bed.workshop.root).value();  // any ELF will do
  bench.board.flasher = "emulator";
  bench.board.emulator = {"no-such-emulator", {"{agent}", "{uart}"}};
  const auto missing = deploy_variant(bench, variant, bed.workshop, {});
  REQUIRE_FALSE(missing);
  CHECK_THAT(missing.error().text(),
             Catch::StartsWith("bench desk: the program 'no-such-emulator' is not in PATH"));
  bench.board.emulator = {"sh", {"-c", "echo no such machine >&2; exit 1", "{uart}"}};
  const auto ended = deploy_variant(bench, variant, bed.workshop, {});
  REQUIRE_FALSE(ended);
  CHECK_THAT(ended.error().text(), Catch::Contains("sh ended at once (exit status 1)") &&
                                       Catch::Contains("its process said: no such machine"));
}

TEST_CASE("reference answers are cached, and those to a whole suite serve a part of it") {
  TestWorkshop bed;
  const base::VariantFacts variant = bed.variant("f32");
  const base::Suite suite = small_suite(bed);
  const auto all = reference_answers(variant, suite, {}, bed.workshop).value();
  Workshop without_tool = bed.workshop;
  const auto part = reference_answers(variant, suite, {.prompts = 1}, without_tool).value();
  CHECK(part.at("a").token_ids_sha256 == all.at("a").token_ids_sha256);
  const fs::path cache = bed.workshop.cache_directory / "references";
  CHECK(std::distance(fs::directory_iterator(cache), {}) == 1);
  for (const auto& entry : fs::directory_iterator(cache)) {
    CHECK_THAT(base::read_text(entry.path()).value(), !Catch::Contains("hello"));  // no text is kept
  }
}

TEST_CASE("an agent's file tells its build id and sizes, and every cut of it is refused without a crash") {
  TestWorkshop bed;
  const fs::path program = base::find_program("slmrig-faulty-agent", bed.workshop.root).value();
  const rig::AgentFacts facts = read_agent_file(program).value();
  CHECK(facts.build_id.size() == 40);
  CHECK(facts.machine == "x86_64");
  CHECK(facts.text_bytes > 10'000);
  CHECK(facts.data_bytes > 0);
  CHECK(facts.sha256 == base::sha256_hex_of_file(program).value());
  std::vector<uint8_t> elf = base::read_bytes(program).value();
  for (const std::size_t length : {0U, 3U, 15U, 16U, 40U, 63U, 64U, 1000U, 20'000U}) {
    CHECK_FALSE(read_elf(std::span(elf).first(length)));
  }
  for (std::size_t at = 0; at < 64; ++at) {
    const uint8_t before = elf[at];
    for (const uint8_t value : {uint8_t{0x00}, uint8_t{0xFF}, uint8_t{0x7F}}) {
      elf[at] = value;
      static_cast<void>(read_elf(elf));
    }
    elf[at] = before;
  }
}

}  // namespace slmrig::deploy
