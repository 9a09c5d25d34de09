// What the agent needs from a board: clock, link, slots, marker, stack paint, reset.
//
// A port is one library that defines these functions for one family (device-agent/ports/<family>); it is
// chosen at link time. A port knows nothing of messages or engines. No function blocks for longer than it
// says. Only one thread of control calls them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "device-agent/wire/status.h"

namespace slmrig::agent::port {

using wire::Status;

// Where a cold start begins to be counted: recorded with it, and never compared across.
enum class Origin : uint8_t { kExec = 0, kReset = 1, kPower = 2 };

struct Identity {
  const char* board;      // the folder name under boards/
  const char* unique_id;  // of the physical (or emulated) unit; never empty
  Origin origin;
};

struct TickSource {
  const char* name;  // "clock_monotonic", "systick", "dwt"
  uint64_t rate_hz;  // ticks a second of the board's own clock
};

// Brings clocks and link up; called once, first. argc and argv are those of main on hosts, 0 and null
// elsewhere.
Status start(int argc, char** argv);

Identity identity();
TickSource tick_source();

// What else decides how fast the board is and can be read from it: "icache=on, dcache=on, wait_states=5";
// empty where there is nothing to tell. Never null.
const char* settings();

// 64-bit, never wraps in practice, never runs backwards between two rearm_ticks().
uint64_t ticks();

// Ticks from the origin to the moment at which the agent is ready to talk; constant after start().
uint64_t boot_ticks();

// The GNU build id of this program's own ELF file, as `readelf -n` shows it; returns its bytes (0: has none).
size_t build_id(uint8_t* id, size_t capacity);

// Starts the counter anew, so that a generation begins at a defined phase of the hardware counter.
void rearm_ticks();

// Between enter and leave nothing crosses any link: receive interrupts are masked and nothing is sent.
void enter_quiet_window();
void leave_quiet_window();

// Non-blocking: up to `capacity` received bytes into `data`; 0 when there are none.
size_t read_link(uint8_t* data, size_t capacity);

// Sends all bytes. A link that takes nothing for 2 s ends the call with false.
bool write_link(const uint8_t* data, size_t size_bytes);

// False once the host's end is gone for good (a closed pipe); always true on a UART.
bool link_alive();

// Sleeps until a byte may have arrived or `milliseconds` went by.
void wait_for_link(uint32_t milliseconds);

// Bits a second of the line, 0 where the link is none (a pipe, a socket). Every life begins at the same rate.
uint32_t link_baud();

// Whether the line can run at this rate, within the 2 % that a UART bears.
bool has_link_baud(uint32_t baud);

// After what was written has left the board; only for rates that it has.
void set_link_baud(uint32_t baud);

// Milliseconds of a coarse clock that also runs while the tick counter is re-armed; for timeouts only.
uint32_t coarse_milliseconds();

// --- Power meter ---------------------------------------------------------------------------------------
// Marker lines, for a meter that samples them with the current: bit 0 inference active, bit 1 toggles at
// every token, bits 2-3 the phase (wire/marker_edges.h). Where the lines are not pins, edges are noted and
// sent when the quiet window is left, on another way than the link. A port that has lines marks its boot by
// itself.

// Edges that one quiet window can have: 0 where the board has no such lines, kAnyEdges where they are pins.
constexpr uint32_t kAnyEdges = UINT32_MAX;
uint32_t marker_edges();

// Where they are noted until the window is left: so many bytes that the agent sets aside while a model is
// loaded (0 where the lines are pins), aligned to 4; null takes them back, and edges without a place are
// lost.
size_t marker_room_bytes();
void set_marker_room(uint8_t* memory);

// In a quiet window, after rearm_ticks().
void set_markers(uint8_t lines);

// In a quiet window: sleeps for so many ticks as deeply as between two requests. A board whose time is
// modelled notes it for its meter instead, and returns at once.
void idle(uint64_t sleep_ticks);

// --- Model slots -----------------------------------------------------------------------------------------
// Slot 0 is laid by a flasher (or a file that was left there), further slots are written by the agent.
struct SlotGeometry {
  uint64_t capacity_bytes;
  bool writable;           // by the agent
  bool laid_from_outside;  // what lies there may be an image although the agent never noted one
};
uint32_t slot_count();
SlotGeometry slot_geometry(uint32_t slot);

// The slot's bytes, readable in place, aligned to 32 bytes; null where nothing can be read. A file-backed
// slot is mapped anew, at another address, when it changed. *size_bytes: what is stored (capacity on flash).
const uint8_t* slot_data(uint32_t slot, uint64_t* size_bytes);

// A number that changes when what the slot stores was replaced by somebody else than the agent; 0 where
// nobody else can. It stays the same over writes, and may change with erase and finish.
uint64_t slot_stamp(uint32_t slot);

// Prepares to receive `image_bytes`; writes come in any order, each byte once or repeating what was there.
// finish makes them durable.
Status slot_erase(uint32_t slot, uint64_t image_bytes);
Status slot_write(uint32_t slot, uint64_t offset_bytes, const uint8_t* data, size_t size_bytes);
Status slot_finish(uint32_t slot, uint64_t image_bytes);

// Two small cells that keep what is known of the slots across resets, as far as the board has such memory. A
// power cut may tear the cell that is being written, and never the other one. read returns bytes read, 0 when
// there are none.
constexpr uint32_t kNoteCells = 2;
constexpr size_t kNoteBytes = 192;  // of each
size_t read_note(uint32_t cell, uint8_t* note, size_t capacity);
Status write_note(uint32_t cell, const uint8_t* note, size_t size_bytes);

// --- Memory ----------------------------------------------------------------------------------------------
// The arena that the engine works in; static, aligned to 32 bytes.
uint8_t* arena(size_t* arena_bytes);

// Fills the unused stack with a pattern; stack_peak_bytes() then tells how far it was overwritten (0:
// unknown).
void paint_stack();
uint32_t stack_peak_bytes();

// Highest resident set of the process so far, where there is one (VmHWM); 0 elsewhere.
uint64_t process_peak_bytes();

// Highest charge of the control group that the process runs in, with all that runs there and its file cache
// (cgroup v2 memory.peak), where there is one; 0 elsewhere.
uint64_t cgroup_peak_bytes();

// --- Condition -------------------------------------------------------------------------------------------
// What the board can tell of its own condition: clocks, governor, temperatures, throttling, caches.
struct BoardFact {
  char key[64];    // dotted lower_snake_case, the unit last: "cpufreq.policy0.frequency_hz"; NUL-terminated
  char value[96];  // NUL-terminated
};

// One fact at a time: index 0 reads all anew, false ends the list.
bool board_fact(uint32_t index, BoardFact* fact);

// Starts the program again, as a reset button would.
[[noreturn]] void reset();

// --- Faults ----------------------------------------------------------------------------------------------
// Keeps file and line where they survive a reset, as far as there is such a place, and resets.
[[noreturn]] void fault(const char* file, uint32_t line);

// What the life before died of ("file:line", or the name of a processor fault); empty when it ended well or
// nothing could be kept. Constant after start(); never null.
const char* previous_fault();

}  // namespace slmrig::agent::port
