#include "workloads/forge/tokenizer_train.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <utility>

#include <fmt/format.h>

namespace slmrig::forge {

namespace {

constexpr std::string_view kSpaceSymbol = "\xE2\x96\x81";  // U+2581

enum TokenType : std::int32_t { kNormalType = 1, kUnknownType = 2, kControlType = 3, kByteType = 6 };

using Symbols = std::vector<std::string>;
using Pair = std::pair<std::string, std::string>;

bool is_word_character(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '\''; }

// Words with the space before them, as counts; whatever cannot be part of a piece is left out.
std::map<std::string, std::size_t> count_words(const std::vector<std::string>& texts) {
  std::map<std::string, std::size_t> counts;
  for (const std::string& text : texts) {
    const std::string spaced = " " + text;
    std::string word;
    for (const char c : spaced) {
      if (is_word_character(c)) {
        word += c;
        continue;
      }
      if (word.size() > 1) ++counts[word];
      word = c == ' ' ? " " : "";
    }
    if (word.size() > 1) ++counts[word];
  }
  return counts;
}

struct Word {
  Symbols symbols;
  std::size_t count;
};

void merge_in(Word& word, const Pair& pair) {
  Symbols merged;
  for (std::size_t i = 0; i < word.symbols.size(); ++i) {
    if (i + 1 < word.symbols.size() && word.symbols[i] == pair.first && word.symbols[i + 1] == pair.second) {
      merged.push_back(pair.first + pair.second);
      ++i;
    } else {
      merged.push_back(std::move(word.symbols[i]));
    }
  }
  word.symbols = std::move(merged);
}

// Pieces in merge order, with plain spaces.
std::vector<std::string> learn_merges(std::vector<Word> words, std::size_t wanted) {
  std::vector<std::string> pieces;
  while (pieces.size() < wanted) {
    std::map<Pair, std::size_t> counts;
    for (const Word& word : words) {
      for (std::size_t i = 0; i + 1 < word.symbols.size(); ++i) {
        counts[{word.symbols[i], word.symbols[i + 1]}] += word.count;
      }
    }
    const Pair* best = nullptr;
    std::size_t best_count = 0;
    for (const auto& [pair, count] : counts) {
      if (count > best_count) {
        best = &pair;
        best_count = count;
      }
    }
    if (best == nullptr) break;
    const Pair chosen = *best;
    for (Word& word : words) merge_in(word, chosen);
    const std::string piece = chosen.first + chosen.second;
    // Two different pairs can make one text; the first gave it its rank.
    if (std::find(pieces.begin(), pieces.end(), piece) == pieces.end()) pieces.push_back(piece);
  }
  return pieces;
}

std::string with_space_symbol(const std::string& piece) {
  return piece.starts_with(' ') ? std::string(kSpaceSymbol) + piece.substr(1) : piece;
}

}  // namespace

Vocabulary train_vocabulary(const std::vector<std::string>& texts, std::size_t size) {
  Vocabulary vocabulary;
  const auto add = [&](std::string piece, float score, TokenType type) {
    vocabulary.pieces.push_back(std::move(piece));
    vocabulary.scores.push_back(score);
    vocabulary.types.push_back(type);
  };
  add("<unk>", 0.0F, kUnknownType);
  add("<s>", 0.0F, kControlType);
  add("</s>", 0.0F, kControlType);
  for (int byte = 0; byte < 256; ++byte) add(fmt::format("<0x{:02X}>", byte), 0.0F, kByteType);
  SLMRIG_CHECK(size > vocabulary.pieces.size() + 1);

  std::vector<Word> words;
  for (const auto& [text, count] : count_words(texts)) {
    Word& word = words.emplace_back(Word{{}, count});
    for (const char c : text) word.symbols.emplace_back(1, c);
  }
  const std::size_t wanted = size - vocabulary.pieces.size() - 1;
  const std::vector<std::string> merges = learn_merges(std::move(words), wanted);
  // Nothing merges into the lone space symbol; its score only has to be the lowest.
  add(std::string(kSpaceSymbol), -static_cast<float>(wanted + 1), kNormalType);
  for (std::size_t rank = 0; rank < merges.size(); ++rank) {
    add(with_space_symbol(merges[rank]), -static_cast<float>(rank + 1), kNormalType);
  }
  return vocabulary;
}

void write_vocabulary(const Vocabulary& vocabulary, GgufFile& file) {
  file.set("tokenizer.ggml.model", std::string("llama"));
  file.set("tokenizer.ggml.tokens", GgufArray(vocabulary.pieces));
  file.set("tokenizer.ggml.scores", GgufArray(vocabulary.scores));
  file.set("tokenizer.ggml.token_type", GgufArray(vocabulary.types));
  file.set("tokenizer.ggml.bos_token_id", static_cast<std::uint32_t>(kBeginToken));
  file.set("tokenizer.ggml.eos_token_id", static_cast<std::uint32_t>(kEndToken));
  file.set("tokenizer.ggml.unknown_token_id", static_cast<std::uint32_t>(kUnknownToken));
  file.set("tokenizer.ggml.add_bos_token", true);
  file.set("tokenizer.ggml.add_eos_token", false);
  file.set("tokenizer.ggml.add_space_prefix", true);
}

}  // namespace slmrig::forge
