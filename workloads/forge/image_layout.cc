#include "workloads/forge/image_layout.h"

#include <cmath>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "workloads/forge/image_blocks.h"
#include "workloads/runtime/image_formats.h"

namespace slmrig::forge {

using base::ErrorCode;
using base::fail;
using base::Result;
using runtime::Format;

namespace {

// Types whose rows images hold as GGUF does.
std::optional<Format> row_format(std::uint32_t ggml_type) {
  switch (ggml_type) {
    case kGgmlF32: return Format::kF32;
    case kGgmlF16: return Format::kF16;
    case kGgmlBf16: return Format::kBf16;
    case kGgmlQ4_1: return Format::kQ4_1;
    case kGgmlQ5_0: return Format::kQ5_0;
    case kGgmlQ5_1: return Format::kQ5_1;
    case kGgmlQ5_K: return Format::kQ5_K;
    default: return std::nullopt;
  }
}

std::uint32_t round_up(std::uint32_t value, std::uint32_t unit) { return (value + unit - 1) / unit * unit; }

std::vector<std::uint8_t> interleave(const GgufTensor& tensor, const BlockLayout& layout,
                                     const StoredMatrix& to) {
  const GgmlTypeInfo& type = *gguf_type_info(tensor.type);
  const std::uint32_t group_rows = runtime::rows_per_group(layout.format);
  const std::size_t row_blocks = to.columns / type.block_size;
  const std::size_t group_bytes =
      runtime::stored_bytes(layout.format, group_rows, runtime::columns_per_group(layout.format));
  std::vector<std::uint8_t> groups(runtime::stored_bytes(layout.format, to.rows, to.columns));
  for (std::size_t row = 0; row < tensor.dims[1]; ++row) {
    for (std::size_t block = 0; block < row_blocks; ++block) {
      const std::byte* from = tensor.data.data() + (row * row_blocks + block) * type.block_bytes;
      std::uint8_t* group = groups.data() + (row / group_rows * row_blocks + block) * group_bytes;
      layout.put(reinterpret_cast<const std::uint8_t*>(from), group, row % group_rows);
    }
  }
  return groups;
}

}  // namespace

Result<StoredMatrix> lay_out_matrix(const GgufTensor& tensor, bool may_fill_up) {
  StoredMatrix stored;
  stored.columns = static_cast<std::uint32_t>(tensor.dims[0]);
  stored.rows = static_cast<std::uint32_t>(tensor.dims[1]);
  if (const std::optional<Format> format = row_format(tensor.type)) {
    stored.format = *format;
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(tensor.data.data());
    stored.bytes.assign(bytes, bytes + tensor.data.size());
    return stored;
  }
  const GgmlTypeInfo* type = gguf_type_info(tensor.type);
  const std::string type_name = type == nullptr ? std::to_string(tensor.type) : std::string(type->name);
  const BlockLayout* layout = block_layout(tensor.type);
  if (layout == nullptr || type == nullptr) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("tensor `{}` is of type {}, which the runtime has no kernels for: convert the "
                            "model to F16 or Q8_0 first",
                            tensor.name, type_name));
  }
  const std::uint32_t group_rows = runtime::rows_per_group(layout->format);
  if (stored.rows % group_rows != 0 && !may_fill_up) {
    return fail(
        ErrorCode::kUnsupported,
        fmt::format("tensor `{}` has {} rows of {}; images hold multiples of {}: keep it in F16 or F32",
                    tensor.name, stored.rows, type_name, group_rows));
  }
  stored.format = layout->format;
  stored.rows = round_up(stored.rows, group_rows);
  stored.bytes = interleave(tensor, *layout, stored);
  return stored;
}

std::vector<std::byte> rows_in_neighbouring_pairs(const GgufTensor& tensor, std::uint32_t head_dim) {
  const std::size_t row_count = tensor.dims.back();
  const std::size_t row_bytes = tensor.data.size() / row_count;
  std::vector<std::byte> rows;
  rows.reserve(tensor.data.size());
  for (std::size_t row = 0; row < row_count; ++row) {
    const std::size_t in_head = row % head_dim;
    const std::size_t from = row - in_head + in_head / 2 + (in_head % 2) * (head_dim / 2);
    const auto data = tensor.data.subspan(from * row_bytes, row_bytes);
    rows.insert(rows.end(), data.begin(), data.end());
  }
  return rows;
}

std::vector<float> rope_table(const RopeOptions& options) {
  const std::size_t pairs = options.head_dim / 2;
  std::vector<float> table;
  table.reserve(static_cast<std::size_t>(options.context_tokens) * options.head_dim);
  for (std::uint32_t position = 0; position < options.context_tokens; ++position) {
    for (std::size_t pair = 0; pair < pairs; ++pair) {
      const double exponent = -2.0 * static_cast<double>(pair) / options.head_dim;
      double angle = position / options.position_factor * std::pow(options.base, exponent);
      if (!options.factors.empty()) angle /= static_cast<double>(options.factors[pair]);
      table.push_back(static_cast<float>(std::cos(angle)));
      table.push_back(static_cast<float>(std::sin(angle)));
    }
  }
  return table;
}

}  // namespace slmrig::forge
