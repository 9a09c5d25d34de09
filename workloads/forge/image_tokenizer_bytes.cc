#include "workloads/forge/image_tokenizer_bytes.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <unordered_map>

#include <fmt/format.h>

namespace slmrig::forge {

using base::Done;
using base::ErrorCode;
using base::fail;
using base::Result;
using runtime::PieceType;
using runtime::PreTokenizer;

namespace {

// GPT-2 writes a byte that is no printable character as one from 256 on, in order.
constexpr std::size_t kFirstShifted = 256;

bool is_its_own_character(unsigned byte) {
  return (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
}

// Character -> byte, for characters below 256 + the number of shifted bytes.
std::array<int, 2 * 256> byte_of_character() {
  std::array<int, 2 * 256> bytes;
  bytes.fill(-1);
  std::size_t next = kFirstShifted;
  for (unsigned byte = 0; byte < 256; ++byte) {
    bytes[is_its_own_character(byte) ? byte : next++] = static_cast<int>(byte);
  }
  return bytes;
}

// Nothing where a character stands for no byte. All of them have one or two bytes in UTF-8.
std::optional<std::string> bytes_of(std::string_view text) {
  static const std::array<int, 2 * 256> kBytes = byte_of_character();
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned character = static_cast<unsigned char>(text[i]);
    if (character >= 0x80) {
      if (character < 0xC0 || character > 0xC7 || i + 1 == text.size()) return std::nullopt;
      character = (character & 0x1FU) << 6 | (static_cast<unsigned char>(text[++i]) & 0x3FU);
    }
    if (kBytes[character] < 0) return std::nullopt;
    bytes += static_cast<char>(kBytes[character]);
  }
  return bytes;
}

using IdOfText = std::unordered_map<std::string_view, std::size_t>;

// Cuts of a text in two of which both are pieces.
std::size_t possible_pairs(std::string_view text, const IdOfText& id_of) {
  std::size_t count = 0;
  for (std::size_t left = 1; left < text.size(); ++left) {
    count += id_of.count(text.substr(0, left)) != 0 && id_of.count(text.substr(left)) != 0 ? 1 : 0;
  }
  return count;
}

Result<std::string> merge_part(std::string_view text, std::size_t index, const IdOfText& id_of) {
  std::optional<std::string> bytes = bytes_of(text);
  if (!bytes || id_of.count(*bytes) == 0) {
    return fail(ErrorCode::kBadInput,
                fmt::format("tokenizer.ggml.merges[{}] joins `{}`, which is no token", index, text));
  }
  return std::move(*bytes);
}

// Ranks and left parts. A vocabulary has one pair a piece, or (made from tiktoken's) all pairs that there
// are: both are what PieceEntry::left_bytes can say.
Done read_merges(const GgufFile& file, TokenizerVocabulary* vocabulary) {
  IdOfText id_of;
  for (std::size_t id = 0; id < vocabulary->texts.size(); ++id) {
    if (vocabulary->types[id] == PieceType::kNormal) id_of.emplace(vocabulary->texts[id], id);
  }
  SLMRIG_ASSIGN(const std::vector<std::string> merges, file.strings_of("tokenizer.ggml.merges"));
  std::vector<std::size_t> pair_count(vocabulary->texts.size());
  for (std::size_t index = 0; index < merges.size(); ++index) {
    const std::string& merge = merges[index];
    const std::size_t space = merge.find(' ', 1);
    if (space == std::string::npos) {
      return fail(ErrorCode::kBadInput,
                  fmt::format("tokenizer.ggml.merges[{}] is `{}`, expected two parts", index, merge));
    }
    const std::string_view whole = merge;
    SLMRIG_ASSIGN(const std::string left, merge_part(whole.substr(0, space), index, id_of));
    SLMRIG_ASSIGN(const std::string right, merge_part(whole.substr(space + 1), index, id_of));
    const std::string joined = left + right;
    const auto found = id_of.find(joined);
    if (found == id_of.end()) {
      return fail(ErrorCode::kBadInput,
                  fmt::format("tokenizer.ggml.merges[{}] `{}` makes no token", index, merge));
    }
    const std::size_t id = found->second;
    if (pair_count[id]++ != 0) {
      vocabulary->left_bytes[id] = 0;
      continue;
    }
    vocabulary->ranks[id] = static_cast<std::uint32_t>(index);
    vocabulary->left_bytes[id] = static_cast<std::uint8_t>(left.size());
  }
  for (const auto& [text, id] : id_of) {
    if (pair_count[id] < 2 || pair_count[id] == possible_pairs(text, id_of)) continue;
    return fail(ErrorCode::kUnsupported,
                fmt::format("tokenizer.ggml.merges make token {} from {} of its {} pairs; the runtime wants "
                            "one or all",
                            id, pair_count[id], possible_pairs(text, id_of)));
  }
  return {};
}

}  // namespace

Result<TokenizerVocabulary> read_byte_level(const GgufFile& file, const std::vector<std::string>& tokens,
                                            const std::vector<std::int32_t>& types) {
  TokenizerVocabulary vocabulary;
  for (std::size_t id = 0; id < tokens.size(); ++id) {
    const auto type = static_cast<PieceType>(types[id]);
    std::string text = tokens[id];  // special tokens are written as they are
    if (type == PieceType::kNormal) {
      std::optional<std::string> bytes = bytes_of(tokens[id]);
      if (!bytes) {
        return fail(
            ErrorCode::kBadInput,
            fmt::format("tokenizer.ggml.tokens[{}] `{}` is not written in GPT-2's characters of bytes", id,
                        tokens[id]));
      }
      text = std::move(*bytes);
    }
    vocabulary.types.push_back(type);
    // What no merge makes is not merged: its own length is no left part.
    vocabulary.left_bytes.push_back(
        static_cast<std::uint8_t>(std::min<std::size_t>(text.size(), runtime::kLongestPieceBytes)));
    vocabulary.ranks.push_back(0);
    vocabulary.texts.push_back(std::move(text));
  }
  SLMRIG_TRY(read_merges(file, &vocabulary));
  return vocabulary;
}

Result<ByteLevelRules> read_byte_level_rules(const GgufFile& file) {
  if (file.find("tokenizer.ggml.pre") == nullptr) return ByteLevelRules{};
  SLMRIG_ASSIGN(const std::string name, file.string_of("tokenizer.ggml.pre"));
  if (name == "default") return ByteLevelRules{PreTokenizer::kDefault, false};
  if (name == "gpt-2") return ByteLevelRules{PreTokenizer::kGpt2, false};
  if (name == "llama-bpe" || name == "llama3") return ByteLevelRules{PreTokenizer::kLlama3, true};
  if (name == "qwen2" || name == "deepseek-r1-qwen") return ByteLevelRules{PreTokenizer::kQwen2, false};
  if (name == "smollm") return ByteLevelRules{PreTokenizer::kSmollm, false};
  return fail(
      ErrorCode::kUnsupported,
      fmt::format("tokenizer.ggml.pre is `{}`; known are default, gpt-2, llama-bpe, qwen2 and smollm", name));
}

}  // namespace slmrig::forge
