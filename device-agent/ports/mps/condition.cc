// What an MPS image can tell of itself, which is little: no clock to set up, no number of its own, no
// temperature and no wait states; which core it is, and whether that has caches and uses them.
#include "device-agent/core/port.h"
#include "device-agent/ports/cortex_m/family.h"
#include "device-agent/ports/cortex_m/registers.h"

namespace slmrig::agent::port {
namespace {

struct Text {
  char data[64];
  size_t size_bytes = 0;
  void add(const char* more) {
    for (; *more != '\0' && size_bytes + 1 < sizeof data; ++more) data[size_bytes++] = *more;
    data[size_bytes] = '\0';
  }
  void add_hex(uint32_t bits) {
    for (int shift = 28; shift >= 0; shift -= 4) {
      const char digit[] = {"0123456789abcdef"[(bits >> shift) & 0xF], '\0'};
      add(digit);
    }
  }
  void add_cache(const char* name, uint32_t exists, uint32_t on) {
    add(name);
    add(exists == 0 ? "none" : on != 0 ? "on" : "off");
  }
};

Text g_settings;

}  // namespace

uint64_t start_chip() { return 0; }

void chip_unique_id(char* id, size_t) { id[0] = '\0'; }

const char* settings() {
  const uint32_t levels = at(core::kCacheLevels);
  const uint32_t configuration = at(core::kConfiguration);
  g_settings.size_bytes = 0;
  g_settings.add("cpuid=0x");
  g_settings.add_hex(at(core::kCpuId));
  g_settings.add_cache(", icache=", levels & core::kHasInstructionCache,
                       configuration & core::kInstructionCacheOn);
  g_settings.add_cache(", dcache=", levels & core::kHasDataCache, configuration & core::kDataCacheOn);
  return g_settings.data;
}

bool board_fact(uint32_t, BoardFact*) { return false; }

}  // namespace slmrig::agent::port
