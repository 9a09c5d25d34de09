// Inside the MPS ports: the link's start and its interrupt.
#pragma once

namespace slmrig::agent::port {

void start_uart();
void on_uart();

}  // namespace slmrig::agent::port
