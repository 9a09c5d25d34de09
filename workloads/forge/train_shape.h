// The shape of a llama-architecture model that the trainer can train, and where its parameters lie.
//
// All parameters are one flat f32 vector, so that the optimizer, the checkpoint and the gradient check need
// to know nothing of layers. Weight matrices are row-major [out, in]. Matrices that share an input lie one
// after the other (q, k, v; gate, up), so that one matrix product computes them all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"

namespace slmrig::forge {

struct ModelShape {
  std::string name;
  std::size_t d_model = 0;
  std::size_t layer_count = 0;
  std::size_t head_count = 0;
  std::size_t kv_head_count = 0;  // divides head_count
  std::size_t head_dim = 0;       // even
  std::size_t ff = 0;
  std::size_t vocab = 512;
  std::size_t context_tokens = 256;
  float rms_epsilon = 1e-5F;
  float rope_base = 10000.0F;

  std::size_t q_dim() const { return head_count * head_dim; }
  std::size_t kv_dim() const { return kv_head_count * head_dim; }
  std::size_t qkv_dim() const { return q_dim() + 2 * kv_dim(); }
};

// "wrist-wide" or "wrist-nano"; the error names both.
base::Result<ModelShape> model_shape(std::string_view name);

struct LayerOffsets {
  std::size_t attn_norm;  // [D]
  std::size_t qkv;        // [q_dim + 2 kv_dim, D]
  std::size_t attn_out;   // [D, q_dim]
  std::size_t ffn_norm;   // [D]
  std::size_t gate_up;    // [2 FF, D]
  std::size_t down;       // [D, FF]
};

// A tensor of the file, as a slice of the parameters.
struct NamedSlice {
  std::string name;                 // as GGUF spells it
  std::vector<std::uint64_t> dims;  // dims[0] is contiguous
  std::size_t offset;
  std::size_t size;
  bool is_matrix;  // weight decay applies
};

struct ParameterLayout {
  explicit ParameterLayout(const ModelShape& shape);

  std::size_t embedding;  // [V, D], also the output head
  std::vector<LayerOffsets> layers;
  std::size_t output_norm;  // [D]
  std::size_t size;         // parameters in all
  std::vector<NamedSlice> slices;
};

}  // namespace slmrig::forge
