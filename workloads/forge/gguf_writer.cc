#include <cerrno>
#include <cstring>
#include <fstream>
#include <system_error>

#include <fmt/format.h>

#include "workloads/forge/gguf.h"
#include "workloads/forge/gguf_nf4.h"

namespace slmrig::forge {

namespace {

class Writer {
 public:
  void raw(const void* from, std::size_t size) {
    if (size == 0) return;
    const std::size_t at = bytes.size();
    bytes.resize(at + size);
    std::memcpy(bytes.data() + at, from, size);
  }

  template <typename T>
  void number(T value) {
    raw(&value, sizeof(T));
  }

  void text(std::string_view value) {
    number<std::uint64_t>(value.size());
    raw(value.data(), value.size());
  }

  void scalar(const std::string& value) { text(value); }
  void scalar(bool value) { number<std::uint8_t>(value ? 1 : 0); }
  template <typename T>
  requires std::is_arithmetic_v<T>
  void scalar(T value) { number(value); }

  template <typename T>
  void elements(const std::vector<T>& values) {
    number<std::uint64_t>(values.size());
    for (const auto& value : values) scalar(static_cast<T>(value));
  }
  // Nobody can build such an array: the alternative only keeps the numbering of the format.
  void elements(const std::monostate&) { SLMRIG_CHECK(false); }

  void scalar(const GgufArray& array) {
    number<std::uint32_t>(static_cast<std::uint32_t>(array.index()));
    std::visit([this](const auto& values) { elements(values); }, array);
  }

  void value(const GgufValue& held) {
    number<std::uint32_t>(static_cast<std::uint32_t>(held.index()));
    std::visit([this](const auto& inner) { scalar(inner); }, held);
  }

  void pad_to(std::uint64_t alignment) {
    while (bytes.size() % alignment != 0) bytes.push_back(std::byte{0});
  }

  std::vector<std::byte> bytes;
};

}  // namespace

std::vector<std::byte> serialise_gguf(const GgufFile& in_memory) {
  const GgufFile file = unfold_nf4(in_memory);
  const std::uint64_t alignment = file.alignment();
  Writer out;
  out.number<std::uint32_t>(0x46554747U);
  out.number<std::uint32_t>(3);
  out.number<std::uint64_t>(file.tensors().size());
  out.number<std::uint64_t>(file.metadata().size());
  for (const auto& [key, value] : file.metadata()) {
    out.text(key);
    out.value(value);
  }
  std::uint64_t offset = 0;
  for (const GgufTensor& tensor : file.tensors()) {
    out.text(tensor.name);
    out.number<std::uint32_t>(static_cast<std::uint32_t>(tensor.dims.size()));
    for (const std::uint64_t dim : tensor.dims) out.number<std::uint64_t>(dim);
    out.number<std::uint32_t>(tensor.type);
    out.number<std::uint64_t>(offset);
    offset += (tensor.data.size() + alignment - 1) / alignment * alignment;
  }
  out.pad_to(alignment);
  for (const GgufTensor& tensor : file.tensors()) {
    out.raw(tensor.data.data(), tensor.data.size());
    out.pad_to(alignment);
  }
  return std::move(out.bytes);
}

base::Done save_gguf(const GgufFile& file, const std::filesystem::path& path) {
  const std::vector<std::byte> bytes = serialise_gguf(file);
  std::filesystem::path part = path;
  part += ".part";
  {
    std::ofstream stream(part, std::ios::binary | std::ios::trunc);
    stream.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    stream.close();
    if (!stream) {
      const std::string reason = std::strerror(errno);
      std::error_code ignored;
      std::filesystem::remove(part, ignored);
      return base::fail(base::ErrorCode::kIo,
                        fmt::format("{} bytes could not be written: {}", bytes.size(), reason),
                        path.string());
    }
  }
  std::error_code error;
  std::filesystem::rename(part, path, error);
  if (error) {
    return base::fail(base::ErrorCode::kIo, fmt::format("could not be put in place: {}", error.message()),
                      path.string());
  }
  return {};
}

}  // namespace slmrig::forge
