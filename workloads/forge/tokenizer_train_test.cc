#include "workloads/forge/tokenizer_train.h"

#include <algorithm>
#include <cctype>

#include <catch2/catch.hpp>

#include "workloads/forge/text_codec.h"

namespace slmrig::forge {
namespace {

const std::vector<std::string> kTexts = {"set a timer for 12 minutes\ntimer.set duration=12m",
                                         "set the timer to 120 minutes", "the minutes of the timer 12:12 12"};

TextCodec codec_of(const Vocabulary& vocabulary) {
  GgufFile file;
  write_vocabulary(vocabulary, file);
  auto codec = TextCodec::from(file);
  REQUIRE(codec);
  return std::move(*codec);
}

}  // namespace

TEST_CASE("The vocabulary has its specials, all bytes and then pieces in merge order") {
  const Vocabulary vocabulary = train_vocabulary(kTexts, 290);
  REQUIRE(vocabulary.pieces.size() == 290);
  CHECK(vocabulary.pieces[0] == "<unk>");
  CHECK(vocabulary.types[0] == 2);
  CHECK(vocabulary.pieces[kBeginToken] == "<s>");
  CHECK(vocabulary.pieces[kEndToken] == "</s>");
  CHECK(vocabulary.pieces[kFirstByteToken] == "<0x00>");
  CHECK(vocabulary.pieces[kFirstByteToken + 255] == "<0xFF>");
  CHECK(vocabulary.pieces[259] == "\xE2\x96\x81");
  for (std::size_t i = 261; i < 290; ++i) CHECK(vocabulary.scores[i] == vocabulary.scores[i - 1] - 1.0F);
  // "ti" of timer and "in", "te" of minutes compete; the most frequent pair of these texts is first.
  CHECK(vocabulary.scores[260] == -1.0F);
}

TEST_CASE("Digits, punctuation and line feeds stand alone") {
  const Vocabulary vocabulary = train_vocabulary(kTexts, 290);
  for (std::size_t i = 260; i < vocabulary.pieces.size(); ++i) {
    for (const char c : vocabulary.pieces[i]) {
      INFO(vocabulary.pieces[i]);
      CHECK((static_cast<unsigned char>(c) >= 0x80 || std::isalpha(static_cast<unsigned char>(c)) != 0 ||
             c == '\''));
    }
  }
  const TextCodec codec = codec_of(vocabulary);
  const auto twelve = codec.encode("12");
  REQUIRE(twelve);
  // BOS, the space prefix, two digits.
  CHECK(twelve->size() == 4);
}

TEST_CASE("Whatever was encoded is decoded the same, by bytes where no piece fits") {
  const TextCodec codec = codec_of(train_vocabulary(kTexts, 290));
  for (const char* text :
       {"set a timer", "SET 7:30!\nx=y", "gr\xC3\xBC\xC3\x9F dich \xF0\x9F\x98\x80", "  two  spaces ", "'"}) {
    const auto ids = codec.encode(text);
    REQUIRE(ids);
    CHECK(codec.decode(*ids, true) == text);
  }
  CHECK(codec.encode("set the timer")->size() < 12);
  CHECK_FALSE(codec.encode(std::string(5000, 'a')));
}

TEST_CASE("Training a vocabulary twice gives the same one") {
  const Vocabulary a = train_vocabulary(kTexts, 300);
  const Vocabulary b = train_vocabulary(kTexts, 300);
  CHECK(a.pieces == b.pieces);
}

}  // namespace slmrig::forge
