// What a program needs to run alone on an emulated Cortex-M: start-up, output and instruction counts.
//
// Only for QEMU: output goes by semihosting, which stops a real core that has no debugger.
#pragma once

#include <cstddef>
#include <cstdint>

namespace slmrig::runtime::probe {

// A line of text, cut at its capacity.
struct Line {
  char text[96];
  size_t size = 0;

  void put(char c) {
    if (size + 1 < sizeof(text)) text[size++] = c;
    text[size] = 0;
  }
  void put(const char* words) {
    while (*words != 0) put(*words++);
  }
  void put_hex(uint32_t value) {
    for (int shift = 28; shift >= 0; shift -= 4) put("0123456789abcdef"[(value >> shift) & 15U]);
  }
  void put_decimal(uint32_t value) {
    char digits[10];
    size_t count = 0;
    do {
      digits[count++] = static_cast<char>('0' + value % 10);
      value /= 10;
    } while (value != 0);
    while (count > 0) put(digits[--count]);
  }
};

// Ends the line and sends it.
void print(Line line);

// SysTick's count of ticks since start_ticks(), below 2^24.
void start_ticks();
uint32_t ticks();

// Ends the emulator; it reports a failure of the program unless `good`.
[[noreturn]] void leave(bool good);

// The program, called by the reset handler.
void run();

// The program's other half, in tokens.cc: whether the emulator has loaded a model image, and decoding from
// it.
bool has_image();
void run_tokens();

}  // namespace slmrig::runtime::probe
