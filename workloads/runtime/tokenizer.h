// SentencePiece-style BPE with byte fallback, over the tokenizer section of an image.
//
// Encoding gives the ids that llama.cpp gives for the same vocabulary (tokenizer.ggml.model "llama"): the
// text, with a space before it where the model wants one, is split into UTF-8 characters, and of all
// neighbours whose concatenation is a piece the one with the best score is merged, the leftmost of equals
// first, until none is left. Characters that are no piece become byte tokens. Time is n log n in the bytes.
#pragma once

#include <cstddef>
#include <cstdint>

#include "workloads/runtime/status.h"
#include "workloads/runtime/tokenizer_format.h"

namespace slmrig::runtime {

// The longest text that a model of this context encodes: four bytes a token, between 256 and 8192.
uint32_t max_prompt_bytes(uint32_t context_tokens);

class Tokenizer {
 public:
  // A character or a merged piece: a run of the text, in a doubly linked list.
  struct Symbol {
    uint16_t start;
    uint16_t text_bytes;  // 0 once merged into its left neighbour
    uint16_t previous;
    uint16_t next;
  };
  // A possible merge, in a binary heap.
  struct Merge {
    uint16_t rank;
    uint16_t left;
    uint16_t right;
    uint16_t text_bytes;  // of both when it was found; otherwise it is stale
  };
  // Room to encode in: text [prompt_bytes + 1], symbols [prompt_bytes + 1], merges [2 * (prompt_bytes + 1)].
  struct Room {
    uint8_t* text;
    Symbol* symbols;
    Merge* merges;
    uint32_t prompt_bytes;
  };

  // `section` [section_bytes], aligned to 4, must outlive the tokenizer. Checks everything that encode and
  // decode rely on.
  Status open(const uint8_t* section, size_t section_bytes, Refusal* refusal);

  uint32_t piece_count() const { return header_->piece_count; }
  bool is_end(uint32_t id) const;
  bool adds_bos() const { return (header_->flags & kTokenizerAddBos) != 0; }
  uint32_t bos_id() const { return header_->bos_id; }  // or kNoTokenId

  // kPromptTooLong when the text is longer than the room or the ids are more than `capacity`.
  Status encode(const char* text, size_t text_bytes, const Room& room, int32_t* ids, uint32_t capacity,
                uint32_t* count) const;

  // See Runtime::token_text.
  Status decode(uint32_t id, bool is_first, char* text, size_t capacity, size_t* text_bytes) const;

 private:
  struct MergeHeap;

  uint16_t find(const uint8_t* text, size_t text_bytes) const;
  void consider(const Room& room, uint16_t left, uint16_t right, MergeHeap* heap) const;
  uint32_t split(const char* text, size_t text_bytes, const Room& room) const;
  void merge(const Room& room, uint32_t symbol_count) const;
  Status emit(const Room& room, uint32_t symbol_count, int32_t* ids, uint32_t capacity,
              uint32_t* count) const;

  const TokenizerHeader* header_ = nullptr;
  const PieceEntry* pieces_ = nullptr;
  const uint16_t* byte_tokens_ = nullptr;
  const uint16_t* slots_ = nullptr;
  const uint8_t* text_ = nullptr;
};

}  // namespace slmrig::runtime
