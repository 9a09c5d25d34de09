#include "workloads/forge/gguf.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <optional>

#include <fmt/format.h>

namespace slmrig::forge {

using base::Done;
using base::ErrorCode;
using base::fail;
using base::Result;

static_assert(std::endian::native == std::endian::little, "GGUF is read and written without swapping bytes");

namespace {

constexpr std::size_t kMaxTensorNameBytes = 63;  // ggml's buffer is 64 with the terminator
constexpr std::size_t kMaxDims = 4;
constexpr std::uint64_t kDefaultAlignment = 32;

struct TypeRow {
  std::uint32_t id;
  GgmlTypeInfo info;
};
constexpr TypeRow kTypes[] = {
    {kGgmlF32, {"F32", 1, 4}},        {kGgmlF16, {"F16", 1, 2}},        {kGgmlQ4_0, {"Q4_0", 32, 18}},
    {kGgmlQ4_1, {"Q4_1", 32, 20}},    {kGgmlQ5_0, {"Q5_0", 32, 22}},    {kGgmlQ5_1, {"Q5_1", 32, 24}},
    {kGgmlQ8_0, {"Q8_0", 32, 34}},    {kGgmlQ2_K, {"Q2_K", 256, 84}},   {kGgmlQ3_K, {"Q3_K", 256, 110}},
    {kGgmlQ4_K, {"Q4_K", 256, 144}},  {kGgmlQ5_K, {"Q5_K", 256, 176}},  {kGgmlQ6_K, {"Q6_K", 256, 210}},
    {kGgmlIq4Nl, {"IQ4_NL", 32, 18}}, {kGgmlI8, {"I8", 1, 1}},          {kGgmlI16, {"I16", 1, 2}},
    {kGgmlI32, {"I32", 1, 4}},        {kGgmlI64, {"I64", 1, 8}},        {kGgmlF64, {"F64", 1, 8}},
    {kGgmlBf16, {"BF16", 1, 2}},      {kGgmlTq1_0, {"TQ1_0", 256, 54}}, {kGgmlTq2_0, {"TQ2_0", 256, 66}},
    {kGgmlNf4, {"NF4", 64, 34}},
};

std::string shape_text(std::span<const std::uint64_t> dims) {
  return fmt::format("[{}]", fmt::join(dims, ", "));
}

// The value as an integer, where it is one of any width.
std::optional<std::int64_t> integer_of(const GgufValue& value) {
  return std::visit(
      [](const auto& held) -> std::optional<std::int64_t> {
        using Held = std::decay_t<decltype(held)>;
        if constexpr (std::is_same_v<Held, std::uint64_t>) {
          if (held > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
            return std::nullopt;
          return static_cast<std::int64_t>(held);
        } else if constexpr (std::is_integral_v<Held> && !std::is_same_v<Held, bool>) {
          return static_cast<std::int64_t>(held);
        } else {
          return std::nullopt;
        }
      },
      value);
}

tl::unexpected<base::Error> missing(std::string_view key, std::string_view wanted) {
  return fail(ErrorCode::kBadInput,
              fmt::format("the GGUF metadata has no key `{}` (expected {})", key, wanted));
}

tl::unexpected<base::Error> wrong_type(std::string_view key, const GgufValue& value,
                                       std::string_view wanted) {
  return fail(ErrorCode::kBadInput, fmt::format("the GGUF metadata key `{}` has value type {}, expected {}",
                                                key, value.index(), wanted));
}

}  // namespace

const GgmlTypeInfo* gguf_type_info(std::uint32_t type) {
  const auto* row =
      std::find_if(std::begin(kTypes), std::end(kTypes), [type](const TypeRow& r) { return r.id == type; });
  return row == std::end(kTypes) ? nullptr : &row->info;
}

std::uint64_t GgufTensor::element_count() const {
  std::uint64_t count = 1;
  for (const std::uint64_t dim : dims) count *= dim;
  return count;
}

std::span<const float> GgufTensor::floats() const {
  if (type != kGgmlF32) return {};
  return {reinterpret_cast<const float*>(data.data()), data.size() / sizeof(float)};
}

Result<std::uint64_t> gguf_tensor_bytes(std::uint32_t type, std::span<const std::uint64_t> dims) {
  const GgmlTypeInfo* info = gguf_type_info(type);
  if (info == nullptr) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("tensor type {} is not one that slmforge can read", type));
  }
  if (dims.empty() || dims.size() > kMaxDims) {
    return fail(ErrorCode::kBadInput, fmt::format("{} dimensions, expected 1 to {}", dims.size(), kMaxDims));
  }
  constexpr std::uint64_t kMaxBytes = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  std::uint64_t elements = 1;
  for (const std::uint64_t dim : dims) {
    if (dim == 0 || elements > kMaxBytes / dim) {
      return fail(ErrorCode::kBadInput,
                  fmt::format("the shape {} is empty or too large for 63 bits", shape_text(dims)));
    }
    elements *= dim;
  }
  if (dims[0] % info->block_size != 0) {
    return fail(ErrorCode::kBadInput, fmt::format("rows of {} are not a whole number of {} blocks of {}",
                                                  dims[0], info->name, info->block_size));
  }
  const std::uint64_t blocks = elements / info->block_size;
  if (blocks > kMaxBytes / info->block_bytes) {
    return fail(ErrorCode::kBadInput,
                fmt::format("the shape {} takes more bytes than 63 bits", shape_text(dims)));
  }
  return blocks * info->block_bytes;
}

