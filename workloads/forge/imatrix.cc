#include "workloads/forge/imatrix.h"

#include <cmath>
#include <cstring>
#include <span>

#include <fmt/format.h>

#include "harness/base/file.h"
#include "harness/base/sha256.h"
#include "workloads/forge/gguf.h"

namespace slmrig::forge {

using base::Done;
using base::ErrorCode;
using base::fail;
using base::Result;

namespace {

constexpr std::int32_t kMostEntries = 1 << 20;
constexpr std::int32_t kMostNameBytes = 1024;
constexpr std::string_view kSumsSuffix = ".in_sum2";
constexpr std::string_view kCountsSuffix = ".counts";

Done check_values(std::string_view name, const std::vector<float>& values) {
  for (const float value : values) {
    if (std::isfinite(value) && value >= 0.0F) continue;
    return fail(ErrorCode::kCorrupt,
                fmt::format("the entry `{}` holds {}, expected mean squares", name, value));
  }
  return {};
}

// The flat form: little-endian, nothing aligned.
class FlatReader {
 public:
  explicit FlatReader(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  Result<Imatrix> read() {
    SLMRIG_ASSIGN(const std::int32_t count, count_at_most(kMostEntries, "entries"));
    Imatrix imatrix;
    for (std::int32_t i = 0; i < count; ++i) {
      SLMRIG_ASSIGN(const std::int32_t name_bytes, count_at_most(kMostNameBytes, "bytes of a name"));
      SLMRIG_ASSIGN(const auto name_span, take(static_cast<std::size_t>(name_bytes)));
      const std::string name(name_span.begin(), name_span.end());
      SLMRIG_ASSIGN(const std::int32_t calls, number());
      SLMRIG_ASSIGN(const std::int32_t value_count, number());
      if (calls <= 0 || value_count <= 0) {
        return refuse(fmt::format("the entry `{}` has {} values of {} calls", name, value_count, calls));
      }
      SLMRIG_ASSIGN(const auto raw, take(static_cast<std::size_t>(value_count) * sizeof(float)));
      std::vector<float> values(static_cast<std::size_t>(value_count));
      std::memcpy(values.data(), raw.data(), raw.size());
      for (float& value : values) value /= static_cast<float>(calls);
      SLMRIG_TRY(check_values(name, values));
      imatrix.mean_squares[name] = std::move(values);
    }
    return imatrix;
  }

 private:
  tl::unexpected<base::Error> refuse(const std::string& reason) const {
    return fail(ErrorCode::kCorrupt,
                fmt::format("importance matrix refused at byte {}: {}", offset_, reason));
  }

  Result<std::span<const std::uint8_t>> take(std::size_t size) {
    if (size > bytes_.size() - offset_) {
      return refuse(fmt::format("{} more bytes were expected, {} are left", size, bytes_.size() - offset_));
    }
    const auto taken = bytes_.subspan(offset_, size);
    offset_ += size;
    return taken;
  }

  Result<std::int32_t> number() {
    SLMRIG_ASSIGN(const auto raw, take(sizeof(std::int32_t)));
    std::int32_t value = 0;
    std::memcpy(&value, raw.data(), sizeof(value));
    return value;
  }

  Result<std::int32_t> count_at_most(std::int32_t most, std::string_view what) {
    SLMRIG_ASSIGN(const std::int32_t value, number());
    if (value <= 0 || value > most) return refuse(fmt::format("{} {}, expected 1 to {}", value, what, most));
    return value;
  }

  std::span<const std::uint8_t> bytes_;
  std::size_t offset_ = 0;
};

// Tensors <name>.in_sum2 [columns] and <name>.counts [1]: sum and number of squares.
Result<Imatrix> read_gguf(const std::vector<std::uint8_t>& raw) {
  const auto* first = reinterpret_cast<const std::byte*>(raw.data());
  SLMRIG_ASSIGN(const GgufFile file, parse_gguf(std::vector<std::byte>(first, first + raw.size())));
  Imatrix imatrix;
  for (const GgufTensor& tensor : file.tensors()) {
    if (!tensor.name.ends_with(kSumsSuffix)) continue;
    const std::string name = tensor.name.substr(0, tensor.name.size() - kSumsSuffix.size());
    const GgufTensor* counts = file.find_tensor(name + std::string(kCountsSuffix));
    if (counts == nullptr || counts->floats().size() != 1 || tensor.floats().size() != tensor.dims[0]) {
      return fail(ErrorCode::kUnsupported,
                  fmt::format("the entry `{}` must have one F32 row `{}` and one F32 count `{}{}`", name,
                              tensor.name, name, kCountsSuffix));
    }
    const float count = counts->floats()[0];
    if (!(count > 0.0F))
      return fail(ErrorCode::kCorrupt, fmt::format("the entry `{}` counts {}", name, count));
    std::vector<float> values(tensor.floats().begin(), tensor.floats().end());
    for (float& value : values) value /= count;
    SLMRIG_TRY(check_values(name, values));
    imatrix.mean_squares[name] = std::move(values);
  }
  if (imatrix.mean_squares.empty()) {
    return fail(ErrorCode::kBadInput,
                fmt::format("a GGUF file without tensors named *{}: not an importance matrix", kSumsSuffix));
  }
  return imatrix;
}

void append_bytes(const void* from, std::size_t size, std::vector<std::uint8_t>* to) {
  const std::size_t at = to->size();
  to->resize(at + size);
  if (size != 0) std::memcpy(to->data() + at, from, size);
}

void append_number(std::size_t value, std::vector<std::uint8_t>* to) {
  const auto number = static_cast<std::int32_t>(value);
  append_bytes(&number, sizeof(number), to);
}

}  // namespace

Result<Imatrix> load_imatrix(const std::filesystem::path& path) {
  SLMRIG_ASSIGN(const std::vector<std::uint8_t> bytes, base::read_bytes(path));
  const bool is_gguf = bytes.size() >= 4 && std::memcmp(bytes.data(), "GGUF", 4) == 0;
  auto imatrix = is_gguf ? read_gguf(bytes) : FlatReader(bytes).read();
  if (!imatrix) return tl::unexpected(base::within(path.string(), imatrix.error()));
  imatrix->source = path.filename().string();
  imatrix->sha256 = base::sha256_hex(bytes);
  return imatrix;
}

Done save_imatrix(const Imatrix& imatrix, std::int32_t call_count, const std::filesystem::path& path) {
  SLMRIG_CHECK(call_count > 0);
  const auto calls = static_cast<std::size_t>(call_count);
  std::vector<std::uint8_t> bytes;
  append_number(imatrix.mean_squares.size(), &bytes);
  for (const auto& [name, values] : imatrix.mean_squares) {
    append_number(name.size(), &bytes);
    append_bytes(name.data(), name.size(), &bytes);
    append_number(calls, &bytes);
    append_number(values.size(), &bytes);
    for (const float value : values) {
      const float sum = value * static_cast<float>(calls);
      append_bytes(&sum, sizeof(sum), &bytes);
    }
  }
  append_number(calls, &bytes);
  append_number(imatrix.source.size(), &bytes);
  append_bytes(imatrix.source.data(), imatrix.source.size(), &bytes);
  return base::write_file_atomically(path, std::span<const std::uint8_t>(bytes));
}

}  // namespace slmrig::forge
