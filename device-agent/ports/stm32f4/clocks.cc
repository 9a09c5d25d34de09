// Clocks of an STM32F4: the PLL at the board's clock_hz, flash with as many wait states as that takes, and
// caches on. Every wait is bounded: a board whose crystal does not start runs from the internal oscillator
// and says so.
#include "chip.h"
#include "device-agent/core/port.h"
#include "device-agent/ports/cortex_m/family.h"
#include "device-agent/ports/cortex_m/registers.h"

// The crystal, in MHz; boards with another one say so in their build.
#ifndef SLMRIG_CRYSTAL_MHZ
#define SLMRIG_CRYSTAL_MHZ 25
#endif

namespace slmrig::agent::port {
namespace {

constexpr uint32_t kInternalHz = 16000000;
constexpr uint32_t kCoreHz = SLMRIG_CLOCK_HZ;

// Both sources are divided to 1 MHz, multiplied to twice the core's clock, and halved: RM0090, section 7.3.2.
constexpr uint32_t kPllMultiplier = 2 * (kCoreHz / 1000000);
static_assert(kPllMultiplier >= 100 && kPllMultiplier <= 432 && kCoreHz % 1000000 == 0,
              "within the PLL's range");
// 30 MHz a wait state at 2.7 to 3.6 V: RM0090, table 10.
constexpr uint32_t kWaitStates = (kCoreHz - 1) / 30000000;

constexpr uint32_t kInternalReady = 1U << 1;  // in RCC_CR
constexpr uint32_t kCrystalOn = 1U << 16;
constexpr uint32_t kCrystalReady = 1U << 17;
constexpr uint32_t kPllOn = 1U << 24;
constexpr uint32_t kPllReady = 1U << 25;
constexpr uint32_t kPllFromCrystal = 1U << 22;  // in RCC_PLLCFGR
constexpr uint32_t kPllUsbDivider = 7U << 24;   // nothing here uses USB; 48 MHz at 168
// RCC_CFGR: APB1 a quarter, APB2 a half; the clock source.
constexpr uint32_t kBuses = (5U << 10) | (4U << 13);
constexpr uint32_t kSourcePll = 2;
constexpr uint32_t kSourceInForce = 3U << 2;
constexpr uint32_t kSourceInForcePll = 2U << 2;
constexpr uint32_t kVoltageScale1 = 3U
                                    << 14;  // PWR_CR: needed above 144 MHz; of two bits on F42x, one on F40x
constexpr uint32_t kPrefetch = 1U << 8;     // FLASH_ACR
constexpr uint32_t kInstructionCache = 1U << 9;
constexpr uint32_t kDataCache = 1U << 10;
constexpr uint32_t kWaitStateBits = 0x7;

// Turns of a waiting loop: over 10 ms at 16 MHz, where the data sheet gives a crystal 2 ms and the PLL 0.3.
constexpr uint32_t kPatienceTurns = 40000;

enum class Source : uint8_t { kUnknown, kInternal, kPllOfInternal, kPllOfCrystal };

Source g_source = Source::kUnknown;
uint32_t g_flash_access = 0;  // as it was read back

bool wait_for(uintptr_t address, uint32_t mask, uint32_t wanted) {
  for (uint32_t turn = 0; turn < kPatienceTurns; ++turn) {
    if ((at(address) & mask) == wanted) return true;
  }
  return false;
}

bool start_pll(bool from_crystal) {
  const uint32_t divider = from_crystal ? SLMRIG_CRYSTAL_MHZ : kInternalHz / 1000000;
  at(chip::kPllConfig) =
      divider | (kPllMultiplier << 6) | kPllUsbDivider | (from_crystal ? kPllFromCrystal : 0);
  at(chip::kClockControl) = at(chip::kClockControl) | kPllOn;
  return wait_for(chip::kClockControl, kPllReady, kPllReady);
}

Source start_clocks() {
  // The chip starts from its internal oscillator: where not even that is ready, nobody models the clocks.
  if ((at(chip::kClockControl) & kInternalReady) == 0) return Source::kUnknown;
  at(chip::kEnableApb1) = at(chip::kEnableApb1) | chip::kEnablePower;
  at(chip::kPowerControl) = at(chip::kPowerControl) | kVoltageScale1;
  at(chip::kClockControl) = at(chip::kClockControl) | kCrystalOn;
  const bool has_crystal = wait_for(chip::kClockControl, kCrystalReady, kCrystalReady);
  if (!start_pll(has_crystal)) return Source::kInternal;
  // Wait states first, and seen to be in force, before the clock rises.
  if (!wait_for(chip::kFlashAccess, kWaitStateBits, kWaitStates)) return Source::kInternal;
  at(chip::kClockConfig) = kBuses;
  at(chip::kClockConfig) = kBuses | kSourcePll;
  if (!wait_for(chip::kClockConfig, kSourceInForce, kSourceInForcePll)) {
    at(chip::kClockConfig) = 0;
    return Source::kInternal;
  }
  return has_crystal ? Source::kPllOfCrystal : Source::kPllOfInternal;
}

}  // namespace

uint64_t start_chip() {
  at(chip::kFlashAccess) = kPrefetch | kInstructionCache | kDataCache | kWaitStates;
  g_source = start_clocks();
  g_flash_access = at(chip::kFlashAccess);
  if (g_source != Source::kPllOfCrystal && g_source != Source::kPllOfInternal) return 0;
  // What was counted so far, from reset to here, went at the internal oscillator's rate.
  const uint64_t counted = core::kSystickMaxReload - at(core::kSystickValue);
  return counted * (kCoreHz / 1000) / (kInternalHz / 1000) - counted;
}

uint32_t uart_clock_hz() { return g_source == Source::kInternal ? kInternalHz : kCoreHz / 4; }

const char* settings() {
  static char text[96];
  static const char* const kSources[] = {"not_modelled", "hsi", "pll_hsi", "pll_hse"};
  size_t count = 0;
  const auto append = [&count](const char* piece) {
    while (*piece != '\0' && count + 1 < sizeof text) text[count++] = *piece++;
    text[count] = '\0';
  };
  const char digit[2] = {static_cast<char>('0' + (g_flash_access & kWaitStateBits)), '\0'};
  append("clock=");
  append(kSources[static_cast<uint8_t>(g_source)]);
  append(", wait_states=");
  append(digit);
  append((g_flash_access & kInstructionCache) != 0 ? ", icache=on" : ", icache=off");
  append((g_flash_access & kDataCache) != 0 ? ", dcache=on" : ", dcache=off");
  append((g_flash_access & kPrefetch) != 0 ? ", prefetch=on" : ", prefetch=off");
  return text;
}

}  // namespace slmrig::agent::port
