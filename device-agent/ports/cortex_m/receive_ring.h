// Inside the Cortex-M ports: received bytes between the UART's interrupt, which puts, and read_link(), which
// takes.
#pragma once

#include <cstddef>
#include <cstdint>

namespace slmrig::agent::port {

class ReceiveRing {
 public:
  bool full() const { return head_ - tail_ == kBytes; }
  bool empty() const { return head_ == tail_; }

  // Interrupts masked, or in the handler; not full.
  void put(uint8_t byte) {
    bytes_[head_ % kBytes] = byte;
    head_ = head_ + 1;
  }

  size_t take(uint8_t* data, size_t capacity) {
    size_t count = 0;
    while (count < capacity && tail_ != head_) {
      data[count++] = bytes_[tail_ % kBytes];
      tail_ = tail_ + 1;
    }
    return count;
  }

 private:
  static constexpr uint32_t kBytes = 1024;  // 4 ms at 2.6 M baud
  static_assert((kBytes & (kBytes - 1)) == 0, "indices wrap");

  uint8_t bytes_[kBytes] = {};
  volatile uint32_t head_ = 0;
  volatile uint32_t tail_ = 0;
};

}  // namespace slmrig::agent::port
