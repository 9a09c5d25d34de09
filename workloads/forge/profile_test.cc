// The runtime's profile, by a clock that counts its readings.
#include <catch2/catch.hpp>

#include <map>
#include <string>
#include <vector>

#include "workloads/forge/aligned_bytes.h"
#include "workloads/forge/image_writer.h"
#include "workloads/forge/random_model.h"
#include "workloads/runtime/runtime.h"

namespace slmrig::forge {
namespace {

using runtime::Operator;
using runtime::Profiler;
using runtime::Status;

constexpr std::uint64_t kTicksOfReading = 10;
std::uint64_t g_ticks = 0;
std::uint64_t counting_clock() { return g_ticks += kTicksOfReading; }

// A loaded model with room for a profile.
struct Bench {
  explicit Bench(std::size_t more_bytes) {
    auto build = write_image(random_model({}), {}, {});
    REQUIRE(build);
    image = AlignedBytes(build->bytes);
    std::size_t needed = 0;
    CHECK(runtime.load(image.data(), image.size(), {}, nullptr, 0, &needed) == Status::kArenaTooSmall);
    arena = AlignedBytes(needed + more_bytes);
    REQUIRE(runtime.load(image.data(), image.size(), {}, arena.data(), arena.size(), &needed) == Status::kOk);
  }

  std::vector<std::int32_t> generate(std::uint32_t tokens) {
    std::vector<std::int32_t> ids(64);
    std::uint32_t count = 0;
    REQUIRE(runtime.begin({}) == Status::kOk);
    REQUIRE(runtime.encode("set the heat", 12, ids.data(), 64, &count) == Status::kOk);
    REQUIRE(runtime.prefill(ids.data(), count) == Status::kOk);
    prompt_tokens = count;
    std::vector<std::int32_t> answer(tokens);
    bool is_end = false;
    for (std::int32_t& id : answer) REQUIRE(runtime.next_token(&id, &is_end) == Status::kOk);
    return answer;
  }

