// Inside the MPS ports: what the quiet window does with marker edges (wire/marker_edges.h).
#pragma once

namespace slmrig::agent::port {

// A quiet window begins: edges from here on are those of its span of ticks.
void begin_edges();
// It ends: sends them on the second UART. What hears nobody costs at most 2 s.
void send_edges();

}  // namespace slmrig::agent::port
