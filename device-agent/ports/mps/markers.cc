// Marker lines of an emulated board. No meter can be attached to an emulated pin: edges are noted with their
// ticks, and leave by a second UART once the quiet window is over, for the virtual meter at its other end.
#include "device-agent/ports/mps/markers.h"

#include "chip.h"
#include "device-agent/core/port.h"
#include "device-agent/ports/cortex_m/family.h"
#include "device-agent/ports/cortex_m/registers.h"
#include "device-agent/wire/marker_edges.h"

namespace slmrig::agent::port {
namespace {

using wire::MarkerEdgeKind;

// The CMSDK APB UART, as in uart.cc.
constexpr uintptr_t kData = chip::kMarkerUartAddress + 0x00;
constexpr uintptr_t kState = chip::kMarkerUartAddress + 0x04;
constexpr uintptr_t kControl = chip::kMarkerUartAddress + 0x08;
constexpr uintptr_t kBaudDivider = chip::kMarkerUartAddress + 0x10;
constexpr uint32_t kTransmitFull = 1U << 0;    // in State
constexpr uint32_t kTransmitEnable = 1U << 0;  // in Control
constexpr uint32_t kBaud = 921600;
constexpr uint32_t kWriteTimeoutMs = 2000;

// An edge is a word: the ticks since the one before, and the lines. Longer waits take a word more each.
constexpr uint32_t kLineBits = 4;
constexpr uint64_t kMostTicks = (1U << (32 - kLineBits)) - 1;
constexpr uint32_t kEdges = 288;      // of a quiet window
constexpr uint32_t kSpareEdges = 16;  // for long waits
uint32_t* g_edges = nullptr;          // [kEdges + kSpareEdges], in the agent's arena
uint32_t g_edge_count = 0;
bool g_edges_lost = false;  // there was no more room
uint64_t g_last_ticks = 0;
uint64_t g_idle_ticks = 0;
uint8_t g_lines = 0;
uint8_t g_number = 0;

void start_edge_uart() {
  at(kBaudDivider) = static_cast<uint32_t>(SLMRIG_CLOCK_HZ / kBaud);
  at(kControl) = kTransmitEnable;
}

bool send_byte(uint8_t byte) {
  if ((at(kState) & kTransmitFull) != 0) {
    const uint32_t started_ms = coarse_milliseconds();
    while ((at(kState) & kTransmitFull) != 0) {
      if (coarse_milliseconds() - started_ms > kWriteTimeoutMs) return false;
    }
  }
  at(kData) = byte;
  return true;
}

bool send_edge(MarkerEdgeKind kind, uint8_t lines, uint64_t at_ticks) {
  uint8_t record[wire::kMarkerEdgeBytes];
  wire::encode_marker_edge({kind, lines, g_number, at_ticks}, record);
  g_number = wire::next_edge_number(g_number);
  for (const uint8_t byte : record) {
    if (!send_byte(byte)) return false;
  }
  return true;
}

// Also where only the last byte waits to leave: what the host hears afterwards comes after all of this.
void flush() {
  const uint32_t started_ms = coarse_milliseconds();
  while ((at(kState) & kTransmitFull) != 0 && coarse_milliseconds() - started_ms <= kWriteTimeoutMs) {
  }
}

}  // namespace

uint32_t marker_edges() { return kEdges; }
size_t marker_room_bytes() { return (kEdges + kSpareEdges) * sizeof(uint32_t); }
void set_marker_room(uint8_t* memory) { g_edges = reinterpret_cast<uint32_t*>(memory); }

void set_markers(uint8_t lines) {
  if (g_edges == nullptr) {
    g_edges_lost = true;
    return;
  }
  const uint64_t now = ticks();
  uint64_t since = now - g_last_ticks;
  g_last_ticks = now;
  for (; since > kMostTicks; since -= kMostTicks) {
    if (g_edge_count == kEdges + kSpareEdges) break;
    g_edges[g_edge_count++] = static_cast<uint32_t>(kMostTicks << kLineBits) | g_lines;
  }
  g_lines = lines;
  if (g_edge_count == kEdges + kSpareEdges) {
    g_edges_lost = true;
    return;
  }
  g_edges[g_edge_count++] = static_cast<uint32_t>(since << kLineBits) | lines;
}

// An emulated pin would lead nowhere.
void begin_boot_mark() {}

// Sent by every life, whether a meter listens or not: it cannot know, and nothing is counted yet.
void end_boot_mark(uint64_t boot_ticks) {
  start_edge_uart();
  if (send_edge(MarkerEdgeKind::kStart, 0, 0) && send_edge(MarkerEdgeKind::kEdge, wire::kMarkBoot, 0) &&
      send_edge(MarkerEdgeKind::kEdge, 0, boot_ticks)) {
    send_edge(MarkerEdgeKind::kEnd, 0, boot_ticks);
  }
  flush();
}

void idle(uint64_t sleep_ticks) { g_idle_ticks = sleep_ticks; }

void begin_edges() {
  start_edge_uart();
  g_edge_count = 0;
  g_last_ticks = 0;  // the counter is re-armed before the first edge
  g_idle_ticks = 0;
}

void send_edges() {
  if (g_idle_ticks != 0) send_edge(MarkerEdgeKind::kIdle, g_lines, g_idle_ticks);
  if (g_edge_count != 0) {
    const uint64_t end_ticks = ticks();
    bool sent = send_edge(MarkerEdgeKind::kStart, 0, 0);
    uint64_t now = 0;
    for (uint32_t i = 0; i < g_edge_count && sent; ++i) {
      now += g_edges[i] >> kLineBits;
      sent =
          send_edge(MarkerEdgeKind::kEdge, static_cast<uint8_t>(g_edges[i] & ((1U << kLineBits) - 1)), now);
    }
    // A hole in the numbers tells the meter that edges are missing.
    if (g_edges_lost) g_number = wire::next_edge_number(g_number);
    g_edges_lost = false;
    if (sent) send_edge(MarkerEdgeKind::kEnd, g_lines, end_ticks);
  }
  flush();
}

}  // namespace slmrig::agent::port
