#include "workloads/runtime/tokenizer.h"

namespace slmrig::runtime {
namespace {

constexpr uint32_t kMostPieces = 1U << 18;

bool can_match_text(uint8_t type) {
  return type == static_cast<uint8_t>(PieceType::kNormal) ||
         type == static_cast<uint8_t>(PieceType::kUserDefined);
}

// True when `count` elements of element_bytes at `offset` lie inside the section, aligned to 4.
bool lies_within(uint64_t offset, uint64_t count, uint64_t element_bytes, uint64_t section_bytes) {
  return offset % 4 == 0 && offset <= section_bytes && count * element_bytes <= section_bytes - offset;
}

bool is_id(uint32_t id, uint32_t piece_count) { return id == kNoTokenId || id < piece_count; }

Status refuse(Refusal* refusal, const char* reason, uint64_t offset) {
  *refusal = {reason, offset};
  return Status::kBadImage;
}

Status refuse_unsupported(Refusal* refusal, const char* reason) {
  *refusal = {reason, 0};
  return Status::kUnsupportedImage;
}

uint32_t id_bytes(const TokenizerHeader& header) { return (header.flags & kTokenizerWide) != 0 ? 4 : 2; }

// The id at `index` of a table of ids, kNoTokenId where there is none.
uint32_t id_at(const uint8_t* table, uint32_t index, uint32_t bytes) {
  if (bytes == 4) return reinterpret_cast<const uint32_t*>(table)[index];
  const uint16_t id = reinterpret_cast<const uint16_t*>(table)[index];
  return id == kNoToken ? kNoTokenId : id;
}

Status check_kind(const TokenizerHeader& header, Refusal* refusal) {
  if (header.kind != kTokenizerSentencePiece && header.kind != kTokenizerByteLevel) {
    return refuse_unsupported(refusal, "the tokenizer is of a kind that this runtime does not know");
  }
  if (((header.flags >> kPreTokenizerShift) & 0xFFU) >= kPreTokenizerCount) {
    return refuse_unsupported(refusal, "the tokenizer cuts words in a way that this runtime does not know");
  }
  const uint32_t count = header.piece_count;
  const bool is_wide = (header.flags & kTokenizerWide) != 0;
  if (count == 0 || count > kMostPieces || (count > kMaxNarrowPieces) != is_wide) {
    return refuse(refusal, "the tokenizer has no or too many pieces", 0);
  }
  return Status::kOk;
}

Status check_header(const TokenizerHeader& header, size_t section_bytes, Refusal* refusal) {
  const uint32_t count = header.piece_count;
  if (!lies_within(header.pieces_offset, count, sizeof(PieceEntry), section_bytes) ||
      !lies_within(header.byte_tokens_offset, 256, id_bytes(header), section_bytes) ||
      !lies_within(header.slots_offset, header.slot_count, id_bytes(header), section_bytes) ||
      !lies_within(header.text_offset, header.text_bytes, 1, section_bytes)) {
    return refuse(refusal, "a part of the tokenizer reaches beyond its section", 0);
  }
  if (header.slot_count == 0 || (header.slot_count & (header.slot_count - 1)) != 0) {
    return refuse(refusal, "the tokenizer's hash table is not a power of two", header.slots_offset);
  }
  if (header.longest_piece_bytes > kLongestPieceBytes) {
    return refuse(refusal, "the tokenizer has pieces of more than 255 bytes", 0);
  }
  // A byte-level vocabulary knows every byte, or leaves out what it does not know.
  const bool unknown_good =
      header.kind == kTokenizerByteLevel ? is_id(header.unknown_id, count) : header.unknown_id < count;
  bool ids_good = is_id(header.bos_id, count) && unknown_good;
  for (const uint32_t id : header.end_ids) ids_good = ids_good && is_id(id, count);
  if (!ids_good || ((header.flags & kTokenizerAddBos) != 0 && header.bos_id == kNoTokenId)) {
    return refuse(refusal, "a special token is outside the vocabulary", 0);
  }
  return Status::kOk;
}

Status check_pieces(const TokenizerHeader& header, const PieceEntry* pieces, Refusal* refusal) {
  for (uint32_t id = 0; id < header.piece_count; ++id) {
    const PieceEntry& piece = pieces[id];
    if (piece.text_offset > header.text_bytes || piece.text_bytes > header.text_bytes - piece.text_offset ||
        piece.text_bytes > header.longest_piece_bytes ||
        (piece.type == static_cast<uint8_t>(PieceType::kByte) && piece.text_bytes != 1)) {
      return refuse(refusal, "a piece reaches beyond the tokenizer's text",
                    header.pieces_offset + id * sizeof(PieceEntry));
    }
  }
  return Status::kOk;
}

Status check_tables(const TokenizerHeader& header, const uint8_t* section, Refusal* refusal) {
  const auto* pieces = reinterpret_cast<const PieceEntry*>(section + header.pieces_offset);
  const uint32_t bytes = id_bytes(header);
  for (uint32_t byte = 0; byte < 256; ++byte) {
    if (!is_id(id_at(section + header.byte_tokens_offset, byte, bytes), header.piece_count)) {
      return refuse(refusal, "a byte token is outside the vocabulary",
                    header.byte_tokens_offset + bytes * byte);
    }
  }
  uint32_t empty_slots = 0;
  for (uint32_t slot = 0; slot < header.slot_count; ++slot) {
    const uint32_t id = id_at(section + header.slots_offset, slot, bytes);
    if (id == kNoTokenId) {
      ++empty_slots;
    } else if (id >= header.piece_count || !can_match_text(pieces[id].type) || pieces[id].text_bytes == 0) {
      return refuse(refusal, "the tokenizer's hash table holds a wrong id",
                    header.slots_offset + uint64_t{bytes} * slot);
    }
  }
  // A probe ends at an empty slot: without one it would never end.
  return empty_slots > 0 ? Status::kOk
                         : refuse(refusal, "the tokenizer's hash table is full", header.slots_offset);
}

}  // namespace

Status check_tokenizer(const uint8_t* section, size_t section_bytes, Refusal* refusal) {
  if (section_bytes < sizeof(TokenizerHeader)) {
    return refuse(refusal, "the tokenizer section is cut short", 0);
  }
  const auto& header = *reinterpret_cast<const TokenizerHeader*>(section);
  Status status = check_kind(header, refusal);
  if (status == Status::kOk) status = check_header(header, section_bytes, refusal);
  if (status != Status::kOk) return status;
  status = check_pieces(header, reinterpret_cast<const PieceEntry*>(section + header.pieces_offset), refusal);
  if (status == Status::kOk) status = check_tables(header, section, refusal);
  return status;
}

}  // namespace slmrig::runtime
