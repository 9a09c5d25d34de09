#include "workloads/forge/image_writer.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/base/file.h"
#include "harness/base/sha256.h"
#include "harness/base/utf8.h"
#include "workloads/forge/aligned_bytes.h"
#include "workloads/forge/block_formats.h"
#include "workloads/forge/image_layout.h"
#include "workloads/forge/image_tokenizer.h"
#include "workloads/forge/llama_model.h"
#include "workloads/runtime/crc32c.h"
#include "workloads/runtime/runtime.h"

namespace slmrig::forge {

using base::Done;
using base::ErrorCode;
using base::fail;
using base::Result;
using runtime::Format;
using runtime::ImageHeader;
using runtime::TensorEntry;
using runtime::TensorKind;

namespace {

// Far above any model for a board; keeps a lying header from taking the host's memory.
constexpr std::uint64_t kMostArenaBytes = std::uint64_t{4} << 30;

// A tensor in its final form.
struct Part {
  TensorEntry entry = {};
  std::vector<std::uint8_t> bytes;
};

std::size_t aligned(std::size_t offset) {
  constexpr std::size_t kUnit = runtime::kImageAlignment;
  return (offset + kUnit - 1) / kUnit * kUnit;
}

std::vector<std::uint8_t> bytes_of(std::span<const float> values) {
  std::vector<std::uint8_t> bytes(values.size_bytes());
  if (!values.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

Part make_part(TensorKind kind, std::uint16_t layer, Format format, std::uint32_t rows, std::uint32_t columns,
               std::vector<std::uint8_t> bytes) {
  Part part;
  part.entry.kind = static_cast<std::uint16_t>(kind);
  part.entry.layer = layer;
  part.entry.format = static_cast<std::uint16_t>(format);
  part.entry.rows = rows;
  part.entry.columns = columns;
  part.entry.bytes = bytes.size();
  part.entry.crc32c = runtime::crc32c(bytes.data(), bytes.size());
  part.bytes = std::move(bytes);
  return part;
}

class PartList {
 public:
  Done add(TensorKind kind, const GgufTensor& tensor, std::uint16_t layer = runtime::kNoLayer) {
    if (tensor.dims.size() == 1) return add_vector(kind, tensor, layer);
    const bool may_fill_up = kind == TensorKind::kTokenEmbedding || kind == TensorKind::kOutput;
    SLMRIG_ASSIGN(StoredMatrix matrix, lay_out_matrix(tensor, may_fill_up));
    parts_.push_back(
        make_part(kind, layer, matrix.format, matrix.rows, matrix.columns, std::move(matrix.bytes)));
    return {};
  }

  Done add_if_there(TensorKind kind, const GgufTensor* tensor, std::uint16_t layer) {
    if (tensor == nullptr) return {};
    return add(kind, *tensor, layer);
  }

  // Of query and key: rows of the tensor, in heads, in the order in which neighbours are rotated together.
  Done add_rotated(TensorKind kind, const GgufTensor* tensor, const LlamaShape& shape, std::uint16_t layer) {
    if (tensor == nullptr || shape.rotation == Rotation::kNeighbours)
      return add_if_there(kind, tensor, layer);
    const std::vector<std::byte> rows = rows_in_neighbouring_pairs(*tensor, shape.head_dim);
    GgufTensor reordered = *tensor;
    reordered.data = rows;
    return add(kind, reordered, layer);
  }

  void add_rope(const std::vector<float>& table, std::uint32_t context_tokens, std::uint32_t head_dim) {
    parts_.push_back(make_part(TensorKind::kRopeTable, runtime::kNoLayer, Format::kF32, context_tokens,
                               head_dim, bytes_of(table)));
  }

  std::vector<Part>& parts() { return parts_; }

 private:
  // Norms are read as floats.
  Done add_vector(TensorKind kind, const GgufTensor& tensor, std::uint16_t layer) {
    SLMRIG_ASSIGN(const std::vector<float> values, dequantize(tensor));
    parts_.push_back(
        make_part(kind, layer, Format::kF32, 1, static_cast<std::uint32_t>(values.size()), bytes_of(values)));
    return {};
  }

  std::vector<Part> parts_;
};

// In the order of a forward pass.
Result<std::vector<Part>> make_parts(const LlamaModel& model, std::uint32_t context_tokens) {
  PartList list;
  SLMRIG_TRY(list.add(TensorKind::kTokenEmbedding, *model.embedding));
  std::vector<float> factors;
  if (model.rope_factors != nullptr) {
    SLMRIG_ASSIGN(factors, dequantize(*model.rope_factors));
  }
  const LlamaShape& shape = model.shape;
  list.add_rope(rope_table({context_tokens, shape.head_dim, shape.rope_base, shape.rope_factor, factors}),
                context_tokens, shape.head_dim);
  for (std::size_t index = 0; index < model.layers.size(); ++index) {
    const LlamaLayer& layer = model.layers[index];
    const auto number = static_cast<std::uint16_t>(index);
    SLMRIG_TRY(list.add(TensorKind::kAttentionNorm, *layer.attention_norm, number));
    SLMRIG_TRY(list.add_rotated(TensorKind::kQuery, layer.query, shape, number));
    SLMRIG_TRY(list.add_rotated(TensorKind::kKey, layer.key, shape, number));
    SLMRIG_TRY(list.add(TensorKind::kValue, *layer.value, number));
    SLMRIG_TRY(list.add_rotated(TensorKind::kQueryBias, layer.query_bias, shape, number));
    SLMRIG_TRY(list.add_rotated(TensorKind::kKeyBias, layer.key_bias, shape, number));
    SLMRIG_TRY(list.add_if_there(TensorKind::kValueBias, layer.value_bias, number));
    SLMRIG_TRY(list.add(TensorKind::kAttentionOutput, *layer.attention_output, number));
    SLMRIG_TRY(list.add_if_there(TensorKind::kAttentionOutputBias, layer.attention_output_bias, number));
    SLMRIG_TRY(list.add(TensorKind::kFeedForwardNorm, *layer.feed_forward_norm, number));
    SLMRIG_TRY(list.add(TensorKind::kGate, *layer.gate, number));
    SLMRIG_TRY(list.add(TensorKind::kUp, *layer.up, number));
    SLMRIG_TRY(list.add(TensorKind::kDown, *layer.down, number));
  }
  SLMRIG_TRY(list.add(TensorKind::kOutputNorm, *model.output_norm));
  if (model.output != nullptr) SLMRIG_TRY(list.add(TensorKind::kOutput, *model.output));
  return std::move(list.parts());
}

// Cut to what fits, terminated.
template <std::size_t kSize>
void copy_name(const std::string& name, char (&to)[kSize]) {
  std::size_t bytes = std::min(name.size(), kSize - 1);
  // Not within a character: a continuation byte is 10xxxxxx.
  while (bytes > 0 && bytes < name.size() && (static_cast<unsigned char>(name[bytes]) & 0xC0U) == 0x80U) {
    --bytes;
  }
  std::memcpy(to, name.data(), bytes);
}

ImageHeader make_header(const LlamaModel& model, std::uint32_t context_tokens) {
  ImageHeader header = {};
  std::memcpy(header.magic, runtime::kImageMagic, sizeof(header.magic));
  const bool is_plain =
      model.shape.activation == runtime::Activation::kSilu && model.shape.embedding_scale == 0.0F;
  header.version = is_plain ? runtime::kImageVersion : runtime::kImageVersionWithActivation;
  header.activation = static_cast<std::uint32_t>(model.shape.activation);
  header.embedding_scale = model.shape.embedding_scale;
  header.header_bytes = sizeof(ImageHeader);
  header.tensor_table_offset = sizeof(ImageHeader);
  header.vocabulary_tokens = model.shape.vocabulary_tokens;
  header.context_tokens = context_tokens;
  header.width = model.shape.width;
  header.layer_count = model.shape.layer_count;
  header.head_count = model.shape.head_count;
  header.kv_head_count = model.shape.kv_head_count;
  header.head_dim = model.shape.head_dim;
  header.feed_forward = model.shape.feed_forward;
  header.rms_epsilon = model.shape.rms_epsilon;
  copy_name(model.name, header.name);
  copy_name(model.variant, header.variant);
  return header;
}

// Gives every part its offset, writes it there, and seals the directory.
std::vector<std::uint8_t> assemble(ImageHeader header, std::vector<Part>& parts,
                                   const std::vector<std::uint8_t>& tokenizer) {
  header.tensor_count = static_cast<std::uint32_t>(parts.size());
  const std::size_t table_bytes = parts.size() * sizeof(TensorEntry);
  header.tokenizer_offset = aligned(header.tensor_table_offset + table_bytes);
  header.tokenizer_bytes = tokenizer.size();
  header.tokenizer_crc32c = runtime::crc32c(tokenizer.data(), tokenizer.size());
  std::size_t end = header.tokenizer_offset + tokenizer.size();
  for (Part& part : parts) {
    part.entry.offset = aligned(end);
    end = part.entry.offset + part.bytes.size();
  }
  header.image_bytes = aligned(end);
  std::vector<std::uint8_t> image(header.image_bytes);
  std::memcpy(image.data() + header.tokenizer_offset, tokenizer.data(), tokenizer.size());
  for (std::size_t i = 0; i < parts.size(); ++i) {
    std::memcpy(image.data() + header.tensor_table_offset + i * sizeof(TensorEntry), &parts[i].entry,
                sizeof(TensorEntry));
    std::memcpy(image.data() + parts[i].entry.offset, parts[i].bytes.data(), parts[i].bytes.size());
  }
  const auto* header_bytes = reinterpret_cast<const std::uint8_t*>(&header);
  const std::uint32_t crc = runtime::crc32c(header_bytes, sizeof(header));
  header.directory_crc32c = runtime::crc32c(image.data() + header.tensor_table_offset, table_bytes, crc);
  std::memcpy(image.data(), &header, sizeof(header));
  return image;
}

Result<std::uint32_t> choose_context(std::uint32_t asked, std::uint32_t model_context) {
  if (asked == 0) return std::min(model_context, runtime::kMaxContextTokens);
  if (asked < 2 || asked > std::min(model_context, runtime::kMaxContextTokens)) {
    return fail(ErrorCode::kBadInput,
                fmt::format("a context of {} tokens was asked for; this model allows 2 to {}", asked,
                            std::min(model_context, runtime::kMaxContextTokens)));
  }
  return asked;
}

}  // namespace

Result<ImageBuild> write_image(const GgufFile& file, const std::array<std::uint8_t, 32>& model_sha256,
                               const ImageOptions& options) {
  SLMRIG_ASSIGN(const LlamaModel model, read_llama(file));
  SLMRIG_ASSIGN(const std::uint32_t context_tokens,
                choose_context(options.context_tokens, model.shape.context_tokens));
  SLMRIG_ASSIGN(const std::vector<std::uint8_t> tokenizer, tokenizer_section(file));
  SLMRIG_ASSIGN(std::vector<Part> parts, make_parts(model, context_tokens));
  ImageHeader header = make_header(model, context_tokens);
  std::memcpy(header.model_sha256, model_sha256.data(), model_sha256.size());
  ImageBuild build;
  build.bytes = assemble(header, parts, tokenizer);
  auto info = describe_image(build.bytes);
  if (!info) return tl::unexpected(base::within("the image that was written", info.error()));
  build.info = std::move(*info);
  return build;
}

Result<ImageBuild> image_from_gguf(const std::filesystem::path& gguf, const ImageOptions& options) {
  const auto named = [&gguf](base::Error error) {
    return tl::unexpected(base::within(gguf.string(), std::move(error)));
  };
  SLMRIG_ASSIGN(const std::vector<std::uint8_t> raw, base::read_bytes(gguf));
  base::Sha256 hash;
  hash.update(raw);
  const auto* first = reinterpret_cast<const std::byte*>(raw.data());
  const auto file = parse_gguf(std::vector<std::byte>(first, first + raw.size()));
  if (!file) return named(file.error());
  auto build = write_image(*file, hash.finish(), options);
  if (!build) return named(build.error());
  return build;
}

Result<ImageInfo> describe_image(std::span<const std::uint8_t> image) {
  const AlignedBytes copy(image);
  ImageHeader header = {};
  runtime::Refusal refusal;
  runtime::Runtime loaded;
  runtime::Status status = runtime::read_header(copy.data(), copy.size(), &header, &refusal);
  runtime::LoadOptions options;
  options.kernels = &runtime::plain_kernels();  // prepares activations in as many bytes as a board's do
  if (status == runtime::Status::kOk) {
    const std::uint64_t arena_bytes = runtime::arena_need(header, options).total_bytes;
    if (arena_bytes > kMostArenaBytes) {
      return fail(ErrorCode::kUnfit,
                  fmt::format("the model needs an arena of {} bytes, more than the {} that "
                              "slmforge gives; choose a smaller --context",
                              arena_bytes, kMostArenaBytes));
    }
    AlignedBytes arena(static_cast<std::size_t>(arena_bytes));
    std::size_t needed_bytes = 0;
    status = loaded.load(copy.data(), copy.size(), options, arena.data(), arena.size(), &needed_bytes);
    refusal = loaded.refusal();
  }
  if (status != runtime::Status::kOk) {
    const bool damaged = status == runtime::Status::kBadImage;
    return fail(damaged ? ErrorCode::kCorrupt : ErrorCode::kUnsupported,
                fmt::format("{} (byte {}); write the image anew with `slmforge image`", refusal.reason,
                            refusal.offset));
  }
  const runtime::ArenaNeed need = runtime::arena_need(header, options);
  ImageInfo info;
  info.image_bytes = header.image_bytes;
  info.sha256 = base::sha256_hex(image.first(header.image_bytes));
  info.model = base::make_valid_utf8(header.name);
  info.model_sha256 = base::to_hex(header.model_sha256);
  info.variant = base::make_valid_utf8(header.variant);
  info.context_tokens = header.context_tokens;
  info.vocabulary_tokens = header.vocabulary_tokens;
  info.arena_kv_bytes = need.kv_bytes;
  info.arena_activations_bytes = need.activations_bytes;
  info.arena_scratch_bytes = need.scratch_bytes;
  info.arena_total_bytes = need.total_bytes;
  info.weight_macs_per_token = loaded.weight_macs_per_token();
  return info;
}

nlohmann::json to_json(const ImageInfo& info) {
  return {{"image_bytes", info.image_bytes},
          {"sha256", info.sha256},
          {"model", info.model},
          {"model_sha256", info.model_sha256},
          {"variant", info.variant},
          {"context_tokens", info.context_tokens},
          {"vocabulary_tokens", info.vocabulary_tokens},
          {"arena_bytes",
           {{"kv", info.arena_kv_bytes},
            {"activations", info.arena_activations_bytes},
            {"scratch", info.arena_scratch_bytes},
            {"total", info.arena_total_bytes}}},
          {"weight_macs_per_token", info.weight_macs_per_token}};
}

}  // namespace slmrig::forge
