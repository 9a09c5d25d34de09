#include "workloads/runtime/tokenizer.h"

#include <cstring>

#include "workloads/runtime/pretokenizer.h"

namespace slmrig::runtime {
namespace {

constexpr uint8_t kSpace = 0x20;

// Bytes of the UTF-8 character that begins with `first`; stray continuation bytes stand alone.
uint32_t character_bytes(uint8_t first) {
  if (first >= 0xF0) return 4;
  if (first >= 0xE0) return 3;
  if (first >= 0xC0) return 2;
  return 1;
}

uint32_t smaller(uint32_t a, uint32_t b) { return a < b ? a : b; }

uint32_t rank_of(const PieceEntry& piece) {
  return piece.rank | (static_cast<uint32_t>(piece.rank_high) << 16);
}

}  // namespace

struct Tokenizer::Output {
  int32_t* ids;
  uint32_t capacity;
  uint32_t count;

  // Counts on where there is no place left.
  void add(uint32_t id) {
    if (count < capacity) ids[count] = static_cast<int32_t>(id);
    ++count;
  }
};

// A token that stands in a text as it is; bytes 0: there is none.
struct Tokenizer::Special {
  uint32_t start;
  uint32_t bytes;
  uint32_t id;
};

// Merges the symbols of one word. A symbol's length stands at its first and its last byte, so that both
// neighbours are found without links; a rank stands at a symbol's first byte, and kNone everywhere else.
template <typename Rank>
class Tokenizer::Merger {
 public:
  static constexpr Rank kNone = static_cast<Rank>(~Rank{0});

  Merger(const Tokenizer& tokenizer, const uint8_t* text, uint8_t* lengths, void* ranks, uint32_t bytes)
      : tokenizer_(tokenizer),
        text_(text),
        lengths_(lengths),
        ranks_(static_cast<Rank*>(ranks)),
        bytes_(bytes) {}

  void run() {
    for (uint32_t place = 0; place < bytes_; ++place) ranks_[place] = kNone;
    for (uint32_t place = 0; place < bytes_; place += lengths_[place]) ranks_[place] = rank_at(place);
    // Every round makes one symbol of two: fewer rounds than bytes.
    for (uint32_t round = 0; round < bytes_; ++round) {
      const uint32_t best = best_place();
      if (ranks_[best] == kNone) return;
      merge_at(best);
    }
  }

 private:
  // The leftmost of the lowest. Two passes: the first is a plain minimum, which compilers turn into vector
  // code.
  uint32_t best_place() const {
    Rank lowest = kNone;
    for (uint32_t place = 0; place < bytes_; ++place) {
      lowest = ranks_[place] < lowest ? ranks_[place] : lowest;
    }
    uint32_t place = 0;
    while (place + 1 < bytes_ && ranks_[place] != lowest) ++place;
    return place;
  }

  void merge_at(uint32_t place) {
    const uint32_t right = place + lengths_[place];
    const uint32_t bytes = static_cast<uint32_t>(lengths_[place]) + lengths_[right];
    ranks_[right] = kNone;
    lengths_[place] = static_cast<uint8_t>(bytes);
    lengths_[place + bytes - 1] = static_cast<uint8_t>(bytes);
    ranks_[place] = rank_at(place);
    if (place == 0) return;
    const uint32_t left = place - lengths_[place - 1];
    ranks_[left] = rank_at(left);
  }

  // Of the merge of the symbol at `place` with its right neighbour.
  Rank rank_at(uint32_t place) const {
    const uint32_t left_bytes = lengths_[place];
    const uint32_t right = place + left_bytes;
    if (right >= bytes_) return kNone;
    const uint32_t id = tokenizer_.find(text_ + place, left_bytes + lengths_[right]);
    if (id == kNoTokenId) return kNone;
    const PieceEntry& piece = tokenizer_.pieces_[id];
    if (piece.left_bytes != 0 && piece.left_bytes != left_bytes) return kNone;
    return static_cast<Rank>(rank_of(piece));
  }

