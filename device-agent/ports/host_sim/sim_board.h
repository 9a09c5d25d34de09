// A board in memory, for fault tests: the unmodified agent core runs on it, inside the test's own process.
//
// The agent runs on a stack of its own and hands control back whenever it waits for its link, so that a test
// is single-threaded, deterministic, and can take the power away between any two operations of the storage.
// Time is simulated: it moves when the agent waits and when the test says so.
//
// One board is powered at a time (ports are link-time, so their functions have nowhere else to find it).
#pragma once

#include <ucontext.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "device-agent/core/port.h"

namespace slmrig::agent::port {

// What an operation leaves when the power goes in its middle. kGarbage: bits that nobody asked for, as far as
// flash can have them (an erase leaves anything, a write never sets a bit again).
enum class Torn : uint8_t { kHalf, kNothing, kGarbage };

// What survives a power cut, and the faults that a test asks for.
struct SimStorage {
  std::vector<uint8_t> slots[2];  // 0: laid by a flasher, unless it is writable; 1: takes uploads
  std::vector<uint8_t> notes[kNoteCells];
  std::string fault;
  bool slot0_writable = false;  // slots A and B, as on a board that updates itself

  static constexpr int64_t kNever = -1;
  int64_t operations = 0;         // erases, writes, finishes, notes so far
  int64_t power_cut_at = kNever;  // the operation that is torn when the power goes
  Torn torn = Torn::kHalf;
  int64_t refuse_from = kNever;  // operations from here on fail
  uint64_t writes_unerased = 0;  // bytes written that were not erased before; must stay 0
};

class SimBoard {
 public:
  // program: what runs after every reset, the agent with its engine; may return. slot_bytes: of each slot.
  // `storage` must outlive the board.
  SimBoard(SimStorage& storage, std::function<void()> program, size_t slot_bytes = 65536,
           size_t arena_bytes = 65536);
  ~SimBoard();
  SimBoard(const SimBoard&) = delete;
  SimBoard& operator=(const SimBoard&) = delete;

  // Lets the agent run until it waits for its link. A reset it asks for happens here. Nothing happens when
  // the power is gone.
  void run();

  bool powered() const { return powered_; }
  void cut_power() { powered_ = false; }

  std::deque<uint8_t> to_agent;
  std::deque<uint8_t> from_agent;
  uint64_t now_ns = 1'000'000;
  uint32_t lives = 1;
  uint32_t quiet_windows = 0;
  uint32_t link_uses_in_quiet = 0;  // must stay 0
  bool link_alive = true;
  uint32_t marker_edges = kAnyEdges;
  size_t marker_room_bytes = 0;  // where edges are noted, overwritten at each of them
  uint8_t* marker_room = nullptr;
  struct Marker {
    uint8_t lines;
    bool quiet;  // it was set in a quiet window
  };
  std::vector<Marker> markers;  // every setting of the lines, in their order
  uint64_t clock_readings = 0;  // of ticks(): in loads and generations, too, which never wait for the link
  uint64_t power_cut_at_reading = ~uint64_t{0};
  uint32_t baud =
      115200;  // of the agent's end; what the line carries at another rate is the test's to garble

 private:
  friend struct SimAccess;
  static void run_program();
  void begin_life();
  void give_back();  // from the agent's stack to the test's

  SimStorage& storage_;
  const std::function<void()> program_;
  const size_t slot_bytes_;
  std::vector<uint64_t> arena_;
  std::vector<uint64_t> agent_stack_;
  ucontext_t agent_context_;
  ucontext_t test_context_;
  bool powered_ = true;
  bool reset_wanted_ = false;
  bool quiet_ = false;
  std::string previous_fault_;
};

}  // namespace slmrig::agent::port
