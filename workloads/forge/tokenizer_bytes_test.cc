// Byte-level BPE: merges checked by hand, the splitting into words, special tokens, and refusals by key.
#include <catch2/catch.hpp>

#include <fstream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "workloads/forge/image_tokenizer.h"
#include "workloads/runtime/pretokenizer.h"
#include "workloads/runtime/tokenizer.h"

namespace slmrig::forge {
namespace {

using runtime::PreTokenizer;
using runtime::SpecialTokens;
using runtime::Status;

// Space and line feed as GPT-2 writes them.
const std::string kG = "\xC4\xA0";
const std::string kN = "\xC4\x8A";

// 0 <end>, 1.. single characters, then what the merges make, in order.
GgufFile byte_level_file(const std::string& pre = "gpt-2") {
  std::vector<std::string> tokens = {"<end>"};
  for (const char* character : {"a", "b", "c", "d", "1", "2", "'", "!"}) tokens.push_back(character);
  tokens.push_back(kG);          // 9
  tokens.push_back(kN);          // 10
  tokens.push_back("\xC3\x83");  // 11: byte C3
  tokens.push_back("\xC2\xA9");  // 12: byte A9
  const std::vector<std::string> merges = {"a b", "b c", "ab c", kG + " a", kG + "a bc", "1 2", "12 1"};
  for (const std::string& merge : merges) {
    const std::size_t space = merge.find(' ', 1);
    tokens.push_back(merge.substr(0, space) + merge.substr(space + 1));  // from 13 on
  }
  std::vector<std::int32_t> types(tokens.size(), 1);
  types[0] = 3;
  GgufFile file;
  file.set("tokenizer.ggml.model", std::string("gpt2"));
  file.set("tokenizer.ggml.pre", pre);
  file.set("tokenizer.ggml.tokens", GgufArray(tokens));
  file.set("tokenizer.ggml.token_type", GgufArray(types));
  file.set("tokenizer.ggml.merges", GgufArray(merges));
  file.set("tokenizer.ggml.eos_token_id", std::uint32_t{0});
  return file;
}

struct Codec {
  explicit Codec(const GgufFile& file) {
    const auto made = tokenizer_section(file);
    REQUIRE(made);
    section.resize((made->size() + 3) / 4);
    std::copy(made->begin(), made->end(), reinterpret_cast<std::uint8_t*>(section.data()));
    runtime::Refusal refusal;
    REQUIRE(tokenizer.open(reinterpret_cast<const std::uint8_t*>(section.data()), made->size(), &refusal) ==
            Status::kOk);
  }

  std::vector<std::int32_t> encode(const std::string& text,
                                   SpecialTokens specials = SpecialTokens::kNone) const {
    std::vector<std::uint8_t> bytes(600);
    std::vector<std::uint8_t> lengths(600);
    std::vector<std::uint32_t> ranks(600);
    std::vector<std::int32_t> ids(600);
    std::uint32_t count = 0;
    REQUIRE(tokenizer.encode(text.data(), text.size(), specials,
                             {bytes.data(), lengths.data(), ranks.data(), 599}, ids.data(), 600,
                             &count) == Status::kOk);
    ids.resize(count);
    return ids;
  }

  std::string decode(const std::vector<std::int32_t>& ids) const {
    std::string text;
    for (const std::int32_t id : ids) {
      char piece[64];
      std::size_t bytes = 0;
      REQUIRE(tokenizer.decode(static_cast<std::uint32_t>(id), false, piece, sizeof(piece), &bytes) ==
              Status::kOk);
      text.append(piece, bytes);
    }
    return text;
  }

