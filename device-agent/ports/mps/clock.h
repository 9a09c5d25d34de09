// Inside the MPS ports: what the start-up code and the handlers need of the clock.
#pragma once

namespace slmrig::agent::port {

void start_clock();
void end_of_boot();
void use_idle_period();
void on_systick();

}  // namespace slmrig::agent::port