void GgufFile::set(std::string_view key, GgufValue value) {
  for (auto& [name, held] : metadata_) {
    if (name == key) {
      held = std::move(value);
      return;
    }
  }
  metadata_.emplace_back(std::string(key), std::move(value));
}

const GgufValue* GgufFile::find(std::string_view key) const {
  for (const auto& [name, value] : metadata_) {
    if (name == key) return &value;
  }
  return nullptr;
}

const GgufTensor* GgufFile::find_tensor(std::string_view name) const {
  for (const GgufTensor& tensor : tensors_) {
    if (tensor.name == name) return &tensor;
  }
  return nullptr;
}

Result<std::uint64_t> GgufFile::count_of(std::string_view key) const {
  constexpr std::string_view kWanted = "an integer that is not negative";
  const GgufValue* value = find(key);
  if (value == nullptr) return missing(key, kWanted);
  const std::optional<std::int64_t> held = integer_of(*value);
  if (!held || *held < 0) return wrong_type(key, *value, kWanted);
  return static_cast<std::uint64_t>(*held);
}

Result<double> GgufFile::number_of(std::string_view key) const {
  const GgufValue* value = find(key);
  if (value == nullptr) return missing(key, "a number");
  if (const auto* held = std::get_if<float>(value)) return static_cast<double>(*held);
  if (const auto* held = std::get_if<double>(value)) return *held;
  if (const auto held = integer_of(*value)) return static_cast<double>(*held);
  return wrong_type(key, *value, "a number");
}

namespace {

template <typename Held>
Result<Held> typed(const GgufFile& file, std::string_view key, std::string_view wanted) {
  const GgufValue* value = file.find(key);
  if (value == nullptr) return missing(key, wanted);
  const Held* held = std::get_if<Held>(value);
  if (held == nullptr) return wrong_type(key, *value, wanted);
  return *held;
}

template <typename Element>
Result<std::vector<Element>> typed_array(const GgufFile& file, std::string_view key,
                                         std::string_view wanted) {
  auto array = typed<GgufArray>(file, key, wanted);
  if (!array) return tl::unexpected(array.error());
  auto* held = std::get_if<std::vector<Element>>(&*array);
  if (held == nullptr) return wrong_type(key, GgufValue(*array), wanted);
  return std::move(*held);
}

}  // namespace

Result<std::string> GgufFile::string_of(std::string_view key) const {
  return typed<std::string>(*this, key, "a string");
}
Result<bool> GgufFile::bool_of(std::string_view key) const { return typed<bool>(*this, key, "a bool"); }
Result<std::vector<std::string>> GgufFile::strings_of(std::string_view key) const {
  return typed_array<std::string>(*this, key, "an array of strings");
}
Result<std::vector<float>> GgufFile::floats_of(std::string_view key) const {
  return typed_array<float>(*this, key, "an array of f32");
}
Result<std::vector<std::int32_t>> GgufFile::ints_of(std::string_view key) const {
  return typed_array<std::int32_t>(*this, key, "an array of i32");
}

Done GgufFile::add_tensor(std::string name, std::uint32_t type, std::vector<std::uint64_t> dims,
                          std::vector<std::byte> bytes) {
  if (name.empty() || name.size() > kMaxTensorNameBytes) {
    return fail(ErrorCode::kBadInput, fmt::format("tensor name `{}` has {} bytes, expected 1 to {}", name,
                                                  name.size(), kMaxTensorNameBytes));
  }
  if (find_tensor(name) != nullptr) {
    return fail(ErrorCode::kBadInput, fmt::format("two tensors are named `{}`", name));
  }
  const auto wanted_bytes = gguf_tensor_bytes(type, dims);
  if (!wanted_bytes) return tl::unexpected(base::within("tensor " + name, wanted_bytes.error()));
  if (bytes.size() != *wanted_bytes) {
    return fail(ErrorCode::kBadInput, fmt::format("tensor `{}` of shape {} takes {} bytes, {} were given",
                                                  name, shape_text(dims), *wanted_bytes, bytes.size()));
  }
  buffers_.push_back(std::make_shared<const std::vector<std::byte>>(std::move(bytes)));
  tensors_.push_back({std::move(name), type, std::move(dims), std::span<const std::byte>(*buffers_.back())});
  return {};
}

Done GgufFile::add_floats(std::string name, std::vector<std::uint64_t> dims, std::span<const float> values) {
  std::vector<std::byte> bytes(values.size_bytes());
  if (!bytes.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  return add_tensor(std::move(name), kGgmlF32, std::move(dims), std::move(bytes));
}

std::uint64_t GgufFile::alignment() const {
  const GgufValue* value = find("general.alignment");
  const auto* held = value == nullptr ? nullptr : std::get_if<std::uint32_t>(value);
  return held == nullptr ? kDefaultAlignment : *held;
}

}  // namespace slmrig::forge
