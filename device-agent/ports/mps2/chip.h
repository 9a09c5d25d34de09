// Arm MPS2 FPGA images with one Cortex-M core (AN385, AN386, AN500): what differs from other MPS boards.
// Source: Arm DAI 0386, and QEMU hw/arm/mps2.c, which this port runs on.
#pragma once

#include <cstdint>

namespace slmrig::agent::port::chip {

constexpr uint32_t kInterruptInputs = 64;  // that have a vector

constexpr uintptr_t kUartAddress = 0x40004000;  // UART0

constexpr uintptr_t kMarkerUartAddress = 0x40005000;  // UART1

// NVIC inputs of UART0: receive and transmit.
constexpr uint32_t kUartInterrupts[] = {0, 1};

}  // namespace slmrig::agent::port::chip
