#include "harness/cli/fit.h"

#include <catch2/catch.hpp>

namespace slmrig::cli {
namespace {

using base::CellStatus;
using Catch::Matchers::Contains;

FitQuestion question() {
  FitQuestion question;
  question.model = "wrist-wide";
  question.board.name = "small";
  question.board.slot_bytes = 1000;
  question.board.arena_bytes = 500;
  return question;
}

deploy::ArenaFacts arena(uint64_t total_bytes, uint32_t largest) {
  deploy::ArenaFacts facts;
  facts.kv_bytes = total_bytes - 20;
  facts.activations_bytes = 15;
  facts.scratch_bytes = 5;
  facts.total_bytes = total_bytes;
  facts.context_tokens = 256;
  facts.most_context_tokens = 512;
  facts.largest_context_tokens = largest;
  return facts;
}

}  // namespace

TEST_CASE("what exceeds the slot or the arena is unfit, by so many bytes") {
  const Fit good = judge_fit(question(), "int4", 1000, arena(500, 256));
  CHECK(good.status == CellStatus::kOk);
  CHECK(good.reason.empty());
  const Fit large = judge_fit(question(), "f32", 1007, arena(500, 256));
  CHECK(large.status == CellStatus::kUnfit);
  CHECK(large.missing_slot_bytes == 7);
  CHECK(large.missing_arena_bytes == 0);
  CHECK_THAT(large.reason, Contains("7 bytes more than the model slot's 1000"));
  const Fit both = judge_fit(question(), "f32", 1007, arena(511, 200));
  CHECK(both.missing_arena_bytes == 11);
  CHECK_THAT(both.reason, Contains("slot's 1000; keys") && Contains("11 bytes more than the arena's 500"));
}

TEST_CASE("a board without limits has room for the model's longest context") {
  FitQuestion free = question();
  free.board.slot_bytes = free.board.arena_bytes = 0;
  const Fit fit = judge_fit(free, "f32", 1U << 30, arena(1U << 30, 0));
  CHECK(fit.status == CellStatus::kOk);
  CHECK(fit.arena.largest_context_tokens == 512);
}

TEST_CASE("text and JSON say the same, and what has no size stands last with its reason") {
  Fit without;
  without.variant = "2bit";
  without.status = CellStatus::kNotApplicable;
  without.reason = "rows of 64 do not hold a block of 256";
  std::vector<Fit> fits = {without, judge_fit(question(), "int4", 700, arena(480, 512)),
                           judge_fit(question(), "f32", 1007, arena(520, 200))};
  sort_by_size(fits);
  CHECK(fits[0].variant == "f32");
  CHECK(fits[2].variant == "2bit");
  const std::string text = fit_text(question(), fits);
  CHECK_THAT(text, Contains("model slot 1.00kB, arena 500B; context 256 tokens, keys and values as f32"));
  CHECK_THAT(text, Contains("512 (model's most)  fits") && Contains("not_applicable: rows of 64"));
  const auto json = fit_json(question(), fits);
  CHECK(json["variants"][0]["status"] == "unfit");
  CHECK(json["variants"][0]["missing_slot_bytes"] == 7);
  CHECK(json["variants"][0]["largest_context_tokens"] == 0);
  CHECK(json["variants"][1]["status"] == "fits");
  CHECK(json["variants"][1]["largest_context_tokens"] == 512);
  CHECK(json["variants"][2]["status"] == "not_applicable");
  CHECK_FALSE(json["variants"][2].contains("image_bytes"));
}

}  // namespace slmrig::cli
