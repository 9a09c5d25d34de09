// Registers of the Cortex-M core that the ports touch. Source: Armv7-M and Armv8-M ARM, chapter B3 /
// D1.2.
#pragma once

#include <cstdint>

namespace slmrig::agent::port {

inline volatile uint32_t& at(uintptr_t address) { return *reinterpret_cast<volatile uint32_t*>(address); }

namespace core {

constexpr uintptr_t kSystickControl = 0xE000E010;
constexpr uintptr_t kSystickReload = 0xE000E014;
constexpr uintptr_t kSystickValue = 0xE000E018;
constexpr uintptr_t kInterruptEnable = 0xE000E100;  // 32 inputs a word
constexpr uintptr_t kCpuId = 0xE000ED00;
constexpr uintptr_t kInterruptState = 0xE000ED04;    // ICSR
constexpr uintptr_t kResetControl = 0xE000ED0C;      // AIRCR
constexpr uintptr_t kConfiguration = 0xE000ED14;     // CCR
constexpr uintptr_t kFaultStatus = 0xE000ED28;       // CFSR
constexpr uintptr_t kMemManageAddress = 0xE000ED34;  // MMFAR
constexpr uintptr_t kCacheLevels = 0xE000ED78;       // CLIDR
constexpr uintptr_t kMpuControl = 0xE000ED94;
constexpr uintptr_t kMpuRegionBase = 0xE000ED9C;  // Armv7-M layout
constexpr uintptr_t kMpuRegionAttributes = 0xE000EDA0;
constexpr uintptr_t kBusFaultAddress = 0xE000ED38;  // BFAR

constexpr uint32_t kDataCacheOn = 1U << 16;         // in CCR
constexpr uint32_t kInstructionCacheOn = 1U << 17;  // in CCR
// In CLIDR, of level 1: which caches there are. A unified one (4) is switched as a data cache.
constexpr uint32_t kHasInstructionCache = 1U << 0;
constexpr uint32_t kHasDataCache = (1U << 1) | (1U << 2);

constexpr uint32_t kSystickEnable = 1U << 0;
constexpr uint32_t kSystickInterrupt = 1U << 1;
constexpr uint32_t kSystickCoreClock = 1U << 2;
constexpr uint32_t kSystickMaxReload = 0xFFFFFF;

constexpr uint32_t kSystickPending = 1U << 26;       // in ICSR: is pending
constexpr uint32_t kSystickPendingClear = 1U << 25;  // in ICSR: stop pending

// In CFSR: a fault while the frame of another was stacked (MSTKERR, STKERR), and STKOF of Armv8-M.
constexpr uint32_t kStackFaults = (1U << 4) | (1U << 12) | (1U << 20);
constexpr uint32_t kMemManageAddressValid = 1U << 7;

constexpr uint32_t kMpuEnableWithDefaultMap = (1U << 0) | (1U << 2);
constexpr uint32_t kMpuRegionValid = 1U << 4;                 // in the base: number 0
constexpr uint32_t kMpuNoAccess2Kb = (10U << 1) | (1U << 0);  // in the attributes: 2^(10+1) bytes, no access

constexpr uint32_t kResetRequest = 0x05FA0004;  // AIRCR: key, SYSRESETREQ

}  // namespace core

// Masks interrupts while it lives; may nest.
class InterruptLock {
 public:
  InterruptLock() { __asm__ volatile("mrs %0, primask\n cpsid i" : "=r"(before_)::"memory"); }
  ~InterruptLock() { __asm__ volatile("msr primask, %0" ::"r"(before_) : "memory"); }
  InterruptLock(const InterruptLock&) = delete;
  InterruptLock& operator=(const InterruptLock&) = delete;

 private:
  uint32_t before_;
};

// Ends when an interrupt is pending, also a masked one.
inline void wait_for_interrupt() { __asm__ volatile("dsb\n wfi\n isb" ::: "memory"); }

}  // namespace slmrig::agent::port
