#include "workloads/forge/text_codec.h"

#include <fmt/format.h>

#include "workloads/forge/image_tokenizer.h"
#include "workloads/runtime/tokenizer.h"

namespace slmrig::forge {

namespace {

constexpr std::uint32_t kMaxTextBytes = 4096;

}  // namespace

struct TextCodec::Tables {
  std::vector<std::uint32_t> section;  // words, for the alignment that the tokenizer wants
  runtime::Tokenizer tokenizer;
  std::vector<std::uint8_t> text;
  std::vector<std::uint8_t> lengths;
  std::vector<std::uint32_t> ranks;
};

TextCodec::TextCodec(std::unique_ptr<Tables> tables) : tables_(std::move(tables)) {}
TextCodec::TextCodec(TextCodec&&) noexcept = default;
TextCodec& TextCodec::operator=(TextCodec&&) noexcept = default;
TextCodec::~TextCodec() = default;

base::Result<TextCodec> TextCodec::from(const GgufFile& file) {
  SLMRIG_ASSIGN(const std::vector<std::uint8_t> section, tokenizer_section(file));
  auto tables = std::make_unique<Tables>();
  tables->section.resize((section.size() + 3) / 4);
  std::copy(section.begin(), section.end(), reinterpret_cast<std::uint8_t*>(tables->section.data()));
  runtime::Refusal refusal;
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(tables->section.data());
  if (tables->tokenizer.open(bytes, section.size(), &refusal) != runtime::Status::kOk) {
    return base::fail(base::ErrorCode::kCorrupt,
                      fmt::format("the vocabulary is refused: {}", refusal.reason));
  }
  tables->text.resize(kMaxTextBytes + 1);
  tables->lengths.resize(kMaxTextBytes + 1);
  tables->ranks.resize(kMaxTextBytes + 1);
  return TextCodec(std::move(tables));
}

base::Result<std::vector<std::int32_t>> TextCodec::encode(std::string_view text) const {
  const runtime::Tokenizer::Room room{tables_->text.data(), tables_->lengths.data(), tables_->ranks.data(),
                                      kMaxTextBytes};
  std::vector<std::int32_t> ids(kMaxTextBytes + 2);
  std::uint32_t count = 0;
  if (tables_->tokenizer.encode(text.data(), text.size(), runtime::SpecialTokens::kNone, room, ids.data(),
                                static_cast<std::uint32_t>(ids.size()), &count) != runtime::Status::kOk) {
    return base::fail(
        base::ErrorCode::kBadInput,
        fmt::format("a text of {} bytes is too long, at most {} can be encoded", text.size(), kMaxTextBytes));
  }
  ids.resize(count);
  return ids;
}

std::string TextCodec::decode(std::span<const std::int32_t> ids, bool is_start_of_text) const {
  std::string text;
  char piece[256];
  for (const std::int32_t id : ids) {
    std::size_t size = 0;
    if (tables_->tokenizer.decode(static_cast<std::uint32_t>(id), false, piece, sizeof(piece), &size) ==
        runtime::Status::kOk) {
      text.append(piece, size);
    }
  }
  if (is_start_of_text && text.starts_with(' ')) text.erase(0, 1);
  return text;
}

}  // namespace slmrig::forge
