// Start, identity, clock and reset of an agent that is a Linux process.
//
// Cold start counts from exec. An exec time that the host stamped would be on another clock when the agent
// runs behind ssh, so the agent stamps itself: it notes the monotonic time, executes itself once more and
// counts from the note. A reset does the same on the same stdin and stdout.
#include "device-agent/ports/linux/process.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "device-agent/core/port.h"
#include "device-agent/ports/linux/system_files.h"

namespace slmrig::agent::port {
namespace {

constexpr char kStampVariable[] = "SLMRIG_EXEC_STAMP_NS";
constexpr char kFaultVariable[] = "SLMRIG_FAULT";
constexpr char kFaultCountVariable[] = "SLMRIG_FAULT_COUNT";
constexpr int kMaxFaults = 5;  // a program that faults at every start must not do so for ever
constexpr int kExitFault = 70;
constexpr int kMaxRunnerWords = 8;
constexpr int kMaxArguments = 48;

Options g_options;
char** g_arguments = nullptr;
uint64_t g_origin_ns = 0;
uint64_t g_boot_ns = 0;
char g_fault[160] = {};

uint64_t monotonic_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1000000000U + static_cast<uint64_t>(now.tv_nsec);
}

[[noreturn]] void execute_again() {
  char stamp[32];
  std::snprintf(stamp, sizeof stamp, "%llu", static_cast<unsigned long long>(monotonic_ns()));
  setenv(kStampVariable, stamp, 1);
  // Under an emulator of another architecture, this file alone is nothing that the kernel can execute.
  char* command[kMaxRunnerWords + kMaxArguments + 1] = {};
  int words = 0;
  for (int i = 1; g_arguments[i] != nullptr && g_arguments[i + 1] != nullptr && words < kMaxRunnerWords;
       i += 2) {
    if (std::strcmp(g_arguments[i], "--runner") == 0) command[words++] = g_arguments[i + 1];
  }
  if (words == 0) {
    execv("/proc/self/exe", g_arguments);
  } else {
    for (int i = 0; i < kMaxArguments && g_arguments[i] != nullptr; ++i) command[words++] = g_arguments[i];
    execvp(command[0], command);
  }
  std::fprintf(stderr, "slmrig-agent-native: cannot execute itself: %s\n", std::strerror(errno));
  std::_Exit(kExitFault);
}

bool parse_bytes(const char* text, uint64_t* value) {
  char* end = nullptr;
  errno = 0;
  const unsigned long long parsed = std::strtoull(text, &end, 10);
  if (errno != 0 || end == text || *end != '\0' || text[0] == '-' || parsed == 0) return false;
  *value = parsed;
  return true;
}

// Boards with a device tree have a serial number, which stays with the board when its disk is changed.
// Elsewhere there is the machine's own id, which goes with the installation.
void default_unique_id() {
  char id[48];
  const char* format = "serial-%s";
  if (!read_system_line("/proc/device-tree/serial-number", id, sizeof id)) {
    format = "host-%.16s";
    if (!read_system_line("/etc/machine-id", id, sizeof id)) std::strcpy(id, "unnamed");
  }
  std::snprintf(g_options.unique_id, sizeof g_options.unique_id, format, id);
}

bool parse_file_cache(const char* text) {
  constexpr const char* kNames[] = {"keep", "drop", "drop-all"};
  for (size_t i = 0; i < sizeof kNames / sizeof kNames[0]; ++i) {
    if (std::strcmp(text, kNames[i]) != 0) continue;
    g_options.file_cache = static_cast<FileCache>(i);
    return true;
  }
  return false;
}

bool parse_option(const char* name, const char* value) {
  uint64_t bytes = 0;
  if (std::strcmp(name, "--slots") == 0) {
    g_options.slots_directory = value;
  } else if (std::strcmp(name, "--link") == 0) {
    g_options.link = value;
  } else if (std::strcmp(name, "--board") == 0) {
    g_options.board = value;
  } else if (std::strcmp(name, "--unique-id") == 0 && value[0] != '\0') {
    std::snprintf(g_options.unique_id, sizeof g_options.unique_id, "%s", value);
  } else if (std::strcmp(name, "--arena-bytes") == 0 && parse_bytes(value, &bytes)) {
    g_options.arena_bytes = bytes;
  } else if (std::strcmp(name, "--slot-bytes") == 0 && parse_bytes(value, &bytes)) {
    g_options.slot_bytes = bytes;
  } else if (std::strcmp(name, "--system-root") == 0) {
    g_options.system_root = value;
  } else if (std::strcmp(name, "--marker-lines") == 0) {
    g_options.marker_lines = value;
  } else if (std::strcmp(name, "--file-cache") == 0) {
    return parse_file_cache(value);
  } else {
    return std::strcmp(name, "--runner") == 0;  // execute_again() reads it
  }
  return true;
}

bool parse_options(int argc, char** argv) {
  for (int i = 1; i < argc; i += 2) {
    const char* name = argv[i];
    const char* value = i + 1 < argc ? argv[i + 1] : nullptr;
    if (value != nullptr && parse_option(name, value)) continue;
    std::fprintf(
        stderr,
        "slmrig-agent-native: '%s%s%s' is not understood.\n"
        "usage: slmrig-agent-native --slots DIR [--unique-id ID] [--board NAME] [--arena-bytes N]"
        " [--slot-bytes N] [--file-cache keep|drop|drop-all] [--runner WORD]... [--link TTY]"
        " [--marker-lines CHIP:D0,D1,D2,D3]\n"
        "It speaks the wire protocol on stdin and stdout, or on a serial port of the board (TTY, 115200"
        " baud at first); slmrig starts it.\n",
        name, value != nullptr ? " " : "", value != nullptr ? value : "");
    return false;
  }
  if (g_options.unique_id[0] == '\0') default_unique_id();
  if (g_options.slots_directory != nullptr) return true;
  std::fprintf(stderr,
               "slmrig-agent-native: --slots DIR is missing: the folder that holds the model slots.\n");
  return false;
}

// Finds the note of the program itself, which is the first object that the loader reports.
int find_build_id(dl_phdr_info* info, size_t, void* result) {
  auto* id = static_cast<const uint8_t**>(result);
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = info->dlpi_phdr[i];
    if (segment.p_type != PT_NOTE) continue;
    // NOLINTNEXTLINE(performance-no-int-to-ptr): the loader tells addresses as numbers
    const auto* bytes = reinterpret_cast<const uint8_t*>(info->dlpi_addr + segment.p_vaddr);
    size_t left = segment.p_memsz;
    while (left >= sizeof(ElfW(Nhdr))) {
      ElfW(Nhdr) note;
      std::memcpy(&note, bytes, sizeof note);
      const size_t name_bytes = (note.n_namesz + 3U) & ~size_t{3};
      const size_t total = sizeof note + name_bytes + ((note.n_descsz + 3U) & ~size_t{3});
      if (total > left) break;
      if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
          std::memcmp(bytes + sizeof note, "GNU", 4) == 0) {
        id[0] = bytes + sizeof note + name_bytes;
        id[1] = id[0] + note.n_descsz;
        return 1;
      }
      bytes += total;
      left -= total;
    }
  }
  return 1;
}

}  // namespace

