// STM32F405 and its larger siblings (F407, F415, F417): what the port touches of them.
// Source: ST RM0090 (sections in the comments below), table 62 for the vectors; QEMU hw/arm/stm32f405_soc.c,
// which models the core, USARTs, flash and RAM, and answers for RCC, PWR, GPIO and the flash interface with
// zeros.
#pragma once

#include <cstdint>

namespace slmrig::agent::port::chip {

constexpr uint32_t kInterruptInputs = 82;  // that have a vector

// USART2 on PA2 (TX) and PA3 (RX): what Nucleo boards lead to their debugger's serial port.
constexpr uintptr_t kUartAddress = 0x40004400;
constexpr uint32_t kUartInterrupts[] = {38};

constexpr uintptr_t kPowerControl = 0x40007000;  // PWR_CR, section 5.4.1
constexpr uintptr_t kGpioA = 0x40020000;         // section 8.4
constexpr uintptr_t kGpioC = 0x40020800;
constexpr uintptr_t kRcc = 0x40023800;          // section 7.3
constexpr uintptr_t kFlashAccess = 0x40023C00;  // FLASH_ACR, section 3.9.1
constexpr uintptr_t kUniqueId = 0x1FFF7A10;     // 96 bits, section 39.1

// In RCC.
constexpr uintptr_t kClockControl = kRcc + 0x00;  // RCC_CR
constexpr uintptr_t kPllConfig = kRcc + 0x04;     // RCC_PLLCFGR
constexpr uintptr_t kClockConfig = kRcc + 0x08;   // RCC_CFGR
constexpr uintptr_t kEnableAhb1 = kRcc + 0x30;
constexpr uintptr_t kEnableApb1 = kRcc + 0x40;

constexpr uint32_t kEnableGpioA = 1U << 0;  // in AHB1
constexpr uint32_t kEnableGpioC = 1U << 2;
constexpr uint32_t kEnableUsart2 = 1U << 17;  // in APB1
constexpr uint32_t kEnablePower = 1U << 28;

}  // namespace slmrig::agent::port::chip

namespace slmrig::agent::port {

// Of the bus that USART2 is on: a quarter of the core's clock where the PLL runs, else the internal
// oscillator's.
uint32_t uart_clock_hz();

}  // namespace slmrig::agent::port
