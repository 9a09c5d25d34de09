// Arena, stack paint and resident set of the native agent.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "device-agent/core/port.h"
#include "device-agent/ports/linux/process.h"
#include "device-agent/ports/linux/system_files.h"

namespace slmrig::agent::port {
namespace {

constexpr size_t kPaintBytes = 256 * 1024;  // deeper use is reported as this much
constexpr uint8_t kPaint = 0xA5;

uint8_t* g_arena = nullptr;
volatile const uint8_t* g_painted = nullptr;  // [kPaintBytes], below the frame of the agent's loop

}  // namespace

bool start_arena() {
  void* memory =
      mmap(nullptr, options().arena_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    std::fprintf(stderr, "slmrig-agent-native: cannot get an arena of %zu bytes: %s\n", options().arena_bytes,
                 std::strerror(errno));
    return false;
  }
  g_arena = static_cast<uint8_t*>(memory);
  return true;
}

uint8_t* arena(size_t* arena_bytes) {
  *arena_bytes = options().arena_bytes;
  return g_arena;
}

// Paints the stack below its caller through an array of its own, which is dead, but still mapped, afterwards.
__attribute__((noinline, no_sanitize_address)) void paint_stack() {
  volatile uint8_t area[kPaintBytes];
  for (size_t i = 0; i < sizeof area; ++i) area[i] = kPaint;
  // Laundered: the compiler must not reason about the address outliving the array.
  volatile const uint8_t* address = area;
  __asm__ volatile("" : "+r"(address));
  g_painted = address;
}

__attribute__((noinline, no_sanitize_address)) uint32_t stack_peak_bytes() {
  if (g_painted == nullptr) return 0;
  size_t untouched = 0;
  while (untouched < kPaintBytes && g_painted[untouched] == kPaint) ++untouched;
  return static_cast<uint32_t>(kPaintBytes - untouched);
}

// Absent in the root group, on kernels before 5.19, and where cgroup v2 is not in use.
uint64_t cgroup_peak_bytes() {
  char group[256];
  if (!cgroup_path(group, sizeof group)) return 0;
  char file[320];
  std::snprintf(file, sizeof file, "/sys/fs/cgroup%s/memory.peak", group);
  uint64_t bytes = 0;
  return read_system_number(file, &bytes) ? bytes : 0;
}

uint64_t process_peak_bytes() {
  const int file = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  char text[4096];
  const ssize_t count = read(file, text, sizeof text - 1);
  close(file);
  if (count <= 0) return 0;
  text[count] = '\0';
  const char* line = std::strstr(text, "VmHWM:");
  return line == nullptr ? 0 : std::strtoull(line + 6, nullptr, 10) * 1024;
}

}  // namespace slmrig::agent::port
