// A GPIO chip for tests of the native agent, at the seam where the kernel would be: preloaded (LD_PRELOAD),
// it answers open() of /dev/gpiochip0 and the calls of linux/gpio.h, and refuses what the kernel refuses.
// Machines that test seldom have a GPIO chip, nor the kernel's own simulated one (gpio-sim).
//
// SLMRIG_FAKE_GPIO names a folder. There, each change of lines adds "offset=value ..." and a line feed to
// `log` (a request adds "request: consumer" first); `broken` makes changes fail, `slow` makes each take 2 ms.
// The chip has lines 0 to 53; line 9 is in use by "spi0 CS0".
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/gpio.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace {

constexpr char kChip[] = "/dev/gpiochip0";
constexpr uint32_t kChipLines = 54;
constexpr uint32_t kUsedLine = 9;

int g_chip = -1;
int g_handle = -1;
gpio_v2_line_request g_request;

using Open = int (*)(const char*, int, ...);
using Ioctl = int (*)(int, unsigned long, ...);

template <typename Function>
Function real(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

struct Path {
  char text[256];
};

Path inside(const char* name) {
  Path path;
  std::snprintf(path.text, sizeof path.text, "%s/%s", std::getenv("SLMRIG_FAKE_GPIO"), name);
  return path;
}

bool is_there(const char* name) { return access(inside(name).text, F_OK) == 0; }

int refuse(int why) {
  errno = why;
  return -1;
}

// As linereq_create() and gpio_v2_line_config_validate() of drivers/gpio/gpiolib-cdev.c look at a request.
int check(const gpio_v2_line_request& request) {
  if (request.num_lines == 0 || request.num_lines > GPIO_V2_LINES_MAX) return EINVAL;
  for (const uint32_t word : request.padding) {
    if (word != 0) return EINVAL;
  }
  for (const uint32_t word : request.config.padding) {
    if (word != 0) return EINVAL;
  }
  if (request.config.num_attrs > GPIO_V2_LINE_NUM_ATTRS_MAX) return EINVAL;
  for (uint32_t i = 0; i < request.config.num_attrs; ++i) {
    if (request.config.attrs[i].attr.padding != 0) return EINVAL;
  }
  if (request.config.flags != GPIO_V2_LINE_FLAG_OUTPUT) return EINVAL;  // all that this chip can do
  for (uint32_t i = 0; i < request.num_lines; ++i) {
    if (request.offsets[i] >= kChipLines) return EINVAL;
    if (request.offsets[i] == kUsedLine) return EBUSY;
  }
  return 0;
}

void note_values(uint64_t bits, uint64_t mask) {
  char text[256];
  int length = 0;
  for (uint32_t i = 0; i < g_request.num_lines; ++i) {
    if (((mask >> i) & 1) == 0) continue;
    length += std::snprintf(text + length, sizeof text - static_cast<size_t>(length), "%u=%d ",
                            g_request.offsets[i], static_cast<int>((bits >> i) & 1));
  }
  text[length - 1] = '\n';
  if (write(g_handle, text, static_cast<size_t>(length)) != length) std::perror("fake gpio");
}

int get_lines(gpio_v2_line_request* request) {
  if (const int why = check(*request)) return refuse(why);
  g_request = *request;
  g_handle =
      real<Open>("open")(inside("log").text, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (g_handle < 0) return -1;
  char text[64];
  const int length = std::snprintf(text, sizeof text, "request: %.32s\n", request->consumer);
  if (write(g_handle, text, static_cast<size_t>(length)) != length) return -1;
  note_values(request->config.attrs[0].attr.values, request->config.attrs[0].mask);
  request->fd = g_handle;
  return 0;
}

int tell_chip(gpiochip_info* info) {
  *info = {};
  std::strcpy(info->name, "gpiochip0");
  std::strcpy(info->label, "pinctrl-fake");
  info->lines = kChipLines;
  return 0;
}

int tell_line(gpio_v2_line_info* info) {
  if (info->offset >= kChipLines) return refuse(EINVAL);
  if (info->offset != kUsedLine) return 0;
  info->flags = GPIO_V2_LINE_FLAG_USED;
  std::strcpy(info->consumer, "spi0 CS0");
  return 0;
}

int set_values(const gpio_v2_line_values& values) {
  if (values.mask == 0) return refuse(EINVAL);
  if (is_there("broken")) return refuse(EIO);
  if (is_there("slow")) {
    constexpr timespec kTwoMilliseconds = {0, 2'000'000};
    nanosleep(&kTwoMilliseconds, nullptr);
  }
  note_values(values.bits, values.mask);
  return 0;
}

}  // namespace

extern "C" {

__attribute__((visibility("default"))) int open(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const int mode = (flags & O_CREAT) != 0 ? va_arg(rest, int) : 0;
  va_end(rest);
  if (std::strcmp(path, kChip) != 0) return real<Open>("open")(path, flags, mode);
  g_chip = real<Open>("open")("/dev/null", O_RDONLY | O_CLOEXEC);
  return g_chip;
}

__attribute__((visibility("default"))) int ioctl(int descriptor, unsigned long request, ...) {
  va_list rest;
  va_start(rest, request);
  void* argument = va_arg(rest, void*);
  va_end(rest);
  if (descriptor == g_chip && request == GPIO_GET_CHIPINFO_IOCTL)
    return tell_chip(static_cast<gpiochip_info*>(argument));
  if (descriptor == g_chip && request == GPIO_V2_GET_LINE_IOCTL)
    return get_lines(static_cast<gpio_v2_line_request*>(argument));
  if (descriptor == g_chip && request == GPIO_V2_GET_LINEINFO_IOCTL)
    return tell_line(static_cast<gpio_v2_line_info*>(argument));
  if (descriptor == g_handle && request == GPIO_V2_LINE_SET_VALUES_IOCTL)
    return set_values(*static_cast<const gpio_v2_line_values*>(argument));
  return real<Ioctl>("ioctl")(descriptor, request, argument);
}
}
