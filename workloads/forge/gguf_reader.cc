// Parsing: every length and offset of the file is checked here, before anything is copied or pointed to.
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <limits>
#include <numeric>
#include <unordered_set>

#include <fmt/format.h>

#include "workloads/forge/gguf.h"
#include "workloads/forge/gguf_nf4.h"

namespace slmrig::forge {

using base::Done;
using base::ErrorCode;
using base::fail;
using base::Result;

namespace {

constexpr std::uint64_t kMaxKeyBytes = 65535;
// A hostile count must not make us reserve memory; no entry is shorter than this.
constexpr std::uint64_t kMinMetadataBytes = 8 + 4 + 1;
constexpr std::uint64_t kMinTensorInfoBytes = 8 + 1 + 4 + 8 + 4 + 8;

}  // namespace

class GgufReader {
 public:
  explicit GgufReader(std::vector<std::byte> bytes)
      : owned_(std::make_shared<const std::vector<std::byte>>(std::move(bytes))), bytes_(*owned_) {}

  Result<GgufFile> read() {
    SLMRIG_TRY(read_header());
    SLMRIG_TRY(read_metadata());
    SLMRIG_TRY(read_tensor_infos());
    SLMRIG_TRY(place_tensors());
    file_.buffers_.push_back(owned_);
    return fold_nf4(std::move(file_));
  }

 private:
  tl::unexpected<base::Error> refuse(std::string reason, ErrorCode code = ErrorCode::kCorrupt) const {
    return fail(code, fmt::format("GGUF refused at byte {}: {}", offset_, reason));
  }

  std::uint64_t left() const { return bytes_.size() - offset_; }

  template <typename T>
  Result<T> number() {
    if (left() < sizeof(T)) {
      return refuse(fmt::format("the file ends here, {} more bytes were expected", sizeof(T)));
    }
    T value{};
    std::memcpy(&value, bytes_.data() + offset_, sizeof(T));
    offset_ += sizeof(T);
    return value;
  }

  Result<std::string> text(std::uint64_t max_bytes) {
    SLMRIG_ASSIGN(const std::uint64_t size, number<std::uint64_t>());
    if (size > left() || size > max_bytes) {
      return refuse(
          fmt::format("a string of {} bytes, {} are left and {} are allowed", size, left(), max_bytes));
    }
    std::string value(reinterpret_cast<const char*>(bytes_.data() + offset_), size);
    offset_ += size;
    return value;
  }

  Done read_header() {
    SLMRIG_ASSIGN(const std::uint32_t magic, number<std::uint32_t>());
    if (magic != 0x46554747U) {
      offset_ = 0;
      return refuse(fmt::format("magic 0x{:08x}, expected `GGUF` (0x46554747)", magic));
    }
    SLMRIG_ASSIGN(const std::uint32_t version, number<std::uint32_t>());
    if (version != 2 && version != 3) {
      const bool swapped = (version & 0xffffU) == 0;
      return refuse(swapped ? std::string("the other byte order (big-endian); convert the file")
                            : fmt::format("version {}, expected 2 or 3", version),
                    ErrorCode::kUnsupported);
    }
    SLMRIG_ASSIGN(tensor_count_, number<std::uint64_t>());
    SLMRIG_ASSIGN(metadata_count_, number<std::uint64_t>());
    if (tensor_count_ > left() / kMinTensorInfoBytes || metadata_count_ > left() / kMinMetadataBytes) {
      return refuse(fmt::format("{} tensors and {} metadata keys do not fit the {} bytes that follow",
                                tensor_count_, metadata_count_, left()));
    }
    return {};
  }

  Done read_metadata() {
    for (std::uint64_t i = 0; i < metadata_count_; ++i) {
      SLMRIG_ASSIGN(std::string key, text(kMaxKeyBytes));
      if (key.empty()) return refuse("an empty metadata key");
      if (file_.find(key) != nullptr) return refuse(fmt::format("the metadata key `{}` twice", key));
      SLMRIG_ASSIGN(const std::uint32_t type, number<std::uint32_t>());
      auto value = read_value(type);
      if (!value) return tl::unexpected(base::within("key " + key, value.error()));
      file_.set(key, std::move(*value));
    }
    return check_alignment();
  }

  Done check_alignment() {
    const GgufValue* value = file_.find("general.alignment");
    if (value == nullptr) return {};
    const auto* alignment = std::get_if<std::uint32_t>(value);
    if (alignment == nullptr || *alignment < 8 || (*alignment & (*alignment - 1)) != 0) {
      return refuse("general.alignment must be a u32 power of two, at least 8");
    }
    return {};
  }

  template <typename T>
  Result<GgufValue> scalar() {
    SLMRIG_ASSIGN(const T value, number<T>());
    return GgufValue(value);
  }

