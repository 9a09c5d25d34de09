#include "workloads/runtime/image.h"

#include <cstring>
#include <initializer_list>

#include "workloads/runtime/crc32c.h"

namespace slmrig::runtime {
namespace {

Status refuse(Refusal* refusal, const char* reason, uint64_t offset) {
  *refusal = {reason, offset};
  return Status::kBadImage;
}

Status refuse_unsupported(Refusal* refusal, const char* reason, uint64_t offset) {
  *refusal = {reason, offset};
  return Status::kUnsupportedImage;
}

bool range_fits(uint64_t offset, uint64_t bytes, uint64_t total_bytes) {
  return offset <= total_bytes && bytes <= total_bytes - offset;
}

bool is_between(uint32_t value, uint32_t lowest, uint32_t highest) {
  return value >= lowest && value <= highest;
}

bool is_terminated(const char* text, size_t capacity) { return std::memchr(text, 0, capacity) != nullptr; }

constexpr float kMostEmbeddingScale = 1024.0F;

bool hyper_parameters_good(const ImageHeader& h) {
  return is_between(h.vocabulary_tokens, 1, kMaxVocabularyTokens) &&
         is_between(h.context_tokens, 2, kMaxContextTokens) && is_between(h.width, 1, kMaxWidth) &&
         is_between(h.layer_count, 1, kMaxLayers) && is_between(h.head_count, 1, kMaxHeads) &&
         is_between(h.kv_head_count, 1, h.head_count) && h.head_count % h.kv_head_count == 0 &&
         is_between(h.head_dim, 2, kMaxWidth) && h.head_dim % 2 == 0 &&
         h.head_count * h.head_dim <= kMaxWidth && is_between(h.feed_forward, 1, 4 * kMaxWidth) &&
         h.rms_epsilon > 0.0F && h.rms_epsilon < 1.0F && h.embedding_scale >= 0.0F &&
         h.embedding_scale <= kMostEmbeddingScale;
}

// What a tensor of this kind must be.
struct Shape {
  bool known;
  bool per_layer;
  bool floats_only;  // norms and the rope table are read as floats
  uint32_t rows;
  uint32_t columns;
};

Shape shape_of(TensorKind kind, const ImageHeader& h) {
  const uint32_t query = h.head_count * h.head_dim;
  const uint32_t key = h.kv_head_count * h.head_dim;
  switch (kind) {
    case TensorKind::kTokenEmbedding:
    case TensorKind::kOutput: return {true, false, false, h.vocabulary_tokens, h.width};
    case TensorKind::kOutputNorm: return {true, false, true, 1, h.width};
    case TensorKind::kRopeTable: return {true, false, true, h.context_tokens, h.head_dim};
    case TensorKind::kAttentionNorm:
    case TensorKind::kFeedForwardNorm: return {true, true, true, 1, h.width};
    case TensorKind::kQuery: return {true, true, false, query, h.width};
    case TensorKind::kKey:
    case TensorKind::kValue: return {true, true, false, key, h.width};
    case TensorKind::kAttentionOutput: return {true, true, false, h.width, query};
    case TensorKind::kGate:
    case TensorKind::kUp: return {true, true, false, h.feed_forward, h.width};
    case TensorKind::kDown: return {true, true, false, h.width, h.feed_forward};
    case TensorKind::kQueryBias: return {true, true, true, 1, query};
    case TensorKind::kKeyBias:
    case TensorKind::kValueBias: return {true, true, true, 1, key};
    case TensorKind::kAttentionOutputBias: return {true, true, true, 1, h.width};
  }
  return {false, false, false, 0, 0};
}

bool is_vocabulary_high(TensorKind kind) {
  return kind == TensorKind::kTokenEmbedding || kind == TensorKind::kOutput;
}

uint32_t round_up(uint32_t value, uint32_t unit) { return (value + unit - 1) / unit * unit; }

Status check_entry(const TensorEntry& entry, uint64_t place, const uint8_t* data, const ImageHeader& header,
                   Refusal* refusal) {
  const auto kind = static_cast<TensorKind>(entry.kind);
  const Shape shape = shape_of(kind, header);
  if (!shape.known) return refuse_unsupported(refusal, "a tensor of an unknown kind", place);
  if (entry.format >= kFormatCount)
    return refuse_unsupported(refusal, "a tensor of an unknown format", place);
  const auto format = static_cast<Format>(entry.format);
  if (shape.floats_only && format != Format::kF32) {
    return refuse_unsupported(refusal, "a norm, bias or rope tensor that is not f32", place);
  }
  if (shape.per_layer ? entry.layer >= header.layer_count : entry.layer != kNoLayer) {
    return refuse(refusal, "a tensor of a layer that the model does not have", place);
  }
  const uint32_t rows = is_vocabulary_high(kind) ? round_up(shape.rows, rows_per_group(format)) : shape.rows;
  if (entry.rows != rows || entry.columns != shape.columns) {
    return refuse(refusal, "a tensor of another shape than the header says", place);
  }
  const uint64_t bytes = stored_bytes(format, entry.rows, entry.columns);
  if (bytes == 0) return refuse(refusal, "a tensor that its format cannot hold", place);
  if (entry.bytes != bytes) return refuse(refusal, "a tensor of a wrong number of bytes", place);
  if (entry.offset % kImageAlignment != 0) return refuse(refusal, "a tensor that is not aligned", place);
  if (!range_fits(entry.offset, entry.bytes, header.image_bytes)) {
    return refuse(refusal, "a tensor reaches beyond the image", place);
  }
  if (crc32c(data + entry.offset, static_cast<size_t>(entry.bytes)) != entry.crc32c) {
    return refuse(refusal, "a tensor does not have its checksum", entry.offset);
  }
  // A NaN or an infinity would travel into every answer: refused here, so that no kernel has to look.
  const char* reason = weights_refusal(format, data + entry.offset, entry.bytes);
  return reason == nullptr ? Status::kOk : refuse(refusal, reason, entry.offset);
}

// Where an entry belongs; null when the kind is none of a layer's matrices.
Matrix* matrix_of(TensorKind kind, Image* image, LayerWeights* layer) {
  switch (kind) {
    case TensorKind::kTokenEmbedding: return &image->embedding;
    case TensorKind::kOutput: return &image->output;
    case TensorKind::kQuery: return &layer->query;
    case TensorKind::kKey: return &layer->key;
    case TensorKind::kValue: return &layer->value;
    case TensorKind::kAttentionOutput: return &layer->attention_output;
    case TensorKind::kGate: return &layer->gate;
    case TensorKind::kUp: return &layer->up;
    case TensorKind::kDown: return &layer->down;
    default: return nullptr;
  }
}

const float** vector_of(TensorKind kind, Image* image, LayerWeights* layer) {
  switch (kind) {
    case TensorKind::kOutputNorm: return &image->output_norm;
    case TensorKind::kRopeTable: return &image->rope;
    case TensorKind::kAttentionNorm: return &layer->attention_norm;
    case TensorKind::kQueryBias: return &layer->query_bias;
    case TensorKind::kKeyBias: return &layer->key_bias;
    case TensorKind::kValueBias: return &layer->value_bias;
    case TensorKind::kAttentionOutputBias: return &layer->attention_output_bias;
    default: return &layer->feed_forward_norm;
  }
}

// False when the image has this tensor twice.
bool place_entry(const TensorEntry& entry, Image* image, LayerWeights* layers) {
  const auto kind = static_cast<TensorKind>(entry.kind);
  LayerWeights* layer = entry.layer == kNoLayer ? nullptr : &layers[entry.layer];
  const uint8_t* data = image->data + entry.offset;
  if (Matrix* matrix = matrix_of(kind, image, layer); matrix != nullptr) {
    if (matrix->data != nullptr) return false;
    *matrix = {data, entry.rows, entry.columns, static_cast<Format>(entry.format)};
    return true;
  }
  const float** vector = vector_of(kind, image, layer);
  if (*vector != nullptr) return false;
  *vector = reinterpret_cast<const float*>(data);
  return true;
}

uint64_t macs(const Matrix& matrix) { return static_cast<uint64_t>(matrix.rows) * matrix.columns; }

// Sums the multiply-accumulates on the way.
bool is_complete(Image* image, const LayerWeights* layers) {
  if (image->output.data == nullptr) image->output = image->embedding;
  bool complete = image->embedding.data != nullptr && image->output_norm != nullptr && image->rope != nullptr;
  image->weight_macs_per_token = macs(image->output);
  for (uint32_t i = 0; i < image->header.layer_count; ++i) {
    const LayerWeights& layer = layers[i];
    complete = complete && layer.attention_norm != nullptr && layer.feed_forward_norm != nullptr;
    for (const Matrix* matrix : {&layer.query, &layer.key, &layer.value, &layer.attention_output, &layer.gate,
                                 &layer.up, &layer.down}) {
      complete = complete && matrix->data != nullptr;
      image->weight_macs_per_token += macs(*matrix);
    }
  }
  return complete;
}

uint32_t directory_crc32c(const uint8_t* data, const ImageHeader& header) {
  ImageHeader copy = header;
  copy.directory_crc32c = 0;
  uint32_t crc = crc32c(reinterpret_cast<const uint8_t*>(&copy), sizeof(copy));
  crc = crc32c(data + sizeof(copy), header.header_bytes - sizeof(copy), crc);
  return crc32c(data + header.tensor_table_offset, header.tensor_count * sizeof(TensorEntry), crc);
}

}  // namespace

Status read_header(const uint8_t* data, size_t size_bytes, ImageHeader* header, Refusal* refusal) {
  *refusal = {};
  if (data == nullptr || size_bytes < sizeof(ImageHeader)) {
    return refuse(refusal, "the image is shorter than its header", 0);
  }
  ImageHeader& h = *header;
  std::memcpy(&h, data, sizeof(h));
  if (std::memcmp(h.magic, kImageMagic, sizeof(h.magic)) != 0) {
    return refuse(refusal, "this is not a model image", 0);
  }
  if (h.version != kImageVersion && h.version != kImageVersionWithActivation) {
    return refuse_unsupported(refusal, "an image of another version", 8);
  }
  if (h.header_bytes < sizeof(ImageHeader) || h.header_bytes % kImageAlignment != 0 ||
      h.header_bytes > h.tensor_table_offset) {
    return refuse(refusal, "the header's own size is wrong", 12);
  }
  if (h.image_bytes > size_bytes) return refuse(refusal, "the image is cut short", 16);
  if (h.tensor_count == 0 || h.tensor_count > 16 * (kMaxLayers + 1) ||
      h.tensor_table_offset % kImageAlignment != 0 ||
      !range_fits(h.tensor_table_offset, h.tensor_count * sizeof(TensorEntry), h.image_bytes)) {
    return refuse(refusal, "the tensor table reaches beyond the image", 28);
  }
  if (h.tokenizer_offset % kImageAlignment != 0 ||
      !range_fits(h.tokenizer_offset, h.tokenizer_bytes, h.image_bytes)) {
    return refuse(refusal, "the tokenizer reaches beyond the image", 40);
  }
  if (directory_crc32c(data, h) != h.directory_crc32c) {
    return refuse(refusal, "the header or tensor table does not have its checksum", 24);
  }
  if (!hyper_parameters_good(h) || !is_terminated(h.name, sizeof(h.name)) ||
      !is_terminated(h.variant, sizeof(h.variant))) {
    return refuse(refusal, "a hyper-parameter is out of its range", 60);
  }
  if (h.activation > static_cast<uint32_t>(Activation::kGeluTanh)) {
    return refuse_unsupported(refusal, "an activation that this runtime does not know",
                              offsetof(ImageHeader, activation));
  }
  return Status::kOk;
}

Status open_image(const uint8_t* data, size_t size_bytes, Image* image, LayerWeights* layers,
                  Refusal* refusal) {
  if (reinterpret_cast<uintptr_t>(data) % kImageAlignment != 0) {
    return refuse(refusal, "the image does not stand at a multiple of 32", 0);
  }
  *image = {};
  image->data = data;
  const Status status = read_header(data, size_bytes, &image->header, refusal);
  if (status != Status::kOk) return status;
  const ImageHeader& header = image->header;
  for (uint32_t i = 0; i < header.layer_count; ++i) layers[i] = {};
  for (uint32_t i = 0; i < header.tensor_count; ++i) {
    const uint64_t place = header.tensor_table_offset + i * sizeof(TensorEntry);
    TensorEntry entry;
    std::memcpy(&entry, data + place, sizeof(entry));
    const Status entry_status = check_entry(entry, place, data, header, refusal);
    if (entry_status != Status::kOk) return entry_status;
    if (!place_entry(entry, image, layers)) return refuse(refusal, "a tensor occurs twice", place);
  }
  if (!is_complete(image, layers)) {
    return refuse(refusal, "a tensor is missing", header.tensor_table_offset);
  }
  image->tokenizer = data + header.tokenizer_offset;
  if (crc32c(image->tokenizer, static_cast<size_t>(header.tokenizer_bytes)) != header.tokenizer_crc32c) {
    return refuse(refusal, "the tokenizer does not have its checksum", header.tokenizer_offset);
  }
  return Status::kOk;
}

Status check_kernels(const Image& image, const LayerWeights* layers, const KernelSet& kernels,
                     Refusal* refusal) {
  const auto check = [&](const Matrix& matrix) {
    if (kernels.formats[static_cast<size_t>(matrix.format)] != nullptr) return true;
    *refusal = {no_kernels_reason(matrix.format), static_cast<uint64_t>(matrix.data - image.data)};
    return false;
  };
  bool good = check(image.embedding) && check(image.output);
  for (uint32_t i = 0; good && i < image.header.layer_count; ++i) {
    const LayerWeights& layer = layers[i];
    for (const Matrix* matrix : {&layer.query, &layer.key, &layer.value, &layer.attention_output, &layer.gate,
                                 &layer.up, &layer.down}) {
      good = good && check(*matrix);
    }
  }
  return good ? Status::kOk : Status::kUnsupportedImage;
}

}  // namespace slmrig::runtime
