// Inside the Cortex-M ports: what each family defines for the common part, besides its share of core/port.h
// (link, quiet window, markers, settings(), board_fact()) and chip.h:
//
//   kInterruptInputs    of the vector table
//   kUartInterrupts[]   NVIC inputs that lead to on_uart()
#pragma once

#include <cstddef>
#include <cstdint>

namespace slmrig::agent::port {

// Clocks and whatever else the chip needs, before anything else of start(); memory is initialised and the
// counter runs since reset. Returns the ticks at the final rate that passed so far without being counted.
uint64_t start_chip();

// The first thing after reset, before memory is initialised (so: registers alone). Raises the marker lines of
// a boot where they are pins.
void begin_boot_mark();
// The boot took so many ticks: lowers the lines, or tells of it whoever stands in for a meter.
void end_boot_mark(uint64_t ticks);

void start_uart();
void on_uart();

// The chip's own number as text, NUL-terminated, where nobody laid a name for the unit; empty: it has none.
void chip_unique_id(char* id, size_t capacity);

}  // namespace slmrig::agent::port
