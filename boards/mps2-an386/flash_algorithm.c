/* A CMSIS-style flash algorithm for memory that poses as flash: the emulated board has none, so parts of its
 * RAM are erased and programmed as flash would be. Runs on the board's own processor, driven by a debugger
 * (pyocd_user.py), at any address: it has no data of its own.
 *
 * As with flash, a bit can only be cleared by programming; setting it takes erasing the whole sector. */
#include <stdint.h>

enum { kSectorBytes = 0x10000, kGood = 0, kBad = 1 };

int Init(uint32_t address, uint32_t clock_hz, uint32_t function) {
  (void)address;
  (void)clock_hz;
  (void)function;
  return kGood;
}

int UnInit(uint32_t function) {
  (void)function;
  return kGood;
}

int EraseSector(uint32_t address) {
  volatile uint32_t* at = (volatile uint32_t*)address;
  if (address % kSectorBytes != 0) return kBad;
  for (uint32_t i = 0; i < kSectorBytes / sizeof(uint32_t); ++i) at[i] = UINT32_MAX;
  return kGood;
}

/* `bytes` is a multiple of four; so are the addresses. */
int ProgramPage(uint32_t address, uint32_t bytes, const uint32_t* buffer) {
  volatile uint32_t* at = (volatile uint32_t*)address;
  for (uint32_t i = 0; i < bytes / sizeof(uint32_t); ++i) {
    const uint32_t kept = at[i] & buffer[i];
    at[i] = kept;
    if (kept != buffer[i]) return kBad; /* it was not erased */
  }
  return kGood;
}
