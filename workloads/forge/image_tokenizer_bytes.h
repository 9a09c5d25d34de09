// The byte-level part of image_tokenizer.h: tokenizer.ggml.model "gpt2".
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/base/error.h"
#include "workloads/forge/gguf.h"
#include "workloads/runtime/tokenizer_format.h"

namespace slmrig::forge {

// A vocabulary as the section stores it; all [pieces].
struct TokenizerVocabulary {
  std::vector<std::string> texts;  // the bytes that a piece stands for
  std::vector<runtime::PieceType> types;
  std::vector<std::uint32_t> ranks;
  std::vector<std::uint8_t> left_bytes;  // PieceEntry::left_bytes
};

// Pieces with ranks from tokenizer.ggml.merges. Refused: pieces that are not written in GPT-2's characters of
// bytes, merges of what is no piece, and a piece that arises from several pairs but not from all.
base::Result<TokenizerVocabulary> read_byte_level(const GgufFile& file,
                                                  const std::vector<std::string>& tokens,
                                                  const std::vector<std::int32_t>& types);

// What tokenizer.ggml.pre stands for; a name that is not known is refused.
struct ByteLevelRules {
  runtime::PreTokenizer pre_tokenizer = runtime::PreTokenizer::kDefault;
  bool ignores_merges = false;
};
base::Result<ByteLevelRules> read_byte_level_rules(const GgufFile& file);

}  // namespace slmrig::forge
