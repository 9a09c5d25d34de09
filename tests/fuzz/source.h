// What a fuzz target takes its decisions from: the input, byte by byte.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace slmrig::fuzz {

// Zeros behind the input's end. Does not own the bytes.
class Source {
 public:
  Source(const uint8_t* data, std::size_t size_bytes) : data_(data), left_(size_bytes) {}

  bool empty() const { return left_ == 0; }
  uint8_t byte() {
    if (left_ == 0) return 0;
    --left_;
    return *data_++;
  }
  // Small or huge: what checks of sizes get wrong.
  uint64_t number() {
    const uint8_t kind = byte();
    if (kind < 0xC0) return kind;
    uint64_t value = 0;
    for (int bytes = kind % 8 + 1; bytes > 0; --bytes) value = value << 8 | byte();
    return kind < 0xE0 ? value : ~value;
  }
  std::vector<uint8_t> bytes(std::size_t most = 2000) {
    std::vector<uint8_t> taken(std::min<std::size_t>(number() % (most + 1), left_));
    for (uint8_t& to : taken) to = byte();
    return taken;
  }

 private:
  const uint8_t* data_;
  std::size_t left_;
};

}  // namespace slmrig::fuzz
