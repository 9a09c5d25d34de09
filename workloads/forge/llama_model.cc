#include "workloads/forge/llama_model.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <set>

#include <fmt/format.h>

namespace slmrig::forge {

using base::Done;
using base::ErrorCode;
using base::fail;
using base::Result;

namespace {

constexpr std::uint64_t kMostOfAnything = 1U << 20;  // no hyper-parameter of a model we can run is larger

Result<std::uint32_t> bounded(const GgufFile& file, std::string_view key) {
  SLMRIG_ASSIGN(const std::uint64_t value, file.count_of(key));
  if (value == 0 || value > kMostOfAnything) {
    return fail(ErrorCode::kBadInput, fmt::format("the GGUF metadata key `{}` is {}, expected 1 to {}", key,
                                                  value, kMostOfAnything));
  }
  return static_cast<std::uint32_t>(value);
}

Result<std::uint32_t> bounded_or(const GgufFile& file, std::string_view key, std::uint32_t fallback) {
  if (file.find(key) == nullptr) return fallback;
  return bounded(file, key);
}

Result<double> number_or(const GgufFile& file, std::string_view key, double fallback) {
  if (file.find(key) == nullptr) return fallback;
  return file.number_of(key);
}

struct Architecture {
  std::string_view name;
  Rotation rotation;
  runtime::Activation activation;
  bool scales_embedding;  // by the root of the width
};

constexpr Architecture kArchitectures[] = {
    {"llama", Rotation::kNeighbours, runtime::Activation::kSilu, false},
    {"qwen2", Rotation::kHalves, runtime::Activation::kSilu, false},
    {"gemma", Rotation::kHalves, runtime::Activation::kGeluTanh, true},
};

// Metadata of one architecture: every key begins with its name.
class Keys {
 public:
  Keys(const GgufFile& file, std::string_view architecture) : file_(file), prefix_(architecture) {}

  std::string key(std::string_view rest) const { return fmt::format("{}.{}", prefix_, rest); }
  bool has(std::string_view rest) const { return file_.find(key(rest)) != nullptr; }
  Result<std::uint32_t> count(std::string_view rest) const { return bounded(file_, key(rest)); }
  Result<std::uint32_t> count_or(std::string_view rest, std::uint32_t fallback) const {
    return bounded_or(file_, key(rest), fallback);
  }
  Result<double> number(std::string_view rest) const { return file_.number_of(key(rest)); }
  Result<double> number_or(std::string_view rest, double fallback) const {
    return forge::number_or(file_, key(rest), fallback);
  }
  Result<std::string> text(std::string_view rest) const { return file_.string_of(key(rest)); }

 private:
  const GgufFile& file_;
  std::string prefix_;
};

Result<Architecture> read_architecture(const GgufFile& file) {
  SLMRIG_ASSIGN(const std::string name, file.string_of("general.architecture"));
  const auto* found = std::find_if(std::begin(kArchitectures), std::end(kArchitectures),
                                   [&name](const Architecture& known) { return known.name == name; });
  if (found == std::end(kArchitectures)) {
    return fail(
        ErrorCode::kUnsupported,
        fmt::format("the model's architecture is `{}`; the runtime runs `llama`, `qwen2` and `gemma`", name));
  }
  SLMRIG_ASSIGN(const double experts, number_or(file, name + ".expert_count", 0.0));
  if (experts != 0.0) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("the model is a mixture of {} experts ({}.expert_count); "
                            "the runtime runs dense models only",
                            experts, name));
  }
  return *found;
}

Done read_rope(const Keys& keys, LlamaShape* shape) {
  SLMRIG_ASSIGN(shape->rope_base, keys.number_or("rope.freq_base", 10000.0));
  SLMRIG_ASSIGN(const std::uint32_t dims, keys.count_or("rope.dimension_count", shape->head_dim));
  if (dims != shape->head_dim) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("{} is {}, expected the head dimension {}", keys.key("rope.dimension_count"),
                            dims, shape->head_dim));
  }
  bool is_scaled = true;
  if (keys.has("rope.scaling.type")) {
    SLMRIG_ASSIGN(const std::string type, keys.text("rope.scaling.type"));
    if (type != "linear" && type != "none") {
      return fail(ErrorCode::kUnsupported, fmt::format("{} is `{}`; linear and none are supported",
                                                       keys.key("rope.scaling.type"), type));
    }
    is_scaled = type == "linear";
  }
  SLMRIG_ASSIGN(const double old_factor, keys.number_or("rope.scale_linear", 1.0));
  SLMRIG_ASSIGN(const double factor, keys.number_or("rope.scaling.factor", old_factor));
  shape->rope_factor = is_scaled ? factor : 1.0;
  if (!(shape->rope_base > 0.0) || !(shape->rope_factor > 0.0)) {
    return fail(ErrorCode::kBadInput, fmt::format("the rope base {} and factor {} must be positive",
                                                  shape->rope_base, shape->rope_factor));
  }
  return {};
}

