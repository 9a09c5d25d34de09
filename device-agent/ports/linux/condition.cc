// What a Linux board tells of its own condition, out of /sys and /proc.
#include <fcntl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "device-agent/core/port.h"
#include "device-agent/ports/linux/process.h"

namespace slmrig::agent::port {
namespace {

constexpr uint32_t kMostFacts = 96;

BoardFact g_facts[kMostFacts];
uint32_t g_fact_count = 0;

void add(const char* key, const char* value) {
  if (g_fact_count == kMostFacts || value[0] == '\0') return;
  BoardFact& fact = g_facts[g_fact_count++];
  std::snprintf(fact.key, sizeof fact.key, "%s", key);
  std::snprintf(fact.value, sizeof fact.value, "%s", value);
}

void add_kernel() {
  utsname names = {};
  if (uname(&names) != 0) return;
  add("kernel.release", names.release);
  add("kernel.machine", names.machine);
}

}  // namespace

bool read_system_line(const char* file, char* line, size_t capacity) {
  char path[512];
  std::snprintf(path, sizeof path, "%s%s", options().system_root, file);
  line[0] = '\0';
  const int descriptor = open(path, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return false;
  const ssize_t count = read(descriptor, line, capacity - 1);
  close(descriptor);
  line[count > 0 ? count : 0] = '\0';
  line[std::strcspn(line, "\n")] = '\0';
  return line[0] != '\0';
}

// "0::/user.slice/...": hybrid systems list groups of the older kind before it.
bool cgroup_path(char* path, size_t capacity) {
  char text[2048];
  char file[512];
  std::snprintf(file, sizeof file, "%s/proc/self/cgroup", options().system_root);
  const int descriptor = open(file, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return false;
  const ssize_t count = read(descriptor, text, sizeof text - 1);
  close(descriptor);
  text[count > 0 ? count : 0] = '\0';
  const char* line = std::strncmp(text, "0::", 3) == 0 ? text : std::strstr(text, "\n0::");
  if (line == nullptr) return false;
  line = std::strchr(line, '/');
  if (line == nullptr) return false;
  const size_t length = std::strcspn(line, "\n");
  if (length >= capacity) return false;
  std::memcpy(path, line, length);
  path[length] = '\0';
  return true;
}

bool board_fact(uint32_t index, BoardFact* fact) {
  if (index == 0) {
    g_fact_count = 0;
    add_kernel();
  }
  if (index >= g_fact_count) return false;
  *fact = g_facts[index];
  return true;
}

}  // namespace slmrig::agent::port
