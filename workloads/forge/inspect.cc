#include "workloads/forge/inspect.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/base/file.h"
#include "harness/base/sha256.h"
#include "harness/base/utf8.h"
#include "workloads/forge/gguf.h"
#include "workloads/forge/image_writer.h"
#include "workloads/runtime/image.h"

namespace slmrig::forge {

using base::ErrorCode;
using base::fail;
using base::Result;
using nlohmann::json;

namespace {

constexpr std::size_t kShownElements = 8;

json scalar_json(const std::string& text) { return base::make_valid_utf8(text); }
template <typename T>
json scalar_json(const T& value) {
  return value;
}

// {"count": n, "first": [...]}
json array_json(const GgufArray& array) {
  return std::visit(
      [](const auto& values) -> json {
        if constexpr (std::is_same_v<std::decay_t<decltype(values)>, std::monostate>) {
          return {{"count", 0}, {"first", json::array()}};
        } else {
          json first = json::array();
          for (std::size_t i = 0; i < std::min(values.size(), kShownElements); ++i) {
            using Element = typename std::decay_t<decltype(values)>::value_type;
            first.push_back(scalar_json(static_cast<const Element&>(values[i])));
          }
          return {{"count", values.size()}, {"first", std::move(first)}};
        }
      },
      array);
}

json value_json(const GgufValue& value) {
  return std::visit(
      [](const auto& held) -> json {
        if constexpr (std::is_same_v<std::decay_t<decltype(held)>, GgufArray>) {
          return array_json(held);
        } else {
          return scalar_json(held);
        }
      },
      value);
}

json inspect_gguf(const GgufFile& file) {
  json keys = json::array();
  for (const auto& [key, value] : file.metadata()) {
    keys.push_back({{"key", base::make_valid_utf8(key)}, {"value", value_json(value)}});
  }
  json tensors = json::array();
  std::uint64_t parameters = 0;
  for (const GgufTensor& tensor : file.tensors()) {
    const GgmlTypeInfo* info = gguf_type_info(tensor.type);
    parameters += tensor.element_count();
    tensors.push_back({{"name", base::make_valid_utf8(tensor.name)},
                       {"type", info == nullptr ? std::to_string(tensor.type) : std::string(info->name)},
                       {"dims", tensor.dims},
                       {"bytes", tensor.data.size()}});
  }
  return {{"kind", "gguf"},
          {"parameters", parameters},
          {"keys", std::move(keys)},
          {"tensors", std::move(tensors)}};
}

std::string kind_name(std::uint16_t kind) {
  using runtime::TensorKind;
  switch (static_cast<TensorKind>(kind)) {
    case TensorKind::kTokenEmbedding: return "token_embedding";
    case TensorKind::kOutputNorm: return "output_norm";
    case TensorKind::kOutput: return "output";
    case TensorKind::kRopeTable: return "rope_table";
    case TensorKind::kAttentionNorm: return "attention_norm";
    case TensorKind::kQuery: return "query";
    case TensorKind::kKey: return "key";
    case TensorKind::kValue: return "value";
    case TensorKind::kAttentionOutput: return "attention_output";
    case TensorKind::kFeedForwardNorm: return "feed_forward_norm";
    case TensorKind::kGate: return "gate";
    case TensorKind::kUp: return "up";
    case TensorKind::kDown: return "down";
    case TensorKind::kQueryBias: return "query_bias";
    case TensorKind::kKeyBias: return "key_bias";
    case TensorKind::kValueBias: return "value_bias";
    case TensorKind::kAttentionOutputBias: return "attention_output_bias";
  }
  return std::to_string(kind);
}

// "Q8_0 x4": 4 rows in a group.
std::string format_name(std::uint16_t format) {
  const auto known = static_cast<runtime::Format>(format);
  const std::uint32_t rows = runtime::rows_per_group(known);
  const std::string name = runtime::format_name(known);
  return rows == 1 ? name : fmt::format("{} x{}", name, rows);
}

Result<json> inspect_image(const std::vector<std::uint8_t>& bytes) {
  SLMRIG_ASSIGN(const ImageInfo info, describe_image(bytes));
  runtime::ImageHeader header = {};
  std::memcpy(&header, bytes.data(), sizeof(header));
  json keys = json::array();
  const json facts = to_json(info);
  for (const auto& [key, value] : facts.items()) keys.push_back({{"key", key}, {"value", value}});
  for (const auto& [key, value] : {std::pair<const char*, std::uint32_t>{"width", header.width},
                                   {"layer_count", header.layer_count},
                                   {"head_count", header.head_count},
                                   {"kv_head_count", header.kv_head_count},
                                   {"head_dim", header.head_dim},
                                   {"feed_forward", header.feed_forward}}) {
    keys.push_back({{"key", key}, {"value", value}});
  }
  json tensors = json::array();
  std::uint64_t parameters = 0;
  for (std::uint32_t i = 0; i < header.tensor_count; ++i) {
    runtime::TensorEntry entry = {};
    std::memcpy(&entry, bytes.data() + header.tensor_table_offset + i * sizeof(entry), sizeof(entry));
    const std::string kind = kind_name(entry.kind);
    if (kind != "rope_table") parameters += std::uint64_t{entry.rows} * entry.columns;
    tensors.push_back(
        {{"name", entry.layer == runtime::kNoLayer ? kind : fmt::format("{}.{}", entry.layer, kind)},
         {"type", format_name(entry.format)},
         {"dims", {entry.columns, entry.rows}},
         {"bytes", entry.bytes},
         {"offset", entry.offset},
         {"crc32c", fmt::format("{:08x}", entry.crc32c)}});
  }
  return json{{"kind", "image"},
              {"parameters", parameters},
              {"keys", std::move(keys)},
              {"tensors", std::move(tensors)}};
}

std::string shown(const json& value) {
  if (value.is_object() && value.contains("first")) {
    const bool more = value["count"].get<std::size_t>() > value["first"].size();
    std::string text = fmt::format("{} x [", value["count"].get<std::size_t>());
    for (const json& element : value["first"]) text += element.dump() + ", ";
    if (more) return text + "...]";
    if (!value["first"].empty()) text.resize(text.size() - 2);
    return text + "]";
  }
  return value.is_string() ? value.get<std::string>() : value.dump();
}

}  // namespace

Result<json> inspect(const std::filesystem::path& path) {
  SLMRIG_ASSIGN(const std::vector<std::uint8_t> bytes, base::read_bytes(path));
  const auto begins_with = [&bytes](std::string_view magic) {
    return bytes.size() >= magic.size() && std::memcmp(bytes.data(), magic.data(), magic.size()) == 0;
  };
  json result;
  if (begins_with({runtime::kImageMagic, sizeof(runtime::kImageMagic)})) {
    auto image = inspect_image(bytes);
    if (!image) return tl::unexpected(base::within(path.string(), image.error()));
    result = std::move(*image);
  } else {
    const auto* first = reinterpret_cast<const std::byte*>(bytes.data());
    const auto file = parse_gguf(std::vector<std::byte>(first, first + bytes.size()));
    if (!file) return tl::unexpected(base::within(path.string(), file.error()));
    result = inspect_gguf(*file);
  }
  result["file"] = path.string();
  result["file_bytes"] = bytes.size();
  result["file_sha256"] = base::sha256_hex(bytes);
  return result;
}

std::string inspection_text(const json& inspection) {
  std::string text = fmt::format(
      "{}: {}, {} bytes, {} parameters\nsha256 {}\n\n", inspection["file"].get<std::string>(),
      inspection["kind"].get<std::string>(), inspection["file_bytes"].get<std::uint64_t>(),
      inspection["parameters"].get<std::uint64_t>(), inspection["file_sha256"].get<std::string>());
  for (const json& entry : inspection["keys"]) {
    text += fmt::format("{:<42} {}\n", entry["key"].get<std::string>(), shown(entry["value"]));
  }
  text += fmt::format("\n{:<32} {:<8} {:>16} {:>12}\n", "tensor", "type", "dims", "bytes");
  for (const json& tensor : inspection["tensors"]) {
    const auto dims = tensor["dims"].get<std::vector<std::uint64_t>>();
    text += fmt::format("{:<32} {:<8} {:>16} {:>12}\n", tensor["name"].get<std::string>(),
                        tensor["type"].get<std::string>(), fmt::format("{}", fmt::join(dims, " x ")),
                        tensor["bytes"].get<std::uint64_t>());
  }
  return text;
}

}  // namespace slmrig::forge