Done read_heads(const Keys& keys, LlamaShape* shape) {
  SLMRIG_ASSIGN(shape->head_count, keys.count("attention.head_count"));
  SLMRIG_ASSIGN(shape->kv_head_count, keys.count_or("attention.head_count_kv", shape->head_count));
  if (shape->head_count % shape->kv_head_count != 0) {
    return fail(ErrorCode::kBadInput,
                fmt::format("{} {} is not a multiple of head_count_kv {}", keys.key("attention.head_count"),
                            shape->head_count, shape->kv_head_count));
  }
  SLMRIG_ASSIGN(shape->head_dim,
                keys.count_or("attention.key_length", std::max(1U, shape->width / shape->head_count)));
  SLMRIG_ASSIGN(const std::uint32_t value_dim, keys.count_or("attention.value_length", shape->head_dim));
  if (value_dim != shape->head_dim || shape->head_dim % 2 != 0) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("heads of {} (key) and {} (value); the runtime wants both equal and even",
                            shape->head_dim, value_dim));
  }
  return {};
}

Result<LlamaShape> read_shape(const Keys& keys, const Architecture& architecture) {
  LlamaShape shape;
  shape.rotation = architecture.rotation;
  shape.activation = architecture.activation;
  SLMRIG_ASSIGN(shape.context_tokens, keys.count("context_length"));
  SLMRIG_ASSIGN(shape.width, keys.count("embedding_length"));
  SLMRIG_ASSIGN(shape.layer_count, keys.count("block_count"));
  SLMRIG_ASSIGN(shape.feed_forward, keys.count("feed_forward_length"));
  SLMRIG_TRY(read_heads(keys, &shape));
  SLMRIG_ASSIGN(const double epsilon, keys.number("attention.layer_norm_rms_epsilon"));
  if (!(epsilon > 0.0 && epsilon < 1.0)) {
    return fail(ErrorCode::kBadInput, fmt::format("{} is {}, expected between 0 and 1",
                                                  keys.key("attention.layer_norm_rms_epsilon"), epsilon));
  }
  shape.rms_epsilon = static_cast<float>(epsilon);
  if (architecture.scales_embedding) shape.embedding_scale = std::sqrt(static_cast<float>(shape.width));
  SLMRIG_TRY(read_rope(keys, &shape));
  return shape;
}

// Finds tensors by name and remembers which, so that those nobody asked for can be refused.
class TensorFinder {
 public:
  explicit TensorFinder(const GgufFile& file) : file_(file) {}

  Result<const GgufTensor*> find(const std::string& name, std::vector<std::uint64_t> dims) {
    const GgufTensor* tensor = file_.find_tensor(name);
    if (tensor == nullptr) {
      return fail(ErrorCode::kBadInput, fmt::format("the model has no tensor `{}`", name));
    }
    if (tensor->dims != dims) {
      return fail(ErrorCode::kBadInput,
                  fmt::format("tensor `{}` has dims [{}], expected [{}] from the metadata", name,
                              fmt::join(tensor->dims, ", "), fmt::join(dims, ", ")));
    }
    used_.insert(name);
    return tensor;
  }

  Result<const GgufTensor*> find_if_there(const std::string& name, std::vector<std::uint64_t> dims) {
    if (file_.find_tensor(name) == nullptr) return nullptr;
    return find(name, std::move(dims));
  }

  Done refuse_unused() const {
    for (const GgufTensor& tensor : file_.tensors()) {
      if (used_.count(tensor.name) == 0) {
        return fail(
            ErrorCode::kUnsupported,
            fmt::format("tensor `{}` is not one that the runtime uses in this architecture; without it the "
                        "answers would differ",
                        tensor.name));
      }
    }
    return {};
  }

 private:
  const GgufFile& file_;
  std::set<std::string, std::less<>> used_;
};

