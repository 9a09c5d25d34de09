#include "workloads/forge/image_tokenizer.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <map>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "workloads/forge/image_tokenizer_bytes.h"
#include "workloads/runtime/image.h"
#include "workloads/runtime/tokenizer_format.h"

namespace slmrig::forge {

using base::Done;
using base::ErrorCode;
using base::fail;
using base::Result;
using runtime::kNoToken;
using runtime::kNoTokenId;
using runtime::PieceEntry;
using runtime::PieceType;
using runtime::TokenizerHeader;
using Vocabulary = TokenizerVocabulary;

namespace {

constexpr std::string_view kSpaceSymbol = "\xE2\x96\x81";  // U+2581

// "<0x0A>" -> 10
std::optional<char> byte_of(std::string_view text) {
  if (text.size() != 6 || text.substr(0, 3) != "<0x" || text[5] != '>') return std::nullopt;
  const std::string digits(text.substr(3, 2));
  char* end = nullptr;
  const long value = std::strtol(digits.c_str(), &end, 16);
  if (end != digits.c_str() + 2) return std::nullopt;
  return static_cast<char>(static_cast<unsigned char>(value));
}

std::string with_plain_spaces(const std::string& text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size();) {
    if (text.compare(i, kSpaceSymbol.size(), kSpaceSymbol) == 0) {
      plain += ' ';
      i += kSpaceSymbol.size();
    } else {
      plain += text[i++];
    }
  }
  return plain;
}

// Higher scores merge earlier; pieces of equal score share a rank, so that the leftmost pair wins as in
// SentencePiece.
std::vector<std::uint32_t> ranks_of(const std::vector<float>& scores) {
  std::map<float, std::uint32_t, std::greater<>> rank_of;
  for (const float score : scores) rank_of.emplace(score, std::uint32_t{0});
  std::uint32_t next = 0;
  for (auto& [score, rank] : rank_of) rank = next++;
  std::vector<std::uint32_t> ranks;
  ranks.reserve(scores.size());
  for (const float score : scores) ranks.push_back(rank_of[score]);
  return ranks;
}

Result<Vocabulary> read_sentence_pieces(const GgufFile& file, std::vector<std::string> tokens,
                                        const std::vector<std::int32_t>& types) {
  SLMRIG_ASSIGN(const std::vector<float> scores, file.floats_of("tokenizer.ggml.scores"));
  if (tokens.size() != scores.size()) {
    return fail(ErrorCode::kBadInput,
                fmt::format("tokenizer.ggml.tokens and scores have {} and {} entries; they must agree",
                            tokens.size(), scores.size()));
  }
  Vocabulary vocabulary;
  vocabulary.ranks = ranks_of(scores);
  vocabulary.left_bytes.resize(tokens.size());
  for (std::size_t id = 0; id < tokens.size(); ++id) {
    const auto type = static_cast<PieceType>(types[id]);
    std::string text = with_plain_spaces(tokens[id]);
    if (type == PieceType::kByte) {
      const std::optional<char> byte = byte_of(tokens[id]);
      if (!byte) {
        return fail(ErrorCode::kBadInput,
                    fmt::format("tokenizer.ggml.tokens[{}] is `{}`, expected a byte token like <0x0A>", id,
                                tokens[id]));
      }
      text = std::string(1, *byte);
    }
    vocabulary.texts.push_back(std::move(text));
    vocabulary.types.push_back(type);
  }
  return vocabulary;
}

Result<std::vector<std::int32_t>> read_types(const GgufFile& file, std::size_t count, bool is_needed) {
  if (!is_needed && file.find("tokenizer.ggml.token_type") == nullptr) {
    return std::vector<std::int32_t>(count, static_cast<std::int32_t>(PieceType::kNormal));
  }
  SLMRIG_ASSIGN(std::vector<std::int32_t> types, file.ints_of("tokenizer.ggml.token_type"));
  if (types.size() != count) {
    return fail(ErrorCode::kBadInput,
                fmt::format("tokenizer.ggml.tokens and token_type have {} and {} entries; they must agree",
                            count, types.size()));
  }
  for (std::size_t id = 0; id < count; ++id) {
    if (types[id] >= 1 && types[id] <= 6) continue;
    return fail(ErrorCode::kBadInput,
                fmt::format("tokenizer.ggml.token_type[{}] is {}, expected 1 to 6", id, types[id]));
  }
  return types;
}

Result<Vocabulary> read_vocabulary(const GgufFile& file, bool is_byte_level) {
  SLMRIG_ASSIGN(std::vector<std::string> tokens, file.strings_of("tokenizer.ggml.tokens"));
  if (tokens.empty() || tokens.size() > runtime::kMaxVocabularyTokens) {
    return fail(ErrorCode::kUnsupported, fmt::format("tokenizer.ggml.tokens has {} entries, expected 1 to {}",
                                                     tokens.size(), runtime::kMaxVocabularyTokens));
  }
  SLMRIG_ASSIGN(const std::vector<std::int32_t> types, read_types(file, tokens.size(), !is_byte_level));
  SLMRIG_ASSIGN(Vocabulary vocabulary, is_byte_level ? read_byte_level(file, tokens, types)
                                                     : read_sentence_pieces(file, tokens, types));
  for (std::size_t id = 0; id < vocabulary.texts.size(); ++id) {
    if (vocabulary.texts[id].size() <= runtime::kLongestPieceBytes) continue;
    return fail(ErrorCode::kUnsupported,
                fmt::format("tokenizer.ggml.tokens[{}] has {} bytes, at most {} fit", id,
                            vocabulary.texts[id].size(), runtime::kLongestPieceBytes));
  }
  return vocabulary;
}

// A special token's id: the key, else the default of SentencePiece models where it exists, else none.
Result<std::uint32_t> special_id(const GgufFile& file, std::string_view name, std::uint32_t fallback,
                                 std::size_t piece_count) {
  const std::string key = fmt::format("tokenizer.ggml.{}_token_id", name);
  if (file.find(key) == nullptr) return fallback < piece_count ? fallback : kNoTokenId;
  SLMRIG_ASSIGN(const std::uint64_t id, file.count_of(key));
  if (id >= piece_count) {
    return fail(ErrorCode::kBadInput, fmt::format("{} is {}, but there are {} pieces", key, id, piece_count));
  }
  return static_cast<std::uint32_t>(id);
}

Result<bool> flag_or(const GgufFile& file, std::string_view key, bool fallback) {
  if (file.find(key) == nullptr) return fallback;
  return file.bool_of(key);
}

// What holds where a GGUF file does not say.
struct Defaults {
  std::uint32_t bos;
  std::uint32_t eos;
  std::uint32_t unknown;
  bool add_bos;
  bool add_space;
};

Done read_specials(const GgufFile& file, const Defaults& defaults, TokenizerHeader* header) {
  const std::size_t count = header->piece_count;
  SLMRIG_ASSIGN(header->bos_id, special_id(file, "bos", defaults.bos, count));
  SLMRIG_ASSIGN(header->unknown_id, special_id(file, "unknown", defaults.unknown, count));
  SLMRIG_ASSIGN(header->end_ids[0], special_id(file, "eos", defaults.eos, count));
  SLMRIG_ASSIGN(header->end_ids[1], special_id(file, "eot", kNoTokenId, count));
  SLMRIG_ASSIGN(header->end_ids[2], special_id(file, "eom", kNoTokenId, count));
  header->end_ids[3] = kNoTokenId;
  SLMRIG_ASSIGN(const bool add_bos, flag_or(file, "tokenizer.ggml.add_bos_token", defaults.add_bos));
  SLMRIG_ASSIGN(const bool add_space, flag_or(file, "tokenizer.ggml.add_space_prefix", defaults.add_space));
  SLMRIG_ASSIGN(const bool add_eos, flag_or(file, "tokenizer.ggml.add_eos_token", false));
  if (add_eos) {
    return fail(ErrorCode::kUnsupported,
                "tokenizer.ggml.add_eos_token is true; the runtime never ends a prompt");
  }
  if (add_bos && header->bos_id == kNoTokenId) {
    return fail(ErrorCode::kBadInput,
                "tokenizer.ggml.add_bos_token is true, but there is no tokenizer.ggml.bos_token_id");
  }
  header->flags |=
      (add_bos ? runtime::kTokenizerAddBos : 0U) | (add_space ? runtime::kTokenizerAddSpacePrefix : 0U);
  return {};
}

bool can_match_text(PieceType type) { return type == PieceType::kNormal || type == PieceType::kUserDefined; }

// At most half full, so that a probe is short and an empty slot always ends it.
std::vector<std::uint32_t> hash_slots(const Vocabulary& vocabulary) {
  std::size_t slot_count = 64;
  while (slot_count < 2 * vocabulary.texts.size()) slot_count *= 2;
  std::vector<std::uint32_t> slots(slot_count, kNoTokenId);
  for (std::size_t id = 0; id < vocabulary.texts.size(); ++id) {
    const std::string& text = vocabulary.texts[id];
    if (!can_match_text(vocabulary.types[id]) || text.empty()) continue;
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
    std::size_t slot = runtime::piece_hash(bytes, text.size()) & (slot_count - 1);
    while (slots[slot] != kNoTokenId) slot = (slot + 1) & (slot_count - 1);
    slots[slot] = static_cast<std::uint32_t>(id);
  }
  return slots;
}

std::vector<std::uint32_t> byte_tokens(const Vocabulary& vocabulary, bool is_byte_level) {
  std::vector<std::uint32_t> tokens(256, kNoTokenId);
  for (std::size_t id = 0; id < vocabulary.texts.size(); ++id) {
    const bool is_byte =
        vocabulary.types[id] == PieceType::kByte ||
        (is_byte_level && vocabulary.types[id] == PieceType::kNormal && vocabulary.texts[id].size() == 1);
    if (is_byte) tokens[static_cast<unsigned char>(vocabulary.texts[id][0])] = static_cast<std::uint32_t>(id);
  }
  return tokens;
}

// So that the encoder need not look for merges from one word into the next.
bool spaces_lead(const Vocabulary& vocabulary) {
  return std::all_of(vocabulary.texts.begin(), vocabulary.texts.end(), [&](const std::string& text) {
    const std::size_t word = text.find_first_not_of(' ');
    return word == std::string::npos || text.find(' ', word) == std::string::npos;
  });
}

// Appends at the next multiple of 4 and returns where.
template <typename T>
std::uint32_t append(const std::vector<T>& values, std::vector<std::uint8_t>* section) {
  section->resize((section->size() + 3) / 4 * 4);
  const std::size_t offset = section->size();
  section->resize(offset + values.size() * sizeof(T));
  if (!values.empty()) std::memcpy(section->data() + offset, values.data(), values.size() * sizeof(T));
  return static_cast<std::uint32_t>(offset);
}

std::uint32_t append_ids(const std::vector<std::uint32_t>& ids, bool is_wide,
                         std::vector<std::uint8_t>* section) {
  if (is_wide) return append(ids, section);
  std::vector<std::uint16_t> narrow;
  narrow.reserve(ids.size());
  for (const std::uint32_t id : ids) {
    narrow.push_back(id == kNoTokenId ? kNoToken : static_cast<std::uint16_t>(id));
  }
  return append(narrow, section);
}

// Everything of the header that is not an offset.
Done read_header(const GgufFile& file, const Vocabulary& vocabulary, bool is_byte_level,
                 TokenizerHeader* header) {
  header->kind = is_byte_level ? runtime::kTokenizerByteLevel : runtime::kTokenizerSentencePiece;
  header->piece_count = static_cast<std::uint32_t>(vocabulary.texts.size());
  if (header->piece_count > runtime::kMaxNarrowPieces) header->flags |= runtime::kTokenizerWide;
  if (is_byte_level) {
    SLMRIG_ASSIGN(const ByteLevelRules rules, read_byte_level_rules(file));
    header->flags |= static_cast<std::uint32_t>(rules.pre_tokenizer) << runtime::kPreTokenizerShift;
    if (rules.ignores_merges) header->flags |= runtime::kTokenizerIgnoreMerges;
    constexpr std::uint32_t kEndOfText = 11;  // llama.cpp's default, of Falcon's vocabulary
    return read_specials(file, {kEndOfText, kEndOfText, kNoTokenId, rules.ignores_merges, false}, header);
  }
  if (spaces_lead(vocabulary)) header->flags |= runtime::kTokenizerSpacesLead;
  SLMRIG_TRY(read_specials(file, {1, 2, 0, true, true}, header));
  if (header->unknown_id == kNoTokenId) {
    return fail(ErrorCode::kBadInput, "the model has no tokenizer.ggml.unknown_token_id");
  }
  return {};
}

}  // namespace

