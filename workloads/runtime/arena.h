// A bump allocator over memory that somebody else owns, with a high-water mark by class.
//
// With no memory behind it (base null) it only counts, so that the code which lays out a model's buffers also
// answers how many bytes they need. It counts in 64 bits on every board: sizes come from the header of an
// image, and a header that lies must not wrap a sum around. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>

namespace slmrig::runtime {

// kProfile is the table of a profile (profile.h): of no model's own need.
enum class MemoryClass : uint8_t { kKv = 0, kActivations = 1, kScratch = 2, kProfile = 3 };
constexpr size_t kMemoryClassCount = 4;

class Arena {
 public:
  static constexpr size_t kAlignment = 32;

  // Only counts.
  Arena() = default;

  // base [capacity_bytes]; what stands before the first multiple of 32 is not used.
  Arena(uint8_t* base, size_t capacity_bytes) : base_(base), capacity_bytes_(capacity_bytes) {
    const size_t skip = (kAlignment - reinterpret_cast<uintptr_t>(base) % kAlignment) % kAlignment;
    used_bytes_ = skip;
    peak_bytes_ = skip;
  }

  // `count` elements, aligned to 32, uninitialised; null when it does not fit or the arena only counts.
  template <typename T>
  T* take(MemoryClass memory_class, uint64_t count) {
    static_assert(alignof(T) <= kAlignment, "the arena aligns to 32 bytes");
    return reinterpret_cast<T*>(take_bytes(memory_class, count * sizeof(T)));
  }

  // Scratch lives between a mark and its release, in the order of a stack.
  struct Mark {
    uint64_t used_bytes;
    uint64_t scratch_bytes;
  };
  Mark mark() const { return {used_bytes_, class_bytes_[kScratchIndex]}; }
  void release(Mark mark) {
    used_bytes_ = mark.used_bytes;
    class_bytes_[kScratchIndex] = mark.scratch_bytes;
  }

  // What is taken, from the first multiple of 32; null when the arena only counts.
  const uint8_t* used(uint64_t* bytes) const {
    const size_t skip = (kAlignment - reinterpret_cast<uintptr_t>(base_) % kAlignment) % kAlignment;
    *bytes = base_ == nullptr ? 0 : used_bytes_ - skip;
    return base_ == nullptr ? nullptr : base_ + skip;
  }

  uint64_t peak_bytes() const { return peak_bytes_; }
  uint64_t peak_bytes(MemoryClass memory_class) const {
    return class_peak_bytes_[static_cast<size_t>(memory_class)];
  }

 private:
  static constexpr size_t kScratchIndex = static_cast<size_t>(MemoryClass::kScratch);

  uint8_t* take_bytes(MemoryClass memory_class, uint64_t bytes) {
    const uint64_t rounded = (bytes + kAlignment - 1) / kAlignment * kAlignment;
    if (base_ != nullptr && rounded > capacity_bytes_ - used_bytes_) return nullptr;
    uint8_t* taken = base_ == nullptr ? nullptr : base_ + used_bytes_;
    used_bytes_ += rounded;
    if (used_bytes_ > peak_bytes_) peak_bytes_ = used_bytes_;
    const size_t index = static_cast<size_t>(memory_class);
    class_bytes_[index] += rounded;
    if (class_bytes_[index] > class_peak_bytes_[index]) class_peak_bytes_[index] = class_bytes_[index];
    return taken;
  }

  uint8_t* base_ = nullptr;
  uint64_t capacity_bytes_ = 0;
  uint64_t used_bytes_ = 0;
  uint64_t peak_bytes_ = 0;
  uint64_t class_bytes_[kMemoryClassCount] = {};
  uint64_t class_peak_bytes_[kMemoryClassCount] = {};
};

}  // namespace slmrig::runtime
