// The runtime's tokenizer through images of a known vocabulary: golden ids, a naive reference, round trips.
#include <catch2/catch.hpp>

#include <map>
#include <random>
#include <string>
#include <vector>

#include "workloads/forge/image_tokenizer.h"
#include "workloads/forge/model_runner.h"
#include "workloads/forge/random_model.h"

namespace slmrig::forge {
namespace {

using runtime::Status;

constexpr std::int32_t kFirstByte = 3;

ModelRunner open_runner() {
  auto build = write_image(random_model({}), {}, {});
  REQUIRE(build);
  auto runner = ModelRunner::from_image(build->bytes, {});
  REQUIRE(runner);
  return std::move(*runner);
}

std::vector<std::string> vocabulary() {
  const auto tokens = random_model({}).strings_of("tokenizer.ggml.tokens");
  REQUIRE(tokens);
  return *tokens;
}

std::vector<std::int32_t> encode(ModelRunner& runner, const std::string& text) {
  std::vector<std::int32_t> ids(2000);
  std::uint32_t count = 0;
  REQUIRE(runner.runtime().encode(text.data(), text.size(), ids.data(), 2000, &count) == Status::kOk);
  ids.resize(count);
  return ids;
}

std::string decode(ModelRunner& runner, const std::vector<std::int32_t>& ids) {
  std::string text;
  for (std::size_t i = 1; i < ids.size(); ++i) {
    char piece[64];
    std::size_t piece_bytes = 0;
    REQUIRE(runner.runtime().token_text(ids[i], i == 1, piece, sizeof(piece), &piece_bytes) == Status::kOk);
    text.append(piece, piece_bytes);
  }
  return text;
}

// SentencePiece by its definition: scan all neighbours for the best, merge, again.
std::vector<std::int32_t> naive_encode(const std::vector<std::string>& tokens, const std::string& text) {
  std::map<std::string, std::int32_t> id_of;
  for (std::size_t id = 259; id < tokens.size(); ++id) id_of[tokens[id]] = static_cast<std::int32_t>(id);
  std::vector<std::string> symbols;
  const std::string prefixed = " " + text;
  for (std::size_t i = 0; i < prefixed.size();) {
    const auto first = static_cast<unsigned char>(prefixed[i]);
    std::size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC0 ? 2 : 1;
    size = std::min(size, prefixed.size() - i);
    const std::string symbol = prefixed.substr(i, size);
    symbols.push_back(symbol == " " ? "\xE2\x96\x81" : symbol);
    i += size;
  }
  for (;;) {
    std::int32_t best_id = -1;
    std::size_t best_place = 0;
    for (std::size_t i = 0; i + 1 < symbols.size(); ++i) {
      const auto found = id_of.find(symbols[i] + symbols[i + 1]);
      // A lower id has a higher score in this vocabulary.
      if (found != id_of.end() && (best_id < 0 || found->second < best_id)) {
        best_id = found->second;
        best_place = i;
      }
    }
    if (best_id < 0) break;
    symbols[best_place] += symbols[best_place + 1];
    symbols.erase(symbols.begin() + static_cast<std::ptrdiff_t>(best_place) + 1);
  }
  std::vector<std::int32_t> ids = {1};
  for (const std::string& symbol : symbols) {
    if (const auto found = id_of.find(symbol); found != id_of.end()) {
      ids.push_back(found->second);
    } else {
      for (const char c : symbol) ids.push_back(kFirstByte + static_cast<unsigned char>(c));
    }
  }
  return ids;
}

TEST_CASE("Known texts have known ids") {
  ModelRunner runner = open_runner();
  const std::vector<std::string> tokens = vocabulary();
  const auto id = [&tokens](const std::string& piece) {
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      if (tokens[i] == piece) return static_cast<std::int32_t>(i);
    }
    return -1;
  };
  const std::string space = "\xE2\x96\x81";
  CHECK(encode(runner, "") == std::vector<std::int32_t>{1});
  CHECK(encode(runner, "the") == std::vector<std::int32_t>{1, id(space + "the")});
  CHECK(encode(runner, "\n") == std::vector<std::int32_t>{1, id(space), kFirstByte + 10});
  // A character that is no piece becomes its bytes.
  CHECK(encode(runner, "\xC3\xA9") ==
        std::vector<std::int32_t>{1, id(space), kFirstByte + 0xC3, kFirstByte + 0xA9});
  // Of equal merges the leftmost comes first.
  CHECK(encode(runner, "7aaa") == std::vector<std::int32_t>{1, id(space), id("7"), id("aa"), id("a")});
  // Special tokens are never read from text.
  CHECK(encode(runner, "</s>").size() > 2);
}

TEST_CASE("Encoding is what SentencePiece's definition says, on random texts") {
  ModelRunner runner = open_runner();
  const std::vector<std::string> tokens = vocabulary();
  std::mt19937 random(3);
  const std::vector<std::string> parts = {"a",   "e", "t", "h",  "n",        "s",
                                          "i",   "r", "o", " ",  " ",        "the",
                                          "ing", "7", "Z", "\n", "\xC3\xA9", "\xE2\x82\xAC",
                                          "\xFF"};
  for (int round = 0; round < 400; ++round) {
    std::string text;
    const std::size_t length = random() % 40;
    for (std::size_t i = 0; i < length; ++i) text += parts[random() % parts.size()];
    if (text.empty()) continue;
    INFO(text);
    CHECK(encode(runner, text) == naive_encode(tokens, text));
  }
}

TEST_CASE("Decoding what was encoded gives the text again") {
  ModelRunner runner = open_runner();
  for (const std::string text :
       {"set the heat to 21 degrees", "  two spaces  ", "caf\xC3\xA9 \xF0\x9F\x98\x80\n", "a", "\xFF\xFE"}) {
    CHECK(decode(runner, encode(runner, text)) == text);
  }
  std::mt19937 random(4);
  for (int round = 0; round < 100; ++round) {
    std::string text;
    for (std::size_t i = 0; i < 60; ++i) text += static_cast<char>(random() % 255 + 1);
    // U+2581 is SentencePiece's own sign for a space and cannot be told from one.
    if (text.find("\xE2\x96\x81") != std::string::npos) continue;
    CHECK(decode(runner, encode(runner, text)) == text);
  }
}

TEST_CASE("Too long texts and too few places for ids are refused, never overrun") {
  ModelRunner runner = open_runner();
  const std::uint32_t most_bytes = runtime::max_prompt_bytes(64);
  const std::string longest(most_bytes, 'q');
  CHECK(encode(runner, longest).size() > most_bytes / 4);
  std::vector<std::int32_t> ids(2000, -7);
  std::uint32_t count = 0;
  const std::string longer = longest + "q";
  CHECK(runner.runtime().encode(longer.data(), longer.size(), ids.data(), 2000, &count) ==
        Status::kPromptTooLong);
  for (std::uint32_t capacity = 0; capacity < 8; ++capacity) {
    std::fill(ids.begin(), ids.end(), -7);
    const std::string text = "zqxzqxzqx";
    CHECK(runner.runtime().encode(text.data(), text.size(), ids.data(), capacity, &count) ==
          Status::kPromptTooLong);
    CHECK(ids[capacity] == -7);
    CHECK(count == encode(runner, text).size());
  }
}

TEST_CASE("Control tokens have no text; unknown ids and small rooms are refused") {
  ModelRunner runner = open_runner();
  char text[1];
  std::size_t text_bytes = 9;
  CHECK(runner.runtime().token_text(2, false, text, sizeof(text), &text_bytes) == Status::kOk);
  CHECK(text_bytes == 0);
  CHECK(runner.runtime().token_text(512, false, text, sizeof(text), &text_bytes) == Status::kBadArgument);
  CHECK(runner.runtime().token_text(-1, false, text, sizeof(text), &text_bytes) == Status::kBadArgument);
  const std::vector<std::int32_t> ids = encode(runner, "the");
  CHECK(runner.runtime().token_text(ids[1], false, text, sizeof(text), &text_bytes) == Status::kBadArgument);
}

TEST_CASE("Vocabularies that an image cannot hold are refused by key") {
  GgufFile file = random_model({});
  file.set("tokenizer.ggml.model", std::string("bert"));
  auto section = tokenizer_section(file);
  REQUIRE_FALSE(section);
  CHECK(section.error().code == base::ErrorCode::kUnsupported);
  CHECK(section.error().text().find("tokenizer.ggml.model") != std::string::npos);
  file = random_model({});
  file.set("tokenizer.ggml.scores", GgufArray(std::vector<float>(3)));
  section = tokenizer_section(file);
  REQUIRE_FALSE(section);
  CHECK(section.error().text().find("512 and 3") != std::string::npos);
  file = random_model({});
  file.set("tokenizer.ggml.eos_token_id", std::uint32_t{512});
  section = tokenizer_section(file);
  REQUIRE_FALSE(section);
  CHECK(section.error().text().find("eos_token_id") != std::string::npos);
}

}  // namespace
}  // namespace slmrig::forge
