// Addresses and bits of the debug registers of an ARMv7-M core (DDI 0403E, C1.6 to C1.11).
#pragma once

#include <cstdint>

namespace slmrig::rigsim {

inline constexpr uint32_t kCpuid = 0xE000ED00;
inline constexpr uint32_t kAircr = 0xE000ED0C;
inline constexpr uint32_t kDfsr = 0xE000ED30;
inline constexpr uint32_t kDhcsr = 0xE000EDF0;
inline constexpr uint32_t kDcrsr = 0xE000EDF4;
inline constexpr uint32_t kDcrdr = 0xE000EDF8;
inline constexpr uint32_t kDemcr = 0xE000EDFC;

// DHCSR
inline constexpr uint32_t kDebugKey = 0xA05F;  // upper half of every write
inline constexpr uint32_t kDebugEnable = 1U << 0U;
inline constexpr uint32_t kHalt = 1U << 1U;
inline constexpr uint32_t kStep = 1U << 2U;
inline constexpr uint32_t kDhcsrControls = 0x2F;
inline constexpr uint32_t kRegisterReady = 1U << 16U;
inline constexpr uint32_t kIsHalted = 1U << 17U;
inline constexpr uint32_t kIsLockedUp = 1U << 19U;
inline constexpr uint32_t kRetired = 1U << 24U;
inline constexpr uint32_t kWasReset = 1U << 25U;

// DCRSR
inline constexpr uint32_t kRegisterNumber = 0x7F;
inline constexpr uint32_t kRegisterWrite = 1U << 16U;

// DEMCR
inline constexpr uint32_t kCatchReset = 1U << 0U;

// DFSR
inline constexpr uint32_t kStoppedByRequest = 1U << 0U;
inline constexpr uint32_t kStoppedByBreakpoint = 1U << 1U;
inline constexpr uint32_t kStoppedByVector = 1U << 3U;

// AIRCR
inline constexpr uint32_t kVectorKey = 0x05FA;
inline constexpr uint32_t kSystemReset = 1U << 2U;
inline constexpr uint32_t kVectorReset = 1U << 0U;

inline constexpr uint32_t kThumbState = 1U << 24U;  // of xPSR

}  // namespace slmrig::rigsim
