#include "workloads/forge/quantize.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "harness/base/suggest.h"
#include "workloads/forge/block_formats.h"
#include "workloads/forge/llama_model.h"

namespace slmrig::forge {

using base::ErrorCode;
using base::fail;
using base::Result;

namespace {

constexpr std::uint64_t kQ8BlockColumns = 32;
constexpr std::uint32_t kFileTypeF32 = 0;  // general.file_type, as llama.cpp numbers them
constexpr std::uint32_t kFileTypeQ8_0 = 7;
constexpr std::uint32_t kQuantizationVersion = 2;

std::uint32_t wanted_type(const GgufTensor& tensor, std::string_view recipe) {
  const bool is_matrix = tensor.dims.size() == 2;
  if (recipe == "int8" && is_matrix && tensor.dims[0] % kQ8BlockColumns == 0) return kGgmlQ8_0;
  return kGgmlF32;
}

std::vector<std::byte> encode(std::uint32_t type, std::span<const float> values) {
  if (type == kGgmlQ8_0) return quantize_q8_0(values);
  std::vector<std::byte> bytes(values.size_bytes());
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

Result<QuantizedTensor> convert(const GgufTensor& tensor, std::string_view recipe, GgufFile* to) {
  QuantizedTensor report;
  report.name = tensor.name;
  report.type_before = tensor.type;
  report.type_after = wanted_type(tensor, recipe);
  report.bytes_before = tensor.data.size();
  // Bytes that are already right are kept: quantizing a quantized tensor again would not be exact.
  if (report.type_before == report.type_after) {
    report.bytes_after = report.bytes_before;
    SLMRIG_TRY(to->add_tensor(tensor.name, tensor.type, tensor.dims,
                              std::vector<std::byte>(tensor.data.begin(), tensor.data.end())));
    return report;
  }
  SLMRIG_ASSIGN(const std::vector<float> exact, dequantize(tensor));
  std::vector<std::byte> bytes = encode(report.type_after, exact);
  report.bytes_after = bytes.size();
  SLMRIG_TRY(to->add_tensor(tensor.name, report.type_after, tensor.dims, std::move(bytes)));
  SLMRIG_ASSIGN(const std::vector<float> approximate, dequantize(to->tensors().back()));
  report.relative_rmse = relative_rmse(exact, approximate);
  return report;
}

}  // namespace

const std::vector<std::string>& recipe_names() {
  static const std::vector<std::string> names = {"f32", "int8"};
  return names;
}

Result<Quantized> quantize(const GgufFile& file, std::string_view recipe) {
  const std::vector<std::string>& names = recipe_names();
  if (std::find(names.begin(), names.end(), recipe) == names.end()) {
    return fail(ErrorCode::kBadInput, base::unknown_name("recipe", recipe, names));
  }
  SLMRIG_TRY(read_llama(file));
  Quantized result;
  for (const auto& [key, value] : file.metadata()) result.file.set(key, value);
  result.file.set("general.file_type", recipe == "int8" ? kFileTypeQ8_0 : kFileTypeF32);
  if (recipe == "int8") result.file.set("general.quantization_version", kQuantizationVersion);
  result.file.set("slmrig.variant", std::string(recipe));
  for (const GgufTensor& tensor : file.tensors()) {
    SLMRIG_ASSIGN(QuantizedTensor report, convert(tensor, recipe, &result.file));
    result.tensors.push_back(std::move(report));
  }
  return result;
}

}  // namespace slmrig::forge
