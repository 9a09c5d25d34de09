#include "device-agent/ports/host_sim/sim_board.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <utility>

#include "device-agent/core/port.h"

namespace slmrig::agent::port {
namespace {

// Of this thread: each has its own board.
thread_local SimBoard* g_board = nullptr;

constexpr size_t kStackBytes = 256 * 1024;
constexpr uint32_t kFirstBaud = 115200;
constexpr uint32_t kMostBaud = 3'000'000;
constexpr uint64_t kTicksAStep = 100;  // every reading of the clock takes a microsecond

// The same at every run.
uint8_t noise(size_t index) { return static_cast<uint8_t>((index * 2654435761U + 12345U) >> 11); }

}  // namespace

// What the port's functions may touch.
struct SimAccess {
  static SimStorage& storage() { return g_board->storage_; }
  static size_t slot_bytes() { return g_board->slot_bytes_; }
  static std::vector<uint64_t>& arena() { return g_board->arena_; }
  static std::string& previous_fault() { return g_board->previous_fault_; }
  static bool quiet() { return g_board->quiet_; }
  static void set_quiet(bool quiet) { g_board->quiet_ = quiet; }
  static void note_link_use() { g_board->link_uses_in_quiet += g_board->quiet_ ? 1 : 0; }
  static void give_back() { g_board->give_back(); }

  [[noreturn]] static void want_reset() {
    g_board->reset_wanted_ = true;
    for (;;) g_board->give_back();
  }

  [[noreturn]] static void lose_power() {
    g_board->powered_ = false;
    for (;;) g_board->give_back();
  }

