// Reading and writing GGUF v3, the interchange format of models on the host.
//
// A GgufFile owns, or shares, every byte that its tensors show; it can be moved and copied freely and the
// spans stay valid as long as one copy lives. Reading takes the whole file into memory (our models are a
// few megabytes). Everything in a file is untrusted: each length, count and offset is checked before use,
// and a refusal names the reason and the byte offset at which it was found.
//
// Not thread-safe while being built; const use from many threads is fine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "harness/base/error.h"

namespace slmrig::forge {

// Types of metadata values; the numbers are those of the format, and the index in GgufValue's variant.
enum class GgufValueType : std::uint32_t {
  kUint8 = 0,
  kInt8 = 1,
  kUint16 = 2,
  kInt16 = 3,
  kUint32 = 4,
  kInt32 = 5,
  kFloat32 = 6,
  kBool = 7,
  kString = 8,
  kArray = 9,
  kUint64 = 10,
  kInt64 = 11,
  kFloat64 = 12,
};

// An array of one element type. The alternatives stand in the order of GgufValueType; the monostate holds
// the place of nested arrays, which the format allows and no reader we know accepts.
using GgufArray =
    std::variant<std::vector<std::uint8_t>, std::vector<std::int8_t>, std::vector<std::uint16_t>,
                 std::vector<std::int16_t>, std::vector<std::uint32_t>, std::vector<std::int32_t>,
                 std::vector<float>, std::vector<bool>, std::vector<std::string>, std::monostate,
                 std::vector<std::uint64_t>, std::vector<std::int64_t>, std::vector<double>>;

using GgufValue =
    std::variant<std::uint8_t, std::int8_t, std::uint16_t, std::int16_t, std::uint32_t, std::int32_t, float,
                 bool, std::string, GgufArray, std::uint64_t, std::int64_t, double>;

// Tensor types that we name; others are kept by number. Sizes: gguf_type_info.
enum GgmlType : std::uint32_t {
  kGgmlF32 = 0,
  kGgmlF16 = 1,
  kGgmlQ4_0 = 2,
  kGgmlQ4_1 = 3,
  kGgmlQ5_0 = 6,
  kGgmlQ5_1 = 7,
  kGgmlQ8_0 = 8,
  kGgmlQ2_K = 10,
  kGgmlQ3_K = 11,
  kGgmlQ4_K = 12,
  kGgmlQ5_K = 13,
  kGgmlQ6_K = 14,
  kGgmlIq4Nl = 20,
  kGgmlI8 = 24,
  kGgmlI16 = 25,
  kGgmlI32 = 26,
  kGgmlI64 = 27,
  kGgmlF64 = 28,
  kGgmlBf16 = 30,
  kGgmlTq1_0 = 34,
  kGgmlTq2_0 = 35,
  // NF4 has no number in the format. In memory it is a type like any other: block of 64, 34 bytes, half
  // absmax @0, then 32 bytes of two codes each, the first weight of a pair in the high nibble. In a file it
  // is an I8 tensor of the codes, an F16 tensor of the scales and some keys: gguf_nf4.h. The reader folds
  // these into one tensor and the writer unfolds it, so nobody between them needs to know.
  kGgmlNf4 = 0x10000,
};

struct GgmlTypeInfo {
  std::string_view name;      // "Q8_0"
  std::uint32_t block_size;   // weights in a block; a row is a whole number of blocks
  std::uint32_t block_bytes;  // bytes of a block
};

// nullptr for a type that we cannot size, and so cannot read.
const GgmlTypeInfo* gguf_type_info(std::uint32_t type);

struct GgufTensor {
  std::string name;
  std::uint32_t type = kGgmlF32;
  std::vector<std::uint64_t>
      dims;  // dims[0] is contiguous (the input features of a linear layer); 1..4 of them
  std::span<const std::byte> data;  // exactly the bytes of the tensor, aligned to 32 or the file's alignment

  std::uint64_t element_count() const;
  // The data of an F32 tensor, [dims[n-1], ..., dims[0]] row-major; empty for any other type.
  std::span<const float> floats() const;
};

class GgufFile {
 public:
  // In the order of the file. set() replaces a key that exists.
  const std::vector<std::pair<std::string, GgufValue>>& metadata() const { return metadata_; }
  const std::vector<GgufTensor>& tensors() const { return tensors_; }

  void set(std::string_view key, GgufValue value);
  const GgufValue* find(std::string_view key) const;
  const GgufTensor* find_tensor(std::string_view name) const;

  // Typed look-ups; the error names the key, what was found and what was expected.
  // Integers of any width and sign are accepted as long as they are not negative (writers differ).
  base::Result<std::uint64_t> count_of(std::string_view key) const;
  base::Result<double> number_of(std::string_view key) const;
  base::Result<std::string> string_of(std::string_view key) const;
  base::Result<bool> bool_of(std::string_view key) const;
  base::Result<std::vector<std::string>> strings_of(std::string_view key) const;
  base::Result<std::vector<float>> floats_of(std::string_view key) const;
  base::Result<std::vector<std::int32_t>> ints_of(std::string_view key) const;

  // Adds a tensor, keeping its bytes alive. Refuses a duplicate name, a name over 63 bytes, dims that do
  // not fit the type's blocks, and a byte count that is not the one the dims ask for.
  base::Done add_tensor(std::string name, std::uint32_t type, std::vector<std::uint64_t> dims,
                        std::vector<std::byte> bytes);
  base::Done add_floats(std::string name, std::vector<std::uint64_t> dims, std::span<const float> values);

  // 32, or general.alignment.
  std::uint64_t alignment() const;

 private:
  friend class GgufReader;
  std::vector<std::pair<std::string, GgufValue>> metadata_;
  std::vector<GgufTensor> tensors_;
  std::vector<std::shared_ptr<const std::vector<std::byte>>> buffers_;
};

// Bytes that a tensor of this type and these dims takes, or why there is no such tensor.
base::Result<std::uint64_t> gguf_tensor_bytes(std::uint32_t type, std::span<const std::uint64_t> dims);

base::Result<GgufFile> parse_gguf(std::vector<std::byte> bytes);
base::Result<GgufFile> load_gguf(const std::filesystem::path& path);

std::vector<std::byte> serialise_gguf(const GgufFile& file);
// Writes beside `path` and renames, so that a reader never sees half a file.
base::Done save_gguf(const GgufFile& file, const std::filesystem::path& path);

}  // namespace slmrig::forge
