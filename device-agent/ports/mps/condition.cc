// What an MPS image can tell of itself, which is little: no clock to set up, no number of its own, no
// temperature, and neither caches nor wait states that could be set.
#include "device-agent/core/port.h"
#include "device-agent/ports/cortex_m/family.h"

namespace slmrig::agent::port {

uint64_t start_chip() { return 0; }

void chip_unique_id(char* id, size_t) { id[0] = '\0'; }

const char* settings() { return ""; }

bool board_fact(uint32_t, BoardFact*) { return false; }

}  // namespace slmrig::agent::port