  const Tokenizer& tokenizer_;
  const uint8_t* text_;
  uint8_t* lengths_;
  Rank* ranks_;
  uint32_t bytes_;
};

uint32_t max_prompt_bytes(uint32_t context_tokens) {
  if (context_tokens >= 2048) return 8192;
  return context_tokens <= 64 ? 256 : 4 * context_tokens;
}

bool Tokenizer::Room::take(uint32_t vocabulary_tokens, uint32_t context_tokens, Arena* arena) {
  prompt_bytes = max_prompt_bytes(context_tokens);
  const uint64_t places = prompt_bytes + 1;
  const uint64_t rank_bytes = vocabulary_tokens > kMaxNarrowPieces ? 4 : 2;
  text = arena->take<uint8_t>(MemoryClass::kScratch, places);
  lengths = arena->take<uint8_t>(MemoryClass::kScratch, places);
  ranks = arena->take<uint8_t>(MemoryClass::kScratch, places * rank_bytes);
  return text != nullptr && lengths != nullptr && ranks != nullptr;
}

Status Tokenizer::open(const uint8_t* section, size_t section_bytes, Refusal* refusal) {
  const Status status = check_tokenizer(section, section_bytes, refusal);
  if (status != Status::kOk) return status;
  header_ = reinterpret_cast<const TokenizerHeader*>(section);
  pieces_ = reinterpret_cast<const PieceEntry*>(section + header_->pieces_offset);
  byte_tokens_ = section + header_->byte_tokens_offset;
  slots_ = section + header_->slots_offset;
  text_ = section + header_->text_offset;
  return Status::kOk;
}

bool Tokenizer::is_end(uint32_t id) const {
  for (const uint32_t end_id : header_->end_ids) {
    if (id == end_id) return true;
  }
  return false;
}

uint32_t Tokenizer::slot(uint32_t index) const {
  if (is_wide()) return reinterpret_cast<const uint32_t*>(slots_)[index];
  const uint16_t id = reinterpret_cast<const uint16_t*>(slots_)[index];
  return id == kNoToken ? kNoTokenId : id;
}

uint32_t Tokenizer::byte_token(uint8_t byte) const {
  if (is_wide()) return reinterpret_cast<const uint32_t*>(byte_tokens_)[byte];
  const uint16_t id = reinterpret_cast<const uint16_t*>(byte_tokens_)[byte];
  return id == kNoToken ? kNoTokenId : id;
}

uint32_t Tokenizer::find(const uint8_t* text, size_t text_bytes) const {
  if (text_bytes > header_->longest_piece_bytes) return kNoTokenId;
  const uint32_t mask = header_->slot_count - 1;
  uint32_t index = piece_hash(text, text_bytes) & mask;
  for (uint32_t id = slot(index); id != kNoTokenId; id = slot(index)) {
    const PieceEntry& piece = pieces_[id];
    if (piece.text_bytes == text_bytes && std::memcmp(text_ + piece.text_offset, text, text_bytes) == 0) {
      return id;
    }
    index = (index + 1) & mask;
  }
  return kNoTokenId;
}

bool Tokenizer::is_special(const PieceEntry& piece, SpecialTokens specials) const {
  const auto type = static_cast<PieceType>(piece.type);
  if (piece.text_bytes == 0) return false;
  // SentencePiece merges pieces that a user defined like any other.
  if (type == PieceType::kUserDefined) return is_byte_level();
  return type == PieceType::kControl && specials == SpecialTokens::kControl;
}

// The first in the text; of those that begin at the same place the longest.
Tokenizer::Special Tokenizer::next_special(const uint8_t* text, uint32_t text_bytes,
                                           SpecialTokens specials) const {
  Special best = {text_bytes, 0, 0};
  if (!is_byte_level() && specials == SpecialTokens::kNone) return best;
  for (uint32_t id = 0; id < header_->piece_count; ++id) {
    const PieceEntry& piece = pieces_[id];
    if (!is_special(piece, specials)) continue;
    const uint8_t* wanted = text_ + piece.text_offset;
    const uint32_t length = piece.text_bytes;
    for (uint32_t start = 0; start <= best.start && start + length <= text_bytes; ++start) {
      if (text[start] != wanted[0] || std::memcmp(text + start, wanted, length) != 0) continue;
      if (start < best.start || length > best.bytes) best = {start, length, id};
      break;
    }
  }
  return best;
}

// Copies the text as the pieces have it; returns its bytes, at most text_bytes + 1.
uint32_t Tokenizer::normalise(const uint8_t* text, uint32_t text_bytes, uint8_t* to) const {
  if (is_byte_level()) {
    std::memcpy(to, text, text_bytes);
    return text_bytes;
  }
  uint32_t length = 0;
  if ((header_->flags & kTokenizerAddSpacePrefix) != 0 && text_bytes > 0) to[length++] = kSpace;
  for (uint32_t i = 0; i < text_bytes;) {
    // U+2581 is how SentencePiece writes a space.
    if (i + 3 <= text_bytes && text[i] == 0xE2 && text[i + 1] == 0x96 && text[i + 2] == 0x81) {
      to[length++] = kSpace;
      i += 3;
    } else {
      to[length++] = text[i++];
    }
  }
  return length;
}

// Bytes at the front of the text that no merge reaches beyond.
uint32_t Tokenizer::word_bytes(const uint8_t* text, uint32_t text_bytes) const {
  if (is_byte_level()) {
    return first_word_bytes(static_cast<PreTokenizer>((header_->flags >> kPreTokenizerShift) & 0xFFU), text,
                            text_bytes);
  }
  if ((header_->flags & kTokenizerSpacesLead) == 0) return text_bytes;
  uint32_t bytes = 0;
  do {
    bytes = smaller(bytes + character_bytes(text[bytes]), text_bytes);
  } while (bytes < text_bytes && (text[bytes] != kSpace || text[bytes - 1] == kSpace));
  return bytes;
}

void Tokenizer::emit(const uint8_t* text, const uint8_t* lengths, uint32_t text_bytes, Output* output) const {
  for (uint32_t place = 0; place < text_bytes; place += lengths[place]) {
    const uint32_t id = find(text + place, lengths[place]);
    if (id != kNoTokenId) {
      output->add(id);
      continue;
    }
    for (uint32_t i = 0; i < lengths[place]; ++i) {
      const uint32_t byte_id = byte_token(text[place + i]);
      const uint32_t told = byte_id == kNoTokenId ? header_->unknown_id : byte_id;
      if (told != kNoTokenId) output->add(told);
    }
  }
}

// `text` lies in room.text, as normalise() left it.
void Tokenizer::encode_word(const uint8_t* text, uint32_t text_bytes, const Room& room,
                            Output* output) const {
  if ((header_->flags & kTokenizerIgnoreMerges) != 0) {
    const uint32_t id = find(text, text_bytes);
    if (id != kNoTokenId) {
      output->add(id);
      return;
    }
  }
  for (uint32_t place = 0; place < text_bytes;) {
    const uint32_t wanted = is_byte_level() ? 1 : character_bytes(text[place]);
    const uint32_t length = smaller(wanted, text_bytes - place);
    room.lengths[place] = static_cast<uint8_t>(length);
    room.lengths[place + length - 1] = static_cast<uint8_t>(length);
    place += length;
  }
  if (is_wide()) {
    Merger<uint32_t>(*this, text, room.lengths, room.ranks, text_bytes).run();
  } else {
    Merger<uint16_t>(*this, text, room.lengths, room.ranks, text_bytes).run();
  }
  emit(text, room.lengths, text_bytes, output);
}

void Tokenizer::encode_part(const uint8_t* text, uint32_t text_bytes, const Room& room,
                            Output* output) const {
  const uint32_t length = normalise(text, text_bytes, room.text);
  for (uint32_t done = 0; done < length;) {
    const uint32_t bytes = word_bytes(room.text + done, length - done);
    encode_word(room.text + done, bytes, room, output);
    done += bytes;
  }
}

Status Tokenizer::encode(const char* text, size_t text_bytes, SpecialTokens specials, const Room& room,
                         int32_t* ids, uint32_t capacity, uint32_t* count) const {
  *count = 0;
  if (text_bytes > room.prompt_bytes) return Status::kPromptTooLong;
  const auto* bytes = reinterpret_cast<const uint8_t*>(text);
  const auto end = static_cast<uint32_t>(text_bytes);
  Output output = {ids, capacity, 0};
  if (adds_bos()) output.add(header_->bos_id);
  for (uint32_t done = 0; done < end;) {
    const Special special = next_special(bytes + done, end - done, specials);
    if (special.start != 0) encode_part(bytes + done, special.start, room, &output);
    if (special.bytes != 0) output.add(special.id);
    done += special.start + special.bytes;
  }
  *count = output.count;
  return output.count <= capacity ? Status::kOk : Status::kPromptTooLong;
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
