#include "workloads/runtime/tokenizer.h"

#include <cstring>

namespace slmrig::runtime {
namespace {

constexpr uint16_t kNone = 0xFFFF;
constexpr uint8_t kSpace = 0x20;

// Bytes of the UTF-8 character that begins with `first`; stray continuation bytes stand alone.
uint32_t character_bytes(uint8_t first) {
  if (first >= 0xF0) return 4;
  if (first >= 0xE0) return 3;
  if (first >= 0xC0) return 2;
  return 1;
}

bool before(const Tokenizer::Merge& a, const Tokenizer::Merge& b) {
  return a.rank != b.rank ? a.rank < b.rank : a.left < b.left;
}

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

Status check_header(const TokenizerHeader& header, size_t section_bytes, Refusal* refusal) {
  if (header.kind != kTokenizerSentencePiece) {
    *refusal = {"the tokenizer is of a kind that this runtime does not know", 0};
    return Status::kUnsupportedImage;
  }
  const uint32_t count = header.piece_count;
  if (count == 0 || count >= kNoToken) return refuse(refusal, "the tokenizer has no or too many pieces", 0);
  if (!lies_within(header.pieces_offset, count, sizeof(PieceEntry), section_bytes) ||
      !lies_within(header.byte_tokens_offset, 256, 2, section_bytes) ||
      !lies_within(header.slots_offset, header.slot_count, 2, section_bytes) ||
      !lies_within(header.text_offset, header.text_bytes, 1, section_bytes)) {
    return refuse(refusal, "a part of the tokenizer reaches beyond its section", 0);
  }
  if (header.slot_count == 0 || (header.slot_count & (header.slot_count - 1)) != 0) {
    return refuse(refusal, "the tokenizer's hash table is not a power of two", header.slots_offset);
  }
  bool ids_good = is_id(header.bos_id, count) && header.unknown_id < count;
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

Status check_tables(const TokenizerHeader& header, const PieceEntry* pieces, const uint16_t* byte_tokens,
                    const uint16_t* slots, Refusal* refusal) {
  for (uint32_t byte = 0; byte < 256; ++byte) {
    if (byte_tokens[byte] != kNoToken && byte_tokens[byte] >= header.piece_count) {
      return refuse(refusal, "a byte token is outside the vocabulary", header.byte_tokens_offset + 2 * byte);
    }
  }
  uint32_t empty_slots = 0;
  for (uint32_t slot = 0; slot < header.slot_count; ++slot) {
    if (slots[slot] == kNoToken) {
      ++empty_slots;
    } else if (slots[slot] >= header.piece_count || !can_match_text(pieces[slots[slot]].type)) {
      return refuse(refusal, "the tokenizer's hash table holds a wrong id", header.slots_offset + 2 * slot);
    }
  }
  // A probe ends at an empty slot: without one it would never end.
  return empty_slots > 0 ? Status::kOk
                         : refuse(refusal, "the tokenizer's hash table is full", header.slots_offset);
}

}  // namespace

// A binary heap, best merge at the front.
struct Tokenizer::MergeHeap {
  Merge* entries;
  uint32_t size;

  void push(const Merge& merge) {
    uint32_t place = size++;
    while (place > 0) {
      const uint32_t parent = (place - 1) / 2;
      if (!before(merge, entries[parent])) break;
      entries[place] = entries[parent];
      place = parent;
    }
    entries[place] = merge;
  }

