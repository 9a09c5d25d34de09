// The flat model image: what the host writes and a board runs in place.
//
// Little-endian. Four parts, each aligned to 32 bytes, zeros between them:
//
//   ImageHeader          fixed fields; header_bytes says how long the writer's own was, so that later
//                        versions can append fields that an older reader skips
//   TensorEntry[count]   what, where, how stored, CRC-32C of its bytes
//   tokenizer section    tokenizer_format.h
//   tensor data          each tensor at a multiple of 32, in the order in which a forward pass reads it
//
// Tensors are stored as the kernels read them (kernels/kernels.h describes each Format). Nothing in an
// image is trusted: open_image() checks every count, offset and checksum once, with arithmetic that cannot
// overflow, and everything after it runs unchecked.
#pragma once

#include <cstddef>
#include <cstdint>

#include "workloads/runtime/image_formats.h"
#include "workloads/runtime/kernels/kernels.h"
#include "workloads/runtime/status.h"

namespace slmrig::runtime {

constexpr char kImageMagic[8] = {'S', 'L', 'M', 'I', 'M', 'A', 'G', 'E'};
constexpr uint32_t kImageVersion = 1;
// Also read. Written where `activation` or `embedding_scale` say something, which a reader of version 1 would
// not look at.
constexpr uint32_t kImageVersionWithActivation = 2;
constexpr uint32_t kImageAlignment = 32;

// Bounds on hyper-parameters: far above any model for a board, low enough that no product of them overflows
// 64 bits.
constexpr uint32_t kMaxVocabularyTokens = 1U << 18;
constexpr uint32_t kMaxContextTokens = 65536;
constexpr uint32_t kMaxWidth = 16384;
constexpr uint32_t kMaxLayers = 128;
constexpr uint32_t kMaxHeads = 256;

struct ImageHeader {
  char magic[8];
  uint32_t version;
  uint32_t header_bytes;      // of the writer's header; at least sizeof(ImageHeader) of version 1
  uint64_t image_bytes;       // of the whole image
  uint32_t directory_crc32c;  // of header and tensor table, with this field zero
  uint32_t tensor_count;
  uint64_t tensor_table_offset;
  uint64_t tokenizer_offset;
  uint64_t tokenizer_bytes;
  uint32_t tokenizer_crc32c;

  uint32_t vocabulary_tokens;
  uint32_t context_tokens;
  uint32_t width;  // of the residual stream
  uint32_t layer_count;
  uint32_t head_count;
  uint32_t kv_head_count;
  uint32_t head_dim;
  uint32_t feed_forward;
  float rms_epsilon;

  char name[32];             // NUL-terminated
  char variant[16];          // NUL-terminated: "f32", "int8", ...
  uint8_t model_sha256[32];  // of the GGUF file that the image was made from
  uint32_t activation;       // Activation
  float embedding_scale;     // each embedding is multiplied by it; 0: by nothing
  uint8_t reserved[72];      // zeros
};
static_assert(sizeof(ImageHeader) == 256, "the layout of the image header is fixed");

// Of the feed-forward gate. Values are part of the format: append, never renumber.
enum class Activation : uint32_t { kSilu = 0, kGeluTanh = 1 };

// Rotary positions turn neighbouring pairs, always: the writer reorders the rows of query and key where a
// model turns pairs that are half a head apart (NEOX).
//
// Values are part of the format: append, never renumber.
enum class TensorKind : uint16_t {
  kTokenEmbedding = 1,  // [vocabulary, width]
  kOutputNorm = 2,      // [1, width], f32
  kOutput = 3,          // [vocabulary, width]; absent: the embedding serves
  kRopeTable = 4,       // [context, head_dim], f32: cosine and sine of each pair in turn
  kAttentionNorm = 16,  // [1, width], f32
  kQuery = 17,          // [heads * head_dim, width]
  kKey = 18,            // [kv_heads * head_dim, width]
  kValue = 19,
  kAttentionOutput = 20,  // [width, heads * head_dim]
  kFeedForwardNorm = 24,  // [1, width], f32
  kGate = 25,             // [feed_forward, width]
  kUp = 26,               // [feed_forward, width]
  kDown = 27,             // [width, feed_forward]
  kQueryBias = 32,        // [1, heads * head_dim], f32; this and the next three only where the model has them
  kKeyBias = 33,          // [1, kv_heads * head_dim], f32
  kValueBias = 34,
  kAttentionOutputBias = 35,  // [1, width], f32
};

constexpr uint16_t kNoLayer = 0xFFFF;

struct TensorEntry {
  uint16_t kind;    // TensorKind
  uint16_t layer;   // or kNoLayer
  uint16_t format;  // Format
  uint16_t reserved0;
  uint32_t rows;  // of a vocabulary-high tensor: rounded up to the format's group of rows
  uint32_t columns;
  uint64_t offset;  // from the start of the image
  uint64_t bytes;
  uint32_t crc32c;
  uint32_t reserved1;
};
static_assert(sizeof(TensorEntry) == 40, "the layout of a tensor entry is fixed");

struct LayerWeights {
  const float* attention_norm = nullptr;     // [width]
  const float* feed_forward_norm = nullptr;  // [width]
  Matrix query, key, value, attention_output;
  Matrix gate, up, down;
  // Null where the model has none.
  const float* query_bias = nullptr;             // [heads * head_dim]
  const float* key_bias = nullptr;               // [kv_heads * head_dim]
  const float* value_bias = nullptr;             // [kv_heads * head_dim]
  const float* attention_output_bias = nullptr;  // [width]
};

// A validated image: views into it, nothing copied. The image must outlive it.
struct Image {
  const uint8_t* data = nullptr;
  ImageHeader header = {};
  Matrix embedding;
  Matrix output;                       // the embedding where tied
  const float* output_norm = nullptr;  // [width]
  const float* rope = nullptr;         // [context, head_dim]
  const uint8_t* tokenizer = nullptr;  // [header.tokenizer_bytes]
  uint64_t weight_macs_per_token = 0;
};

// Checks the header only; enough to know what an arena must hold.
Status read_header(const uint8_t* data, size_t size_bytes, ImageHeader* header, Refusal* refusal);

// Checks everything, checksums included, and fills *image and layers [header.layer_count]. `data`
// [size_bytes] must be aligned to 32 bytes; size_bytes may be more than the image (a flash slot).
Status open_image(const uint8_t* data, size_t size_bytes, Image* image, LayerWeights* layers,
                  Refusal* refusal);

// Refuses an opened image that has a matrix in a format of which `kernels` has none, by name:
// kUnsupportedImage.
Status check_kernels(const Image& image, const LayerWeights* layers, const KernelSet& kernels,
                     Refusal* refusal);

}  // namespace slmrig::runtime