Result<std::vector<std::uint8_t>> tokenizer_section(const GgufFile& file) {
  SLMRIG_ASSIGN(const std::string model, file.string_of("tokenizer.ggml.model"));
  if (model != "llama" && model != "gpt2") {
    return fail(
        ErrorCode::kUnsupported,
        fmt::format("tokenizer.ggml.model is `{}`; images hold SentencePiece (`llama`) and byte-level "
                    "(`gpt2`) vocabularies",
                    model));
  }
  const bool is_byte_level = model == "gpt2";
  SLMRIG_ASSIGN(const Vocabulary vocabulary, read_vocabulary(file, is_byte_level));
  TokenizerHeader header = {};
  SLMRIG_TRY(read_header(file, vocabulary, is_byte_level, &header));
  const bool is_wide = (header.flags & runtime::kTokenizerWide) != 0;

  std::vector<PieceEntry> pieces;
  std::vector<char> text;
  for (std::size_t id = 0; id < vocabulary.texts.size(); ++id) {
    const std::string& piece_text = vocabulary.texts[id];
    PieceEntry piece = {};
    piece.text_offset = static_cast<std::uint32_t>(text.size());
    piece.text_bytes = static_cast<std::uint16_t>(piece_text.size());
    piece.rank = static_cast<std::uint16_t>(vocabulary.ranks[id]);
    piece.rank_high = static_cast<std::uint16_t>(vocabulary.ranks[id] >> 16);
    piece.type = static_cast<std::uint8_t>(vocabulary.types[id]);
    piece.left_bytes = vocabulary.left_bytes[id];
    pieces.push_back(piece);
    text.insert(text.end(), piece_text.begin(), piece_text.end());
    header.longest_piece_bytes = std::max<std::uint32_t>(header.longest_piece_bytes, piece.text_bytes);
  }
  const std::vector<std::uint32_t> slots = hash_slots(vocabulary);
  std::vector<std::uint8_t> section(sizeof(header));
  header.pieces_offset = append(pieces, &section);
  header.byte_tokens_offset = append_ids(byte_tokens(vocabulary, is_byte_level), is_wide, &section);
  header.slots_offset = append_ids(slots, is_wide, &section);
  header.slot_count = static_cast<std::uint32_t>(slots.size());
  header.text_offset = append(text, &section);
  header.text_bytes = static_cast<std::uint32_t>(text.size());
  std::memcpy(section.data(), &header, sizeof(header));
  return section;
}

}  // namespace slmrig::forge