  Merge pop() {
    const Merge best = entries[0];
    const Merge last = entries[--size];
    uint32_t place = 0;
    for (;;) {
      uint32_t child = 2 * place + 1;
      if (child >= size) break;
      if (child + 1 < size && before(entries[child + 1], entries[child])) ++child;
      if (!before(entries[child], last)) break;
      entries[place] = entries[child];
      place = child;
    }
    entries[place] = last;
    return best;
  }
};

uint32_t max_prompt_bytes(uint32_t context_tokens) {
  if (context_tokens >= 2048) return 8192;
  return context_tokens <= 64 ? 256 : 4 * context_tokens;
}

Status Tokenizer::open(const uint8_t* section, size_t section_bytes, Refusal* refusal) {
  if (section_bytes < sizeof(TokenizerHeader)) {
    return refuse(refusal, "the tokenizer section is cut short", 0);
  }
  const auto* header = reinterpret_cast<const TokenizerHeader*>(section);
  Status status = check_header(*header, section_bytes, refusal);
  if (status != Status::kOk) return status;
  const auto* pieces = reinterpret_cast<const PieceEntry*>(section + header->pieces_offset);
  const auto* byte_tokens = reinterpret_cast<const uint16_t*>(section + header->byte_tokens_offset);
  const auto* slots = reinterpret_cast<const uint16_t*>(section + header->slots_offset);
  status = check_pieces(*header, pieces, refusal);
  if (status == Status::kOk) status = check_tables(*header, pieces, byte_tokens, slots, refusal);
  if (status != Status::kOk) return status;
  header_ = header;
  pieces_ = pieces;
  byte_tokens_ = byte_tokens;
  slots_ = slots;
  text_ = section + header->text_offset;
  return Status::kOk;
}

bool Tokenizer::is_end(uint32_t id) const {
  for (const uint32_t end_id : header_->end_ids) {
    if (id == end_id) return true;
  }
  return false;
}

// The id of a text, or kNoToken.
uint16_t Tokenizer::find(const uint8_t* text, size_t text_bytes) const {
  if (text_bytes > header_->longest_piece_bytes) return kNoToken;
  const uint32_t mask = header_->slot_count - 1;
  uint32_t slot = piece_hash(text, text_bytes) & mask;
  while (slots_[slot] != kNoToken) {
    const PieceEntry& piece = pieces_[slots_[slot]];
    if (piece.text_bytes == text_bytes && std::memcmp(text_ + piece.text_offset, text, text_bytes) == 0) {
      return slots_[slot];
    }
    slot = (slot + 1) & mask;
  }
  return kNoToken;
}

void Tokenizer::consider(const Room& room, uint16_t left, uint16_t right, MergeHeap* heap) const {
  if (left == kNone || right == kNone) return;
  const Symbol& a = room.symbols[left];
  const uint32_t both_bytes = static_cast<uint32_t>(a.text_bytes) + room.symbols[right].text_bytes;
  const uint16_t id = find(room.text + a.start, both_bytes);
  if (id == kNoToken) return;
  heap->push({pieces_[id].rank, left, right, static_cast<uint16_t>(both_bytes)});
}

// Copies the text, spaces normalised, and makes one symbol a character.
uint32_t Tokenizer::split(const char* text, size_t text_bytes, const Room& room) const {
  const auto* bytes = reinterpret_cast<const uint8_t*>(text);
  uint32_t length = 0;
  if ((header_->flags & kTokenizerAddSpacePrefix) != 0 && text_bytes > 0) room.text[length++] = kSpace;
  for (size_t i = 0; i < text_bytes;) {
    // U+2581 is how SentencePiece writes a space.
    if (i + 3 <= text_bytes && bytes[i] == 0xE2 && bytes[i + 1] == 0x96 && bytes[i + 2] == 0x81) {
      room.text[length++] = kSpace;
      i += 3;
    } else {
      room.text[length++] = bytes[i++];
    }
  }
  uint32_t count = 0;
  for (uint32_t start = 0; start < length; ++count) {
    const uint32_t wanted = character_bytes(room.text[start]);
    const uint32_t size = wanted < length - start ? wanted : length - start;
    room.symbols[count] = {static_cast<uint16_t>(start), static_cast<uint16_t>(size),
                           count == 0 ? kNone : static_cast<uint16_t>(count - 1),
                           static_cast<uint16_t>(count + 1)};
    start += size;
  }
  if (count > 0) room.symbols[count - 1].next = kNone;
  return count;
}

void Tokenizer::merge(const Room& room, uint32_t symbol_count) const {
  MergeHeap heap = {room.merges, 0};
  for (uint32_t i = 1; i < symbol_count; ++i) {
    consider(room, static_cast<uint16_t>(i - 1), static_cast<uint16_t>(i), &heap);
  }
  // Each merge takes one entry from the heap and adds at most two: never more than 2 * symbol_count.
  while (heap.size > 0) {
    const Merge best = heap.pop();
    Symbol& left = room.symbols[best.left];
    Symbol& right = room.symbols[best.right];
    if (left.text_bytes == 0 || right.text_bytes == 0 ||
        left.text_bytes + right.text_bytes != best.text_bytes || left.next != best.right) {
      continue;
    }
    left.text_bytes = best.text_bytes;
    right.text_bytes = 0;
    left.next = right.next;
    if (right.next != kNone) room.symbols[right.next].previous = best.left;
    consider(room, left.previous, best.left, &heap);
    consider(room, best.left, left.next, &heap);
  }
}

Status Tokenizer::emit(const Room& room, uint32_t symbol_count, int32_t* ids, uint32_t capacity,
                       uint32_t* count) const {
  uint32_t place = 0;
  if (symbol_count == 0) return Status::kOk;
  while (place != kNone) {
    const Symbol& symbol = room.symbols[place];
    const uint8_t* text = room.text + symbol.start;
    const uint16_t id = find(text, symbol.text_bytes);
    const uint32_t tokens = id != kNoToken ? 1 : symbol.text_bytes;
    if (tokens > capacity - *count) return Status::kPromptTooLong;
    if (id != kNoToken) {
      ids[(*count)++] = id;
    } else {
      for (uint32_t i = 0; i < symbol.text_bytes; ++i) {
        const uint16_t byte_id = byte_tokens_[text[i]];
        ids[(*count)++] = byte_id == kNoToken ? static_cast<int32_t>(header_->unknown_id) : byte_id;
      }
    }
    place = symbol.next;
  }
  return Status::kOk;
}

Status Tokenizer::encode(const char* text, size_t text_bytes, const Room& room, int32_t* ids,
                         uint32_t capacity, uint32_t* count) const {
  *count = 0;
  if (text_bytes > room.prompt_bytes) return Status::kPromptTooLong;
  if (adds_bos()) {
    if (capacity == 0) return Status::kPromptTooLong;
    ids[(*count)++] = static_cast<int32_t>(header_->bos_id);
  }
  const uint32_t symbol_count = split(text, text_bytes, room);
  merge(room, symbol_count);
  return emit(room, symbol_count, ids, capacity, count);
}

Status Tokenizer::decode(uint32_t id, bool is_first, char* text, size_t capacity, size_t* text_bytes) const {
  *text_bytes = 0;
  if (id >= header_->piece_count) return Status::kBadArgument;
  const PieceEntry& piece = pieces_[id];
  const auto type = static_cast<PieceType>(piece.type);
  if (type == PieceType::kControl || type == PieceType::kUnused || type == PieceType::kUnknown) {
    return Status::kOk;
  }
  const uint8_t* bytes = text_ + piece.text_offset;
  size_t length = piece.text_bytes;
  if (is_first && type != PieceType::kByte && length > 0 && bytes[0] == kSpace) {
    ++bytes;
    --length;
  }
  if (length > capacity) return Status::kBadArgument;
  std::memcpy(text, bytes, length);
  *text_bytes = length;
  return Status::kOk;
}

}  // namespace slmrig::runtime
