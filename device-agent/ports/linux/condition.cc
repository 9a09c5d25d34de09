// What a Linux board tells of its own condition, out of /sys and /proc: enough to see, before and after a
// session, whether the processor ran at the clock that it should have.
//
// What a board has not got is absent. Names of sensors come from drivers, and are made keys here.
#include <sched.h>
#include <sys/utsname.h>

#include <cctype>
#include <cinttypes>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "device-agent/core/port.h"
#include "device-agent/ports/linux/process.h"
#include "device-agent/ports/linux/system_files.h"

namespace slmrig::agent::port {
namespace {

constexpr uint32_t kMostFacts = 128;

BoardFact g_facts[kMostFacts];
uint32_t g_fact_count = 0;

__attribute__((format(printf, 2, 3))) void add(const char* key, const char* format, ...) {
  if (g_fact_count == kMostFacts) return;
  BoardFact& fact = g_facts[g_fact_count];
  va_list values;
  va_start(values, format);
  std::vsnprintf(fact.value, sizeof fact.value, format, values);
  va_end(values);
  if (fact.value[0] == '\0') return;
  std::snprintf(fact.key, sizeof fact.key, "%s", key);
  ++g_fact_count;
}

struct Text {
  char text[160];
};

__attribute__((format(printf, 1, 2))) Text text_of(const char* format, ...) {
  Text text;
  va_list values;
  va_start(values, format);
  std::vsnprintf(text.text, sizeof text.text, format, values);
  va_end(values);
  return text;
}

void add_line(const char* key, const char* file) {
  char line[sizeof BoardFact::value];
  if (read_system_line(file, line, sizeof line)) add(key, "%s", line);
}

void add_number(const char* key, const char* file, uint64_t factor) {
  uint64_t number = 0;
  if (read_system_number(file, &number)) add(key, "%" PRIu64, number * factor);
}

// "CPU-therm" -> "cpu_therm".
void make_key(char* name) {
  for (char* c = name; *c != '\0'; ++c) {
    *c = std::isalnum(static_cast<unsigned char>(*c)) != 0
             ? static_cast<char>(std::tolower(static_cast<unsigned char>(*c)))
             : '_';
  }
}

void add_machine() {
  char model[sizeof BoardFact::value];
  const bool known = read_system_line("/proc/device-tree/model", model, sizeof model) ||
                     read_system_line("/sys/class/dmi/id/product_name", model, sizeof model);
  if (known) add("machine.model", "%s", model);
  utsname names = {};
  if (uname(&names) == 0) {
    add("kernel.release", "%s", names.release);
    add("kernel.machine", "%s", names.machine);
  }
  // Jetson: "pmode:0002" is the power mode that nvpmodel set.
  add_line("power.mode", "/var/lib/nvpmodel/status");
}

// "0-3,6", as the kernel writes sets of processors.
void add_affinity() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return;
  char list[sizeof BoardFact::value] = {};
  size_t length = 0;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &set)) continue;
    int last = cpu;
    while (last + 1 < CPU_SETSIZE && CPU_ISSET(last + 1, &set)) ++last;
    const int written = last == cpu ? std::snprintf(list + length, sizeof list - length, ",%d", cpu)
                                    : std::snprintf(list + length, sizeof list - length, ",%d-%d", cpu, last);
    length += static_cast<size_t>(written);
    if (length >= sizeof list) break;
    cpu = last;
  }
  if (list[0] == ',') add("cpu.allowed", "%s", list + 1);
}

void add_scheduler() {
  const int policy = sched_getscheduler(0);
  sched_param parameters = {};
  if (policy < 0 || sched_getparam(0, &parameters) != 0) return;
  const char* name = policy == SCHED_FIFO ? "fifo" : policy == SCHED_RR ? "rr" : "other";
  add("cpu.scheduler", "%s %d", name, parameters.sched_priority);
}

void add_processors() {
  add_line("cpu.online", "/sys/devices/system/cpu/online");
  add_line("cpu.isolated", "/sys/devices/system/cpu/isolated");
  add_affinity();
  add_scheduler();
  constexpr char kFolder[] = "/sys/devices/system/cpu/cpufreq";
  constexpr uint64_t kHzPerKhz = 1000;
  SystemFolder policies(kFolder);
  unsigned number = 0;
  while (const char* name = policies.next("policy", &number)) {
    const auto key = [&](const char* what) { return text_of("cpufreq.policy%u.%s", number, what); };
    const auto file = [&](const char* what) { return text_of("%s/%.32s/%s", kFolder, name, what); };
    add_line(key("cpus").text, file("affected_cpus").text);
    add_line(key("governor").text, file("scaling_governor").text);
    add_number(key("frequency_hz").text, file("scaling_cur_freq").text, kHzPerKhz);
    add_number(key("minimum_hz").text, file("scaling_min_freq").text, kHzPerKhz);
    add_number(key("maximum_hz").text, file("scaling_max_freq").text, kHzPerKhz);
    // Above the maximum that is in force: somebody, or the thermal governor, lowered it.
    add_number(key("hardware_maximum_hz").text, file("cpuinfo_max_freq").text, kHzPerKhz);
  }
}