const Options& options() { return g_options; }

Status start(int argc, char** argv) {
  g_arguments = argv;
  const char* stamp = std::getenv(kStampVariable);
  if (stamp == nullptr) execute_again();
  g_origin_ns = std::strtoull(stamp, nullptr, 10);
  unsetenv(kStampVariable);
  if (const char* text = std::getenv(kFaultVariable)) {
    std::snprintf(g_fault, sizeof g_fault, "%s", text);
    unsetenv(kFaultVariable);
  }
  take_file_cache_note();
  std::signal(SIGPIPE, SIG_IGN);
  if (!parse_options(argc, argv) || !start_arena() || !start_slots() || !start_markers() || !start_link())
    return Status::kBadArgument;
  g_boot_ns = monotonic_ns() - g_origin_ns;
  return Status::kOk;
}

Identity identity() { return {g_options.board, g_options.unique_id, Origin::kExec}; }
TickSource tick_source() { return {"clock_monotonic", 1000000000}; }
const char* settings() { return ""; }
uint64_t ticks() { return monotonic_ns(); }
uint64_t boot_ticks() { return g_boot_ns; }
void rearm_ticks() {}

uint32_t coarse_milliseconds() { return static_cast<uint32_t>(monotonic_ns() / 1000000U); }

size_t build_id(uint8_t* id, size_t capacity) {
  const uint8_t* range[2] = {nullptr, nullptr};
  dl_iterate_phdr(find_build_id, static_cast<void*>(range));
  const auto id_bytes = static_cast<size_t>(range[1] - range[0]);
  if (range[0] == nullptr || id_bytes > capacity) return 0;
  std::memcpy(id, range[0], id_bytes);
  return id_bytes;
}

void reset() {
  drop_file_cache();
  restore_stdio();
  execute_again();
}

void fault(const char* file, uint32_t line) {
  const char* before = std::getenv(kFaultCountVariable);
  const int count = before != nullptr ? std::atoi(before) + 1 : 1;
  std::fprintf(stderr, "slmrig-agent-native: broken invariant at %s:%u\n", file, line);
  if (count > kMaxFaults) std::_Exit(kExitFault);
  char text[160];
  std::snprintf(text, sizeof text, "%s:%u", file, line);
  setenv(kFaultVariable, text, 1);
  std::snprintf(text, sizeof text, "%d", count);
  setenv(kFaultCountVariable, text, 1);
  reset();
}

const char* previous_fault() { return g_fault; }

}  // namespace slmrig::agent::port
