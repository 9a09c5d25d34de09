#include "workloads/forge/calibration.h"

#include <algorithm>

#include <fmt/format.h>

#include "harness/base/file.h"
#include "harness/base/sha256.h"
#include "workloads/forge/corpus.h"
#include "workloads/forge/prompt_format.h"
#include "workloads/forge/text_codec.h"
#include "workloads/forge/tokenizer_train.h"
#include "workloads/forge/train_shape.h"

namespace slmrig::forge {

using base::ErrorCode;
using base::fail;
using base::Result;

namespace {

constexpr std::uint64_t kSeed = 20;
// As in training: what a model hears is not always clean.
constexpr double kNoiseRate = 0.25;
// Long enough for attention to look back, short enough for many different beginnings.
constexpr std::size_t kPieceBytes = 1500;

class Collector {
 public:
  Collector(const TextCodec& codec, std::uint64_t context_tokens)
      : codec_(codec), context_tokens_(static_cast<std::size_t>(context_tokens)) {}

  bool is_full() const { return tokens_.token_count >= kCalibrationTokens; }

  base::Done add(std::string_view text, bool ends) {
    SLMRIG_ASSIGN(std::vector<std::int32_t> ids, codec_.encode(text));
    if (ends) ids.push_back(kEndToken);
    if (ids.size() > context_tokens_) ids.resize(context_tokens_);
    hash_.update(text);
    if (ids.size() < 2) return {};
    tokens_.token_count += ids.size();
    tokens_.sequences.push_back(std::move(ids));
    return {};
  }

  CalibrationTokens finish(std::string source) {
    tokens_.source = std::move(source);
    tokens_.sha256 = base::to_hex(hash_.finish());
    return std::move(tokens_);
  }

 private:
  const TextCodec& codec_;
  std::size_t context_tokens_;
  base::Sha256 hash_;
  CalibrationTokens tokens_;
};

Result<std::uint64_t> context_of(const GgufFile& file) {
  SLMRIG_ASSIGN(const std::string architecture, file.string_of("general.architecture"));
  return file.count_of(architecture + ".context_length");
}

// The next piece of at most kPieceBytes, cut after a line end, else after a space, else anywhere between
// characters.
std::string_view next_piece(std::string_view text) {
  if (text.size() <= kPieceBytes) return text;
  std::size_t cut = text.rfind('\n', kPieceBytes - 1);
  if (cut == std::string_view::npos) cut = text.rfind(' ', kPieceBytes - 1);
  if (cut != std::string_view::npos) return text.substr(0, cut + 1);
  cut = kPieceBytes;
  while (cut > 1 && (static_cast<unsigned char>(text[cut]) & 0xC0U) == 0x80U) --cut;
  return text.substr(0, cut);
}

}  // namespace

bool has_bundled_calibration(const GgufFile& file) {
  const auto name = file.string_of("general.name");
  return name && model_shape(*name);
}

std::vector<std::string> bundled_calibration_texts(std::size_t count) {
  Random random(kSeed);
  CorpusOptions options;
  options.noise_rate = kNoiseRate;
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < count; ++i) {
    const Example example = make_example(Split::kCalibration, options, random);
    texts.push_back(prompt_text(example.utterance) + example.answer);
  }
  return texts;
}

Result<CalibrationTokens> bundled_calibration(const GgufFile& file) {
  if (!has_bundled_calibration(file)) {
    return fail(
        ErrorCode::kBadInput,
        "this recipe needs text of the kind that the model is for, and slmforge has some for its own models "
        "only; name a file with --calibration (16,000 tokens are enough, and none of the evaluation's)");
  }
  SLMRIG_ASSIGN(const TextCodec codec, TextCodec::from(file));
  SLMRIG_ASSIGN(const std::uint64_t context_tokens, context_of(file));
  Collector collector(codec, context_tokens);
  // No example is shorter than two tokens.
  for (const std::string& text : bundled_calibration_texts(kCalibrationTokens / 2)) {
    if (collector.is_full()) break;
    SLMRIG_TRY(collector.add(text, true));
  }
  return collector.finish("corpus, calibration split");
}

Result<CalibrationTokens> calibration_from_text(const GgufFile& file, const std::filesystem::path& path) {
  SLMRIG_ASSIGN(const std::string all, base::read_text(path));
  SLMRIG_ASSIGN(const TextCodec codec, TextCodec::from(file));
  SLMRIG_ASSIGN(const std::uint64_t context_tokens, context_of(file));
  Collector collector(codec, context_tokens);
  std::string_view text = all;
  while (!text.empty() && !collector.is_full()) {
    const std::string_view piece = next_piece(text);
    const base::Done added = collector.add(piece, false);
    if (!added) return tl::unexpected(base::within(path.string(), added.error()));
    text.remove_prefix(piece.size());
  }
  CalibrationTokens tokens = collector.finish(path.filename().string());
  if (tokens.token_count == 0) {
    return fail(ErrorCode::kBadInput, "the calibration text is empty", path.string());
  }
  return tokens;
}

}  // namespace slmrig::forge
