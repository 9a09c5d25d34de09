#include "workloads/forge/gguf_nf4.h"

#include <algorithm>
#include <cstring>
#include <set>

#include <fmt/format.h>

namespace slmrig::forge {

using base::Done;
using base::ErrorCode;
using base::fail;
using base::Result;

namespace {

constexpr std::string_view kPrefix = "slmrig.quant.";
constexpr std::string_view kScalesSuffix = ".absmax";
constexpr std::uint64_t kBlock = 64;
constexpr std::size_t kScaleBytes = 2;
constexpr std::size_t kCodeBytes = 32;
constexpr std::size_t kBlockBytes = kScaleBytes + kCodeBytes;

std::string key_of(std::string_view tensor, std::string_view part) {
  return fmt::format("{}{}.{}", kPrefix, tensor, part);
}

bool has_scheme(const GgufFile& file, const GgufTensor& tensor) {
  return file.find(key_of(tensor.name, "scheme")) != nullptr;
}

Result<std::vector<std::uint64_t>> dims_of(const GgufFile& file, const std::string& key) {
  const GgufValue* value = file.find(key);
  const auto* array = value == nullptr ? nullptr : std::get_if<GgufArray>(value);
  const auto* dims = array == nullptr ? nullptr : std::get_if<std::vector<std::uint64_t>>(array);
  if (dims == nullptr || dims->empty() || dims->size() > 4) {
    return fail(ErrorCode::kBadInput,
                fmt::format("the GGUF metadata key `{}` must be an array of 1 to 4 u64", key));
  }
  return *dims;
}

// The codes and scales of one tensor, as checked.
struct Parts {
  std::vector<std::uint64_t> dims;
  const GgufTensor* scales = nullptr;
};

Result<Parts> find_parts(const GgufFile& file, const GgufTensor& codes) {
  SLMRIG_ASSIGN(const std::string scheme, file.string_of(key_of(codes.name, "scheme")));
  SLMRIG_ASSIGN(const std::uint64_t block, file.count_of(key_of(codes.name, "block_size")));
  if (scheme != "nf4" || block != kBlock) {
    return fail(
        ErrorCode::kUnsupported,
        fmt::format("tensor `{}` is stored as `{}` in blocks of {}; slmforge reads nf4 in blocks of {}",
                    codes.name, scheme, block, kBlock));
  }
  Parts parts;
  SLMRIG_ASSIGN(parts.dims, dims_of(file, key_of(codes.name, "dims")));
  SLMRIG_ASSIGN(const std::string scales_name, file.string_of(key_of(codes.name, "scales")));
  parts.scales = file.find_tensor(scales_name);
  if (parts.scales == nullptr) {
    return fail(ErrorCode::kBadInput,
                fmt::format("the scales of tensor `{}` are to be in `{}`, which is not there", codes.name,
                            scales_name));
  }
  auto size = gguf_tensor_bytes(kGgmlNf4, parts.dims);
  if (!size) return tl::unexpected(base::within("tensor " + codes.name, size.error()));
  const std::uint64_t blocks = *size / kBlockBytes;
  if (codes.type != kGgmlI8 || codes.data.size() != blocks * kCodeBytes || parts.scales->type != kGgmlF16 ||
      parts.scales->data.size() != blocks * kScaleBytes) {
    return fail(
        ErrorCode::kBadInput,
        fmt::format("tensor `{}` of NF4 [{}] needs {} bytes of I8 codes and {} F16 scales; it has {} bytes "
                    "and `{}` has {}",
                    codes.name, fmt::join(parts.dims, ", "), blocks * kCodeBytes, blocks, codes.data.size(),
                    scales_name, parts.scales->data.size() / kScaleBytes));
  }
  // What is written again needs a name for its scales that nothing else has.
  const GgufTensor* namesake = file.find_tensor(codes.name + std::string(kScalesSuffix));
  if (codes.name.size() > kMaxNf4NameBytes || (namesake != nullptr && namesake != parts.scales)) {
    return fail(
        ErrorCode::kUnsupported,
        fmt::format("tensor `{}` of NF4 must have a name of at most {} bytes, and `{}{}` must be its scales",
                    codes.name, kMaxNf4NameBytes, codes.name, kScalesSuffix));
  }
  return parts;
}

std::vector<std::byte> join_blocks(std::span<const std::byte> codes, std::span<const std::byte> scales) {
  const std::size_t count = scales.size() / kScaleBytes;
  std::vector<std::byte> blocks(count * kBlockBytes);
  for (std::size_t i = 0; i < count; ++i) {
    std::byte* to = blocks.data() + i * kBlockBytes;
    std::memcpy(to, scales.data() + i * kScaleBytes, kScaleBytes);
    std::memcpy(to + kScaleBytes, codes.data() + i * kCodeBytes, kCodeBytes);
  }
  return blocks;
}

// A tensor of another file under the same name; the bytes are copied.
Done copy_tensor(const GgufTensor& tensor, GgufFile* to) {
  return to->add_tensor(tensor.name, tensor.type, tensor.dims,
                        std::vector<std::byte>(tensor.data.begin(), tensor.data.end()));
}

void unfold_tensor(const GgufTensor& tensor, GgufFile* to) {
  const std::size_t count = tensor.data.size() / kBlockBytes;
  std::vector<std::byte> codes(count * kCodeBytes);
  std::vector<std::byte> scales(count * kScaleBytes);
  for (std::size_t i = 0; i < count; ++i) {
    const std::byte* from = tensor.data.data() + i * kBlockBytes;
    std::memcpy(scales.data() + i * kScaleBytes, from, kScaleBytes);
    std::memcpy(codes.data() + i * kCodeBytes, from + kScaleBytes, kCodeBytes);
  }
  std::vector<std::uint64_t> code_dims = tensor.dims;
  std::vector<std::uint64_t> scale_dims = tensor.dims;
  code_dims[0] /= 2;
  scale_dims[0] /= kBlock;
  const std::string scales_name = tensor.name + std::string(kScalesSuffix);
  to->set(key_of(tensor.name, "scheme"), std::string("nf4"));
  to->set(key_of(tensor.name, "block_size"), static_cast<std::uint32_t>(kBlock));
  to->set(key_of(tensor.name, "dims"), GgufArray(tensor.dims));
  to->set(key_of(tensor.name, "scales"), scales_name);
  const Done added = to->add_tensor(tensor.name, kGgmlI8, std::move(code_dims), std::move(codes));
  const Done scaled = to->add_tensor(scales_name, kGgmlF16, std::move(scale_dims), std::move(scales));
  SLMRIG_CHECK(added && scaled);
}

}  // namespace

Result<GgufFile> fold_nf4(GgufFile file) {
  const auto& tensors = file.tensors();
  const auto is_folded = [&file](const GgufTensor& tensor) { return has_scheme(file, tensor); };
  if (std::none_of(tensors.begin(), tensors.end(), is_folded)) return file;
  GgufFile folded;
  std::set<std::string> absorbed_keys;
  std::set<std::string> absorbed_tensors;
  for (const GgufTensor& tensor : tensors) {
    if (!is_folded(tensor)) continue;
    SLMRIG_ASSIGN(const Parts parts, find_parts(file, tensor));
    absorbed_tensors.insert(parts.scales->name);
    for (const char* part : {"scheme", "block_size", "dims", "scales"}) {
      absorbed_keys.insert(key_of(tensor.name, part));
    }
  }
  for (const auto& [key, value] : file.metadata()) {
    if (absorbed_keys.count(key) == 0) folded.set(key, value);
  }
  for (const GgufTensor& tensor : tensors) {
    if (absorbed_tensors.count(tensor.name) != 0) continue;
    if (!is_folded(tensor)) {
      SLMRIG_TRY(copy_tensor(tensor, &folded));
      continue;
    }
    SLMRIG_ASSIGN(const Parts parts, find_parts(file, tensor));
    SLMRIG_TRY(
        folded.add_tensor(tensor.name, kGgmlNf4, parts.dims, join_blocks(tensor.data, parts.scales->data)));
  }
  return folded;
}

GgufFile unfold_nf4(const GgufFile& file) {
  const auto& tensors = file.tensors();
  const auto is_nf4 = [](const GgufTensor& tensor) { return tensor.type == kGgmlNf4; };
  if (std::none_of(tensors.begin(), tensors.end(), is_nf4)) return file;
  GgufFile unfolded;
  for (const auto& [key, value] : file.metadata()) unfolded.set(key, value);
  for (const GgufTensor& tensor : tensors) {
    if (is_nf4(tensor)) {
      unfold_tensor(tensor, &unfolded);
    } else {
      SLMRIG_CHECK(copy_tensor(tensor, &unfolded));
    }
  }
  return unfolded;
}

}  // namespace slmrig::forge
