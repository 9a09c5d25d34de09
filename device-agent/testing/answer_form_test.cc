// The device's judge of an answer's form against the host's: two programs of their own, and an answer that
// one of them takes and the other refuses would be replaced by a fallback text and then counted as right, or
// kept and counted as wrong.
#include "device-agent/core/answer_form.h"

#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <string_view>

#include <catch2/catch.hpp>

#include "harness/base/check.h"

namespace slmrig::agent::testing {
namespace {

using namespace std::string_view_literals;

// Pieces of which both forms are made, and what breaks them.
constexpr std::array<std::string_view, 34> kPieces = {
    "timer.set"sv, "alarm"sv, "a.b_2"sv,   "note"sv, ".x"sv,       "x."sv,    "Timer"sv, "9a"sv,  "x=1"sv,
    "y=two"sv,     "x=2"sv,   "z=3"sv,     "=1"sv,   "x="sv,       "="sv,     "word"sv,  "see"sv, "12."sv,
    "at 9:00."sv,  "yes!"sv,  "really?"sv, " "sv,    "  "sv,       "\n"sv,    "\t"sv,    "\r"sv,  "\v"sv,
    "\f"sv,        "."sv,     "\0"sv,      "\x80"sv, "\xc3\xa4"sv, "\xff."sv, ""sv};

class Texts {
 public:
  // The same on every platform: no distribution of the library.
  std::string next() {
    std::string text;
    const std::size_t pieces = below(7);
    for (std::size_t i = 0; i < pieces; ++i) {
      if (i != 0 && below(8) != 0) text += ' ';
      text += kPieces[below(kPieces.size())];
    }
    if (below(4) == 0) text += '\n';
    // A byte gone wrong in some.
    if (!text.empty() && below(8) == 0) text[below(text.size())] = static_cast<char>(below(256));
    return text;
  }

  // Right, or nearly so.
  std::string next_intent_line() {
    std::string text = below(4) == 0 ? "note" : "timer.set";
    for (const std::string_view slot : {" x=1"sv, " y=two"sv, " z=3"sv}) {
      if (below(3) != 0) text += slot;
      if (below(4) == 0) text += " word";
      if (below(16) == 0) text += slot;
    }
    if (below(4) == 0) text.insert(below(text.size() + 1), 1, static_cast<char>(below(128)));
    return text;
  }

 private:
  std::size_t below(std::size_t limit) { return static_cast<std::size_t>(random_() % limit); }
  std::mt19937_64 random_{1};
};

struct Judges {
  AnswerForm device;
  base::Check host;
  std::size_t right = 0;
  std::size_t wrong = 0;

  Judges(AnswerForm form, const char* name) : device(form) {
    host.kind = base::CheckKind::kValidForm;
    host.text = name;
  }
  void compare(const std::string& text) {
    const bool is_right = has_form(device, text.data(), text.size());
    CAPTURE(text);
    REQUIRE(is_right == base::passes(host, "", text));
    ++(is_right ? right : wrong);
  }
};

}  // namespace

TEST_CASE("device and host agree on the form of whatever a model may say") {
  constexpr int kTexts = 20'000;
  Judges intent_line(AnswerForm::kIntentLine, "intent_line");
  Judges sentence(AnswerForm::kSentence, "sentence");
  Texts texts;
  for (int i = 0; i < kTexts; ++i) {
    const std::string text = i % 2 == 0 ? texts.next() : texts.next_intent_line();
    intent_line.compare(text);
    sentence.compare(text);
  }
  // Judges that always said no would agree, too.
  for (const Judges* judges : {&intent_line, &sentence}) {
    CHECK(judges->right > kTexts / 20);
    CHECK(judges->wrong > kTexts / 20);
  }
}

TEST_CASE("device and host agree on every short text of the letters that decide") {
  constexpr std::string_view kLetters = "aZ9_.=! \n\r";
  Judges intent_line(AnswerForm::kIntentLine, "intent_line");
  Judges sentence(AnswerForm::kSentence, "sentence");
  for (std::size_t length = 0, count = 1; length <= 4; ++length, count *= kLetters.size()) {
    for (std::size_t number = 0; number < count; ++number) {
      std::string text(length, ' ');
      std::size_t rest = number;
      for (char& letter : text) {
        letter = kLetters[rest % kLetters.size()];
        rest /= kLetters.size();
      }
      intent_line.compare(text);
      sentence.compare(text);
    }
  }
  CHECK(std::min(intent_line.right, sentence.right) > 100);
}

}  // namespace slmrig::agent::testing
