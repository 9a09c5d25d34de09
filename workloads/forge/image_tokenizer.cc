#include "workloads/forge/image_tokenizer.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <map>
#include <optional>
#include <string>

#include <fmt/format.h>

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

namespace {

constexpr std::string_view kSpaceSymbol = "\xE2\x96\x81";  // U+2581
constexpr std::size_t kLongestPieceBytes = 255;

struct Vocabulary {
  std::vector<std::string> texts;  // with plain spaces; byte tokens are their one byte
  std::vector<PieceType> types;
  std::vector<std::uint16_t> ranks;
};

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
std::vector<std::uint16_t> ranks_of(const std::vector<float>& scores) {
  std::map<float, std::uint16_t, std::greater<>> rank_of;
  for (const float score : scores) rank_of.emplace(score, std::uint16_t{0});
  std::uint16_t next = 0;
  for (auto& [score, rank] : rank_of) rank = next++;
  std::vector<std::uint16_t> ranks;
  ranks.reserve(scores.size());
  for (const float score : scores) ranks.push_back(rank_of[score]);
  return ranks;
}

Result<Vocabulary> read_vocabulary(const GgufFile& file) {
  SLMRIG_ASSIGN(const std::string model, file.string_of("tokenizer.ggml.model"));
  if (model != "llama") {
    return fail(ErrorCode::kUnsupported,
                fmt::format("tokenizer.ggml.model is `{}`; images hold SentencePiece "
                            "vocabularies (`llama`) only",
                            model));
  }
  SLMRIG_ASSIGN(const std::vector<std::string> tokens, file.strings_of("tokenizer.ggml.tokens"));
  SLMRIG_ASSIGN(const std::vector<float> scores, file.floats_of("tokenizer.ggml.scores"));
  SLMRIG_ASSIGN(const std::vector<std::int32_t> types, file.ints_of("tokenizer.ggml.token_type"));
  if (tokens.size() != scores.size() || tokens.size() != types.size()) {
    return fail(
        ErrorCode::kBadInput,
        fmt::format("tokenizer.ggml.tokens, scores and token_type have {}, {} and {} entries; they must "
                    "agree",
                    tokens.size(), scores.size(), types.size()));
  }
  if (tokens.empty() || tokens.size() > runtime::kMaxVocabularyTokens - 1) {
    return fail(ErrorCode::kUnsupported, fmt::format("tokenizer.ggml.tokens has {} entries, expected 1 to {}",
                                                     tokens.size(), runtime::kMaxVocabularyTokens - 1));
  }
  Vocabulary vocabulary;
  vocabulary.ranks = ranks_of(scores);
  for (std::size_t id = 0; id < tokens.size(); ++id) {
    if (types[id] < 1 || types[id] > 6) {
      return fail(ErrorCode::kBadInput,
                  fmt::format("tokenizer.ggml.token_type[{}] is {}, expected 1 to 6", id, types[id]));
    }
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
    if (text.size() > kLongestPieceBytes) {
      return fail(ErrorCode::kUnsupported,
                  fmt::format("tokenizer.ggml.tokens[{}] has {} bytes, at most {} fit", id, text.size(),
                              kLongestPieceBytes));
    }
    vocabulary.texts.push_back(std::move(text));
    vocabulary.types.push_back(type);
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

Done read_specials(const GgufFile& file, TokenizerHeader* header) {
  const std::size_t count = header->piece_count;
  SLMRIG_ASSIGN(header->bos_id, special_id(file, "bos", 1, count));
  SLMRIG_ASSIGN(header->unknown_id, special_id(file, "unknown", 0, count));
  SLMRIG_ASSIGN(header->end_ids[0], special_id(file, "eos", 2, count));
  SLMRIG_ASSIGN(header->end_ids[1], special_id(file, "eot", kNoTokenId, count));
  SLMRIG_ASSIGN(header->end_ids[2], special_id(file, "eom", kNoTokenId, count));
  header->end_ids[3] = kNoTokenId;
  SLMRIG_ASSIGN(const bool add_bos, flag_or(file, "tokenizer.ggml.add_bos_token", true));
  SLMRIG_ASSIGN(const bool add_space, flag_or(file, "tokenizer.ggml.add_space_prefix", true));
  SLMRIG_ASSIGN(const bool add_eos, flag_or(file, "tokenizer.ggml.add_eos_token", false));
  if (add_eos) {
    return fail(ErrorCode::kUnsupported,
                "tokenizer.ggml.add_eos_token is true; the runtime never ends a prompt");
  }
  if (add_bos && header->bos_id == kNoTokenId) {
    return fail(ErrorCode::kBadInput,
                "tokenizer.ggml.add_bos_token is true, but there is no tokenizer.ggml.bos_token_id");
  }
  header->flags =
      (add_bos ? runtime::kTokenizerAddBos : 0U) | (add_space ? runtime::kTokenizerAddSpacePrefix : 0U);
  return {};
}

bool can_match_text(PieceType type) { return type == PieceType::kNormal || type == PieceType::kUserDefined; }

// At most half full, so that a probe is short and an empty slot always ends it.
std::vector<std::uint16_t> hash_slots(const Vocabulary& vocabulary) {
  std::size_t slot_count = 64;
  while (slot_count < 2 * vocabulary.texts.size()) slot_count *= 2;
  std::vector<std::uint16_t> slots(slot_count, kNoToken);
  for (std::size_t id = 0; id < vocabulary.texts.size(); ++id) {
    const std::string& text = vocabulary.texts[id];
    if (!can_match_text(vocabulary.types[id]) || text.empty()) continue;
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
    std::size_t slot = runtime::piece_hash(bytes, text.size()) & (slot_count - 1);
    while (slots[slot] != kNoToken) slot = (slot + 1) & (slot_count - 1);
    slots[slot] = static_cast<std::uint16_t>(id);
  }
  return slots;
}

std::vector<std::uint16_t> byte_tokens(const Vocabulary& vocabulary) {
  std::vector<std::uint16_t> tokens(256, kNoToken);
  for (std::size_t id = 0; id < vocabulary.texts.size(); ++id) {
    if (vocabulary.types[id] != PieceType::kByte) continue;
    tokens[static_cast<unsigned char>(vocabulary.texts[id][0])] = static_cast<std::uint16_t>(id);
  }
  return tokens;
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

}  // namespace

Result<std::vector<std::uint8_t>> tokenizer_section(const GgufFile& file) {
  SLMRIG_ASSIGN(const Vocabulary vocabulary, read_vocabulary(file));
  TokenizerHeader header = {};
  header.kind = runtime::kTokenizerSentencePiece;
  header.piece_count = static_cast<std::uint32_t>(vocabulary.texts.size());
  SLMRIG_TRY(read_specials(file, &header));
  if (header.unknown_id == kNoTokenId) {
    return fail(ErrorCode::kBadInput, "the model has no tokenizer.ggml.unknown_token_id");
  }

  std::vector<PieceEntry> pieces;
  std::vector<char> text;
  for (std::size_t id = 0; id < vocabulary.texts.size(); ++id) {
    const std::string& piece_text = vocabulary.texts[id];
    PieceEntry piece = {};
    piece.text_offset = static_cast<std::uint32_t>(text.size());
    piece.text_bytes = static_cast<std::uint16_t>(piece_text.size());
    piece.rank = vocabulary.ranks[id];
    piece.type = static_cast<std::uint8_t>(vocabulary.types[id]);
    pieces.push_back(piece);
    text.insert(text.end(), piece_text.begin(), piece_text.end());
    header.longest_piece_bytes = std::max<std::uint32_t>(header.longest_piece_bytes, piece.text_bytes);
  }
  const std::vector<std::uint16_t> slots = hash_slots(vocabulary);
  std::vector<std::uint8_t> section(sizeof(header));
  header.pieces_offset = append(pieces, &section);
  header.byte_tokens_offset = append(byte_tokens(vocabulary), &section);
  header.slots_offset = append(slots, &section);
  header.slot_count = static_cast<std::uint32_t>(slots.size());
  header.text_offset = append(text, &section);
  header.text_bytes = static_cast<std::uint32_t>(text.size());
  std::memcpy(section.data(), &header, sizeof(header));
  return section;
}

}  // namespace slmrig::forge
