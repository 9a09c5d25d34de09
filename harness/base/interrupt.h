// Ctrl-C: the first asks to stop, so that what was measured is stored; the second kills at once.
#pragma once

#include <atomic>

namespace slmrig::base {

// Takes SIGINT and SIGTERM over for the life of the process. After the first signal interrupt_flag() is true;
// the second ends the process with 128 + signal. Call once, before threads are started.
void install_interrupt_handler();

// What loops look at between two steps. Never cleared.
const std::atomic<bool>& interrupt_flag();

}  // namespace slmrig::base