void add_temperatures() {
  constexpr char kFolder[] = "/sys/class/thermal";
  SystemFolder zones(kFolder);
  unsigned number = 0;
  while (const char* name = zones.next("thermal_zone", &number)) {
    char type[48];
    char temperature[32];
    if (!read_system_line(text_of("%s/%.32s/type", kFolder, name).text, type, sizeof type)) continue;
    if (!read_system_line(text_of("%s/%.32s/temp", kFolder, name).text, temperature, sizeof temperature)) {
      continue;
    }
    make_key(type);
    add(text_of("thermal.zone%u.%.32s_mc", number, type).text, "%s", temperature);
  }
}

// A cooling device of the processor whose state is not 0 lowers its clock.
void add_cooling() {
  constexpr char kFolder[] = "/sys/class/thermal";
  SystemFolder devices(kFolder);
  unsigned number = 0;
  while (const char* name = devices.next("cooling_device", &number)) {
    char type[48];
    uint64_t state = 0;
    if (!read_system_line(text_of("%s/%.32s/type", kFolder, name).text, type, sizeof type)) continue;
    if (std::strstr(type, "cpufreq") == nullptr && std::strcmp(type, "Processor") != 0) continue;
    if (!read_system_number(text_of("%s/%.32s/cur_state", kFolder, name).text, &state)) continue;
    make_key(type);
    add(text_of("throttle.cooling%u.%.32s_state", number, type).text, "%" PRIu64, state);
  }
}

// Raspberry Pi: bit 0 too little voltage, 1 clock capped, 2 throttled, 3 soft temperature limit; 16 to 19 the
// same since it booted. The device's name differs between models, its driver's does not.
void add_firmware_throttling() {
  constexpr char kFolder[] = "/sys/bus/platform/drivers/raspberrypi-firmware";
  SystemFolder devices(kFolder);
  while (const char* name = devices.next("", nullptr)) {
    char bits[32];
    if (!read_system_line(text_of("%s/%.64s/get_throttled", kFolder, name).text, bits, sizeof bits)) continue;
    add("throttle.firmware_bits", "0x%llx", std::strtoull(bits, nullptr, 16));
    return;
  }
}

// x86: how often a core, or the package, was slowed down because it was too hot, since it booted.
void add_throttle_counts() {
  constexpr char kFolder[] = "/sys/devices/system/cpu";
  constexpr const char* kKinds[] = {"core", "package"};
  for (const char* what : kKinds) {
    SystemFolder cpus(kFolder);
    unsigned number = 0;
    uint64_t sum = 0;
    bool known = false;
    while (const char* name = cpus.next("cpu", &number)) {
      uint64_t count = 0;
      const Text file = text_of("%s/%.32s/thermal_throttle/%s_throttle_count", kFolder, name, what);
      if (!read_system_number(file.text, &count)) continue;
      known = true;
      sum += count;
    }
    if (known) add(text_of("throttle.%s_count", what).text, "%" PRIu64, sum);
  }
}

void add_load() {
  char line[sizeof BoardFact::value];
  if (read_system_line("/proc/loadavg", line, sizeof line)) {
    line[std::strcspn(line, " ")] = '\0';
    add("load.one_minute", "%s", line);
  }
  // "some avg10=0.00 avg60=0.00 avg300=0.00 total=123456": time in which a program waited for a processor.
  if (read_system_line("/proc/pressure/cpu", line, sizeof line)) {
    if (const char* total = std::strstr(line, "total=")) add("load.cpu_waiting_us", "%s", total + 6);
  }
  constexpr uint64_t kBytesPerKb = 1024;
  uint64_t kilobytes = 0;
  if (read_system_value("/proc/meminfo", "MemTotal:", &kilobytes))
    add("memory.total_bytes", "%" PRIu64, kilobytes * kBytesPerKb);
  if (read_system_value("/proc/meminfo", "MemAvailable:", &kilobytes))
    add("memory.available_bytes", "%" PRIu64, kilobytes * kBytesPerKb);
}

void add_markers() {
  const MarkerNote* note = marker_note();
  if (note == nullptr) return;
  add("markers.lines", "%s %s", note->chip, note->lines);
  add("markers.set_ns", "%" PRIu64, note->set_ns);
  add("markers.refused_changes", "%u", note->refused_changes);
}

}  // namespace

bool board_fact(uint32_t index, BoardFact* fact) {
  if (index == 0) {
    g_fact_count = 0;
    add_machine();
    add_processors();
    add_temperatures();
    add_cooling();
    add_firmware_throttling();
    add_throttle_counts();
    add_load();
    add("cold_start.file_cache", "%s", file_cache_note());
    add_markers();
  }
  if (index >= g_fact_count) return false;
  *fact = g_facts[index];
  return true;
}

}  // namespace slmrig::agent::port