  Result<GgufValue> boolean() {
    SLMRIG_ASSIGN(const std::uint8_t value, number<std::uint8_t>());
    if (value > 1) return refuse(fmt::format("a bool of value {}", value));
    return GgufValue(value == 1);
  }

  Result<GgufValue> read_value(std::uint32_t type) {
    switch (static_cast<GgufValueType>(type)) {
      case GgufValueType::kUint8: return scalar<std::uint8_t>();
      case GgufValueType::kInt8: return scalar<std::int8_t>();
      case GgufValueType::kUint16: return scalar<std::uint16_t>();
      case GgufValueType::kInt16: return scalar<std::int16_t>();
      case GgufValueType::kUint32: return scalar<std::uint32_t>();
      case GgufValueType::kInt32: return scalar<std::int32_t>();
      case GgufValueType::kFloat32: return scalar<float>();
      case GgufValueType::kUint64: return scalar<std::uint64_t>();
      case GgufValueType::kInt64: return scalar<std::int64_t>();
      case GgufValueType::kFloat64: return scalar<double>();
      case GgufValueType::kBool: return boolean();
      case GgufValueType::kString: {
        SLMRIG_ASSIGN(std::string value, text(std::numeric_limits<std::uint64_t>::max()));
        return GgufValue(std::move(value));
      }
      case GgufValueType::kArray: return read_array();
    }
    return refuse(fmt::format("metadata value type {}, expected 0 to 12", type));
  }

  template <typename T>
  Result<GgufValue> numbers(std::uint64_t count) {
    if (count > left() / sizeof(T)) {
      return refuse(
          fmt::format("an array of {} elements of {} bytes, {} bytes are left", count, sizeof(T), left()));
    }
    std::vector<T> values(count);
    if (count != 0) std::memcpy(values.data(), bytes_.data() + offset_, count * sizeof(T));
    offset_ += count * sizeof(T);
    return GgufValue(GgufArray(std::move(values)));
  }

  Result<GgufValue> bools(std::uint64_t count) {
    if (count > left()) return refuse(fmt::format("an array of {} bools, {} bytes are left", count, left()));
    std::vector<bool> values;
    for (std::uint64_t i = 0; i < count; ++i) {
      SLMRIG_ASSIGN(const GgufValue value, boolean());
      values.push_back(std::get<bool>(value));
    }
    return GgufValue(GgufArray(std::move(values)));
  }

  Result<GgufValue> strings(std::uint64_t count) {
    if (count > left() / sizeof(std::uint64_t)) {
      return refuse(fmt::format("an array of {} strings, {} bytes are left", count, left()));
    }
    std::vector<std::string> values;
    for (std::uint64_t i = 0; i < count; ++i) {
      SLMRIG_ASSIGN(std::string value, text(std::numeric_limits<std::uint64_t>::max()));
      values.push_back(std::move(value));
    }
    return GgufValue(GgufArray(std::move(values)));
  }

  Result<GgufValue> read_array() {
    SLMRIG_ASSIGN(const std::uint32_t type, number<std::uint32_t>());
    SLMRIG_ASSIGN(const std::uint64_t count, number<std::uint64_t>());
    switch (static_cast<GgufValueType>(type)) {
      case GgufValueType::kUint8: return numbers<std::uint8_t>(count);
      case GgufValueType::kInt8: return numbers<std::int8_t>(count);
      case GgufValueType::kUint16: return numbers<std::uint16_t>(count);
      case GgufValueType::kInt16: return numbers<std::int16_t>(count);
      case GgufValueType::kUint32: return numbers<std::uint32_t>(count);
      case GgufValueType::kInt32: return numbers<std::int32_t>(count);
      case GgufValueType::kFloat32: return numbers<float>(count);
      case GgufValueType::kUint64: return numbers<std::uint64_t>(count);
      case GgufValueType::kInt64: return numbers<std::int64_t>(count);
      case GgufValueType::kFloat64: return numbers<double>(count);
      case GgufValueType::kBool: return bools(count);
      case GgufValueType::kString: return strings(count);
      case GgufValueType::kArray: return refuse("an array of arrays", ErrorCode::kUnsupported);
    }
    return refuse(fmt::format("array element type {}, expected 0 to 12", type));
  }