  std::vector<std::uint32_t> section;
  runtime::Tokenizer tokenizer;
};

using Ids = std::vector<std::int32_t>;

TEST_CASE("Bytes are merged in the order of the merges, and only as they say") {
  const Codec codec(byte_level_file());
  CHECK(codec.encode("").empty());
  CHECK(codec.encode("ab") == Ids{13});
  // "a b" comes before "b c": ab + c, which is a merge of its own.
  CHECK(codec.encode("abc") == Ids{15});
  CHECK(codec.encode("dbc") == Ids{4, 14});
  // Space and a merge only after a and b did, so the space stays alone.
  CHECK(codec.encode(" abc") == Ids{9, 15});
  CHECK(codec.encode(" ac") == Ids{16, 3});
  // " a" + "bc" is written as a merge, but "ab" always comes first.
  CHECK(codec.encode(" abcd") == Ids{9, 15, 4});
  // "121" arises from 12 + 1; from 1 + 21 it could not, for there is no "21".
  CHECK(codec.encode("121") == Ids{19});
  CHECK(codec.encode("1212") == Ids{18, 18});
  CHECK(codec.encode("\n") == Ids{10});
  CHECK(codec.encode("\xC3\xA9") == Ids{11, 12});
  // A byte that the vocabulary lacks has no token.
  CHECK(codec.encode("az") == Ids{1});
  CHECK(codec.decode(codec.encode(" abc\n12 \xC3\xA9!")) == " abc\n12 \xC3\xA9!");
}

TEST_CASE("A token that could be made of any two parts, but is listed with one, is made of that one") {
  GgufFile file = byte_level_file();
  file.set("tokenizer.ggml.tokens", GgufArray(std::vector<std::string>{"a", "b", "c", "ab", "bc", "abc"}));
  file.set("tokenizer.ggml.token_type", GgufArray(std::vector<std::int32_t>(6, 1)));
  file.set("tokenizer.ggml.merges", GgufArray(std::vector<std::string>{"a b", "b c", "a bc"}));
  // a b comes first, and ab + c is no merge although "abc" is a token.
  CHECK(Codec(file).encode("abc") == Ids{3, 2});
  file.set("tokenizer.ggml.merges", GgufArray(std::vector<std::string>{"a b", "b c", "a bc", "ab c"}));
  CHECK(Codec(file).encode("abc") == Ids{5});
  // llama-bpe takes a whole word that is a token without asking the merges.
  file.set("tokenizer.ggml.merges", GgufArray(std::vector<std::string>{"a b", "b c", "a bc"}));
  file.set("tokenizer.ggml.pre", std::string("llama-bpe"));
  file.set("tokenizer.ggml.bos_token_id", std::uint32_t{1});
  CHECK(Codec(file).encode("abc") == Ids{1, 5});
}

TEST_CASE("Ids beyond 16 bits are kept in 32") {
  std::vector<std::string> tokens = {"a", "b", "c"};
  for (std::int32_t id = 3; id < 70000; ++id) tokens.push_back("x" + std::to_string(id));
  for (const char* made : {"ab", "abc"}) tokens.push_back(made);
  GgufFile file = byte_level_file();
  file.set("tokenizer.ggml.token_type", GgufArray(std::vector<std::int32_t>(tokens.size(), 1)));
  file.set("tokenizer.ggml.tokens", GgufArray(std::move(tokens)));
  file.set("tokenizer.ggml.merges", GgufArray(std::vector<std::string>{"a b", "ab c"}));
  const Codec codec(file);
  CHECK(codec.encode("abc") == Ids{70001});
  CHECK(codec.encode("abb") == Ids{70000, 1});
  CHECK(codec.decode({70001, 69999}) == "abcx69999");
}

TEST_CASE("Special tokens are found only where they are asked for") {
  const Codec codec(byte_level_file());
  CHECK(codec.encode("a<end>b", SpecialTokens::kControl) == Ids{1, 0, 2});
  CHECK(codec.encode("<end>", SpecialTokens::kControl) == Ids{0});
  // Otherwise these are six characters, of which the vocabulary knows d.
  CHECK(codec.encode("<end>") == Ids{4});
  GgufFile file = byte_level_file();
  std::vector<std::int32_t> types(20, 1);
  types[0] = 4;  // defined by the user: always found
  file.set("tokenizer.ggml.token_type", GgufArray(types));
  CHECK(Codec(file).encode("a<end>b") == Ids{1, 0, 2});
}

std::vector<std::string> words(PreTokenizer kind, const std::string& text) {
  std::vector<std::string> found;
  for (std::size_t done = 0; done < text.size();) {
    const auto* rest = reinterpret_cast<const std::uint8_t*>(text.data()) + done;
    const std::uint32_t bytes =
        runtime::first_word_bytes(kind, rest, static_cast<std::uint32_t>(text.size() - done));
    REQUIRE(bytes > 0);
    REQUIRE(bytes <= text.size() - done);
    found.push_back(text.substr(done, bytes));
    done += bytes;
  }
  return found;
}

using Words = std::vector<std::string>;

TEST_CASE("Texts are cut into words as each model's expression says") {
  const std::string text = "I'll pay  $1234.50,\n\n  don't YOU'RE x";
  CHECK(words(PreTokenizer::kGpt2, text) == Words{"I", "'ll", " pay", " ", " $", "1234", ".", "50", ",",
                                                  "\n\n ", " don", "'t", " YOU", "'", "RE", " x"});
  CHECK(words(PreTokenizer::kLlama3, text) == Words{"I", "'ll", " pay", " ", " $", "123", "4", ".", "50",
                                                    ",\n\n", " ", " don", "'t", " YOU", "'RE", " x"});
  CHECK(words(PreTokenizer::kQwen2, text) == Words{"I", "'ll", " pay", " ", " $", "1", "2", "3", "4", ".",
                                                   "5", "0", ",\n\n", " ", " don", "'t", " YOU", "'RE",
                                                   " x"});
  CHECK(words(PreTokenizer::kSmollm, text) == Words{"I",    "'ll", " pay", " ", " $", "1", "2",
                                                    "3",    "4",   ".",    "5", "0",  ",", "\n\n ",
                                                    " don", "'t",  " YOU", "'", "RE", " x"});
  CHECK(words(PreTokenizer::kDefault, text) == Words{"I", "'", "ll", " pay", "  ", "$", "123", "4", ".", "50",
                                                     ",", "\n\n ", " don", "'", "t", " YOU", "'", "RE",
                                                     " x"});
  // A space before digits belongs to them in GPT-2's, and stands alone where digits do.
  CHECK(words(PreTokenizer::kGpt2, "a 12 ") == Words{"a", " 12", " "});
  CHECK(words(PreTokenizer::kSmollm, "a 12 ") == Words{"a", " ", "1", "2", " "});
  CHECK(words(PreTokenizer::kDefault, "a 12 ") == Words{"a", " ", "12", " "});
  CHECK(words(PreTokenizer::kLlama3, " \t\r\n\n  (x)\r\n") == Words{" \t\r\n\n", " ", " (", "x", ")\r\n"});
  CHECK(words(PreTokenizer::kGpt2, "na\xC3\xAFve \xE6\x97\xA5") == Words{"na\xC3\xAFve", " \xE6\x97\xA5"});
}

// Texts and ids of an independent implementation; how they were made stands in the file.
TEST_CASE("Byte-level BPE gives the ids that an independent implementation gives") {
  std::ifstream stream("tests/peers/byte_level_bpe.json");
  const auto golden = nlohmann::json::parse(stream);
  std::vector<std::string> tokens;
  const std::string bytes = golden["bytes"];
  for (std::size_t at = 0; at < bytes.size(); at += tokens.back().size())
    tokens.push_back(bytes.substr(at, static_cast<unsigned char>(bytes[at]) < 0x80 ? 1 : 2));
  REQUIRE(tokens.size() == 256);
  const std::vector<std::string> merges = golden["merges"];
  for (const std::string& merge : merges) {
    const std::size_t space = merge.find(' ');
    tokens.push_back(merge.substr(0, space) + merge.substr(space + 1));
  }
  GgufFile file = byte_level_file();
  file.set("tokenizer.ggml.tokens", GgufArray(tokens));
  file.set("tokenizer.ggml.token_type", GgufArray(std::vector<std::int32_t>(tokens.size(), 1)));
  file.set("tokenizer.ggml.merges", GgufArray(merges));
  const Codec codec(file);
  REQUIRE(golden["cases"].size() == 166);
  for (const auto& one : golden["cases"]) {
    const std::string text = one["text"];
    INFO(text);
    CHECK(codec.encode(text) == one["ids"].get<std::vector<std::int32_t>>());
    CHECK(codec.decode(codec.encode(text)) == text);
  }
}

TEST_CASE("Byte-level vocabularies that an image cannot hold are refused by key") {
  const auto refusal = [](const char* key, const GgufValue& value) {
    GgufFile file = byte_level_file();
    file.set(key, value);
    const auto section = tokenizer_section(file);
    REQUIRE_FALSE(section);
    return section.error().text();
  };
  CHECK(refusal("tokenizer.ggml.pre", std::string("viking")).find("`viking`") != std::string::npos);
  CHECK(refusal("tokenizer.ggml.merges", GgufArray(std::vector<std::string>{"a z"}))
            .find("merges[0] joins `z`") != std::string::npos);
  CHECK(refusal("tokenizer.ggml.merges", GgufArray(std::vector<std::string>{"a b", "a c"}))
            .find("merges[1] `a c` makes no token") != std::string::npos);
  CHECK(refusal("tokenizer.ggml.merges", GgufArray(std::vector<std::string>{"ab"}))
            .find("expected two parts") != std::string::npos);
}

}  // namespace
}  // namespace slmrig::forge