  // Counts an operation of the storage. False: it must fail. `tear` runs when the power goes in its middle.
  template <typename Tear>
  static bool operation(const Tear& tear) {
    SimStorage& storage = g_board->storage_;
    const int64_t index = storage.operations++;
    if (index == storage.power_cut_at) {
      if (storage.torn != Torn::kNothing) tear(storage.torn);
      lose_power();
    }
    return storage.refuse_from == SimStorage::kNever || index < storage.refuse_from;
  }
};

SimBoard::SimBoard(SimStorage& storage, std::function<void()> program, size_t slot_bytes, size_t arena_bytes)
    : storage_(storage),
      program_(std::move(program)),
      slot_bytes_(slot_bytes),
      arena_((arena_bytes + 7) / 8),
      agent_stack_(kStackBytes / 8) {
  g_board = this;
  if (storage_.slot0_writable) storage_.slots[0].resize(slot_bytes_, 0xFF);
  storage_.slots[1].resize(slot_bytes_, 0xFF);
  begin_life();
}

SimBoard::~SimBoard() {
  if (g_board == this) g_board = nullptr;
}

void SimBoard::begin_life() {
  previous_fault_ = storage_.fault;
  storage_.fault.clear();
  quiet_ = false;
  reset_wanted_ = false;
  to_agent.clear();
  baud = kFirstBaud;
  getcontext(&agent_context_);
  agent_context_.uc_stack.ss_sp = agent_stack_.data();
  agent_context_.uc_stack.ss_size = kStackBytes;
  agent_context_.uc_link = nullptr;
  makecontext(&agent_context_, &SimBoard::run_program, 0);
}

void SimBoard::run_program() {
  g_board->program_();
  for (;;) g_board->give_back();
}

void SimBoard::give_back() { swapcontext(&agent_context_, &test_context_); }

void SimBoard::run() {
  if (!powered_) return;
  g_board = this;
  swapcontext(&test_context_, &agent_context_);
  if (!reset_wanted_) return;
  ++lives;
  begin_life();
}

Status start(int, char**) { return Status::kOk; }
Identity identity() { return {"host-sim", "sim-1", Origin::kReset}; }
TickSource tick_source() { return {"simulated", 100'000'000}; }
const char* settings() { return "wait_states=0"; }
uint64_t boot_ticks() { return 12345; }
void rearm_ticks() {}

size_t build_id(uint8_t* id, size_t capacity) {
  const size_t size_bytes = std::min<size_t>(capacity, 20);
  std::memset(id, 0xAB, size_bytes);
  return size_bytes;
}

uint64_t ticks() {
  if (g_board->clock_readings++ == g_board->power_cut_at_reading) SimAccess::lose_power();
  g_board->now_ns += 10 * kTicksAStep;
  return g_board->now_ns / 10;
}

uint32_t coarse_milliseconds() { return static_cast<uint32_t>(g_board->now_ns / 1'000'000); }

void enter_quiet_window() {
  ++g_board->quiet_windows;
  SimAccess::set_quiet(true);
}
void leave_quiet_window() { SimAccess::set_quiet(false); }
uint32_t marker_edges() { return g_board->marker_edges; }
size_t marker_room_bytes() { return g_board->marker_room_bytes; }
void set_marker_room(uint8_t* memory) { g_board->marker_room = memory; }
void set_markers(uint8_t lines) {
  g_board->markers.push_back({lines, SimAccess::quiet()});
  if (g_board->marker_room != nullptr) std::memset(g_board->marker_room, 0xA5, g_board->marker_room_bytes);
}
void idle(uint64_t sleep_ticks) { g_board->now_ns += 10 * sleep_ticks; }

size_t read_link(uint8_t* data, size_t capacity) {
  SimAccess::note_link_use();
  const size_t count = std::min(capacity, g_board->to_agent.size());
  std::copy_n(g_board->to_agent.begin(), count, data);
  g_board->to_agent.erase(g_board->to_agent.begin(),
                          g_board->to_agent.begin() + static_cast<std::ptrdiff_t>(count));
  return count;
}

bool write_link(const uint8_t* data, size_t size_bytes) {
  SimAccess::note_link_use();
  g_board->from_agent.insert(g_board->from_agent.end(), data, data + size_bytes);
  return true;
}

bool link_alive() { return g_board->link_alive; }
uint32_t link_baud() { return g_board->baud; }
bool has_link_baud(uint32_t baud) { return baud != 0 && baud <= kMostBaud; }
void set_link_baud(uint32_t baud) { g_board->baud = baud; }

void wait_for_link(uint32_t milliseconds) {
  SimAccess::note_link_use();
  g_board->now_ns += uint64_t{std::min<uint32_t>(milliseconds, 1)} * 1'000'000;
  SimAccess::give_back();
}

uint32_t slot_count() { return 2; }
SlotGeometry slot_geometry(uint32_t slot) {
  const bool writable = slot == 1 || SimAccess::storage().slot0_writable;
  return {SimAccess::slot_bytes(), writable, !writable};
}

const uint8_t* slot_data(uint32_t slot, uint64_t* size_bytes) {
  const std::vector<uint8_t>& bytes = SimAccess::storage().slots[slot];
  *size_bytes = bytes.size();
  return bytes.empty() ? nullptr : bytes.data();
}

// Flash: erasing makes ones.
Status slot_erase(uint32_t slot, uint64_t) {
  std::vector<uint8_t>& bytes = SimAccess::storage().slots[slot];
  const auto tear = [&](Torn torn) {
    std::fill_n(bytes.begin(), bytes.size() / 2, uint8_t{0xFF});
    for (size_t i = 0; torn == Torn::kGarbage && i < bytes.size(); ++i) bytes[i] = noise(i);
  };
  if (!SimAccess::operation(tear)) return Status::kStorageFault;
  std::fill(bytes.begin(), bytes.end(), uint8_t{0xFF});
  return Status::kOk;
}

// Flash: writing clears bits. What is written twice must be the same.
Status slot_write(uint32_t slot, uint64_t offset_bytes, const uint8_t* data, size_t size_bytes) {
  SimStorage& storage = SimAccess::storage();
  uint8_t* to = storage.slots[slot].data() + offset_bytes;
  const auto clear_bits = [&](size_t count) {
    for (size_t i = 0; i < count; ++i) {
      storage.writes_unerased += (data[i] & ~to[i]) != 0 ? 1 : 0;
      to[i] &= data[i];
    }
  };
  const auto tear = [&](Torn torn) {
    clear_bits(size_bytes / 2);
    for (size_t i = 0; torn == Torn::kGarbage && i < size_bytes; ++i) {
      to[i] = static_cast<uint8_t>(to[i] & (data[i] | noise(i)));
    }
  };
  if (!SimAccess::operation(tear)) return Status::kStorageFault;
  clear_bits(size_bytes);
  return Status::kOk;
}

Status slot_finish(uint32_t, uint64_t) {
  return SimAccess::operation([](Torn) {}) ? Status::kOk : Status::kStorageFault;
}

uint64_t slot_stamp(uint32_t) { return 0; }

size_t read_note(uint32_t cell, uint8_t* note, size_t capacity) {
  const std::vector<uint8_t>& kept = SimAccess::storage().notes[cell];
  const size_t count = std::min(capacity, kept.size());
  std::copy_n(kept.begin(), count, note);
  return count;
}

Status write_note(uint32_t cell, const uint8_t* note, size_t size_bytes) {
  std::vector<uint8_t>& kept = SimAccess::storage().notes[cell];
  const auto tear = [&](Torn torn) {
    kept.resize(size_bytes);
    std::copy_n(note, size_bytes / 2, kept.begin());
    for (size_t i = 0; torn == Torn::kGarbage && i < size_bytes; ++i) kept[i] = noise(i);
  };
  if (!SimAccess::operation(tear)) return Status::kStorageFault;
  kept.assign(note, note + size_bytes);
  return Status::kOk;
}

uint8_t* arena(size_t* arena_bytes) {
  *arena_bytes = SimAccess::arena().size() * 8;
  return reinterpret_cast<uint8_t*>(SimAccess::arena().data());
}

void paint_stack() {}
uint32_t stack_peak_bytes() { return 0; }
uint64_t process_peak_bytes() { return 0; }
uint64_t cgroup_peak_bytes() { return 0; }

// More than one message holds, for the tests of the core.
bool board_fact(uint32_t index, BoardFact* fact) {
  constexpr uint32_t kFacts = 19;
  if (index >= kFacts) return false;
  std::snprintf(fact->key, sizeof fact->key, "simulated.fact_%u", index);
  std::snprintf(fact->value, sizeof fact->value, "value %u", index);
  return true;
}

void reset() { SimAccess::want_reset(); }

void fault(const char* file, uint32_t line) {
  SimAccess::storage().fault = std::string(file) + ":" + std::to_string(line);
  SimAccess::want_reset();
}

const char* previous_fault() { return SimAccess::previous_fault().c_str(); }

}  // namespace slmrig::agent::port