Result<LlamaLayer> read_layer(TensorFinder& tensors, const LlamaShape& shape, std::uint32_t index) {
  const std::uint64_t width = shape.width;
  const std::uint64_t query = std::uint64_t{shape.head_count} * shape.head_dim;
  const std::uint64_t key = std::uint64_t{shape.kv_head_count} * shape.head_dim;
  const std::uint64_t inner = shape.feed_forward;
  const auto name = [index](std::string_view part) { return fmt::format("blk.{}.{}.weight", index, part); };
  LlamaLayer layer;
  SLMRIG_ASSIGN(layer.attention_norm, tensors.find(name("attn_norm"), {width}));
  SLMRIG_ASSIGN(layer.query, tensors.find(name("attn_q"), {width, query}));
  SLMRIG_ASSIGN(layer.key, tensors.find(name("attn_k"), {width, key}));
  SLMRIG_ASSIGN(layer.value, tensors.find(name("attn_v"), {width, key}));
  SLMRIG_ASSIGN(layer.attention_output, tensors.find(name("attn_output"), {query, width}));
  SLMRIG_ASSIGN(layer.feed_forward_norm, tensors.find(name("ffn_norm"), {width}));
  SLMRIG_ASSIGN(layer.gate, tensors.find(name("ffn_gate"), {width, inner}));
  SLMRIG_ASSIGN(layer.up, tensors.find(name("ffn_up"), {width, inner}));
  SLMRIG_ASSIGN(layer.down, tensors.find(name("ffn_down"), {inner, width}));
  const auto bias = [index](std::string_view part) { return fmt::format("blk.{}.{}.bias", index, part); };
  SLMRIG_ASSIGN(layer.query_bias, tensors.find_if_there(bias("attn_q"), {query}));
  SLMRIG_ASSIGN(layer.key_bias, tensors.find_if_there(bias("attn_k"), {key}));
  SLMRIG_ASSIGN(layer.value_bias, tensors.find_if_there(bias("attn_v"), {key}));
  SLMRIG_ASSIGN(layer.attention_output_bias, tensors.find_if_there(bias("attn_output"), {width}));
  return layer;
}

std::string variant_of(const GgufFile& file) {
  std::set<std::uint32_t> types;
  for (const GgufTensor& tensor : file.tensors()) {
    if (tensor.dims.size() >= 2) types.insert(tensor.type);
  }
  if (types == std::set<std::uint32_t>{kGgmlF32}) return "f32";
  if (types == std::set<std::uint32_t>{kGgmlQ8_0}) return "int8";
  return "mixed";
}

Result<std::string> string_or(const GgufFile& file, std::string_view key, std::string fallback) {
  if (file.find(key) == nullptr) return fallback;
  return file.string_of(key);
}

}  // namespace

Result<LlamaModel> read_llama(const GgufFile& file) {
  SLMRIG_ASSIGN(const Architecture architecture, read_architecture(file));
  LlamaModel model;
  model.architecture = architecture.name;
  SLMRIG_ASSIGN(model.name, string_or(file, "general.name", "unnamed"));
  SLMRIG_ASSIGN(model.variant, string_or(file, "slmrig.variant", variant_of(file)));
  SLMRIG_ASSIGN(model.shape, read_shape(Keys(file, architecture.name), architecture));
  SLMRIG_ASSIGN(const std::vector<std::string> pieces, file.strings_of("tokenizer.ggml.tokens"));
  model.shape.vocabulary_tokens = static_cast<std::uint32_t>(pieces.size());
  const std::uint64_t width = model.shape.width;
  const std::uint64_t vocabulary = pieces.size();
  TensorFinder tensors(file);
  SLMRIG_ASSIGN(model.embedding, tensors.find("token_embd.weight", {width, vocabulary}));
  SLMRIG_ASSIGN(model.output_norm, tensors.find("output_norm.weight", {width}));
  SLMRIG_ASSIGN(model.output, tensors.find_if_there("output.weight", {width, vocabulary}));
  SLMRIG_ASSIGN(model.rope_factors,
                tensors.find_if_there("rope_freqs.weight", {std::uint64_t{model.shape.head_dim} / 2}));
  for (std::uint32_t index = 0; index < model.shape.layer_count; ++index) {
    SLMRIG_ASSIGN(LlamaLayer layer, read_layer(tensors, model.shape, index));
    model.layers.push_back(layer);
  }
  SLMRIG_TRY(tensors.refuse_unused());
  return model;
}

}  // namespace slmrig::forge
