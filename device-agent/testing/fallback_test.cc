// The deterministic answer of an agent whose model is too late or says what has not the form.
#include <catch2/catch.hpp>

#include "device-agent/core/answer_form.h"
#include "device-agent/testing/sim_bench.h"

namespace slmrig::agent::testing {
namespace {

bool is(AnswerForm form, const std::string& text) { return has_form(form, text.data(), text.size()); }

struct Loaded {
  SimStorage storage;
  std::unique_ptr<Bench> bench;
  Loaded() {
    storage.slots[0] = echo_image();
    bench = std::make_unique<Bench>(storage);
    REQUIRE(bench->peer.load(0)->as<fb::LoadReport>() != nullptr);
  }
  AgentPeer& peer() { return bench->peer; }
};

}  // namespace

TEST_CASE("forms of answers") {
  for (const char* good : {"timer.set", " timer.set duration=12m\n", "a.b_2 x=1 y=two words z=3",
                           "message.send to=ann text=see you"}) {
    CAPTURE(good);
    CHECK(is(AnswerForm::kIntentLine, good));
  }
  for (const char* bad :
       {"", "Timer.set", "timer.", "timer.set  x=1", "timer.set word", "timer.set x=", "timer.set =1",
        "note text=a = b", "timer.set x=1 y=2 x=3", "timer.set\nx=1", "1timer"}) {
    CAPTURE(bad);
    CHECK_FALSE(is(AnswerForm::kIntentLine, bad));
  }
  CHECK(is(AnswerForm::kSentence, " it was warmest at 9:00. "));
  CHECK(is(AnswerForm::kSentence, "Really?"));
  CHECK_FALSE(is(AnswerForm::kSentence, "it was"));
  CHECK_FALSE(is(AnswerForm::kSentence, "12."));
  CHECK_FALSE(is(AnswerForm::kSentence, "one.\ntwo."));
  CHECK_FALSE(is(AnswerForm::kSentence, ""));
  CHECK(is(AnswerForm::kAny, ""));
}

TEST_CASE("a generation that is over its budget stops, and the fallback text is the answer") {
  Loaded loaded;
  const RunOutcome free = loaded.peer().run("abcdefgh", 64);
  REQUIRE(free.token_ids.size() == 9);
  const uint64_t four_tokens =
      free.duration_ticks[0] + free.duration_ticks[1] + free.duration_ticks[2] + free.duration_ticks[3];
  const RunOutcome late = loaded.peer().run_within("abcdefgh", four_tokens, fb::AnswerForm::any, "unknown");
  CHECK(late.output == "unknown");
  CHECK(late.fallback == fb::Fallback::budget);
  CHECK(late.finish == fb::Finish::budget);
  CHECK(late.token_ids.size() == 5);  // the first token past the budget is the last
  CHECK(late.total_ticks > four_tokens);
  const RunOutcome again = loaded.peer().run_within("abcdefgh", four_tokens, fb::AnswerForm::any, "unknown");
  CHECK(again.token_ids == late.token_ids);
  const RunOutcome in_time =
      loaded.peer().run_within("abcdefgh", free.total_ticks, fb::AnswerForm::any, "unknown");
  CHECK(in_time.output == "ABCDEFGH");
  CHECK(in_time.fallback == fb::Fallback::none);
  // The end token itself comes late.
  const RunOutcome just_late =
      loaded.peer().run_within("abcdefgh", free.total_ticks - 1, fb::AnswerForm::any, "unknown");
  CHECK(just_late.output == "unknown");
  CHECK(just_late.finish == fb::Finish::end_token);
}

TEST_CASE("a prompt that alone uses up the budget gets the fallback text, and no token is generated") {
  Loaded loaded;
  const RunOutcome free = loaded.peer().run("abcdefgh", 64);
  const uint64_t prompt_ticks = free.encode_ticks + free.prefill_ticks;
  REQUIRE(prompt_ticks > 1);
  const RunOutcome late = loaded.peer().run_within("abcdefgh", prompt_ticks - 1, fb::AnswerForm::any, "late");
  CHECK(late.failure.empty());
  CHECK(late.output == "late");
  CHECK(late.fallback == fb::Fallback::budget);
  CHECK(late.finish == fb::Finish::budget);
  CHECK(late.token_ids.empty());
  CHECK(late.first_sample_ticks == 0);
  CHECK(late.total_ticks == late.encode_ticks + late.prefill_ticks);
  const RunOutcome just = loaded.peer().run_within("abcdefgh", prompt_ticks, fb::AnswerForm::any, "late");
  CHECK(just.token_ids.size() == 1);
  CHECK(just.output == "late");
  // The next one is whole again.
  CHECK(loaded.peer().run("abcdefgh", 64).token_ids == free.token_ids);
}

TEST_CASE("an answer without its form, or cut off, is replaced; counts stay the model's") {
  Loaded loaded;
  const RunOutcome bad = loaded.peer().run_within("no form", 0, fb::AnswerForm::sentence, "say again.");
  CHECK(bad.output == "say again.");
  CHECK(bad.fallback == fb::Fallback::form);
  CHECK(bad.token_ids.size() == 8);
  const RunOutcome good = loaded.peer().run_within("a form.", 0, fb::AnswerForm::sentence, "say again.");
  CHECK(good.output == "A FORM.");
  CHECK(good.fallback == fb::Fallback::none);
  const RunOutcome cut = loaded.peer().run_within("one. two.", 0, fb::AnswerForm::sentence, "say again.", 4);
  CHECK(cut.output == "say again.");
  const RunOutcome empty = loaded.peer().run_within("no form", 0, fb::AnswerForm::sentence, "");
  CHECK(empty.output.empty());
  CHECK(empty.fallback == fb::Fallback::form);
  CHECK(loaded.peer().run_within("x", 0, fb::AnswerForm::any, std::string(257, 'x')).failure ==
        "bad_argument");
}

}  // namespace slmrig::agent::testing
