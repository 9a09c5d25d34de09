#include "workloads/forge/random_model.h"

#include <cmath>
#include <set>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "workloads/forge/random.h"

namespace slmrig::forge {
namespace {

constexpr std::size_t kPieceCount = 512;
constexpr std::string_view kSpaceSymbol = "\xE2\x96\x81";

void add_vocabulary(GgufFile* file) {
  std::vector<std::string> tokens = {"<unk>", "<s>", "</s>"};
  std::vector<std::int32_t> types = {2, 3, 3};
  for (int byte = 0; byte < 256; ++byte) {
    tokens.push_back(fmt::format("<0x{:02X}>", byte));
    types.push_back(6);
  }
  const std::size_t first_text = tokens.size();
  std::set<std::string> seen;
  const auto add = [&](std::string text) {
    if (tokens.size() < kPieceCount && seen.insert(text).second) {
      tokens.push_back(std::move(text));
      types.push_back(1);
    }
  };
  // Letters first, so that every pair below can be merged; then frequent pairs and words of English.
  add(std::string(kSpaceSymbol));
  for (char letter = 'a'; letter <= 'z'; ++letter) add(std::string(1, letter));
  for (char digit = '0'; digit <= '9'; ++digit) add(std::string(1, digit));
  for (const std::string_view text :
       {"th", "he", "in", "er", "an",  "re",  "on",  "at",  "en",  "nd",  "ti", "es", "or",
        "te", "of", "ed", "is", "it",  "al",  "ar",  "st",  "to",  "nt",  "ng", "se", "ha",
        "as", "ou", "io", "le", "ing", "and", "the", "ion", "ent", "set", "hea"}) {
    add(std::string(text));
    add(std::string(kSpaceSymbol) + std::string(text));
  }
  for (char first = 'a'; first <= 'z'; ++first) add(std::string(kSpaceSymbol) + first);
  for (char first = 'a'; first <= 'z'; ++first) {
    for (const char second : std::string_view("aeioulrst")) add(std::string(1, first) + second);
  }
  std::vector<float> scores(tokens.size(), 0.0F);
  for (std::size_t id = first_text; id < tokens.size(); ++id)
    scores[id] = -static_cast<float>(id - first_text);

  file->set("tokenizer.ggml.model", std::string("llama"));
  file->set("tokenizer.ggml.tokens", GgufArray(std::move(tokens)));
  file->set("tokenizer.ggml.scores", GgufArray(std::move(scores)));
  file->set("tokenizer.ggml.token_type", GgufArray(std::move(types)));
  file->set("tokenizer.ggml.bos_token_id", std::uint32_t{1});
  file->set("tokenizer.ggml.eos_token_id", std::uint32_t{2});
  file->set("tokenizer.ggml.unknown_token_id", std::uint32_t{0});
  file->set("tokenizer.ggml.add_bos_token", true);
  file->set("tokenizer.ggml.add_space_prefix", true);
}

void add_matrix(std::string name, std::uint64_t columns, std::uint64_t rows, Random* random, GgufFile* file,
                double gain = 1.0) {
  std::vector<float> values(columns * rows);
  const double scale = gain / std::sqrt(static_cast<double>(columns));
  for (float& value : values) value = static_cast<float>(random->normal() * scale);
  const base::Done added = file->add_floats(std::move(name), {columns, rows}, values);
  SLMRIG_CHECK(added);
}

void add_norm(std::string name, std::uint64_t columns, Random* random, GgufFile* file) {
  std::vector<float> values(columns);
  for (float& value : values) value = static_cast<float>(0.75 + 0.5 * random->unit());
  const base::Done added = file->add_floats(std::move(name), {columns}, values);
  SLMRIG_CHECK(added);
}

}  // namespace

GgufFile random_model(const RandomModelOptions& options) {
  SLMRIG_CHECK(options.head_count > 0 && options.width % (2 * options.head_count) == 0);
  GgufFile file;
  const auto key = [&options](std::string_view rest) {
    return fmt::format("{}.{}", options.architecture, rest);
  };
  file.set("general.architecture", options.architecture);
  file.set("general.name", options.name);
  file.set(key("context_length"), options.context_tokens);
  file.set(key("embedding_length"), options.width);
  file.set(key("block_count"), options.layer_count);
  file.set(key("feed_forward_length"), options.feed_forward);
  file.set(key("attention.head_count"), options.head_count);
  file.set(key("attention.head_count_kv"), options.kv_head_count);
  file.set(key("attention.layer_norm_rms_epsilon"), 1e-5F);
  file.set(key("rope.dimension_count"), options.width / options.head_count);
  file.set(key("rope.freq_base"), 10000.0F);
  add_vocabulary(&file);

  Random random(options.seed);
  const std::uint64_t width = options.width;
  const std::uint64_t kv = width / options.head_count * options.kv_head_count;
  const std::uint64_t inner = options.feed_forward;
  // Small, so that a tied head does not simply name the last token again.
  add_matrix("token_embd.weight", width, kPieceCount, &random, &file, 0.25);
  for (std::uint32_t layer = 0; layer < options.layer_count; ++layer) {
    const auto name = [layer](std::string_view part) { return fmt::format("blk.{}.{}.weight", layer, part); };
    add_norm(name("attn_norm"), width, &random, &file);
    add_matrix(name("attn_q"), width, width, &random, &file);
    add_matrix(name("attn_k"), width, kv, &random, &file);
    add_matrix(name("attn_v"), width, kv, &random, &file);
    if (options.architecture == "qwen2") {
      add_norm(fmt::format("blk.{}.attn_q.bias", layer), width, &random, &file);
      add_norm(fmt::format("blk.{}.attn_k.bias", layer), kv, &random, &file);
      add_norm(fmt::format("blk.{}.attn_v.bias", layer), kv, &random, &file);
    }
    add_matrix(name("attn_output"), width, width, &random, &file);
    add_norm(name("ffn_norm"), width, &random, &file);
    add_matrix(name("ffn_gate"), width, inner, &random, &file);
    add_matrix(name("ffn_up"), width, inner, &random, &file);
    add_matrix(name("ffn_down"), inner, width, &random, &file);
  }
  add_norm("output_norm.weight", width, &random, &file);
  if (!options.tied_output) add_matrix("output.weight", width, kPieceCount, &random, &file);
  return file;
}

}  // namespace slmrig::forge