  Done read_tensor_infos() {
    std::unordered_set<std::string> names;
    for (std::uint64_t i = 0; i < tensor_count_; ++i) {
      GgufTensor tensor;
      SLMRIG_ASSIGN(tensor.name, text(63));
      if (tensor.name.empty()) return refuse("a tensor without a name");
      if (!names.insert(tensor.name).second) return refuse(fmt::format("the tensor `{}` twice", tensor.name));
      SLMRIG_ASSIGN(const std::uint32_t dim_count, number<std::uint32_t>());
      if (dim_count == 0 || dim_count > 4) {
        return refuse(fmt::format("tensor `{}` has {} dimensions, expected 1 to 4", tensor.name, dim_count));
      }
      for (std::uint32_t d = 0; d < dim_count; ++d) {
        SLMRIG_ASSIGN(const std::uint64_t dim, number<std::uint64_t>());
        tensor.dims.push_back(dim);
      }
      SLMRIG_ASSIGN(tensor.type, number<std::uint32_t>());
      if (tensor.type >= kGgmlNf4) {
        return refuse(fmt::format("tensor `{}` is of type {}, which no GGUF has", tensor.name, tensor.type),
                      ErrorCode::kUnsupported);
      }
      SLMRIG_ASSIGN(const std::uint64_t offset, number<std::uint64_t>());
      info_ends_.push_back(offset_);
      data_offsets_.push_back(offset);
      file_.tensors_.push_back(std::move(tensor));
    }
    return {};
  }

  // The data blob begins at the next multiple of the alignment; offsets are relative to it.
  Done place_tensors() {
    const std::uint64_t alignment = file_.alignment();
    const std::uint64_t data_start = (offset_ + alignment - 1) / alignment * alignment;
    for (std::size_t i = 0; i < file_.tensors_.size(); ++i) {
      GgufTensor& tensor = file_.tensors_[i];
      offset_ = info_ends_[i];
      const auto size = gguf_tensor_bytes(tensor.type, tensor.dims);
      if (!size) {
        return refuse(fmt::format("tensor `{}`: {}", tensor.name, size.error().message), size.error().code);
      }
      const std::uint64_t offset = data_offsets_[i];
      if (offset % alignment != 0) {
        return refuse(fmt::format("tensor `{}` starts at offset {}, not a multiple of {}", tensor.name,
                                  offset, alignment));
      }
      const std::uint64_t room = data_start <= bytes_.size() ? bytes_.size() - data_start : 0;
      if (offset > room || *size > room - offset) {
        return refuse(fmt::format("tensor `{}` takes {} bytes at offset {} of a data part of {} bytes",
                                  tensor.name, *size, offset, room));
      }
      tensor.data = bytes_.subspan(data_start + offset, *size);
    }
    return refuse_overlaps();
  }

  // Two tensors in the same bytes mean that one of the offsets is wrong, whichever it is.
  Done refuse_overlaps() {
    std::vector<std::size_t> order(file_.tensors_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(),
              [this](std::size_t a, std::size_t b) { return data_offsets_[a] < data_offsets_[b]; });
    for (std::size_t i = 1; i < order.size(); ++i) {
      const GgufTensor& before = file_.tensors_[order[i - 1]];
      const GgufTensor& tensor = file_.tensors_[order[i]];
      if (data_offsets_[order[i]] - data_offsets_[order[i - 1]] >= before.data.size()) continue;
      offset_ = info_ends_[order[i]];
      return refuse(fmt::format("tensor `{}` at offset {} overlaps `{}`, which takes {} bytes at offset {}",
                                tensor.name, data_offsets_[order[i]], before.name, before.data.size(),
                                data_offsets_[order[i - 1]]));
    }
    return {};
  }

  std::shared_ptr<const std::vector<std::byte>> owned_;
  std::span<const std::byte> bytes_;
  std::uint64_t offset_ = 0;
  std::uint64_t tensor_count_ = 0;
  std::uint64_t metadata_count_ = 0;
  std::vector<std::uint64_t> info_ends_;
  std::vector<std::uint64_t> data_offsets_;
  GgufFile file_;
};

Result<GgufFile> parse_gguf(std::vector<std::byte> bytes) { return GgufReader(std::move(bytes)).read(); }

Result<GgufFile> load_gguf(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary | std::ios::ate);
  const std::streamoff size = stream ? static_cast<std::streamoff>(stream.tellg()) : -1;
  // A folder opens, and then claims the largest size there is.
  if (size < 0 || size == std::numeric_limits<std::streamoff>::max()) {
    return fail(ErrorCode::kBadInput, fmt::format("cannot be opened: {}", std::strerror(errno)),
                path.string());
  }
  std::vector<std::byte> bytes(static_cast<std::size_t>(size));
  stream.seekg(0);
  if (!stream.read(reinterpret_cast<char*>(bytes.data()), size)) {
    return fail(ErrorCode::kIo, fmt::format("cannot be read: {}", std::strerror(errno)), path.string());
  }
  auto file = parse_gguf(std::move(bytes));
  if (!file) return tl::unexpected(base::within(path.string(), file.error()));
  return file;
}

}  // namespace slmrig::forge