  AlignedBytes image;
  AlignedBytes arena;
  runtime::Runtime runtime;
  std::uint32_t prompt_tokens = 0;
};

TEST_CASE("A profile accounts for every tick, every matrix and every call") {
  Bench bench(65536);
  const std::vector<std::int32_t> unprofiled = bench.generate(4);
  CHECK(bench.runtime.profiler().entry_count() == 0);
  REQUIRE(bench.runtime.profile(counting_clock) == Status::kOk);
  g_ticks = 0;
  CHECK(bench.generate(4) == unprofiled);
  const std::uint64_t end = g_ticks;

  const Profiler& profiler = bench.runtime.profiler();
  std::uint64_t total =
      profiler.subtracted_ticks(Profiler::kPrefill) + profiler.subtracted_ticks(Profiler::kDecode);
  std::map<std::string, std::uint64_t> calls;
  std::uint64_t matrix_macs[Profiler::kPhaseCount] = {};
  std::uint64_t attention_macs = 0;
  std::uint64_t output_bytes = 0;
  for (std::uint32_t i = 0; i < profiler.entry_count(); ++i) {
    const Profiler::Entry entry = profiler.entry(i);
    const std::string name = runtime::operator_name(entry.op);
    const bool is_attention = name == "scores" || name == "mix";
    CHECK((entry.layer >= 0) == (static_cast<std::uint32_t>(entry.op) < runtime::kLayerOperators));
    total += entry.cell.ticks;
    (is_attention ? attention_macs : matrix_macs[entry.phase]) += entry.cell.work.macs;
    if (entry.phase == Profiler::kDecode) calls[name] += entry.cell.calls;
    if (entry.phase == Profiler::kDecode && name == "output") output_bytes = entry.cell.work.bytes;
  }
  // Between the end of start() and the mark at the front of encode(): two readings and what start() took.
  const std::uint64_t start_ticks = end - total;
  Bench other(65536);
  REQUIRE(other.runtime.profile(counting_clock) == Status::kOk);
  g_ticks = 0;
  REQUIRE(other.runtime.begin({}) == Status::kOk);
  CHECK(start_ticks == g_ticks + kTicksOfReading);

  // Three tokens after the first; the head does not run for the prompt's others.
  const std::uint64_t macs = bench.runtime.weight_macs_per_token();
  const std::uint64_t head_macs = 512 * 64;
  CHECK(matrix_macs[Profiler::kDecode] == 3 * macs);
  CHECK(matrix_macs[Profiler::kPrefill] == bench.prompt_tokens * (macs - head_macs) + head_macs);
  // 2 layers, 4 heads of 16, scores and mix, over as many positions as there were.
  std::uint64_t positions = 0;
  for (std::uint64_t i = 1; i <= bench.prompt_tokens + 3; ++i) positions += i;
  CHECK(attention_macs == positions * 2 * 4 * 16 * 2);
  CHECK(output_bytes == 3 * 512 * 64 * 4);
  CHECK(calls["query"] == 3 * 2);
  CHECK(calls["softmax"] == 3 * 2 * 4);
  CHECK(calls["sampling"] == 3);
  CHECK(calls["embedding"] == 3);

  REQUIRE(bench.runtime.profile(nullptr) == Status::kOk);
  bench.generate(2);
  CHECK(bench.runtime.profiler().entry_count() == 0);
}

TEST_CASE("A profile that does not fit the arena is refused, and the model goes on without") {
  Bench bench(0);
  const runtime::Memory before = bench.runtime.memory();
  CHECK(bench.runtime.profile(counting_clock) == Status::kArenaTooSmall);
  CHECK(bench.generate(2).size() == 2);
  Bench roomy(65536);
  REQUIRE(roomy.runtime.profile(counting_clock) == Status::kOk);
  // The table is no need of the model's.
  CHECK(roomy.runtime.memory().activations_bytes == before.activations_bytes);
  CHECK(roomy.runtime.memory().scratch_bytes == before.scratch_bytes);
  runtime::Runtime empty;
  CHECK(empty.profile(counting_clock) == Status::kNotLoaded);
}

TEST_CASE("A roofline has each format of the model's matrices, for a token and a batch, and both memories") {
  Bench bench(1U << 20U);
  const std::vector<std::int32_t> before = bench.generate(4);
  const runtime::Memory memory = bench.runtime.memory();
  std::map<std::string, runtime::RooflineEntry> entries;
  for (std::uint32_t i = 0; i < bench.runtime.roofline_count(); ++i) {
    runtime::RooflineEntry entry;
    REQUIRE(bench.runtime.roofline(i, counting_clock, &entry) == Status::kOk);
    // The best of rounds, each between two readings.
    CHECK(entry.ticks == kTicksOfReading);
    CHECK(entries.emplace(std::string(entry.name) + " " + std::to_string(entry.tokens), entry).second);
  }
  const std::uint32_t batch = runtime::best_kernels().batch_tokens;
  REQUIRE(entries.size() == (batch > 1 ? 4 : 3));
  const runtime::RooflineEntry& one = entries.at("F32 1");
  CHECK(one.kind == runtime::RooflineKind::kKernel);
  CHECK(one.bytes == 4 * one.macs);
  CHECK(one.macs > 100'000);
  if (batch > 1) {
    const runtime::RooflineEntry& many = entries.at("F32 " + std::to_string(batch));
    CHECK(many.bytes * batch == 4 * many.macs);
  }
  const runtime::RooflineEntry& weights = entries.at("weights 0");
  CHECK(weights.kind == runtime::RooflineKind::kMemory);
  CHECK(weights.macs == 0);
  CHECK(weights.bytes >= bench.runtime.header().image_bytes / 32 * 32);
  CHECK(entries.at("arena 0").bytes > memory.kv_bytes);
  runtime::RooflineEntry none;
  CHECK(bench.runtime.roofline(bench.runtime.roofline_count(), counting_clock, &none) ==
        Status::kBadArgument);
  // It leaves nothing behind.
  CHECK(bench.runtime.memory().scratch_bytes == memory.scratch_bytes);
  CHECK(bench.generate(4) == before);

  CHECK(std::string(bench.runtime.kernel_of(Operator::kDown, 1)) == "F32");
  CHECK(std::string(bench.runtime.kernel_of(Operator::kOutput, 0)) == "F32");
  CHECK(bench.runtime.kernel_of(Operator::kScores, 0) == nullptr);
}

TEST_CASE("A roofline that does not fit beside the model is refused, and an empty runtime has none") {
  Bench bench(0);
  runtime::RooflineEntry entry;
  Status status = Status::kOk;
  for (std::uint32_t i = 0; i < bench.runtime.roofline_count() && status == Status::kOk; ++i) {
    status = bench.runtime.roofline(i, counting_clock, &entry);
  }
  CHECK((status == Status::kArenaTooSmall || status == Status::kOk));
  CHECK(bench.generate(2).size() == 2);
  runtime::Runtime empty;
  CHECK(empty.roofline_count() == 0);
  CHECK(empty.roofline(0, counting_clock, &entry) == Status::kNotLoaded);
  CHECK(empty.kernel_of(Operator::kQuery, 0) == nullptr);
}

}  // namespace
}  // namespace slmrig::forge
