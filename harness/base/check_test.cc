#include "harness/base/check.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace slmrig::base {
namespace {

using nlohmann::json;

Check check_of(const char* text) {
  const auto check = parse_check(json::parse(text));
  REQUIRE(check);
  return *check;
}

bool holds(const char* check, std::string_view prompt, std::string_view answer) {
  return passes(check_of(check), prompt, answer);
}

std::string refusal_of(const char* text) {
  const auto check = parse_check(json::parse(text));
  REQUIRE_FALSE(check);
  return check.error().message;
}

}  // namespace

TEST_CASE("An intent line is a name and slots whose values may have spaces") {
  const auto line = parse_intent_line(" reminder.add day=monday time=7:30 text=buy milk and bread\n");
  REQUIRE(line);
  CHECK(line->intent == "reminder.add");
  CHECK(line->slots == std::map<std::string, std::string>{
                           {"day", "monday"}, {"time", "7:30"}, {"text", "buy milk and bread"}});
  CHECK(parse_intent_line("translate"));
  for (const char* bad :
       {"", "Timer.set", "timer.", ".set", "timer..set", "timer.set 12m",
        "timer.set duration=", "timer.set =12m", "timer.set a=1 a=2", "timer.set a=1\nb=2", "two words"}) {
    INFO(bad);
    CHECK_FALSE(parse_intent_line(bad));
  }
}

TEST_CASE("Numbers and clock times of a text are whole items") {
  CHECK(numbers_in("131 bpm at 14:08, 7.5 km.") == std::vector<std::string>{"131", "14:08", "7.5"});
  CHECK(numbers_in("ends at 14:08.") == std::vector<std::string>{"14:08"});
  CHECK(numbers_in("none: at all.").empty());
}

TEST_CASE("Intent and slots are judged apart") {
  const char* intent = R"({"kind":"exact_intent","expected":"timer.set"})";
  CHECK(holds(intent, "", "timer.set duration=12m"));
  CHECK_FALSE(holds(intent, "", "timer.sets duration=12m"));
  CHECK_FALSE(holds(intent, "", "timer.set 12m"));
  const char* slots = R"({"kind":"slots","expected":{"duration":"12m","label":"the tea"}})";
  CHECK(holds(slots, "", "timer.set label=the tea duration=12m"));
  CHECK_FALSE(holds(slots, "", "timer.set duration=12m"));
  CHECK_FALSE(holds(slots, "", "timer.set duration=12m label=the tea more=1"));
  CHECK_FALSE(holds(slots, "", "timer.set duration=13m label=the tea"));
}

TEST_CASE("A summary states numbers of the input only, and all that are required") {
  const char* check = R"({"kind":"numbers_of_input","required":["131","14:08"]})";
  const char* prompt = "heart rate: 72 at 14:02, 131 at 14:08\n";
  CHECK(holds(check, prompt, "one spike, highest 131 bpm at 14:08."));
  CHECK_FALSE(holds(check, prompt, "one spike, highest 131 bpm."));
  CHECK_FALSE(holds(check, prompt, "one spike of 131 bpm at 14:08, 3 in all."));
  // A part of a number is not that number.
  CHECK_FALSE(holds(check, prompt, "one spike, 13 of 131 bpm at 14:08."));
  CHECK(holds(R"({"kind":"numbers_of_input"})", prompt, "no numbers."));
}

TEST_CASE("Texts, patterns, lengths and forms") {
  CHECK(holds(R"({"kind":"contains","text":"three spikes"})", "", "there were three spikes."));
  CHECK_FALSE(holds(R"({"kind":"contains","text":"three spikes"})", "", "there were four spikes."));
  CHECK(holds(R"({"kind":"equals","text":"ok, done."})", "", " ok, done.\n"));
  CHECK_FALSE(holds(R"({"kind":"equals","text":"ok, done."})", "", "ok, done"));
  CHECK(holds(R"({"kind":"regex","pattern":"^[0-9]+ bpm"})", "", "131 bpm at noon"));
  CHECK_FALSE(holds(R"({"kind":"regex","pattern":"^[0-9]+ bpm"})", "", "at 131 bpm"));
  CHECK(holds(R"({"kind":"length","min":2,"max":3})", "", "gr\u00fc"));
  CHECK_FALSE(holds(R"({"kind":"length","max":3})", "", "four"));
  CHECK_FALSE(holds(R"({"kind":"length","min":1})", "", "  "));
  CHECK(holds(R"({"kind":"valid_form","form":"intent_line"})", "", "timer.left"));
  CHECK_FALSE(holds(R"({"kind":"valid_form","form":"intent_line"})", "", "There you are."));
  CHECK(holds(R"({"kind":"valid_form","form":"sentence"})", "", "there you are."));
  CHECK_FALSE(holds(R"({"kind":"valid_form","form":"sentence"})", "", "there you are"));
  CHECK_FALSE(holds(R"({"kind":"valid_form","form":"sentence"})", "", "12."));
}

TEST_CASE("A bad check says what is wrong with it") {
  CHECK(refusal_of(R"([])").find("object") != std::string::npos);
  CHECK(refusal_of(R"({})").find("`kind`") != std::string::npos);
  CHECK(refusal_of(R"({"kind":"exact"})").find("exact_intent") != std::string::npos);
  CHECK(refusal_of(R"({"kind":"contains","text":""})").find("`text`") != std::string::npos);
  CHECK(refusal_of(R"({"kind":"contains","text":"a","max":2})").find("`max`") != std::string::npos);
  CHECK(refusal_of(R"({"kind":"regex","pattern":"("})").find("pattern") != std::string::npos);
  CHECK(refusal_of(R"({"kind":"length","min":3,"max":2})").find("above") != std::string::npos);
  CHECK(refusal_of(R"({"kind":"length","min":-1})").find("`min`") != std::string::npos);
  CHECK(refusal_of(R"({"kind":"slots","expected":{"a":1}})").find("expected.a") != std::string::npos);
  CHECK(refusal_of(R"({"kind":"numbers_of_input","required":[131]})").find("`required`") !=
        std::string::npos);
  CHECK(refusal_of(R"({"kind":"valid_form","form":"poem"})").find("poem") != std::string::npos);
}

TEST_CASE("A check that was written is read back the same") {
  for (const char* text :
       {R"({"kind":"exact_intent","expected":"a.b"})", R"({"kind":"slots","expected":{"a":"1"}})",
        R"({"kind":"numbers_of_input","required":["1"]})", R"({"kind":"contains","text":"x"})",
        R"({"kind":"regex","pattern":"x+"})", R"({"kind":"length","min":1,"max":9})",
        R"({"kind":"valid_form","form":"sentence"})", R"({"kind":"equals","text":"x"})"}) {
    CHECK(to_json(check_of(text)) == json::parse(text));
  }
}

TEST_CASE("All checks must pass") {
  const std::vector<Check> checks = {check_of(R"({"kind":"contains","text":"a"})"),
                                     check_of(R"({"kind":"contains","text":"b"})")};
  CHECK(passes_all(checks, "", "ab"));
  CHECK_FALSE(passes_all(checks, "", "a"));
  CHECK(passes_all({}, "", ""));
}

}  // namespace slmrig::base
