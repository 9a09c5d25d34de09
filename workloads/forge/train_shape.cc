#include "workloads/forge/train_shape.h"

#include <fmt/format.h>

namespace slmrig::forge {

base::Result<ModelShape> model_shape(std::string_view name) {
  // wide: every row length is a multiple of 256, so that every block format applies to it. Four layers: with
  // three it learns commands as fast, but had not begun to copy numbers out of a stream after 4.6 M tokens.
  if (name == "wrist-wide") {
    return ModelShape{.name = "wrist-wide",
                      .d_model = 256,
                      .layer_count = 4,
                      .head_count = 8,
                      .kv_head_count = 2,
                      .head_dim = 32,
                      .ff = 256};
  }
  // nano: for parts with 512 kB; rows are multiples of 32 and 64 only.
  if (name == "wrist-nano") {
    return ModelShape{.name = "wrist-nano",
                      .d_model = 64,
                      .layer_count = 5,
                      .head_count = 8,
                      .kv_head_count = 4,
                      .head_dim = 8,
                      .ff = 192};
  }
  return base::fail(base::ErrorCode::kBadInput,
                    fmt::format("there is no model `{}` to train, expected wrist-wide or wrist-nano", name));
}

ParameterLayout::ParameterLayout(const ModelShape& shape) {
  std::size_t offset = 0;
  const auto add = [&](std::string tensor_name, std::uint64_t in, std::uint64_t out) {
    const std::size_t begin = offset;
    const bool is_matrix = out != 0;
    const std::size_t count = is_matrix ? in * out : in;
    std::vector<std::uint64_t> dims{in};
    if (is_matrix) dims.push_back(out);
    slices.push_back({std::move(tensor_name), std::move(dims), begin, count, is_matrix});
    offset += count;
    return begin;
  };
  const std::size_t d = shape.d_model;
  embedding = add("token_embd.weight", d, shape.vocab);
  for (std::size_t i = 0; i < shape.layer_count; ++i) {
    const std::string block = fmt::format("blk.{}.", i);
    LayerOffsets layer{};
    layer.attn_norm = add(block + "attn_norm.weight", d, 0);
    layer.qkv = add(block + "attn_q.weight", d, shape.q_dim());
    add(block + "attn_k.weight", d, shape.kv_dim());
    add(block + "attn_v.weight", d, shape.kv_dim());
    layer.attn_out = add(block + "attn_output.weight", shape.q_dim(), d);
    layer.ffn_norm = add(block + "ffn_norm.weight", d, 0);
    layer.gate_up = add(block + "ffn_gate.weight", d, shape.ff);
    add(block + "ffn_up.weight", d, shape.ff);
    layer.down = add(block + "ffn_down.weight", shape.ff, d);
    layers.push_back(layer);
  }
  output_norm = add("output_norm.weight", d, 0);
  size = offset;
}

}  // namespace slmrig::forge
