// The tokenizer section of an image: a vocabulary in a form that needs no heap to use.
//
// The host prepares what a board would otherwise build at start: the pieces' text as the bytes it stands for
// (plain spaces in place of U+2581, byte-level characters turned back), merge ranks, and a hash table from
// text to id. Offsets count from the start of the section and are multiples of 4.
#pragma once

#include <cstddef>
#include <cstdint>

namespace slmrig::runtime {

constexpr uint32_t kTokenizerSentencePiece = 1;  // merges in the order of scores, bytes where no piece fits
constexpr uint32_t kTokenizerByteLevel = 2;  // words by a pre-tokenizer, then merges of bytes in their order
constexpr uint16_t kNoToken = 0xFFFF;
constexpr uint32_t kNoTokenId = 0xFFFFFFFFU;
// The longest text of a piece: the encoder notes lengths in a byte.
constexpr uint32_t kLongestPieceBytes = 255;
constexpr uint32_t kMaxEndTokens = 4;

enum class PieceType : uint8_t {
  kNormal = 1,
  kUnknown = 2,
  kControl = 3,
  kUserDefined = 4,
  kUnused = 5,
  kByte = 6
};

constexpr uint32_t kTokenizerAddBos = 1U;
constexpr uint32_t kTokenizerAddSpacePrefix = 2U;
constexpr uint32_t kTokenizerIgnoreMerges = 4U;  // a whole word that is a piece is taken as it is
constexpr uint32_t kTokenizerWide = 8U;          // byte tokens and slots hold 32-bit ids, kNoTokenId for none
// No piece has a space behind something else: a merge never reaches from a word into the next.
constexpr uint32_t kTokenizerSpacesLead = 16U;
constexpr uint32_t kPreTokenizerShift = 8;  // flags, bits 8 to 15: PreTokenizer; byte-level only
// A vocabulary of more pieces is wide.
constexpr uint32_t kMaxNarrowPieces = 65534;

// How a text is cut into words (pretokenizer.h). Values are part of the format.
enum class PreTokenizer : uint8_t { kDefault = 0, kGpt2 = 1, kLlama3 = 2, kQwen2 = 3, kSmollm = 4 };
constexpr uint32_t kPreTokenizerCount = 5;

struct TokenizerHeader {
  uint32_t kind;
  uint32_t flags;
  uint32_t piece_count;
  uint32_t longest_piece_bytes;
  uint32_t bos_id;  // kNoTokenId where there is none
  uint32_t unknown_id;
  uint32_t end_ids[kMaxEndTokens];  // kNoTokenId in the unused places
  uint32_t pieces_offset;           // PieceEntry [piece_count]
  uint32_t byte_tokens_offset;      // uint16_t (wide: uint32_t) [256]: the token of each byte, or none
  uint32_t slots_offset;            // uint16_t (wide: uint32_t) [slot_count]: ids by hash, linear probing
  uint32_t slot_count;              // a power of two, at least one slot empty
  uint32_t text_offset;             // the pieces' bytes
  uint32_t text_bytes;
};
static_assert(sizeof(TokenizerHeader) == 64, "the layout of the tokenizer section is fixed");

struct PieceEntry {
  uint32_t text_offset;  // into the text
  uint16_t text_bytes;
  uint16_t rank;  // merge order, 0 first; equal scores share one
  uint8_t type;   // PieceType
  // The piece arises only from a left part of so many bytes (its own length: from none); 0: from any two.
  uint8_t left_bytes;
  uint16_t rank_high;  // the upper half of the rank
};
static_assert(sizeof(PieceEntry) == 12, "the layout of a piece is fixed");

// FNV-1a: places a piece in the hash table.
static inline uint32_t piece_hash(const uint8_t* text, size_t text_bytes) {
  uint32_t hash = 2166136261U;
  for (size_t i = 0; i < text_bytes; ++i) hash = (hash ^ text[i]) * 16777619U;
  return hash;
}

}  // namespace slmrig::runtime
