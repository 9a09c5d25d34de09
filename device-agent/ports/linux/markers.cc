// Marker lines of a Linux board: four pins of a GPIO chip, through the character device's second interface
// (linux/gpio.h, Linux 5.10 and later). A request holds all four, so that one call changes them together.
//
// Not yet run on hardware: tested against a layer that answers these calls as the kernel does.
#include <fcntl.h>
#include <linux/gpio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "device-agent/core/port.h"
#include "device-agent/ports/linux/process.h"

namespace slmrig::agent::port {
namespace {

constexpr uint32_t kLines = 4;
constexpr uint64_t kAllLines = (uint64_t{1} << kLines) - 1;
// Memory-mapped pins take a microsecond. Those behind a bus (an expander on I2C) take hundreds, which would
// be part of every token.
constexpr uint64_t kMostSetNs = 100'000;
constexpr int kTrials = 8;
constexpr uint32_t kHighestOffset = 1023;

int g_lines = -1;  // the kernel's handle of the four; ends with the process and at exec
uint32_t g_offsets[kLines] = {};
MarkerNote g_note;

struct ChipPath {
  char text[200];
};

// "/dev/gpiochip0:17,27,22,23"
bool parse_lines(const char* text, ChipPath* chip, uint32_t* offsets) {
  const char* colon = std::strrchr(text, ':');
  if (colon == nullptr || colon == text || static_cast<size_t>(colon - text) >= sizeof chip->text)
    return false;
  std::memcpy(chip->text, text, static_cast<size_t>(colon - text));
  chip->text[colon - text] = '\0';
  const char* next = colon + 1;
  for (uint32_t i = 0; i < kLines; ++i) {
    char* end = nullptr;
    const unsigned long offset = std::strtoul(next, &end, 10);
    if (end == next || *next == '-' || *next == '+' || *next == ' ' || offset > kHighestOffset) return false;
    if (*end != (i + 1 < kLines ? ',' : '\0')) return false;
    offsets[i] = static_cast<uint32_t>(offset);
    for (uint32_t j = 0; j < i; ++j) {
      if (offsets[j] == offsets[i]) return false;
    }
    next = end + 1;
  }
  return true;
}

bool set_lines(uint64_t bits) {
  gpio_v2_line_values values{};
  values.bits = bits;
  values.mask = kAllLines;
  return ioctl(g_lines, GPIO_V2_LINE_SET_VALUES_IOCTL, &values) == 0;
}

__attribute__((format(printf, 1, 2))) int complain(const char* format, ...) {
  va_list values;
  va_start(values, format);
  std::fputs("slmrig-agent-native: marker lines: ", stderr);
  std::vfprintf(stderr, format, values);
  std::fputc('\n', stderr);
  va_end(values);
  return -1;
}

// Whether the descriptor is a GPIO chip with these lines, none of which somebody else holds.
bool look_at_chip(int descriptor, const ChipPath& path) {
  gpiochip_info chip{};
  if (ioctl(descriptor, GPIO_GET_CHIPINFO_IOCTL, &chip) != 0) {
    complain("%s is no GPIO chip (%s); `gpiodetect` lists them", path.text, std::strerror(errno));
    return false;
  }
  chip.label[sizeof chip.label - 1] = '\0';
  std::snprintf(g_note.chip, sizeof g_note.chip, "%s", chip.label);
  for (const uint32_t offset : g_offsets) {
    gpio_v2_line_info line{};
    line.offset = offset;
    if (offset >= chip.lines) {
      complain("%s (%s) has lines 0 to %u, and not %u", path.text, chip.label, chip.lines - 1, offset);
      return false;
    }
    if (ioctl(descriptor, GPIO_V2_GET_LINEINFO_IOCTL, &line) != 0) {
      complain("%s tells nothing of its line %u (%s); Linux 5.10 or later is needed", path.text, offset,
               std::strerror(errno));
      return false;
    }
    if ((line.flags & GPIO_V2_LINE_FLAG_USED) == 0) continue;
    line.consumer[sizeof line.consumer - 1] = '\0';
    complain("line %u of %s is in use by '%s'; free it, or wire another", offset, path.text, line.consumer);
    return false;
  }
  return true;
}

// The handle of the four, all low; -1 with what is wrong on stderr.
int request_lines(const ChipPath& path) {
  const int chip = open(path.text, O_RDONLY | O_CLOEXEC);
  if (chip < 0) {
    const int why = errno;
    return complain("cannot open %s: %s%s", path.text, std::strerror(why),
                    why == EACCES ? "; let the account into the group of that file (often gpio)" : "");
  }
  gpio_v2_line_request request{};
  std::memcpy(request.offsets, g_offsets, sizeof g_offsets);
  std::strcpy(request.consumer, "slmrig-agent");
  request.num_lines = kLines;
  request.config.flags = GPIO_V2_LINE_FLAG_OUTPUT;
  request.config.num_attrs = 1;
  request.config.attrs[0].attr.id = GPIO_V2_LINE_ATTR_ID_OUTPUT_VALUES;
  request.config.attrs[0].attr.values = 0;
  request.config.attrs[0].mask = kAllLines;
  int lines = -1;
  if (look_at_chip(chip, path)) {
    if (ioctl(chip, GPIO_V2_GET_LINE_IOCTL, &request) == 0) {
      lines = request.fd;
    } else {
      complain("%s does not give its lines as outputs: %s", path.text, std::strerror(errno));
    }
  }
  close(chip);
  return lines;
}

}  // namespace

bool start_markers() {
  const char* text = options().marker_lines;
  if (text == nullptr) return true;
  ChipPath path;
  if (!parse_lines(text, &path, g_offsets)) {
    complain("'%s' is not CHIP:D0,D1,D2,D3 with four different lines, such as /dev/gpiochip0:17,27,22,23",
             text);
    return false;
  }
  g_lines = request_lines(path);
  if (g_lines < 0) return false;
  // The quickest of some: a busy host only makes calls longer.
  for (int i = 0; i < kTrials; ++i) {
    const uint64_t began_ns = ticks();
    if (!set_lines(0)) {
      complain("%s takes no values: %s", path.text, std::strerror(errno));
      return false;
    }
    const uint64_t took_ns = ticks() - began_ns;
    if (i == 0 || took_ns < g_note.set_ns) g_note.set_ns = took_ns;
  }
  if (g_note.set_ns > kMostSetNs) {
    complain(
        "a change on %s takes %u us (at most %u), for which tokens would pay; use the processor's own pins",
        path.text, static_cast<unsigned>(g_note.set_ns / 1000), static_cast<unsigned>(kMostSetNs / 1000));
    return false;
  }
  std::snprintf(g_note.lines, sizeof g_note.lines, "%u,%u,%u,%u", g_offsets[0], g_offsets[1], g_offsets[2],
                g_offsets[3]);
  return true;
}

const MarkerNote* marker_note() { return g_lines < 0 ? nullptr : &g_note; }

uint32_t marker_edges() { return g_lines < 0 ? 0 : kAnyEdges; }
size_t marker_room_bytes() { return 0; }
void set_marker_room(uint8_t*) {}

// A refused change cannot be told in a quiet window: the host finds that edges are missing, and the note why.
void set_markers(uint8_t lines) {
  if (g_lines >= 0 && !set_lines(lines & kAllLines)) ++g_note.refused_changes;
}

}  // namespace slmrig::agent::port
