// Inside the Cortex-M ports: what the start-up code and the handlers need of the clock.
#pragma once

#include <cstdint>

namespace slmrig::agent::port {

// uncounted_ticks: that passed before, at a rate other than that of now.
void start_clock(uint64_t uncounted_ticks);
void end_of_boot();
void use_idle_period();
void on_systick();

}  // namespace slmrig::agent::port
