// Training the vocabulary: byte-pair encoding in SentencePiece's manner, with byte fallback.
//
// Ids: 0 <unk>, 1 <s>, 2 </s>, 3..258 the bytes, then the space symbol U+2581, then pieces in the order in
// which they were merged; the score of a piece is minus its rank. Pieces are runs of letters with at most the
// space before them: digits, punctuation and the line feed always stand alone, so that a number is copied
// digit by digit wherever it stands. Single ASCII characters need no piece: their byte token is one token
// too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "workloads/forge/gguf.h"

namespace slmrig::forge {

inline constexpr std::int32_t kUnknownToken = 0;
inline constexpr std::int32_t kBeginToken = 1;
inline constexpr std::int32_t kEndToken = 2;
inline constexpr std::int32_t kFirstByteToken = 3;
inline constexpr std::size_t kVocabularyTokens = 512;

struct Vocabulary {
  std::vector<std::string> pieces;
  std::vector<float> scores;
  std::vector<std::int32_t> types;  // as tokenizer.ggml.token_type
};

// Deterministic: equal counts are broken by the text of the pair. `size` > 260.
Vocabulary train_vocabulary(const std::vector<std::string>& texts, std::size_t size = kVocabularyTokens);

// Sets the tokenizer.ggml.* keys.
void write_vocabulary(const Vocabulary& vocabulary, GgufFile& file);

}  // namespace slmrig::forge
