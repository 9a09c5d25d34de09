// A buffer aligned to 32 bytes: what the runtime asks of images and arenas.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>

namespace slmrig::forge {

class AlignedBytes {
 public:
  static constexpr std::size_t kAlignment = 32;

  AlignedBytes() = default;
  // Zeroed.
  explicit AlignedBytes(std::size_t size_bytes)
      : size_bytes_(size_bytes),
        data_(static_cast<std::uint8_t*>(
            std::aligned_alloc(kAlignment, (size_bytes + kAlignment) / kAlignment * kAlignment))) {
    std::memset(data_.get(), 0, size_bytes);
  }
  explicit AlignedBytes(std::span<const std::uint8_t> bytes) : AlignedBytes(bytes.size()) {
    if (!bytes.empty()) std::memcpy(data_.get(), bytes.data(), bytes.size());
  }

  std::uint8_t* data() { return data_.get(); }
  const std::uint8_t* data() const { return data_.get(); }
  std::size_t size() const { return size_bytes_; }

 private:
  struct Free {
    void operator()(std::uint8_t* data) const { std::free(data); }
  };
  std::size_t size_bytes_ = 0;
  std::unique_ptr<std::uint8_t, Free> data_;
};

}  // namespace slmrig::forge
