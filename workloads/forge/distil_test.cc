#include "workloads/forge/distil.h"

#include <cmath>
#include <utility>

#include <catch2/catch.hpp>

#include "harness/base/file.h"
#include "workloads/forge/block_formats.h"
#include "workloads/forge/random.h"
#include "workloads/forge/ternary.h"
#include "workloads/forge/train_kernels.h"
#include "workloads/forge/train_loop.h"

namespace slmrig::forge {
namespace {

using Catch::Matchers::Contains;

std::vector<float> gaussians(std::size_t count, std::uint64_t seed) {
  Random random(seed);
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(random.normal());
  return values;
}

double squared_error(std::span<const float> a, std::span<const float> b) {
  double sum = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += std::pow(static_cast<double>(a[i] - b[i]), 2);
  return sum;
}

// Two layers of rows of 256, so that blocks of TQ2_0 fit, and nothing larger than it must be.
ModelShape small_shape() {
  return {.name = "small",
          .d_model = 256,
          .layer_count = 2,
          .head_count = 4,
          .kv_head_count = 2,
          .head_dim = 64,
          .ff = 256,
          .vocab = 512,
          .context_tokens = 64};
}

TEST_CASE("Ternary weights of Gaussians lose what the best scale loses") {
  const std::vector<float> weights = gaussians(65536, 1);
  std::vector<float> ternary(weights.size());
  nearest_ternary(weights, ternary);
  // 0.433 with the best scale of each block, 0.806 with the largest weight as the scale.
  CHECK(relative_rmse(weights, ternary) == Approx(0.433).epsilon(0.01));
}

TEST_CASE("No other ternary weights of a block are much nearer") {
  const std::vector<float> weights = gaussians(kTernaryBlock, 2);
  std::vector<float> ternary(weights.size());
  nearest_ternary(weights, ternary);
  double best = 1e9;
  for (double scale = 0.5; scale < 2.5; scale += 0.001) {
    std::vector<float> other;
    for (const float weight : weights) {
      const bool is_zero = std::fabs(static_cast<double>(weight)) < scale / 2;
      other.push_back(is_zero ? 0.0F : std::copysign(static_cast<float>(scale), weight));
    }
    best = std::min(best, squared_error(weights, other));
  }
  CHECK(squared_error(weights, ternary) < 1.005 * best);
}

TEST_CASE("Ternary weights survive their packing bit for bit") {
  std::vector<float> weights = gaussians(4 * kTernaryBlock, 3);
  // A block of zeros has a scale of zero.
  std::fill(weights.begin() + kTernaryBlock, weights.begin() + 2 * kTernaryBlock, 0.0F);
  std::vector<float> ternary(weights.size());
  nearest_ternary(weights, ternary);
  std::vector<std::byte> packed = pack_ternary(ternary);
  REQUIRE(packed.size() == 4 * 66);
  GgufFile file;
  REQUIRE(file.add_tensor("t", kGgmlTq2_0, {2 * kTernaryBlock, 2}, std::move(packed)));
  const auto decoded = dequantize(file.tensors().front());
  REQUIRE(decoded);
  for (std::size_t i = 0; i < ternary.size(); ++i) REQUIRE((*decoded)[i] == ternary[i]);
}

TEST_CASE("The divergence from a teacher is zero at its own logits, and has its gradient elsewhere") {
  const std::vector<float> teacher = gaussians(40, 4);
  std::vector<float> row = teacher;
  CHECK(divergence_row(row.data(), teacher.data(), row.size(), 1.0F) == Approx(0.0).margin(1e-6));
  for (const float gradient : row) CHECK(gradient == Approx(0.0).margin(1e-6));

  const std::vector<float> student = gaussians(40, 5);
  row = student;
  divergence_row(row.data(), teacher.data(), row.size(), 1.0F);
  for (std::size_t i = 0; i < student.size(); i += 7) {
    constexpr float kStep = 1e-2F;
    double moved[2] = {};
    for (int side = 0; side < 2; ++side) {
      std::vector<float> other = student;
      other[i] += side == 0 ? kStep : -kStep;
      moved[side] = static_cast<double>(divergence_row(other.data(), teacher.data(), other.size(), 1.0F));
    }
    CHECK((moved[0] - moved[1]) / (2.0 * static_cast<double>(kStep)) ==
          Approx(static_cast<double>(row[i])).margin(2e-4));
  }
}

TEST_CASE("Ternary weights stand in a network for a while, and leave no trace") {
  Network network(small_shape());
  network.initialise(1);
  const std::vector<float> before(network.parameters().begin(), network.parameters().end());
  {
    const TernaryWeights stored(&network);
    for (const NamedSlice& slice : network.layout().slices) {
      const std::span<const float> now =
          std::as_const(network).parameters().subspan(slice.offset, slice.size);
      const std::span<const float> exact = std::span<const float>(before).subspan(slice.offset, slice.size);
      INFO(slice.name);
      CHECK((squared_error(now, exact) > 0.0) == is_ternary(slice));
    }
  }
  CHECK(std::equal(before.begin(), before.end(), network.parameters().begin()));
}

TEST_CASE("A student trains towards its teacher, is stored as trained, and resumes without a changed bit") {
  const auto folder = base::TemporaryDirectory::create("distil-test");
  REQUIRE(folder);
  TrainOptions teacher;
  teacher.model = "wrist-wide";
  teacher.step_count = 3;
  teacher.batch_tokens = 96;
  teacher.vocabulary_texts = 800;
  teacher.validation_commands = 2;
  teacher.validation_summaries = 1;
  teacher.output = folder->path() / "teacher.gguf";
  REQUIRE(train_model(teacher, [](const TrainProgress&) {}));

  TrainOptions student = teacher;
  student.student_of = teacher.output;
  student.step_count = 6;
  student.warmup_steps = 2;
  student.learning_rate = 1e-3;
  student.report_every = 1;
  student.output = folder->path() / "whole.gguf";
  std::vector<double> losses;
  REQUIRE(train_model(student, [&](const TrainProgress& progress) { losses.push_back(progress.loss); }));
  // It begins with its teacher's weights: without rounding there would be nothing to learn.
  CHECK(losses.front() > 1e-4);
  CHECK(losses.back() < losses.front());

  student.output = folder->path() / "part.gguf";
  student.checkpoint = folder->path() / "part.checkpoint";
  student.stop_after_step = 4;
  REQUIRE(train_model(student, [](const TrainProgress&) {}));
  student.stop_after_step = 0;
  TrainOptions no_student = student;
  no_student.student_of.clear();
  CHECK_THAT(train_model(no_student, [](const TrainProgress&) {}).error().message,
             Contains("student of the teacher"));
  REQUIRE(train_model(student, [](const TrainProgress&) {}));
  CHECK(base::read_bytes(folder->path() / "whole.gguf").value() ==
        base::read_bytes(folder->path() / "part.gguf").value());

  const auto file = load_gguf(student.output);
  REQUIRE(file);
  CHECK(file->string_of("slmrig.variant").value() == "2bit-qat");
  CHECK(file->find_tensor("blk.0.attn_k.weight")->type == kGgmlTq2_0);
  CHECK(file->find_tensor("token_embd.weight")->type == kGgmlQ8_0);
  CHECK(file->find_tensor("blk.1.ffn_norm.weight")->type == kGgmlF32);
}

TEST_CASE("A model whose rows are too short has no ternary student") {
  const auto folder = base::TemporaryDirectory::create("distil-shape-test");
  REQUIRE(folder);
  GgufFile empty;
  REQUIRE(empty.add_floats("t", {1}, std::vector<float>{1.0F}));
  REQUIRE(save_gguf(empty, folder->path() / "m.gguf"));
  const auto nano = Teacher::open(folder->path() / "m.gguf", *model_shape("wrist-nano"));
  REQUIRE_FALSE(nano);
  CHECK_THAT(nano.error().message, Contains("blk.0.attn_q.weight") && Contains("64") && Contains("256"));
  const auto wide = Teacher::open(folder->path() / "m.gguf", *model_shape("wrist-wide"));
  REQUIRE_FALSE(wide);
  CHECK_THAT(wide.error().text(), Contains("m.gguf") && Contains("token_embd.weight"));
}

}  // namespace
}  // namespace slmrig::forge
