// Gives pseudo-terminals the control lines that they lack, so that the unmodified libserialport (and ser2net)
// opens them, and a simulated board sees its DTR and RTS. For tests only: linked into a test program, or
// preloaded (LD_PRELOAD) into another.
//
// The kernel answers TIOCMGET and its kin with ENOTTY on a pseudo-terminal; here they act on a variable a
// terminal, and every change is appended to the file <SLMRIG_PTY_LINES>/<number of the terminal> as one line,
// "dtr=1 rts=0".
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>

namespace {

constexpr unsigned kMostTerminals = 4096;
// As a real port has them once it is open: both of ours asserted, and a peer that is ready.
constexpr int kAtFirst = TIOCM_DTR | TIOCM_RTS | TIOCM_CTS | TIOCM_DSR | TIOCM_CAR;

std::atomic<int> g_changed[kMostTerminals];  // lines that differ from kAtFirst

// The number of a pseudo-terminal's slave; -1 for anything else.
int terminal_of(int fd) {
  struct stat status = {};
  constexpr unsigned kFirstMajor = 136, kLastMajor = 143;  // Documentation/admin-guide/devices.txt
  if (fstat(fd, &status) != 0 || !S_ISCHR(status.st_mode)) return -1;
  const unsigned group = major(status.st_rdev);
  if (group < kFirstMajor || group > kLastMajor) return -1;
  const unsigned number = (group - kFirstMajor) * 256 + minor(status.st_rdev);
  return number < kMostTerminals ? static_cast<int>(number) : -1;
}

void tell(int terminal, int lines) {
  const char* folder = std::getenv("SLMRIG_PTY_LINES");
  if (folder == nullptr) return;
  char path[512];
  std::snprintf(path, sizeof path, "%s/%d", folder, terminal);
  if (FILE* file = std::fopen(path, "ae")) {
    std::fprintf(file, "dtr=%d rts=%d\n", (lines & TIOCM_DTR) != 0, (lines & TIOCM_RTS) != 0);
    std::fclose(file);
  }
}

int answer(int terminal, unsigned long request, int* argument) {
  const int before = kAtFirst ^ g_changed[terminal];
  int after = before;
  switch (request) {
    case TIOCMGET: *argument = before; return 0;
    case TIOCMSET: after = *argument; break;
    case TIOCMBIS: after = before | *argument; break;
    default: after = before & ~*argument; break;
  }
  g_changed[terminal] = kAtFirst ^ after;
  if (after != before) tell(terminal, after);
  return 0;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) int ioctl(int fd, unsigned long request, ...) noexcept {
  va_list arguments;
  va_start(arguments, request);
  void* argument = va_arg(arguments, void*);
  va_end(arguments);
  const long result = syscall(SYS_ioctl, fd, request, argument);
  const bool of_lines =
      request == TIOCMGET || request == TIOCMSET || request == TIOCMBIS || request == TIOCMBIC;
  if (result >= 0 || errno != ENOTTY || !of_lines) return static_cast<int>(result);
  const int terminal = terminal_of(fd);
  if (terminal < 0) {
    errno = ENOTTY;
    return -1;
  }
  return answer(terminal, request, static_cast<int*>(argument));
}
