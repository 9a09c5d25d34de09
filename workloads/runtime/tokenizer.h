// Byte-pair encoding over the tokenizer section of an image, of two kinds.
//
// SentencePiece: encoding gives the ids that llama.cpp gives for the same vocabulary (tokenizer.ggml.model
// "llama"). The text, with a space before it where the model wants one, is split into UTF-8 characters, and
// of all neighbours whose concatenation is a piece the one with the best score is merged, the leftmost of
// equals first, until none is left. Characters that are no piece become byte tokens.
//
// Byte level (tokenizer.ggml.model "gpt2"): the text is cut into words (pretokenizer.h, which also says what
// it knows of Unicode), and within each the bytes are merged in the order of the model's merges.
//
// Merging takes time in the square of a word's bytes, by a few instructions each, and six bytes of room at
// most for every byte of text: a heap would be faster on words of thousands of bytes, which nobody writes.
#pragma once

#include <cstddef>
#include <cstdint>

#include "workloads/runtime/arena.h"
#include "workloads/runtime/status.h"
#include "workloads/runtime/tokenizer_format.h"

namespace slmrig::runtime {

// The longest text that a model of this context encodes: four bytes a token, between 256 and 8192.
uint32_t max_prompt_bytes(uint32_t context_tokens);

// What is read from a text beside text.
enum class SpecialTokens : uint8_t {
  kNone,     // "</s>" is four characters; only pieces that a user defined are found
  kControl,  // the text of a control token is that token: for prompts made by a chat template
};

class Tokenizer {
 public:
  // Room to encode in, of a vocabulary's size and a text's.
  struct Room {
    uint8_t* text = nullptr;     // [prompt_bytes + 1]
    uint8_t* lengths = nullptr;  // [prompt_bytes + 1]: bytes of a symbol, at its first and its last byte
    void* ranks = nullptr;       // [prompt_bytes + 1] of 16 bits, wide 32: of the merge with the next symbol
    uint32_t prompt_bytes = 0;

    bool take(uint32_t vocabulary_tokens, uint32_t context_tokens, Arena* arena);
  };

  // `section` [section_bytes], aligned to 4, must outlive the tokenizer. Checks everything that encode and
  // decode rely on.
  Status open(const uint8_t* section, size_t section_bytes, Refusal* refusal);

  uint32_t piece_count() const { return header_->piece_count; }
  bool is_end(uint32_t id) const;
  bool adds_bos() const { return (header_->flags & kTokenizerAddBos) != 0; }
  uint32_t bos_id() const { return header_->bos_id; }  // or kNoTokenId

  // kPromptTooLong when the text is longer than the room or the ids are more than `capacity`; *count is then
  // how many they are, where the text was not too long.
  Status encode(const char* text, size_t text_bytes, SpecialTokens specials, const Room& room, int32_t* ids,
                uint32_t capacity, uint32_t* count) const;

  // See Runtime::token_text.
  Status decode(uint32_t id, bool is_first, char* text, size_t capacity, size_t* text_bytes) const;

 private:
  struct Output;  // where ids go
  struct Special;
  template <typename Rank>
  class Merger;

  bool is_wide() const { return (header_->flags & kTokenizerWide) != 0; }
  bool is_byte_level() const { return header_->kind == kTokenizerByteLevel; }
  // kNoTokenId where there is none.
  uint32_t slot(uint32_t index) const;
  uint32_t byte_token(uint8_t byte) const;
  uint32_t find(const uint8_t* text, size_t text_bytes) const;

  bool is_special(const PieceEntry& piece, SpecialTokens specials) const;
  Special next_special(const uint8_t* text, uint32_t text_bytes, SpecialTokens specials) const;
  uint32_t normalise(const uint8_t* text, uint32_t text_bytes, uint8_t* to) const;
  uint32_t word_bytes(const uint8_t* text, uint32_t text_bytes) const;
  void encode_part(const uint8_t* text, uint32_t text_bytes, const Room& room, Output* output) const;
  void encode_word(const uint8_t* text, uint32_t text_bytes, const Room& room, Output* output) const;
  void emit(const uint8_t* text, const uint8_t* lengths, uint32_t text_bytes, Output* output) const;

  const TokenizerHeader* header_ = nullptr;
  const PieceEntry* pieces_ = nullptr;
  const uint8_t* byte_tokens_ = nullptr;
  const uint8_t* slots_ = nullptr;
  const uint8_t* text_ = nullptr;
};

// What Tokenizer::open relies on, in tokenizer_checks.cc: every count, offset, length and id of a section.
Status check_tokenizer(const uint8_t* section, size_t section_bytes, Refusal* refusal);

}  // namespace slmrig::runtime
