// Arm MPS3 FPGA images with an SSE-300 subsystem (AN547: Cortex-M55), in secure state.
// Source: Arm DAI 0547, and QEMU hw/arm/mps2-tz.c, which this port runs on.
#pragma once

#include <cstdint>

namespace slmrig::agent::port::chip {

constexpr uint32_t kInterruptInputs = 64;  // that have a vector

constexpr uintptr_t kUartAddress = 0x59303000;  // UART0, secure alias

constexpr uintptr_t kMarkerUartAddress = 0x59304000;  // UART1, likewise

// NVIC inputs of UART0. Which is receive and which transmit differs between documents: both lead to one
// handler.
constexpr uint32_t kUartInterrupts[] = {33, 34};

}  // namespace slmrig::agent::port::chip
